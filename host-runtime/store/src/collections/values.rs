//! Values: checked, compared, and as the engine has them.

use std::cmp::Ordering;

use super::definition::Definition;
use crate::db::{Arg, Row};
use crate::error::Error;
use crate::model::{Kind, Value};

/// Whether a value may stand in a field of this kind; null always may here. The reason if not.
pub(super) fn check(kind: Kind, value: &Value) -> Result<(), String> {
    match value.kind() {
        None => return Ok(()),
        Some(given) if given != kind => {
            return Err(format!(
                "is of kind {kind:?}, and the value of kind {given:?}"
            ));
        }
        Some(_) => {}
    }
    match value {
        Value::Float(value) if value.is_nan() => {
            Err("is not a number, which has no order".to_owned())
        }
        Value::Time(value) if i64::try_from(*value).is_err() => Err("is too far away".to_owned()),
        Value::Json(text) => serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map(drop)
            .map_err(|error| format!("is no JSON document: {error}")),
        _ => Ok(()),
    }
}

/// Bytes that a value needs in an index. Two characters take two, where one takes none of them as it is.
pub(super) fn indexed_size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + text.bytes().filter(|byte| *byte <= 1).count(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// As the engine has it.
pub(super) fn to_arg(value: &Value) -> Arg {
    match value {
        Value::Null => Arg::Null,
        Value::Boolean(value) => Arg::Int(i64::from(*value)),
        Value::Integer(value) => Arg::Int(*value),
        // One zero: -0.0 and 0.0 are equal and must be the same key.
        Value::Float(value) => Arg::Real(*value + 0.0),
        Value::Text(value) | Value::Json(value) | Value::Blob(value) => Arg::Text(value.clone()),
        Value::Bytes(value) => Arg::Bytes(value.clone()),
        Value::Time(value) => Arg::from(*value),
    }
}

/// As the engine has it, without a copy.
pub(super) fn into_arg(value: Value) -> Arg {
    match value {
        Value::Text(value) | Value::Json(value) | Value::Blob(value) => Arg::Text(value),
        Value::Bytes(value) => Arg::Bytes(value),
        other => to_arg(&other),
    }
}

/// A column of an answer.
pub(super) fn from_row(row: &Row, column: usize, kind: Kind) -> Result<Value, Error> {
    Ok(match kind {
        Kind::Boolean => row
            .opt_int(column)?
            .map_or(Value::Null, |value| Value::Boolean(value != 0)),
        Kind::Integer => row.opt_int(column)?.map_or(Value::Null, Value::Integer),
        Kind::Float => row.opt_real(column)?.map_or(Value::Null, Value::Float),
        Kind::Text => row.opt_text(column)?.map_or(Value::Null, Value::Text),
        Kind::Bytes => row.opt_bytes(column)?.map_or(Value::Null, Value::Bytes),
        Kind::Json => row.opt_text(column)?.map_or(Value::Null, Value::Json),
        Kind::Time => row.opt_uint(column)?.map_or(Value::Null, Value::Time),
        Kind::Blob => row.opt_text(column)?.map_or(Value::Null, Value::Blob),
    })
}

/// Columns of an answer, from `first` on.
pub(super) fn row_values(
    defined: &Definition,
    row: &Row,
    first: usize,
    positions: &[usize],
) -> Result<Vec<Value>, Error> {
    positions
        .iter()
        .enumerate()
        .map(|(number, position)| from_row(row, first + number, defined.kind(*position)))
        .collect()
}

/// The order of values of one kind; null is greater than everything. Both engines' order of values that are not null.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => {
            one.partial_cmp(other).unwrap_or(Ordering::Equal)
        }
        (Value::Time(one), Value::Time(other)) => one.cmp(other),
        (Value::Bytes(one), Value::Bytes(other)) => one.cmp(other),
        (
            Value::Text(one) | Value::Json(one) | Value::Blob(one),
            Value::Text(other) | Value::Json(other) | Value::Blob(other),
        ) => one.as_bytes().cmp(other.as_bytes()),
        // Fields hold one kind.
        _ => Ordering::Equal,
    }
}
