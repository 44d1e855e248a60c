//! Reading and writing rows.

use super::column::{Column, Row};
use crate::platform::{
    Condition, Filter, Operator, Order, Platform, Query, StoreError, Value, Write,
};

/// Most rows that one look-up answers.
pub(crate) const MOST: u32 = 1_000;

/// One comparison as a clause of its own.
pub(crate) fn is(field: &'static str, operator: Operator, operand: impl Column) -> Vec<Condition> {
    vec![Condition {
        field,
        operator,
        operands: vec![operand.write()],
        negated: false,
    }]
}

/// `field` has this value.
pub(crate) fn equal(field: &'static str, operand: impl Column) -> Vec<Condition> {
    is(field, Operator::Equal, operand)
}

/// `field` has this text.
pub(crate) fn text(field: &'static str, operand: &str) -> Vec<Condition> {
    equal(field, operand.to_owned())
}

/// `field` has one of these texts. There must be at least one.
pub(crate) fn one_of<'a>(
    field: &'static str,
    operands: impl IntoIterator<Item = &'a str>,
) -> Vec<Condition> {
    let operands = operands
        .into_iter()
        .map(|text| Value::Text(text.to_owned()))
        .collect();
    vec![Condition {
        field,
        operator: Operator::OneOf,
        operands,
        negated: false,
    }]
}

/// What the full text of `scope` matches.
pub(crate) fn matches(field: &'static str, scope: &str, words: &str) -> Vec<Condition> {
    let operands = vec![Value::Text(scope.to_owned()), Value::Text(words.to_owned())];
    vec![Condition {
        field,
        operator: Operator::Matches,
        operands,
        negated: false,
    }]
}

/// How a look-up is ordered and paged.
#[derive(Default)]
pub(crate) struct Paging {
    pub order: Option<(&'static str, bool)>,
    pub limit: u32,
    pub cursor: Option<String>,
}

/// Newest first by this field.
pub(crate) fn newest(field: &'static str, limit: u32, cursor: Option<String>) -> Paging {
    Paging {
        order: Some((field, true)),
        limit,
        cursor,
    }
}

/// Oldest or smallest first by this field.
pub(crate) fn oldest(field: &'static str, limit: u32) -> Paging {
    Paging {
        order: Some((field, false)),
        limit,
        cursor: None,
    }
}

/// A page of rows.
pub(crate) async fn find<R: Row>(
    platform: &impl Platform,
    filter: Filter,
    paging: Paging,
) -> Result<(Vec<R>, Option<String>), StoreError> {
    let order = paging
        .order
        .map(|(field, descending)| Order { field, descending })
        .into_iter()
        .collect();
    let query = Query {
        collection: R::COLLECTION,
        filter,
        order,
        fields: R::FIELDS.to_vec(),
        limit: paging.limit.clamp(1, MOST),
        cursor: paging.cursor,
    };
    let page = platform.find(query).await?;
    let rows = page
        .rows
        .values
        .into_iter()
        .map(R::read)
        .collect::<Result<_, _>>()?;
    Ok((rows, page.next))
}

/// All rows that match: for what is known to be few, or to fit in memory.
pub(crate) async fn all<R: Row>(
    platform: &impl Platform,
    filter: Filter,
    order: Option<(&'static str, bool)>,
) -> Result<Vec<R>, StoreError> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let (page, next) = find(
            platform,
            filter.clone(),
            Paging {
                order,
                limit: MOST,
                cursor,
            },
        )
        .await?;
        rows.extend(page);
        match next {
            Some(next) => cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

/// Rows with a text key, in the order of the keys; missing ones are left out.
pub(crate) async fn get_many<R: Row>(
    platform: &impl Platform,
    keys: &[String],
) -> Result<Vec<R>, StoreError> {
    let mut rows = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(MOST as usize) {
        let keys = chunk
            .iter()
            .map(|key| vec![Value::Text(key.clone())])
            .collect();
        let found = platform
            .get_many(R::COLLECTION, keys, R::FIELDS.to_vec())
            .await?;
        for values in found.values {
            rows.push(R::read(values)?);
        }
    }
    Ok(rows)
}

/// Rows with keys of several fields; missing ones are left out.
pub(crate) async fn get_keyed<R: Row>(
    platform: &impl Platform,
    keys: &[Vec<Value>],
) -> Result<Vec<R>, StoreError> {
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(MOST as usize) {
        let found = platform
            .get_many(R::COLLECTION, keys.to_vec(), R::FIELDS.to_vec())
            .await?;
        for values in found.values {
            rows.push(R::read(values)?);
        }
    }
    Ok(rows)
}

/// The row with this key.
pub(crate) async fn get<R: Row>(
    platform: &impl Platform,
    key: &[&str],
) -> Result<Option<R>, StoreError> {
    let key = key
        .iter()
        .map(|part| Value::Text((*part).to_owned()))
        .collect();
    let found = platform
        .get_many(R::COLLECTION, vec![key], R::FIELDS.to_vec())
        .await?;
    found.values.into_iter().next().map(R::read).transpose()
}

/// Inserts rows, or changes the fields that `R` names; none: nothing.
pub(crate) fn put<R: Row>(rows: Vec<R>) -> Option<Write> {
    (!rows.is_empty()).then(|| Write::Put {
        collection: R::COLLECTION,
        fields: R::FIELDS.to_vec(),
        values: rows.into_iter().map(R::write).collect(),
    })
}

/// Changes fields of the rows that match.
pub(crate) fn patch<R: Row>(filter: Filter, changes: Vec<(&'static str, Value)>) -> Write {
    let (fields, values) = changes.into_iter().unzip();
    Write::Patch {
        collection: R::COLLECTION,
        filter,
        fields,
        values,
    }
}

/// Deletes the rows that match.
pub(crate) fn delete<R: Row>(filter: Filter) -> Write {
    Write::Delete {
        collection: R::COLLECTION,
        filter,
    }
}

/// Fails the batch unless exactly so many rows match.
pub(crate) fn require<R: Row>(filter: Filter, count: u64) -> Write {
    Write::Require {
        collection: R::COLLECTION,
        filter,
        count,
    }
}

/// Adds to a counter.
pub(crate) fn add<R: Row>(key: &str, field: &'static str, amount: i64) -> Write {
    Write::Add {
        collection: R::COLLECTION,
        key: vec![Value::Text(key.to_owned())],
        field,
        amount,
    }
}
