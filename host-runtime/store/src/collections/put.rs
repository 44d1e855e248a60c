//! Putting many rows at once: checked and cut into words before the transaction, written by few statements.

use std::collections::HashMap;
use std::sync::Arc;

use super::definition::Definition;
use super::text::{self, Entry};
use super::values::{self, into_arg, row_values, to_arg};
use crate::db::{Arg, Sql, Tx, rows_at_once, sql};
use crate::error::StorageError;
use crate::model::{Rows, Value};

/// A put that fits its collection.
#[derive(Clone)]
pub(super) struct Put {
    defined: Arc<Definition>,
    /// What is named.
    positions: Vec<usize>,
    /// Where the key's fields stand among them.
    key_at: Vec<usize>,
    rows: Vec<Vec<Value>>,
    /// The words of each row and its scope, if all that is searched is named.
    words: Option<Vec<Option<(String, String)>>>,
}

impl Put {
    pub(super) fn check(defined: Arc<Definition>, rows: Rows) -> Result<Self, StorageError> {
        let mut positions = Vec::with_capacity(rows.fields.len());
        for name in &rows.fields {
            let position = defined.position(name)?;
            if positions.contains(&position) {
                return Err(StorageError::invalid(name, "is named twice"));
            }
            positions.push(position);
        }
        let mut key_at = Vec::with_capacity(defined.key.len());
        for position in &defined.key {
            let at = positions.iter().position(|named| named == position);
            let name = defined.field_name(*position);
            key_at.push(
                at.ok_or_else(|| StorageError::invalid(name, "is part of the key and not named"))?,
            );
        }
        for row in &rows.values {
            if row.len() != positions.len() {
                return Err(StorageError::invalid(
                    defined.name(),
                    "a row has not as many values as fields are named",
                ));
            }
            for (value, position) in row.iter().zip(&positions) {
                check_field(&defined, *position, value)?;
            }
        }
        let rows = last_of_each_key(rows.values, &key_at);
        Ok(Self {
            defined,
            positions,
            key_at,
            rows,
            words: None,
        })
    }

    /// Whether there are many words to cut, so that it is not done on a thread that serves everybody.
    pub(super) fn text_bytes(&self) -> usize {
        let Some((fields, _)) = &self.defined.text else {
            return 0;
        };
        let at: Vec<usize> = self.at(fields);
        self.rows
            .iter()
            .flat_map(|row| at.iter().filter_map(|at| row.get(*at)))
            .map(Value::size)
            .sum()
    }

    /// Where the fields stand among those named.
    fn at(&self, fields: &[usize]) -> Vec<usize> {
        fields
            .iter()
            .filter_map(|field| self.positions.iter().position(|named| named == field))
            .collect()
    }

    /// Cuts the words, which needs no transaction.
    pub(super) fn cut_words(&mut self) {
        let Some((fields, scope)) = &self.defined.text else {
            return;
        };
        let at = self.at(fields);
        let Some(scope_at) = self.positions.iter().position(|named| named == scope) else {
            return;
        };
        if at.len() != fields.len() {
            return;
        }
        let words = self.rows.iter().map(|row| {
            let Some(Value::Text(scope)) = row.get(scope_at) else {
                return None;
            };
            let texts = at.iter().map(|at| match row.get(*at) {
                Some(Value::Text(text)) => text.as_str(),
                _ => "",
            });
            Some((scope.clone(), text::words(texts)))
        });
        self.words = Some(words.collect());
    }

    /// What is written of kind blob.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().flatten().filter_map(|value| match value {
            Value::Blob(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// Writes the rows.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), StorageError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.check_required(tx).await?;
        let searched = self.defined.text.as_ref().is_some_and(|(fields, scope)| {
            self.positions
                .iter()
                .any(|position| position == scope || fields.contains(position))
        });
        let is_new = self.defined.dialect.is_new();
        let newest = if searched && is_new.is_none() {
            tx.fetch_int(sql!(format!(
                "SELECT MAX(_id) FROM {}",
                self.defined.table()
            )))
            .await?
        } else {
            0
        };
        let mut words: HashMap<Vec<u8>, (String, String)> = HashMap::new();
        let all_named = self.words.is_some();
        if let Some(cut) = self.words {
            for (row, cut) in self.rows.iter().zip(cut) {
                if let Some(cut) = cut {
                    words.insert(
                        encode_key(self.key_at.iter().filter_map(|at| row.get(*at))),
                        cut,
                    );
                }
            }
        }
        let head = format!(
            "INSERT INTO {} ({}) VALUES ",
            self.defined.table(),
            self.defined.columns(&self.positions)
        );
        let tail = upsert(&self.defined, &self.positions, searched);
        let width = self.positions.len().max(1);
        let mut rows = self.rows.into_iter();
        let mut left = rows.len();
        let mut changed = Vec::new();
        let mut entries = Vec::new();
        while left > 0 {
            let count = rows_at_once(left, width);
            left -= count;
            let sql = values_statement(&head, rows.by_ref().take(count), &tail);
            if !searched {
                tx.execute(sql)
                    .await
                    .map_err(|error| unique(&self.defined, error))?;
                continue;
            }
            for row in tx
                .fetch(sql)
                .await
                .map_err(|error| unique(&self.defined, error))?
            {
                let id = row.int(0)?;
                let is_new = match is_new {
                    Some(_) => row.flag(1 + self.defined.key.len())?,
                    None => id > newest,
                };
                if !is_new || !all_named {
                    changed.push(id);
                }
                if all_named {
                    let key = row_values(&self.defined, &row, 1, &self.defined.key)?;
                    if let Some((scope, words)) = words.remove(&encode_key(key.iter())) {
                        entries.push(Entry { id, scope, words });
                    }
                }
            }
        }
        if all_named {
            text::remove(tx, &self.defined, &changed).await?;
            text::insert(tx, &self.defined, &entries).await?;
        } else if searched {
            text::reindex(tx, &self.defined, &changed).await?;
        }
        Ok(())
    }

