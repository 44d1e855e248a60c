//! What a collection is: checked names and physical tables.
//!
//! A collection's table is named after its number and columns after their fields, so that no name of a plugin meets the engine's grammar or
//! another plugin's table. Every row has a number of its own (`_id`), which full text refers to. Every index that is not unique ends in the key, so that
//! the total order of a query is one range of it.

use std::collections::HashMap;

use crate::db::Dialect;
use crate::error::StorageError;
use crate::model::{Collection, Kind};

/// Longest name of a collection or field, in characters.
const LONGEST_NAME: usize = 48;

/// Fields of a collection: what one row of one statement can carry comfortably.
const MOST_FIELDS: usize = 100;

/// Indexes of a collection: each is paid for by every write.
const MOST_INDEXES: usize = 32;

/// Bytes of what one entry of an index holds: PostgreSQL takes 2,704, of which each value and the entry itself need some.
const LONGEST_ENTRY: usize = 2_400;

/// A collection as it is stored.
#[derive(Debug)]
pub(crate) struct Definition {
    /// Its number.
    pub(crate) id: i64,
    /// Whose it is.
    pub(crate) plugin: String,
    /// How statements about it are written.
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) collection: Collection,
    positions: HashMap<String, usize>,
    /// Positions of the key's fields.
    pub(crate) key: Vec<usize>,
    /// The key's first.
    pub(crate) indexes: Vec<PhysicalIndex>,
    /// Most bytes of each field: those of text and bytes that stand in indexes share an entry.
    longest: Vec<Option<usize>>,
    /// Positions of the searched fields and of the scope.
    pub(crate) text: Option<(Vec<usize>, usize)>,
}

/// An index as the engine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhysicalIndex {
    pub(crate) name: String,
    /// Positions of its fields; if it isn't unique, the rest of the key comes last.
    pub(crate) fields: Vec<usize>,
    pub(crate) unique: bool,
}

