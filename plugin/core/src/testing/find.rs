//! Queries: a total order, pages, and cursors that skip and repeat nothing.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::State;
use super::condition::{compare_in, field, invalid};
use crate::platform::{Collection, Order, Page, Query, Rows, StoreError, Value};

/// Rows of a page.
const PAGE_ROWS: u32 = 1000;
/// Bytes of a page.
const PAGE_BYTES: usize = 1 << 20;

impl State {
    pub(super) fn find(&self, query: &Query) -> Result<Page, StoreError> {
        if !(1..=PAGE_ROWS).contains(&query.limit) {
            return Err(invalid(query.collection, "limit: 1 to 1,000"));
        }
        let table = self.table(query.collection)?;
        let order = total_order(&table.definition, &query.order)?;
        if !table.is_sorted(query) {
            return Err(invalid(
                query.collection,
                format!(
                    "no index has what {:?} finds in order: all of it would be sorted",
                    query.filter
                ),
            ));
        }
        let mut found: Vec<&Vec<Value>> = table
            .matching(&query.filter)?
            .into_iter()
            .map(|(_, row)| row)
            .collect();
        if let Some(cursor) = &query.cursor {
            let after = read_cursor(cursor, order.len())?;
            found.retain(|row| {
                compare_rows(&order, row, |position| &after[position]) == Ordering::Greater
            });
        }
        found.sort_by(|left, right| {
            order
                .iter()
                .map(|(position, descending)| {
                    compare_in(*descending, &left[*position], &right[*position])
                })
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let (names, positions) = projection(&table.definition, &query.fields)?;
        let mut page = Page {
            rows: Rows {
                fields: names,
                values: Vec::new(),
            },
            next: None,
        };
        let mut bytes = 0;
        let mut last: Option<&Vec<Value>> = None;
        for row in found {
            if page.rows.values.len() == query.limit as usize || bytes >= PAGE_BYTES {
                page.next = last.map(|last| write_cursor(&order, last));
                break;
            }
            let answer: Vec<Value> = positions
                .iter()
                .map(|position| row[*position].clone())
                .collect();
            bytes += answer.iter().map(value_bytes).sum::<usize>();
            page.rows.values.push(answer);
            last = Some(row);
        }
        Ok(page)
    }
}

/// The asked order with the key behind it, in the direction of its last field.
fn total_order(collection: &Collection, order: &[Order]) -> Result<Vec<(usize, bool)>, StoreError> {
    let mut total = order
        .iter()
        .map(|order| Ok((field(collection, order.field)?.0, order.descending)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let descending = order.last().is_some_and(|order| order.descending);
    for name in collection.key {
        let position = field(collection, name)?.0;
        if !total.iter().any(|(known, _)| *known == position) {
            total.push((position, descending));
        }
    }
    Ok(total)
}

fn compare_rows<'a>(
    order: &[(usize, bool)],
    row: &[Value],
    other: impl Fn(usize) -> &'a Value,
) -> Ordering {
    let each = order
        .iter()
        .enumerate()
        .map(|(place, (position, descending))| {
            compare_in(*descending, &row[*position], other(place))
        });
    each.into_iter()
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

pub(super) fn projection(
    collection: &Collection,
    fields: &[&str],
) -> Result<(Vec<String>, Vec<usize>), StoreError> {
    if fields.is_empty() {
        return Ok((
            collection
                .fields
                .iter()
                .map(|field| field.name.to_owned())
                .collect(),
            (0..collection.fields.len()).collect(),
        ));
    }
    let positions = fields
        .iter()
        .map(|name| field(collection, name).map(|found| found.0))
        .collect::<Result<_, _>>()?;
    Ok((
        fields.iter().map(|name| (*name).to_owned()).collect(),
        positions,
    ))
}

fn write_cursor(order: &[(usize, bool)], row: &[Value]) -> String {
    let values: Vec<serde_json::Value> = order
        .iter()
        .map(|(position, _)| match &row[*position] {
            Value::Null => serde_json::json!(["n"]),
            Value::Boolean(value) => serde_json::json!(["b", value]),
            Value::Integer(value) => serde_json::json!(["i", value]),
            Value::Float(value) => serde_json::json!(["f", value]),
            Value::Text(value) => serde_json::json!(["t", value]),
            Value::Bytes(value) => serde_json::json!(["x", value]),
            Value::Json(value) => serde_json::json!(["j", value]),
            Value::Time(value) => serde_json::json!(["w", value]),
            Value::Blob(value) => serde_json::json!(["o", value]),
        })
        .collect();
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&values).unwrap())
}

fn read_cursor(cursor: &str, length: usize) -> Result<Vec<Value>, StoreError> {
    let bad = || invalid("cursor", "not of this query");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let values: Vec<(String, Option<serde_json::Value>)> =
        serde_json::from_slice::<Vec<Vec<serde_json::Value>>>(&bytes)
            .map_err(|_| bad())?
            .into_iter()
            .map(|pair| {
                (
                    pair[0].as_str().unwrap_or_default().to_owned(),
                    pair.get(1).cloned(),
                )
            })
            .collect();
    if values.len() != length {
        return Err(bad());
    }
    values
        .into_iter()
        .map(|(kind, value)| {
            let value = value.unwrap_or_default();
            let text = || value.as_str().map(str::to_owned);
            Some(match kind.as_str() {
                "n" => Value::Null,
                "b" => Value::Boolean(value.as_bool()?),
                "i" => Value::Integer(value.as_i64()?),
                "f" => Value::Float(value.as_f64()?),
                "t" => Value::Text(text()?),
                "x" => Value::Bytes(serde_json::from_value(value).ok()?),
                "j" => Value::Json(text()?),
                "w" => Value::Time(value.as_u64()?),
                _ => Value::Blob(text()?),
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(bad)
}

pub(super) fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) | Value::Blob(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}