    /// Where required fields are not named, the rows must be there already.
    async fn check_required(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let fields = self.defined.collection.fields.iter().enumerate();
        let missing = fields
            .filter(|(position, field)| field.required && !self.positions.contains(position))
            .map(|(_, field)| field.name.as_str())
            .next();
        let Some(missing) = missing else {
            return Ok(());
        };
        for row in &self.rows {
            let key: Vec<Value> = self
                .key_at
                .iter()
                .filter_map(|at| row.get(*at))
                .cloned()
                .collect();
            let mut sql = Sql::new(format!("SELECT 1 FROM {}", self.defined.table()));
            push_key(&mut sql, &self.defined, &key);
            if tx.fetch_first(sql).await?.is_none() {
                return Err(StorageError::invalid(
                    missing,
                    "is required and not named, and the row is not there",
                ));
            }
        }
        Ok(())
    }
}

/// Checks a value for a field that is written.
pub(super) fn check_field(
    defined: &Definition,
    position: usize,
    value: &Value,
) -> Result<(), StorageError> {
    let name = defined.field_name(position);
    if *value == Value::Null && defined.is_required(position) {
        return Err(StorageError::invalid(name, "is required and null"));
    }
    values::check(defined.kind(position), value)
        .map_err(|reason| StorageError::invalid(name, reason))?;
    match defined.longest(position) {
        Some(most) if values::indexed_size(value) > most => Err(StorageError::invalid(
            name,
            format!("is in an index and longer than {most} bytes"),
        )),
        _ => Ok(()),
    }
}

/// ` WHERE` the key is this.
pub(super) fn push_key(sql: &mut Sql, defined: &Definition, key: &[Value]) {
    for (number, (position, value)) in defined.key.iter().zip(key).enumerate() {
        sql.push(if number == 0 { " WHERE " } else { " AND " });
        sql.push(&defined.column(*position))
            .push(" = ")
            .arg(to_arg(value));
    }
}

/// A violated unique index, in the plugin's words.
pub(super) fn unique(defined: &Definition, error: crate::error::Error) -> StorageError {
    match error {
        crate::error::Error::Conflict(message) => {
            let fields: Vec<&str> = defined
                .collection
                .fields
                .iter()
                .map(|field| field.name.as_str())
                .filter(|name| {
                    let column = format!("f_{name}");
                    message
                        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                        .any(|word| word == column)
                })
                .collect();
            StorageError::Conflict(format!(
                "{}: another row has the same {}",
                defined.name(),
                fields.join(", ")
            ))
        }
        other => other.into(),
    }
}

/// What an insertion does with a row that is there, and what it answers.
fn upsert(defined: &Definition, positions: &[usize], answer: bool) -> String {
    let mut tail = format!(" ON CONFLICT ({}) DO ", defined.columns(&defined.key));
    let changed: Vec<String> = positions
        .iter()
        .filter(|position| !defined.key.contains(position))
        .map(|position| {
            let column = defined.column(*position);
            format!("{column} = excluded.{column}")
        })
        .collect();
    if changed.is_empty() {
        tail.push_str("NOTHING");
    } else {
        tail.push_str("UPDATE SET ");
        tail.push_str(&changed.join(", "));
    }
    if answer {
        tail.push_str(&format!(
            " RETURNING _id, {}",
            defined.columns(&defined.key)
        ));
        if let Some(is_new) = defined.dialect.is_new() {
            tail.push_str(", ");
            tail.push_str(is_new);
        }
    }
    tail
}

fn values_statement(head: &str, rows: impl Iterator<Item = Vec<Value>>, tail: &str) -> Sql {
    let mut sql = Sql::new(head);
    sql.rows(rows.map(|row| row.into_iter().map(into_arg)))
        .push(tail);
    sql
}

/// All rows of a put name the same fields, so that of two with one key the later says everything.
fn last_of_each_key(rows: Vec<Vec<Value>>, key_at: &[usize]) -> Vec<Vec<Value>> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
    for row in rows {
        let key = encode_key(key_at.iter().filter_map(|at| row.get(*at)));
        match places.get(&key).and_then(|place| kept.get_mut(*place)) {
            Some(earlier) => *earlier = row,
            None => {
                places.insert(key, kept.len());
                kept.push(row);
            }
        }
    }
    kept
}

/// A key as bytes that differ when keys differ.
fn encode_key<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    let mut key = Vec::new();
    for value in values {
        match to_arg(value) {
            Arg::Null => key.push(0),
            Arg::Int(value) => {
                key.push(1);
                key.extend_from_slice(&value.to_be_bytes());
            }
            Arg::Real(value) => {
                key.push(2);
                key.extend_from_slice(&value.to_bits().to_be_bytes());
            }
            Arg::Text(text) => push_bytes(&mut key, 3, text.as_bytes()),
            Arg::Bytes(bytes) => push_bytes(&mut key, 4, &bytes),
        }
    }
    key
}

fn push_bytes(key: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    key.push(tag);
    key.extend_from_slice(&bytes.len().to_be_bytes());
    key.extend_from_slice(bytes);
}
