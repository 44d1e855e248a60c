//! One collection: its rows by key, what a row may hold, which rows match.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Matcher, Ordered, field, fits, invalid};
use crate::platform::{Collection, Filter, Operator, Query, StoreError, Value};

/// A row's key, in the order of the contract.
pub(super) type Key = Vec<Ordered>;

/// A collection with its rows by key, and a look-up by the first field of every index.
pub(super) struct Table {
    pub(super) definition: Collection,
    pub(super) rows: BTreeMap<Key, Vec<Value>>,
    by_field: BTreeMap<&'static str, BTreeMap<Ordered, BTreeSet<Key>>>,
}

impl Table {
    pub(super) fn new(definition: Collection) -> Self {
        let mut table = Self {
            definition,
            rows: BTreeMap::new(),
            by_field: BTreeMap::new(),
        };
        table.reindex();
        table
    }

    pub(super) fn reindex(&mut self) {
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

    pub(super) fn key_of(&self, row: &[Value]) -> Key {
        self.definition
            .key
            .iter()
            .map(|name| Ordered(row[field(&self.definition, name).unwrap().0].clone()))
            .collect()
    }

    /// Replaces or removes a row and answers what was there.
    pub(super) fn set(&mut self, key: &Key, row: Option<Vec<Value>>) -> Option<Vec<Value>> {
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
    pub(super) fn matching(&self, filter: &Filter) -> Result<Vec<(&Key, &Vec<Value>)>, StoreError> {
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
            if !self.is_served(filter) {
                return Err(invalid(
                    self.definition.name,
                    format!("no index serves {filter:?}: everything would be read"),
                ));
            }
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

    /// Whether something other than an equality narrows what a host would read: a range of an index, or full text. A filter of nothing wants
    /// everything.
    fn is_served(&self, filter: &Filter) -> bool {
        filter.is_empty()
            || filter.iter().any(|clause| match clause.as_slice() {
                [only] => {
                    only.operator == Operator::Matches
                        || (self.by_field.contains_key(only.field)
                            && (!only.negated || only.operator == Operator::IsNull))
                }
                _ => false,
            })
    }

    /// Whether an index has in order what full text finds, which may be most of a mailbox; what else is asked for is few, or a range.
    pub(super) fn is_sorted(&self, query: &Query) -> bool {
        let alone = |operator: Operator| {
            let clauses = query.filter.iter().map(Vec::as_slice);
            clauses.filter_map(move |clause| match clause {
                [only] if !only.negated && only.operator == operator => Some(only.field),
                _ => None,
            })
        };
        if query.order.is_empty() || alone(Operator::Matches).next().is_none() {
            return true;
        }
        let equal: Vec<&str> = alone(Operator::Equal).collect();
        self.definition.indexes.iter().any(|index| {
            let mut rest = index
                .fields
                .iter()
                .skip_while(|field| equal.contains(*field));
            query
                .order
                .iter()
                .all(|order| rest.next() == Some(&order.field))
        })
    }

    pub(super) fn check_row(
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
    pub(super) fn violated(&self, key: &Key, row: &[Value]) -> Option<String> {
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

pub(super) fn check_definition(collection: &Collection) -> Result<(), StoreError> {
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
