//! Typed collections in memory: atomic batches, keyset paging, unique indexes, fencing.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::condition::{Matcher, Ordered, compare_in, field, fits, invalid};
use super::{Memory, State};
use crate::platform::{
    Collection, Filter, Kind, Operator, Order, Page, Query, Rows, Store, StoreError, Value, Write,
};

/// Rows of a page.
const PAGE_ROWS: u32 = 1000;
/// Bytes of a page.
const PAGE_BYTES: usize = 1 << 20;
/// Rows of a batch.
const BATCH_ROWS: usize = 10_000;
/// Bytes of a batch.
const BATCH_BYTES: usize = 8 << 20;

type Key = Vec<Ordered>;

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

/// A collection with its rows by key, and a look-up by the first field of every index.
pub(super) struct Table {
    definition: Collection,
    rows: BTreeMap<Key, Vec<Value>>,
    by_field: BTreeMap<&'static str, BTreeMap<Ordered, BTreeSet<Key>>>,
}

/// What a row was before the batch.
type Undo = Vec<(&'static str, Key, Option<Vec<Value>>)>;

impl Table {
    fn new(definition: Collection) -> Self {
        let mut table = Self {
            definition,
            rows: BTreeMap::new(),
            by_field: BTreeMap::new(),
        };
        table.reindex();
        table
    }

    fn reindex(&mut self) {
        let firsts = self
            .definition
            .indexes
            .iter()
            .filter_map(|index| index.fields.first())
            .chain(self.definition.key.first());
        self.by_field = firsts.map(|name| (*name, BTreeMap::new())).collect();
        for (key, row) in &self.rows {
            for (name, values) in &mut self.by_field {
                let position = field(&self.definition, name).unwrap().0;
                values
                    .entry(Ordered(row[position].clone()))
                    .or_default()
                    .insert(key.clone());
            }
        }
    }

    fn key_of(&self, row: &[Value]) -> Key {
        self.definition
            .key
            .iter()
            .map(|name| Ordered(row[field(&self.definition, name).unwrap().0].clone()))
            .collect()
    }

    /// Replaces or removes a row and answers what was there.
    fn set(&mut self, key: &Key, row: Option<Vec<Value>>) -> Option<Vec<Value>> {
        let before = match row.clone() {
            Some(row) => self.rows.insert(key.clone(), row),
            None => self.rows.remove(key),
        };
        for (name, values) in &mut self.by_field {
            let position = field(&self.definition, name).unwrap().0;
            if let Some(before) = &before {
                let value = Ordered(before[position].clone());
                if let Some(keys) = values.get_mut(&value) {
                    keys.remove(key);
                    if keys.is_empty() {
                        values.remove(&value);
                    }
                }
            }
            if let Some(row) = &row {
                values
                    .entry(Ordered(row[position].clone()))
                    .or_default()
                    .insert(key.clone());
            }
        }
        before
    }

    /// Matching rows in key order, looked up by an indexed equality where there is one.
    fn matching(&self, filter: &Filter) -> Result<Vec<(&Key, &Vec<Value>)>, StoreError> {
        let matcher = Matcher::new(&self.definition, filter)?;
        let candidates = filter.iter().find_map(|clause| match clause.as_slice() {
            [only]
                if !only.negated && matches!(only.operator, Operator::Equal | Operator::OneOf) =>
            {
                self.by_field
                    .get(only.field)
                    .map(|values| (values, &only.operands))
            }
            _ => None,
        });
        let Some((values, operands)) = candidates else {
            return Ok(self
                .rows
                .iter()
                .filter(|(_, row)| matcher.holds(row))
                .collect());
        };
        let keys: BTreeSet<&Key> = operands
            .iter()
            .filter_map(|operand| values.get(&Ordered(operand.clone())))
            .flatten()
            .collect();
        Ok(keys
            .into_iter()
            .filter_map(|key| self.rows.get_key_value(key))
            .filter(|(_, row)| matcher.holds(row))
            .collect())
    }

    fn check_row(
        &self,
        row: &[Value],
        known_blobs: &dyn Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        for (definition, value) in self.definition.fields.iter().zip(row) {
            let name = || format!("{}.{}", self.definition.name, definition.name);
            if !fits(definition.kind, value) {
                return Err(invalid(
                    name(),
                    format!("{value:?} is no {:?}", definition.kind),
                ));
            }
            let required = definition.required || self.definition.key.contains(&definition.name);
            match value {
                Value::Null if required => return Err(invalid(name(), "required")),
                Value::Json(text)
                    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() =>
                {
                    return Err(invalid(name(), "no JSON"));
                }
                Value::Blob(blob) if !known_blobs(blob) => {
                    return Err(invalid(name(), "no such blob"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The unique index that the row would break.
    fn violated(&self, key: &Key, row: &[Value]) -> Option<String> {
        self.definition
            .indexes
            .iter()
            .filter(|index| index.unique)
            .find_map(|index| {
                let positions: Vec<usize> = index
                    .fields
                    .iter()
                    .map(|name| field(&self.definition, name).unwrap().0)
                    .collect();
                if positions
                    .iter()
                    .any(|position| row[*position] == Value::Null)
                {
                    return None;
                }
                let first = self
                    .by_field
                    .get(index.fields.first()?)?
                    .get(&Ordered(row[positions[0]].clone()))?;
                let taken = first.iter().any(|other| {
                    other != key
                        && positions
                            .iter()
                            .all(|position| self.rows[other][*position] == row[*position])
                });
                taken.then(|| format!("{}({})", self.definition.name, index.fields.join(", ")))
            })
    }
}

impl State {
    fn table(&self, name: &str) -> Result<&Table, StoreError> {
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
    fn apply(&mut self, writes: Vec<Write>, now: u64) -> Result<(), StoreError> {
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

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        if !(1..=PAGE_ROWS).contains(&query.limit) {
            return Err(invalid(query.collection, "limit: 1 to 1,000"));
        }
        let table = self.table(query.collection)?;
        let order = total_order(&table.definition, &query.order)?;
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

impl Memory {
    /// The next `apply` fails with this, and changes nothing; several queue up.
    pub fn fail_next_apply(&self, error: StoreError) {
        self.state().apply_faults.push_back(error);
    }

    /// Takes the events published since the last time.
    pub fn take_events(&self) -> Vec<Published> {
        std::mem::take(&mut self.state().events)
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
            state.apply(writes, now)?;
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

fn check_definition(collection: &Collection) -> Result<(), StoreError> {
    let good = |name: &str| {
        (1..=48).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let bad = std::iter::once(collection.name)
        .chain(collection.fields.iter().map(|field| field.name))
        .find(|name| !good(name));
    if let Some(name) = bad {
        return Err(invalid(name, "no name"));
    }
    let full_text = collection
        .full_text
        .iter()
        .flat_map(|text| text.fields.iter().chain(std::iter::once(&text.scope)));
    let named = collection
        .key
        .iter()
        .chain(collection.indexes.iter().flat_map(|index| index.fields))
        .chain(full_text);
    named
        .into_iter()
        .try_for_each(|name| field(collection, name).map(|_| ()))
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

fn projection(
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

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) | Value::Blob(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
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
