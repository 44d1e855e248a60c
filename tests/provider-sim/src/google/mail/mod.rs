//! From the raw bytes of a message to what Gmail shows of it, and the changes that Gmail makes to what is sent.

pub(crate) mod cache;
pub(crate) mod head;
pub(crate) mod payload;
pub(crate) mod wire;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};

/// Gmail writes base64url with padding and reads it with or without.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// base64url with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Appends base64url with padding.
pub(crate) fn encode_into(bytes: &[u8], out: &mut String) {
    URL_SAFE.encode_string(bytes, out);
}

/// Either alphabet, padded or not; line breaks are skipped.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = URL_SAFE.decode(text) {
        return Some(bytes);
    }
    let clean: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    URL_SAFE
        .decode(&clean)
        .or_else(|_| STANDARD.decode(&clean))
        .ok()
}

/// Escapes as Gmail does in snippets.
pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
