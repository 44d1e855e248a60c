//! The store that the plugin sees, and what a test may do to it and read of it.

use std::collections::BTreeMap;

use super::condition::{Ordered, field, invalid};
use super::find::projection;
use super::table::{Key, Table, check_definition};
use super::{Memory, State};
use crate::platform::{Collection, Filter, Page, Query, Rows, Store, StoreError, Value, Write};

/// An event that open pages heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Such as `threads.changed`.
    pub topic: String,
    /// None: everybody.
    pub user: Option<String>,
    /// JSON.
    pub payload: String,
}

impl Memory {
    /// The next `apply` fails with this, and changes nothing; several queue up.
    pub fn fail_next_apply(&self, error: StoreError) {
        self.state().apply_faults.push_back(error);
    }

    /// Takes the events published since the last time.
    pub fn take_events(&self) -> Vec<Published> {
        std::mem::take(&mut self.state().events)
    }

    /// Batches applied so far.
    pub fn batches(&self) -> u64 {
        self.state().batches
    }

    /// Writes of the last batch that was applied.
    pub fn last_writes(&self) -> usize {
        self.state().last_writes
    }

    /// All rows of a collection in key order: what a test compares.
    pub fn dump(&self, collection: &str) -> Vec<Vec<(String, Value)>> {
        let state = self.state();
        let Ok(table) = state.table(collection) else {
            return Vec::new();
        };
        let name = |row: &Vec<Value>| {
            table
                .definition
                .fields
                .iter()
                .zip(row)
                .map(|(field, value)| (field.name.to_owned(), value.clone()))
                .collect()
        };
        table.rows.values().map(name).collect()
    }

    /// Rows that name this blob.
    pub(super) fn names_blob(state: &State, blob: &str) -> bool {
        let wanted = Value::Blob(blob.to_owned());
        state
            .tables
            .values()
            .any(|table| table.rows.values().any(|row| row.contains(&wanted)))
    }
}

impl Store for Memory {
    async fn define(&self, collection: &Collection) -> Result<(), StoreError> {
        self.step().await;
        check_definition(collection)?;
        let mut state = self.state();
        let Some(table) = state.tables.get_mut(collection.name) else {
            state
                .tables
                .insert(collection.name, Table::new(collection.clone()));
            return Ok(());
        };
        if table.definition.key != collection.key {
            return Err(invalid(collection.name, "the key never changes"));
        }
        for added in &collection.fields {
            match field(&table.definition, added.name) {
                Ok((_, known)) if known.kind == added.kind => {}
                Ok(_) => return Err(invalid(added.name, "the kind never changes")),
                Err(_) if added.required => {
                    return Err(invalid(added.name, "an added field can't be required"));
                }
                Err(_) => {
                    table.definition.fields.push(added.clone());
                    table
                        .rows
                        .values_mut()
                        .for_each(|row| row.push(Value::Null));
                }
            }
        }
        for index in &collection.indexes {
            if !table.definition.indexes.contains(index) {
                table.definition.indexes.push(index.clone());
            }
        }
        table.definition.full_text = collection
            .full_text
            .clone()
            .or_else(|| table.definition.full_text.clone());
        table.reindex();
        Ok(())
    }

    async fn apply(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.step().await;
        let now = crate::platform::Clock::now(self);
        {
            let mut state = self.state();
            if let Some(error) = state.apply_faults.pop_front() {
                return Err(error);
            }
            if self.fenced(&state, now) {
                return Err(StoreError::Fenced);
            }
            let count = writes.len();
            state.apply(writes, now)?;
            state.batches += 1;
            state.last_writes = count;
        }
        self.step().await;
        Ok(())
    }

    async fn find(&self, query: Query) -> Result<Page, StoreError> {
        self.step().await;
        self.state().find(&query)
    }

    async fn get_many(
        &self,
        collection: &'static str,
        keys: Vec<Vec<Value>>,
        fields: Vec<&'static str>,
    ) -> Result<Rows, StoreError> {
        self.step().await;
        if keys.len() > 1000 {
            return Err(invalid(collection, "at most 1,000 keys"));
        }
        let state = self.state();
        let table = state.table(collection)?;
        let (names, positions) = projection(&table.definition, &fields)?;
        let row = |key: Vec<Value>| {
            table
                .rows
                .get(&key.into_iter().map(Ordered).collect::<Key>())
        };
        let values = keys
            .into_iter()
            .filter_map(row)
            .map(|row| {
                positions
                    .iter()
                    .map(|position| row[*position].clone())
                    .collect()
            })
            .collect();
        Ok(Rows {
            fields: names,
            values,
        })
    }

    async fn count(
        &self,
        collection: &'static str,
        filter: Filter,
        group_by: Vec<&'static str>,
    ) -> Result<Vec<(Vec<Value>, u64)>, StoreError> {
        self.step().await;
        let state = self.state();
        let table = state.table(collection)?;
        let positions = group_by
            .iter()
            .map(|name| field(&table.definition, name).map(|found| found.0))
            .collect::<Result<Vec<_>, _>>()?;
        let mut groups: BTreeMap<Key, u64> = BTreeMap::new();
        if group_by.is_empty() {
            groups.insert(Vec::new(), 0);
        }
        for (_, row) in table.matching(&filter)? {
            *groups
                .entry(
                    positions
                        .iter()
                        .map(|position| Ordered(row[*position].clone()))
                        .collect(),
                )
                .or_default() += 1;
        }
        Ok(groups
            .into_iter()
            .map(|(key, count)| (key.into_iter().map(|value| value.0).collect(), count))
            .collect())
    }

    async fn cancel_job(&self, kind: &str, key: &str) -> Result<(), StoreError> {
        self.step().await;
        self.state().jobs.cancel(kind, key);
        self.step().await;
        Ok(())
    }
}
