//! Short ways into JSON answers that say what is missing instead of going wrong later.

use anyhow::{Context, Result};
use serde_json::Value;

/// A text at a JSON pointer.
///
/// # Errors
///
/// If there is none; the whole value is in the error.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no text at {pointer} in {value}"))
}

/// A number that is not negative at a JSON pointer.
///
/// # Errors
///
/// If there is none; the whole value is in the error.
pub fn number(value: &Value, pointer: &str) -> Result<u64> {
    value
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("no number at {pointer} in {value}"))
}

/// A list at a JSON pointer.
///
/// # Errors
///
/// If there is none; the whole value is in the error.
pub fn list<'a>(value: &'a Value, pointer: &str) -> Result<&'a [Value]> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map(Vec::as_slice)
        .with_context(|| format!("no list at {pointer} in {value}"))
}

/// Whether a list of words at a JSON pointer has this one.
#[must_use]
pub fn has(value: &Value, pointer: &str, word: &str) -> bool {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|item| item == word))
}
