//! Page tokens: where to go on, for which question, until the mailbox's tokens are expired.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::mail::{decode, encode};
use crate::google::api::error::{ApiError, ApiResult};

/// A place in an ordered list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Major key: a date or a history id.
    pub(crate) major: u64,
    /// Minor key: an id.
    pub(crate) minor: u64,
}

/// A number for a question; a token of another question is refused.
pub(crate) fn fingerprint(question: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn write(position: Position, question: u64, epoch: u64) -> String {
    let mut bytes = Vec::with_capacity(32);
    for number in [
        position.major ^ question,
        position.minor,
        question,
        epoch ^ question,
    ] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    encode(&bytes)
}

/// # Errors
/// 400 for anything but a token of this question and epoch.
pub(crate) fn read(token: &str, question: u64, epoch: u64) -> ApiResult<Position> {
    let invalid = || ApiError::invalid("Invalid pageToken");
    let bytes = decode(token).ok_or_else(invalid)?;
    let mut numbers = bytes
        .chunks_exact(8)
        .filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes));
    let (Some(major), Some(minor), Some(asked), Some(at), None) = (
        numbers.next(),
        numbers.next(),
        numbers.next(),
        numbers.next(),
        numbers.next(),
    ) else {
        return Err(invalid());
    };
    if bytes.len() != 32 || asked != question || at ^ question != epoch {
        return Err(invalid());
    }
    Ok(Position {
        major: major ^ question,
        minor,
    })
}
