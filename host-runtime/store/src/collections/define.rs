//! Defining a collection: only ever more of it.

use std::sync::Arc;

use super::definition::{self, Definition, PhysicalIndex};
use super::{Collections, catalog, text};
use crate::db::{Sql, Tx, sql};
use crate::error::{Error, StorageError};
use crate::model::{Collection, Kind};
use crate::plugins::is_id;

/// Counted for each row beside its content, in bytes: its numbers and its share of the indexes.
const ROW_BYTES: usize = 64;

impl Collections {
    /// Creates the collection, or adds fields, indexes and searched fields to it. Idempotent; never drops or narrows anything: what is
    /// defined and not named stays.
    ///
    /// # Errors
    ///
    /// [`StorageError::Invalid`] if it contradicts itself or what is defined, [`StorageError::Conflict`] if rows violate a new unique index.
    pub async fn define(&self, plugin: &str, collection: &Collection) -> Result<(), StorageError> {
        if !is_id(plugin) {
            return Err(StorageError::invalid(plugin, "is no plugin's id"));
        }
        definition::check(collection)?;
        if let Ok(known) = self
            .0
            .catalog
            .get(&self.0.db, plugin, &collection.name)
            .await
            && merge(&known.collection, collection)? == known.collection
        {
            return Ok(());
        }
        let mut tx = self.0.db.write().await?;
        let defined = define_in(&mut tx, plugin, collection).await?;
        tx.commit().await?;
        self.0.catalog.remember(plugin, Arc::new(defined));
        self.0.tell("host_catalog");
        Ok(())
    }
}

/// Creates or extends a collection that was checked for itself.
pub(super) async fn define_in(
    tx: &mut Tx,
    plugin: &str,
    collection: &Collection,
) -> Result<Definition, StorageError> {
    tx.alone(&format!("collections of {plugin}")).await?;
    let dialect = tx.dialect();
    match tx
        .fetch_first(catalog::select(plugin, &collection.name))
        .await?
    {
        None => create(tx, plugin, collection).await,
        Some(row) => {
            let known = catalog::read(dialect, plugin, &row)?;
            extend(tx, plugin, known, collection).await
        }
    }
}

/// What is defined and what is asked for, together.
fn merge(known: &Collection, asked: &Collection) -> Result<Collection, StorageError> {
    let mut merged = known.clone();
    if known.key != asked.key {
        return Err(StorageError::invalid(
            &asked.name,
            format!("has the key {:?}, which never changes", known.key),
        ));
    }
    for field in &asked.fields {
        match known.fields.iter().find(|other| other.name == field.name) {
            Some(other) if other.kind != field.kind => {
                return Err(StorageError::invalid(
                    &field.name,
                    format!("is of kind {:?}, which never changes", other.kind),
                ));
            }
            Some(other) if other.required != field.required => {
                return Err(StorageError::invalid(
                    &field.name,
                    "can't change whether it is required",
                ));
            }
            Some(_) => {}
            None if field.required => {
                return Err(StorageError::invalid(
                    &field.name,
                    "is added and can't be required",
                ));
            }
            None => merged.fields.push(field.clone()),
        }
    }
    for index in &asked.indexes {
        if !known.indexes.contains(index) {
            merged.indexes.push(index.clone());
        }
    }
    match (&mut merged.full_text, &asked.full_text) {
        (_, None) => {}
        (none @ None, Some(asked)) => *none = Some(asked.clone()),
        (Some(known), Some(asked)) => {
            if known.scope != asked.scope {
                return Err(StorageError::invalid(
                    &asked.scope,
                    format!("is not {}, the scope that never changes", known.scope),
                ));
            }
            for field in &asked.fields {
                if !known.fields.contains(field) {
                    known.fields.push(field.clone());
                }
            }
        }
    }
    definition::check(&merged)?;
    Ok(merged)
}

