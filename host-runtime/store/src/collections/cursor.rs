//! Where a page ended: the order's values of its last row, bound to the query.
//!
//! Opaque to plugins. A cursor of another query is refused; one that was tampered with only moves within the same query's answer, which is the
//! plugin's own.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::definition::Definition;
use super::plan::{Range, Term};
use super::values::{self, compare, to_arg};
use crate::db::Sql;
use crate::error::StorageError;
use crate::model::{Query, Value};

/// Bytes of the query's hash that a cursor carries.
const HASH: usize = 8;

#[derive(serde::Serialize, serde::Deserialize)]
enum Part {
    N,
    B(bool),
    I(i64),
    F(u64),
    T(String),
    Y(String),
    M(u64),
}

/// Writes a cursor.
pub(super) fn encode(query: &Query, key: &[Value]) -> Result<String, StorageError> {
    let parts: Vec<Part> = key
        .iter()
        .map(|value| match value {
            Value::Null => Part::N,
            Value::Boolean(value) => Part::B(*value),
            Value::Integer(value) => Part::I(*value),
            Value::Float(value) => Part::F(value.to_bits()),
            Value::Text(value) | Value::Json(value) | Value::Blob(value) => Part::T(value.clone()),
            Value::Bytes(value) => Part::Y(STANDARD.encode(value)),
            Value::Time(value) => Part::M(*value),
        })
        .collect();
    let mut bytes = hash(query).to_vec();
    serde_json::to_writer(&mut bytes, &parts)
        .map_err(|error| StorageError::Other(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads the cursor of a query, if it has one.
pub(super) fn decode(
    query: &Query,
    defined: &Definition,
    terms: &[Term],
) -> Result<Option<Vec<Value>>, StorageError> {
    let Some(cursor) = &query.cursor else {
        return Ok(None);
    };
    let invalid = || StorageError::invalid("cursor", "is not of this query");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    let (bound, parts) = bytes.split_first_chunk::<HASH>().ok_or_else(invalid)?;
    if *bound != hash(query) {
        return Err(invalid());
    }
    let parts: Vec<Part> = serde_json::from_slice(parts).map_err(|_| invalid())?;
    if parts.len() != terms.len() {
        return Err(invalid());
    }
    let mut key = Vec::with_capacity(parts.len());
    for (part, term) in parts.into_iter().zip(terms) {
        let value = match part {
            Part::N => Value::Null,
            Part::B(value) => Value::Boolean(value),
            Part::I(value) => Value::Integer(value),
            Part::F(bits) => Value::Float(f64::from_bits(bits)),
            Part::T(value) => Value::Text(value),
            Part::Y(value) => Value::Bytes(STANDARD.decode(value).map_err(|_| invalid())?),
            Part::M(value) => Value::Time(value),
        };
        values::check(defined.kind(term.position), &value).map_err(|_| invalid())?;
        key.push(value);
    }
    Ok(Some(key))
}

fn hash(query: &Query) -> [u8; HASH] {
    let text = format!("{:?}", (&query.collection, &query.filter, &query.order));
    let mut short = [0; HASH];
    for (to, from) in short
        .iter_mut()
        .zip(blake3::hash(text.as_bytes()).as_bytes())
    {
        *to = *from;
    }
    short
}

/// The order of two rows by their keys; nulls last in either direction.
pub(super) fn compare_keys(terms: &[Term], one: &[Value], other: &[Value]) -> Ordering {
    terms
        .iter()
        .zip(one.iter().zip(other))
        .map(|(term, (one, other))| compare_term(term, one, other))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare_term(term: &Term, one: &Value, other: &Value) -> Ordering {
    let ordering = compare(one, other);
    if term.descending && *one != Value::Null && *other != Value::Null {
        ordering.reverse()
    } else {
        ordering
    }
}

/// Which rows of a range come after a key.
#[derive(Debug, PartialEq)]
pub(super) enum After {
    /// None.
    Nothing,
    /// All.
    Everything,
    /// Those for which this holds.
    Holds(Sql),
}

/// Which rows of `range` come after `key`. What the range fixes is compared here, so that what is left is one bound of its index.
pub(super) fn after(defined: &Definition, range: &Range, terms: &[Term], key: &[Value]) -> After {
    let (Some((term, terms)), Some((value, key))) = (terms.split_first(), key.split_first()) else {
        return After::Nothing;
    };
    if let Some(constant) = range.constants.get(&term.position) {
        return match compare_term(term, constant, value) {
            Ordering::Less => After::Nothing,
            Ordering::Equal => after(defined, range, terms, key),
            Ordering::Greater => After::Everything,
        };
    }
    let rest = after(defined, range, terms, key);
    let column = defined.column(term.position);
    if *value == Value::Null {
        if range.not_null == Some(term.position) {
            return After::Nothing;
        }
        return match rest {
            After::Nothing => After::Nothing,
            After::Everything => After::Holds(Sql::new(format!("{column} IS NULL"))),
            After::Holds(rest) => {
                let mut sql = Sql::new(format!("({column} IS NULL AND "));
                sql.append(rest).push(")");
                After::Holds(sql)
            }
        };
    }
    let nullable = term.nullable && range.not_null != Some(term.position);
    let sign = if term.descending { "<" } else { ">" };
    let mut sql = Sql::default();
    match (rest, nullable) {
        (After::Nothing, false) => {
            sql.push(&format!("{column} {sign} ")).arg(to_arg(value));
        }
        (After::Everything, false) => {
            sql.push(&format!("{column} {sign}= ")).arg(to_arg(value));
        }
        (After::Holds(rest), false) => {
            // The first comparison is the bound of the index.
            sql.push(&format!("({column} {sign}= ")).arg(to_arg(value));
            sql.push(&format!(" AND ({column} {sign} "))
                .arg(to_arg(value));
            sql.push(" OR ").append(rest).push("))");
        }
        (rest, true) => {
            sql.push(&format!("({column} IS NULL OR {column} {sign} "))
                .arg(to_arg(value));
            match rest {
                After::Nothing => {}
                After::Everything => {
                    sql.push(&format!(" OR {column} = ")).arg(to_arg(value));
                }
                After::Holds(rest) => {
                    sql.push(&format!(" OR ({column} = ")).arg(to_arg(value));
                    sql.push(" AND ").append(rest).push(")");
                }
            }
            sql.push(")");
        }
    }
    After::Holds(sql)
}
