//! Bytes too large for rows.
//!
//! A blob's id is the BLAKE3 hash of its content; content that several plugins hold is on disk once, and each plugin knows only its own. Nothing
//! is counted: that a row names a blob is asked of the rows themselves, through an index on every field of kind blob, so that no
//! count can go wrong. A row that stops naming a blob puts it up for inspection (a trigger), and the collector deletes what nobody names.
//!
//! Files and rows can't be changed together. So a file is made before the row that knows it and deleted after, by way of a list of doomed
//! objects that is written with the rows; a gate keeps both from crossing.

mod files;
mod garbage;
mod upload;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};

use crate::Caller;
use crate::collections::Catalog;
use crate::db::{Tx, sql};
use crate::error::{BlobError, Error};
use crate::store::Inner;

pub(crate) use files::BlobFiles;
pub(crate) use garbage::{delete_doomed, doom_all};

/// Content as it is read from disk.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// Most bytes that one call of a plugin reads or adds.
const MOST_BYTES: usize = 1024 * 1024;

/// Bytes too large for rows.
#[derive(Clone)]
pub struct Blobs(pub(crate) Arc<Inner>);

impl Blobs {
    /// Bytes in a blob that the caller may read: one that a row of its plugin names, or that an upload of this caller made.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`], [`BlobError::Unavailable`].
    pub async fn size(&self, caller: &Caller, blob: &str) -> Result<u64, BlobError> {
        let mut tx = self.0.db.read().await?;
        if !may_read(&mut tx, &self.0.catalog, caller, blob, self.0.now()).await? {
            return Err(BlobError::NotFound);
        }
        let row = tx
            .fetch_first(sql!(
                "SELECT size FROM host_blobs WHERE plugin = ? AND id = ?",
                &caller.plugin,
                blob
            ))
            .await?
            .ok_or(BlobError::NotFound)?;
        Ok(row.uint(0)?)
    }

    /// At most 1 MiB from `offset`; shorter only at the end.
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size).
    pub async fn read(
        &self,
        caller: &Caller,
        blob: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, BlobError> {
        let size = self.size(caller, blob).await?;
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        let end = offset.saturating_add(u64::from(length).min(most)).min(size);
        if offset >= end {
            return Ok(Vec::new());
        }
        Ok(self
            .0
            .blobs
            .read(&files::object_path(blob), offset..end)
            .await?)
    }

    /// The whole content, for a download: its size, and a stream.
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size).
    pub async fn stream(
        &self,
        caller: &Caller,
        blob: &str,
    ) -> Result<(u64, BlobStream), BlobError> {
        let size = self.size(caller, blob).await?;
        let stream = self.0.blobs.stream(&files::object_path(blob)).await?;
        Ok((
            size,
            stream.map(|chunk| chunk.map_err(BlobError::from)).boxed(),
        ))
    }
}

/// Whether the caller may read a blob, and so may let a row name it.
pub(crate) async fn may_read(
    tx: &mut Tx,
    catalog: &Catalog,
    caller: &Caller,
    blob: &str,
    now: u64,
) -> Result<bool, Error> {
    let uploaded = tx
        .fetch_first(sql!(
            "SELECT 1 FROM host_uploads WHERE plugin = ? AND blob = ? AND expires_at > ?
             AND (user_id = ? OR (user_id IS NULL AND ? IS NULL)) LIMIT 1",
            &caller.plugin,
            blob,
            now,
            caller.user.as_ref(),
            caller.user.as_ref()
        ))
        .await?;
    if uploaded.is_some() {
        return Ok(true);
    }
    let columns = catalog.blob_columns(tx, &caller.plugin).await?;
    is_named(tx, &columns, blob).await
}

/// Whether a row names a blob, in one of these columns.
async fn is_named(tx: &mut Tx, columns: &[(String, String)], blob: &str) -> Result<bool, Error> {
    for (table, column) in columns {
        let sql = sql!(
            format!("SELECT 1 FROM \"{table}\" WHERE {column} = ? LIMIT 1"),
            blob
        );
        if tx.fetch_first(sql).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