async fn create(
    tx: &mut Tx,
    plugin: &str,
    collection: &Collection,
) -> Result<Definition, StorageError> {
    let mut collection = collection.clone();
    let mut indexes = Vec::with_capacity(collection.indexes.len());
    for index in collection.indexes.drain(..) {
        if !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    collection.indexes = indexes;
    let dialect = tx.dialect();
    for statement in dialect.create_namespace(plugin) {
        tx.execute(Sql::once(statement)).await?;
    }
    let id = tx
        .fetch_int(sql!(
            "INSERT INTO host_collections (plugin, name, definition) VALUES (?, ?, ?) RETURNING id",
            plugin,
            &collection.name,
            serialise(&collection)?
        ))
        .await?;
    tx.execute(sql!(
        "INSERT INTO host_usage (plugin) VALUES (?) ON CONFLICT (plugin) DO NOTHING",
        plugin
    ))
    .await?;
    let defined = Definition::new(dialect, plugin, id, collection)?;
    let mut columns = format!("_id {}", dialect.serial());
    for (position, field) in defined.collection.fields.iter().enumerate() {
        columns.push_str(&format!(
            ", {} {}",
            defined.column(position),
            defined.dialect.column_type(field.kind)
        ));
        if defined.key.contains(&position) {
            columns.push_str(" NOT NULL");
        }
    }
    tx.execute(Sql::once(format!(
        "CREATE TABLE {} ({columns})",
        defined.table()
    )))
    .await?;
    for index in &defined.indexes {
        create_index(tx, &defined, index).await?;
    }
    for position in defined.blob_fields() {
        create_blob_index(tx, plugin, &defined, position).await?;
    }
    track_usage(tx, plugin, &defined).await?;
    if defined.text.is_some() {
        text::create(tx, &defined).await?;
    }
    Ok(defined)
}

async fn extend(
    tx: &mut Tx,
    plugin: &str,
    known: Definition,
    asked: &Collection,
) -> Result<Definition, StorageError> {
    let merged = merge(&known.collection, asked)?;
    if merged == known.collection {
        return Ok(known);
    }
    tx.execute(sql!(
        "UPDATE host_collections SET definition = ? WHERE id = ?",
        serialise(&merged)?,
        known.id
    ))
    .await?;
    let defined = Definition::new(known.dialect, plugin, known.id, merged)?;
    let before = known.collection.fields.len();
    for (position, field) in defined.collection.fields.iter().enumerate().skip(before) {
        tx.execute(Sql::once(format!(
            "ALTER TABLE {} ADD COLUMN {} {}",
            defined.table(),
            defined.column(position),
            defined.dialect.column_type(field.kind)
        )))
        .await?;
    }
    for position in defined.blob_fields().filter(|position| *position >= before) {
        create_blob_index(tx, plugin, &defined, position).await?;
    }
    for index in defined.indexes.iter().skip(known.indexes.len()) {
        create_index(tx, &defined, index).await?;
    }
    track_usage(tx, plugin, &defined).await?;
    if defined.text != known.text {
        text::create(tx, &defined).await?;
        tx.enter(plugin);
        text::rebuild(tx, &defined).await?;
        tx.leave();
    }
    Ok(defined)
}

fn serialise(collection: &Collection) -> Result<String, StorageError> {
    serde_json::to_string(collection).map_err(|error| StorageError::Other(error.to_string()))
}

async fn create_index(
    tx: &mut Tx,
    defined: &Definition,
    index: &PhysicalIndex,
) -> Result<(), StorageError> {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let done = tx
        .execute(Sql::once(format!(
            "CREATE {unique}INDEX \"{}\" ON {} ({})",
            index.name,
            defined.table(),
            defined.columns(&index.fields)
        )))
        .await;
    match done {
        Err(Error::Conflict(_)) => Err(StorageError::Conflict(format!(
            "rows of {} agree in the fields of a new unique index",
            defined.name()
        ))),
        other => Ok(other.map(drop)?),
    }
}

/// The index is how a blob's readers and the collector find out that a row names it.
async fn create_blob_index(
    tx: &mut Tx,
    plugin: &str,
    defined: &Definition,
    position: usize,
) -> Result<(), Error> {
    let (name, column) = (defined.table_name(), defined.column(position));
    tx.execute(Sql::once(format!(
        "CREATE INDEX \"{name}_b{position}\" ON {} ({column}) WHERE {column} IS NOT NULL",
        defined.table()
    )))
    .await?;
    let dialect = defined.dialect;
    for statement in dialect.blob_triggers(plugin, &name, position, &column) {
        tx.execute(Sql::once(statement)).await?;
    }
    Ok(())
}

async fn track_usage(tx: &mut Tx, plugin: &str, defined: &Definition) -> Result<(), Error> {
    let fields = defined.collection.fields.iter();
    let sized: Vec<String> = fields
        .filter(|field| {
            matches!(
                field.kind,
                Kind::Text | Kind::Bytes | Kind::Json | Kind::Blob
            )
        })
        .map(|field| format!("f_{}", field.name))
        .collect();
    let dialect = defined.dialect;
    for statement in dialect.usage_triggers(plugin, &defined.table_name(), ROW_BYTES, &sized) {
        tx.execute(Sql::once(statement)).await?;
    }
    Ok(())
}

/// Deletes all collections of a plugin.
pub(crate) async fn drop_all(tx: &mut Tx, plugin: &str) -> Result<(), Error> {
    for defined in catalog::all(tx, plugin).await? {
        tx.execute(Sql::once(format!("DROP TABLE {}", defined.table())))
            .await?;
        if defined.text.is_some() {
            tx.execute(Sql::once(format!("DROP TABLE {}", defined.text_table())))
                .await?;
        }
        let scopes = defined.dialect.scopes(plugin);
        tx.execute(
            Sql::once(format!("DELETE FROM {scopes} WHERE collection = ?")).bind(defined.id),
        )
        .await?;
    }
    for statement in tx.dialect().drop_namespace(plugin) {
        tx.execute(Sql::once(statement)).await?;
    }
    tx.execute(sql!(
        "DELETE FROM host_collections WHERE plugin = ?",
        plugin
    ))
    .await
    .map(drop)
}
