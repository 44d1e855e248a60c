//! The definitions in use, as they are remembered and as the database has them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::definition::Definition;
use crate::db::{Db, Dialect, Row, Tx, sql};
use crate::error::{Error, StorageError};

/// The definitions in use.
#[derive(Default)]
pub(crate) struct Catalog {
    known: RwLock<HashMap<(String, String), Arc<Definition>>>,
    /// By plugin: tables and columns of the fields of kind blob.
    blobs: RwLock<HashMap<String, Arc<BlobColumns>>>,
    /// Grows whenever a definition changes, so that what was read before is not remembered after.
    changes: AtomicU64,
}

/// Tables, and their columns as SQL writes them.
pub(crate) type BlobColumns = Vec<(String, String)>;

impl Catalog {
    /// The definition of a plugin's collection.
    pub(crate) async fn get(
        &self,
        db: &Db,
        plugin: &str,
        name: &str,
    ) -> Result<Arc<Definition>, StorageError> {
        let key = (plugin.to_owned(), name.to_owned());
        if let Some(known) = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(Arc::clone(known));
        }
        let row = db.fetch_first(select(plugin, name)).await?;
        let Some(row) = row else {
            return Err(StorageError::UnknownCollection(name.to_owned()));
        };
        let definition = Arc::new(read(db.dialect(), plugin, &row)?);
        self.remember(plugin, Arc::clone(&definition));
        Ok(definition)
    }

    pub(crate) fn remember(&self, plugin: &str, definition: Arc<Definition>) {
        let key = (plugin.to_owned(), definition.name().to_owned());
        self.forget_blobs(plugin);
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, definition);
    }

    /// Where rows of a plugin may name blobs.
    pub(crate) async fn blob_columns(
        &self,
        tx: &mut Tx,
        plugin: &str,
    ) -> Result<Arc<BlobColumns>, Error> {
        if let Some(known) = self
            .blobs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(plugin)
        {
            return Ok(Arc::clone(known));
        }
        let before = self.changes.load(Ordering::SeqCst);
        let columns = Arc::new(blob_columns(tx, plugin).await?);
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes.load(Ordering::SeqCst) == before {
            blobs.insert(plugin.to_owned(), Arc::clone(&columns));
        }
        Ok(columns)
    }

    fn forget_blobs(&self, plugin: &str) {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::SeqCst);
        blobs.remove(plugin);
    }

    /// Its collections are gone.
    pub(crate) fn forget(&self, plugin: &str) {
        self.forget_blobs(plugin);
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(owner, _), _| owner != plugin);
    }

    /// Another host may have changed any of them.
    pub(crate) fn forget_all(&self) {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::SeqCst);
        blobs.clear();
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Where rows of a plugin may name blobs, as this transaction sees it.
pub(crate) async fn blob_columns(tx: &mut Tx, plugin: &str) -> Result<BlobColumns, Error> {
    let mut columns = BlobColumns::new();
    for defined in all(tx, plugin).await? {
        columns.extend(
            defined
                .blob_fields()
                .map(|position| (defined.table(), defined.column(position))),
        );
    }
    Ok(columns)
}

/// All collections of a plugin, as this transaction sees them.
pub(super) async fn all(tx: &mut Tx, plugin: &str) -> Result<Vec<Definition>, Error> {
    let dialect = tx.dialect();
    let rows = tx
        .fetch(sql!(
            "SELECT id, definition FROM host_collections WHERE plugin = ? ORDER BY id",
            plugin
        ))
        .await?;
    rows.iter()
        .map(|row| read(dialect, plugin, row).map_err(|error| Error::Corrupt(error.to_string())))
        .collect()
}

pub(super) fn select(plugin: &str, name: &str) -> crate::db::Sql {
    sql!(
        "SELECT id, definition FROM host_collections WHERE plugin = ? AND name = ?",
        plugin,
        name
    )
}

pub(super) fn read(
    dialect: &'static dyn Dialect,
    plugin: &str,
    row: &Row,
) -> Result<Definition, StorageError> {
    let collection = serde_json::from_str(&row.text(1)?).map_err(|error| {
        StorageError::Other(format!("a collection's definition is damaged: {error}"))
    })?;
    Definition::new(dialect, plugin, row.int(0)?, collection)
}
