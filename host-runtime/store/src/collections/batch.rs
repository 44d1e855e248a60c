//! What can be said of a batch without the database.

use super::definition::Definition;
use super::put::check_field;
use crate::error::StorageError;
use crate::model::{Value, Write};

/// Most rows of a batch; every write that is no put counts as one.
const MOST_ROWS: usize = 10_000;

/// Most bytes of a batch.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Longest payload of an event, in bytes.
const LONGEST_EVENT: usize = 16 * 1024;

/// Rows and bytes of the whole batch.
pub(super) fn check_size(writes: &[Write]) -> Result<(), StorageError> {
    let mut rows = 0_usize;
    let mut bytes = 0_usize;
    for write in writes {
        match write {
            Write::Put { rows: put, .. } => {
                rows += put.values.len();
                bytes += put.values.iter().flatten().map(Value::size).sum::<usize>();
            }
            Write::Patch { values, .. } => {
                rows += 1;
                bytes += values.iter().map(Value::size).sum::<usize>();
            }
            Write::Enqueue(job) => {
                rows += 1;
                bytes += job.payload.len();
            }
            Write::Publish { payload, .. } => {
                rows += 1;
                bytes += payload.len();
            }
            Write::Add { .. } | Write::Delete { .. } | Write::Require { .. } => rows += 1,
        }
    }
    if rows > MOST_ROWS {
        return Err(StorageError::invalid(
            "batch",
            format!("has more than {MOST_ROWS} rows"),
        ));
    }
    if bytes > MOST_BYTES {
        return Err(StorageError::invalid(
            "batch",
            format!("has more than {MOST_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// The fields that a patch names, and their values.
pub(super) fn check_patch(
    defined: &Definition,
    fields: &[String],
    values: &[Value],
) -> Result<Vec<usize>, StorageError> {
    if fields.is_empty() || fields.len() != values.len() {
        return Err(StorageError::invalid(
            defined.name(),
            "a patch has not as many values as fields are named",
        ));
    }
    let mut positions = Vec::with_capacity(fields.len());
    for (name, value) in fields.iter().zip(values) {
        let position = defined.position(name)?;
        if defined.key.contains(&position) {
            return Err(StorageError::invalid(
                name,
                "is part of the key, which can't be changed",
            ));
        }
        if positions.contains(&position) {
            return Err(StorageError::invalid(name, "is named twice"));
        }
        check_field(defined, position, value)?;
        positions.push(position);
    }
    Ok(positions)
}

/// An event's topic and payload.
pub(super) fn check_event(topic: &str, payload: &str) -> Result<(), StorageError> {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if topic.len() > 64 || !topic.split('.').all(word) {
        return Err(StorageError::invalid(
            "topic",
            "is not lower case words with dots, at most 64 characters",
        ));
    }
    if payload.len() > LONGEST_EVENT {
        return Err(StorageError::invalid(
            "payload",
            format!("is larger than {LONGEST_EVENT} bytes"),
        ));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(payload)
        .map(drop)
        .map_err(|error| StorageError::invalid("payload", format!("is no JSON document: {error}")))
}
