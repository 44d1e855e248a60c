//! Batches: all of their writes, or none.

use super::State;
use super::condition::{Ordered, field, invalid};
use super::find::value_bytes;
use super::store::Published;
use super::table::{Key, Table};
use crate::platform::{Filter, Kind, StoreError, Value, Write};

/// Rows of a batch.
const BATCH_ROWS: usize = 10_000;
/// Bytes of a batch.
const BATCH_BYTES: usize = 8 << 20;

/// What a row was before the batch.
type Undo = Vec<(&'static str, Key, Option<Vec<Value>>)>;

impl State {
    pub(super) fn table(&self, name: &str) -> Result<&Table, StoreError> {
        self.tables
            .get(name)
            .ok_or_else(|| StoreError::UnknownCollection(name.to_owned()))
    }

    fn set_row(
        &mut self,
        collection: &'static str,
        key: Key,
        row: Option<Vec<Value>>,
        undo: &mut Undo,
    ) -> Result<(), StoreError> {
        if let Some(row) = &row {
            let table = self.table(collection)?;
            table.check_row(row, &|blob| self.blobs.contains_key(blob))?;
            if let Some(index) = table.violated(&key, row) {
                return Err(StoreError::Conflict(format!("unique {index}")));
            }
        }
        let table = self
            .tables
            .get_mut(collection)
            .ok_or_else(|| StoreError::UnknownCollection(collection.to_owned()))?;
        let before = table.set(&key, row);
        undo.push((collection, key, before));
        Ok(())
    }

    fn write(&mut self, write: Write, now: u64, undo: &mut Undo) -> Result<(), StoreError> {
        match write {
            Write::Put {
                collection,
                fields,
                values,
            } => {
                for row in values {
                    self.put(collection, &fields, row, undo)?;
                }
                Ok(())
            }
            Write::Patch {
                collection,
                filter,
                fields,
                values,
            } => self.patch(collection, &filter, &fields, &values, undo),
            Write::Add {
                collection,
                key,
                field: name,
                amount,
            } => self.add(collection, key, name, amount, undo),
            Write::Delete { collection, filter } => {
                let keys: Vec<Key> = self
                    .table(collection)?
                    .matching(&filter)?
                    .into_iter()
                    .map(|(key, _)| key.clone())
                    .collect();
                keys.into_iter()
                    .try_for_each(|key| self.set_row(collection, key, None, undo))
            }
            Write::Require {
                collection,
                filter,
                count,
            } => {
                let found = self.table(collection)?.matching(&filter)?.len() as u64;
                if found == count {
                    Ok(())
                } else {
                    Err(StoreError::Conflict(format!(
                        "{collection}: {found} rows match, not {count}"
                    )))
                }
            }
            Write::Enqueue(job) => {
                if job.kind.is_empty() || job.kind.len() > 64 || job.payload.len() > 64 * 1024 {
                    return Err(invalid(
                        "job",
                        "kind of 1 to 64 characters, payload of at most 64 KiB",
                    ));
                }
                self.jobs.enqueue(job, now);
                Ok(())
            }
            Write::Publish {
                topic,
                user,
                payload,
            } => {
                if payload.len() > 16 * 1024
                    || serde_json::from_str::<serde::de::IgnoredAny>(&payload).is_err()
                {
                    return Err(invalid("publish", "a JSON document of at most 16 KiB"));
                }
                self.events.push(Published {
                    topic: topic.to_owned(),
                    user,
                    payload,
                });
                Ok(())
            }
        }
    }

    fn put(
        &mut self,
        collection: &'static str,
        fields: &[&'static str],
        values: Vec<Value>,
        undo: &mut Undo,
    ) -> Result<(), StoreError> {
        let table = self.table(collection)?;
        if fields.len() != values.len() {
            return Err(invalid(collection, "as many values as fields"));
        }
        if let Some(missing) = table
            .definition
            .key
            .iter()
            .find(|name| !fields.contains(name))
        {
            return Err(invalid(
                format!("{collection}.{missing}"),
                "a key field must be named",
            ));
        }
        let mut row = vec![Value::Null; table.definition.fields.len()];
        let mut named = Vec::with_capacity(fields.len());
        for (name, value) in fields.iter().zip(values) {
            let position = field(&table.definition, name)?.0;
            row[position] = value;
            named.push(position);
        }
        let key = table.key_of(&row);
        if let Some(before) = table.rows.get(&key) {
            for (position, value) in before.iter().enumerate() {
                if !named.contains(&position) {
                    row[position] = value.clone();
                }
            }
        }
        self.set_row(collection, key, Some(row), undo)
    }

    fn patch(
        &mut self,
        collection: &'static str,
        filter: &Filter,
        fields: &[&'static str],
        values: &[Value],
        undo: &mut Undo,
    ) -> Result<(), StoreError> {
        let table = self.table(collection)?;
        if fields.len() != values.len() {
            return Err(invalid(collection, "as many values as fields"));
        }
        let mut positions = Vec::with_capacity(fields.len());
        for name in fields {
            if table.definition.key.contains(name) {
                return Err(invalid(
                    format!("{collection}.{name}"),
                    "a key field can't be changed",
                ));
            }
            positions.push(field(&table.definition, name)?.0);
        }
        let changed: Vec<(Key, Vec<Value>)> = table
            .matching(filter)?
            .into_iter()
            .map(|(key, row)| {
                let mut row = row.clone();
                for (position, value) in positions.iter().zip(values) {
                    row[*position] = value.clone();
                }
                (key.clone(), row)
            })
            .collect();
        changed
            .into_iter()
            .try_for_each(|(key, row)| self.set_row(collection, key, Some(row), undo))
    }

    fn add(
        &mut self,
        collection: &'static str,
        key: Vec<Value>,
        name: &'static str,
        amount: i64,
        undo: &mut Undo,
    ) -> Result<(), StoreError> {
        let table = self.table(collection)?;
        let (position, definition) = field(&table.definition, name)?;
        if definition.kind != Kind::Integer || key.len() != table.definition.key.len() {
            return Err(invalid(
                format!("{collection}.{name}"),
                "add needs a whole key and an integer field",
            ));
        }
        let ordered: Key = key.iter().cloned().map(Ordered).collect();
        let mut row = table.rows.get(&ordered).cloned().unwrap_or_else(|| {
            let mut row = vec![Value::Null; table.definition.fields.len()];
            for (name, value) in table.definition.key.iter().zip(&key) {
                row[field(&table.definition, name).unwrap().0] = value.clone();
            }
            row
        });
        let before = match row[position] {
            Value::Integer(before) => before,
            _ => 0,
        };
        row[position] = Value::Integer(
            before
                .checked_add(amount)
                .ok_or_else(|| invalid(name, "out of range"))?,
        );
        self.set_row(collection, ordered, Some(row), undo)
    }

    /// All or nothing.
    pub(super) fn apply(&mut self, writes: Vec<Write>, now: u64) -> Result<(), StoreError> {
        let rows: usize = writes
            .iter()
            .map(|write| {
                if let Write::Put { values, .. } = write {
                    values.len()
                } else {
                    1
                }
            })
            .sum();
        let bytes: usize = writes.iter().map(write_bytes).sum();
        if rows > BATCH_ROWS || bytes > BATCH_BYTES {
            return Err(invalid(
                "batch",
                format!("{rows} rows, {bytes} bytes: at most {BATCH_ROWS} and {BATCH_BYTES}"),
            ));
        }
        let jobs = self.jobs.clone();
        let events = self.events.len();
        let mut undo = Undo::new();
        for write in writes {
            if let Err(error) = self.write(write, now, &mut undo) {
                for (collection, key, before) in undo.into_iter().rev() {
                    self.tables.get_mut(collection).unwrap().set(&key, before);
                }
                self.jobs = jobs;
                self.events.truncate(events);
                return Err(error);
            }
        }
        Ok(())
    }
}

fn write_bytes(write: &Write) -> usize {
    match write {
        Write::Put { values, .. } => values.iter().flatten().map(value_bytes).sum(),
        Write::Patch { values, .. } => values.iter().map(value_bytes).sum(),
        Write::Enqueue(job) => job.payload.len(),
        Write::Publish { payload, .. } => payload.len(),
        _ => 8,
    }
}
