//! Rows of plugins: the `storage` interface of the contract, in the namespace of whoever calls.

use std::sync::Arc;

use crate::Caller;
use crate::db::Tx;
use crate::error::{Error, StorageError};
use crate::model::{Collection, Filter, Page, Query, Rows, Value, Write};
use crate::store::Inner;

/// Definitions in use.
#[derive(Default)]
pub(crate) struct Catalog;

impl Catalog {
    pub(crate) fn forget(&self, _plugin: &str) {}
}

pub(crate) async fn drop_all(_tx: &mut Tx, _catalog: &Catalog, _plugin: &str) -> Result<(), Error> {
    Ok(())
}

/// Rows of plugins.
#[derive(Clone)]
pub struct Collections(pub(crate) Arc<Inner>);

impl Collections {
    /// Creates the collection, or adds fields and indexes to it. Idempotent; never drops or narrows anything.
    ///
    /// # Errors
    ///
    /// [`StorageError::Invalid`] if it contradicts what is defined, [`StorageError::Conflict`] if rows violate a new unique index.
    pub async fn define(
        &self,
        _plugin: &str,
        _collection: &Collection,
    ) -> Result<(), StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }

    /// All writes or none, in their order, serialisable; refused if a fence of the caller does not hold any more.
    ///
    /// # Errors
    ///
    /// As the contract says; nothing was written.
    pub async fn apply(&self, _caller: &Caller, _writes: Vec<Write>) -> Result<(), StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }

    /// A page of the rows that match, in order.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn find(&self, _plugin: &str, _query: &Query) -> Result<Page, StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }

    /// Rows by key, in the order of the keys; missing ones are left out.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn get_many(
        &self,
        _plugin: &str,
        _collection: &str,
        _keys: &[Vec<Value>],
        _fields: &[String],
    ) -> Result<Rows, StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }

    /// Numbers of matching rows by the distinct values of `group_by`, in their order.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn count(
        &self,
        _plugin: &str,
        _collection: &str,
        _filter: &Filter,
        _group_by: &[String],
    ) -> Result<Vec<(Vec<Value>, u64)>, StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }

    /// How the engine would run a query, line by line: for tests that look for index ranges.
    ///
    /// # Errors
    ///
    /// As for [`find`](Self::find).
    pub async fn explain(
        &self,
        _plugin: &str,
        _query: &Query,
    ) -> Result<Vec<String>, StorageError> {
        Err(StorageError::Other("not yet".to_owned()))
    }
}
