//! Which rows match, and in which order they come.

use std::cmp::Ordering;

use super::search;
use crate::platform::{Collection, Condition, Field, Filter, Kind, Operator, StoreError, Value};

/// A value with the order of the contract: text by code point, nulls last.
#[derive(Debug, Clone)]
pub(super) struct Ordered(pub(super) Value);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// Ascending, nulls last.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b))
        | (Value::Json(a), Value::Json(b))
        | (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Boolean(_) => 0,
        Value::Integer(_) => 1,
        Value::Float(_) => 2,
        Value::Text(_) => 3,
        Value::Bytes(_) => 4,
        Value::Json(_) => 5,
        Value::Time(_) => 6,
        Value::Blob(_) => 7,
        Value::Null => 8,
    }
}

/// Nulls stay last when the order is descending.
pub(super) fn compare_in(descending: bool, left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => compare(left, right),
        _ if descending => compare(right, left),
        _ => compare(left, right),
    }
}

/// Whether a field of this kind may hold it.
pub(super) fn fits(kind: Kind, value: &Value) -> bool {
    matches!(
        (kind, value),
        (_, Value::Null)
            | (Kind::Boolean, Value::Boolean(_))
            | (Kind::Integer, Value::Integer(_))
            | (Kind::Float, Value::Float(_))
            | (Kind::Text, Value::Text(_))
            | (Kind::Bytes, Value::Bytes(_))
            | (Kind::Json, Value::Json(_))
            | (Kind::Time, Value::Time(_))
            | (Kind::Blob, Value::Blob(_))
    )
}

/// A mistake of the plugin.
pub(super) fn invalid(what: impl Into<String>, why: impl Into<String>) -> StoreError {
    StoreError::Invalid(what.into(), why.into())
}

/// Position and definition of a field.
pub(super) fn field<'a>(
    collection: &'a Collection,
    name: &str,
) -> Result<(usize, &'a Field), StoreError> {
    collection
        .fields
        .iter()
        .enumerate()
        .find(|(_, field)| field.name == name)
        .ok_or_else(|| invalid(format!("{}.{name}", collection.name), "no such field"))
}

/// A filter whose fields and operands were checked.
pub(super) struct Matcher<'a> {
    collection: &'a Collection,
    clauses: Vec<Vec<(usize, &'a Condition)>>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(collection: &'a Collection, filter: &'a Filter) -> Result<Self, StoreError> {
        let mut clauses = Vec::with_capacity(filter.len());
        for clause in filter {
            let mut conditions = Vec::with_capacity(clause.len());
            for condition in clause {
                conditions.push((check(collection, condition)?, condition));
            }
            clauses.push(conditions);
        }
        Ok(Self {
            collection,
            clauses,
        })
    }

    pub(super) fn holds(&self, row: &[Value]) -> bool {
        self.clauses.iter().all(|clause| {
            clause
                .iter()
                .any(|(position, condition)| self.one(row, *position, condition))
        })
    }

    fn one(&self, row: &[Value], position: usize, condition: &Condition) -> bool {
        let value = row.get(position).unwrap_or(&Value::Null);
        let operand = condition.operands.first().unwrap_or(&Value::Null);
        let ordering =
            |wanted: fn(Ordering) -> bool| *value != Value::Null && wanted(compare(value, operand));
        let holds = match condition.operator {
            Operator::Equal => compare(value, operand) == Ordering::Equal,
            Operator::Less => ordering(Ordering::is_lt),
            Operator::LessOrEqual => ordering(Ordering::is_le),
            Operator::Greater => ordering(Ordering::is_gt),
            Operator::GreaterOrEqual => ordering(Ordering::is_ge),
            Operator::OneOf => condition
                .operands
                .iter()
                .any(|operand| compare(value, operand) == Ordering::Equal),
            Operator::StartsWith => {
                matches!((value, operand), (Value::Text(text), Value::Text(start)) if text.starts_with(start.as_str()))
            }
            Operator::IsNull => *value == Value::Null,
            Operator::Matches => search::matches(self.collection, row, &condition.operands),
        };
        holds != condition.negated
    }
}

/// Checks one condition, answers the position of its field.
fn check(collection: &Collection, condition: &Condition) -> Result<usize, StoreError> {
    let name = format!("{}.{}", collection.name, condition.field);
    let operands = condition.operands.len();
    if condition.operator == Operator::Matches {
        let texts = condition
            .operands
            .iter()
            .all(|operand| matches!(operand, Value::Text(_)));
        if collection.full_text.is_none() || operands != 2 || !texts {
            return Err(invalid(
                collection.name,
                "matches needs full text, a scope and words",
            ));
        }
        return Ok(0);
    }
    let (position, field) = field(collection, condition.field)?;
    let expected = match condition.operator {
        Operator::IsNull => operands == 0,
        Operator::OneOf => (1..=1000).contains(&operands),
        _ => operands == 1,
    };
    if !expected {
        return Err(invalid(
            name,
            format!("{operands} operands for {:?}", condition.operator),
        ));
    }
    if condition.operator == Operator::StartsWith && field.kind != Kind::Text {
        return Err(invalid(name, "starts-with needs text"));
    }
    if let Some(operand) = condition
        .operands
        .iter()
        .find(|operand| !fits(field.kind, operand))
    {
        return Err(invalid(name, format!("{operand:?} is no {:?}", field.kind)));
    }
    Ok(position)
}