impl Definition {
    pub(super) fn new(
        dialect: &'static dyn Dialect,
        plugin: &str,
        id: i64,
        collection: Collection,
    ) -> Result<Self, StorageError> {
        let positions: HashMap<String, usize> = collection
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| (field.name.clone(), at))
            .collect();
        let find = |name: &String| {
            positions.get(name).copied().ok_or_else(|| {
                StorageError::invalid(name, format!("is no field of {}", collection.name))
            })
        };
        let key = collection
            .key
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, _>>()?;
        let mut indexes = vec![PhysicalIndex {
            name: format!("c{id}_key"),
            fields: key.clone(),
            unique: true,
        }];
        for (number, index) in collection.indexes.iter().enumerate() {
            let mut fields = index
                .fields
                .iter()
                .map(find)
                .collect::<Result<Vec<_>, _>>()?;
            if !index.unique {
                for field in &key {
                    if !fields.contains(field) {
                        fields.push(*field);
                    }
                }
            }
            indexes.push(PhysicalIndex {
                name: format!("c{id}_i{number}"),
                fields,
                unique: index.unique,
            });
        }
        let text = match &collection.full_text {
            Some(text) => Some((
                text.fields
                    .iter()
                    .map(find)
                    .collect::<Result<Vec<_>, _>>()?,
                find(&text.scope)?,
            )),
            None => None,
        };
        let longest = longest(
            &collection,
            &indexes,
            text.as_ref().map(|(_, scope)| *scope),
        );
        Ok(Self {
            longest,
            id,
            plugin: plugin.to_owned(),
            dialect,
            positions,
            key,
            indexes,
            text,
            collection,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.collection.name
    }

    /// The table of the rows: its name, from which those of its triggers are made.
    pub(crate) fn table_name(&self) -> String {
        format!("c{}_rows", self.id)
    }

    /// The table of the rows, as statements name it.
    pub(crate) fn table(&self) -> String {
        self.dialect.table(&self.plugin, &self.table_name())
    }

    /// The table of the words: its name.
    pub(crate) fn text_name(&self) -> String {
        format!("c{}_text", self.id)
    }

    /// The table of the words, as statements name it.
    pub(crate) fn text_table(&self) -> String {
        self.dialect.table(&self.plugin, &self.text_name())
    }

    /// A field's position.
    pub(crate) fn position(&self, field: &str) -> Result<usize, StorageError> {
        self.positions
            .get(field)
            .copied()
            .ok_or_else(|| StorageError::invalid(field, format!("is no field of {}", self.name())))
    }

    pub(crate) fn kind(&self, position: usize) -> Kind {
        self.collection
            .fields
            .get(position)
            .map_or(Kind::Text, |field| field.kind)
    }

    pub(crate) fn field_name(&self, position: usize) -> &str {
        self.collection
            .fields
            .get(position)
            .map_or("", |field| &field.name)
    }

    pub(crate) fn is_required(&self, position: usize) -> bool {
        self.collection
            .fields
            .get(position)
            .is_some_and(|field| field.required)
    }

    /// Most bytes of a field of text or bytes, if it stands in an index.
    pub(crate) fn longest(&self, position: usize) -> Option<usize> {
        self.longest.get(position).copied().flatten()
    }

    /// A field's column, quoted.
    pub(crate) fn column(&self, position: usize) -> String {
        format!("\"f_{}\"", self.field_name(position))
    }

    /// Several columns, with commas between.
    pub(crate) fn columns(&self, positions: &[usize]) -> String {
        positions
            .iter()
            .map(|position| self.column(*position))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Positions of the fields named, or of all if none is.
    pub(crate) fn projection(&self, fields: &[String]) -> Result<Vec<usize>, StorageError> {
        if fields.is_empty() {
            return Ok((0..self.collection.fields.len()).collect());
        }
        if fields.len() > MOST_FIELDS {
            return Err(StorageError::invalid(
                "fields",
                format!("are more than {MOST_FIELDS}"),
            ));
        }
        fields.iter().map(|field| self.position(field)).collect()
    }

    /// Positions of the fields of kind blob.
    pub(crate) fn blob_fields(&self) -> impl Iterator<Item = usize> + '_ {
        let fields = self.collection.fields.iter().enumerate();
        fields
            .filter(|(_, field)| field.kind == Kind::Blob)
            .map(|(position, _)| position)
    }
}

fn longest(
    collection: &Collection,
    indexes: &[PhysicalIndex],
    scope: Option<usize>,
) -> Vec<Option<usize>> {
    let varies = |position: &usize| {
        let field = collection.fields.get(*position);
        field.is_some_and(|field| matches!(field.kind, Kind::Text | Kind::Bytes))
    };
    let mut longest: Vec<Option<usize>> = vec![None; collection.fields.len()];
    let scopes = scope.map(|scope| vec![scope]);
    for fields in indexes.iter().map(|index| &index.fields).chain(&scopes) {
        let sharing: Vec<usize> = fields.iter().copied().filter(varies).collect();
        for position in &sharing {
            if let Some(most) = longest.get_mut(*position) {
                let share = LONGEST_ENTRY / sharing.len();
                *most = Some(most.map_or(share, |most| most.min(share)));
            }
        }
    }
    longest
}

/// Checks a definition for itself.
pub(super) fn check(collection: &Collection) -> Result<(), StorageError> {
    check_name(&collection.name)?;
    let fields = &collection.fields;
    if fields.is_empty() || fields.len() > MOST_FIELDS {
        return Err(StorageError::invalid(
            &collection.name,
            format!("has no field or more than {MOST_FIELDS}"),
        ));
    }
    for (number, field) in fields.iter().enumerate() {
        check_name(&field.name)?;
        if fields
            .iter()
            .skip(number + 1)
            .any(|other| other.name == field.name)
        {
            return Err(StorageError::invalid(&field.name, "is defined twice"));
        }
    }
    let find = |name: &String| {
        fields
            .iter()
            .find(|field| field.name == *name)
            .ok_or_else(|| {
                StorageError::invalid(name, format!("is no field of {}", collection.name))
            })
    };
    if collection.key.is_empty() {
        return Err(StorageError::invalid(&collection.name, "has no key"));
    }
    check_list("key", &collection.key)?;
    for name in &collection.key {
        let field = find(name)?;
        if !field.required {
            return Err(StorageError::invalid(
                name,
                "is part of the key and not required",
            ));
        }
        if matches!(field.kind, Kind::Json | Kind::Blob | Kind::Float) {
            return Err(StorageError::invalid(
                name,
                "is of a kind that can't identify a row",
            ));
        }
    }
    if collection.indexes.len() > MOST_INDEXES {
        return Err(StorageError::invalid(
            &collection.name,
            format!("has more than {MOST_INDEXES} indexes"),
        ));
    }
    for index in &collection.indexes {
        check_list("index", &index.fields)?;
        for name in &index.fields {
            if find(name)?.kind == Kind::Json {
                return Err(StorageError::invalid(
                    name,
                    "is of kind json, which has no order",
                ));
            }
        }
    }
    if let Some(text) = &collection.full_text {
        check_list("full-text", &text.fields)?;
        for name in text.fields.iter().chain([&text.scope]) {
            if find(name)?.kind != Kind::Text {
                return Err(StorageError::invalid(
                    name,
                    "is searched and not of kind text",
                ));
            }
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), StorageError> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if starts && rest && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(StorageError::invalid(
        name,
        format!(
            "is not lower case letters, digits and `_`, 1 to {LONGEST_NAME} long, beginning with a letter"
        ),
    ))
}

fn check_list(what: &str, fields: &[String]) -> Result<(), StorageError> {
    if fields.is_empty() || fields.len() > 16 {
        return Err(StorageError::invalid(
            what,
            "names no field or more than 16",
        ));
    }
    for (number, field) in fields.iter().enumerate() {
        if fields.iter().skip(number + 1).any(|other| other == field) {
            return Err(StorageError::invalid(what, format!("names {field} twice")));
        }
    }
    Ok(())
}
