//! Stub.
/// Tokens of a text, in order.
#[must_use]
pub fn tokenize(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}
