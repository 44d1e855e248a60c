//! Bytes too large for rows.
//!
//! A blob's id is the BLAKE3 hash of its content; content that several plugins hold is kept once, and each plugin knows only its own. Nothing
//! is counted: that a row names a blob is asked of the rows themselves, through an index on every field of kind blob, so that no
//! count can go wrong. A row that stops naming a blob puts it up for inspection (a trigger), and the collector forgets what nobody names. Both
//! are transactions that the database puts in an order, on one host or on several.
//!
//! Where the bytes are ([`files`]: objects in a folder or a bucket) and how objects and rows stay together ([`objects`]) are questions apart.

mod files;
mod garbage;
mod multipart;
mod objects;
mod place;
mod rows;
mod upload;
mod verify;
mod write;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};

use crate::Caller;
use crate::collections::Catalog;
use crate::db::{Tx, sql};
use crate::error::{BlobError, Error};
use crate::store::Inner;
use verify::damaged;

pub(crate) use files::{BlobFiles, ObjectError};
pub(crate) use garbage::doom_all;
pub(crate) use objects::delete_doomed;
pub use place::{BlobPlace, S3};
pub(crate) use verify::checked;
pub(crate) use write::write_object;

/// Content as it is read.
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
        Ok(self.find(caller, blob).await?.size)
    }

    /// At most 1 MiB from `offset`; shorter only at the end.
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size); [`BlobError::Other`] if the content is missing or damaged.
    pub async fn read(
        &self,
        caller: &Caller,
        blob: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, BlobError> {
        let mut found = self.find(caller, blob).await?;
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        let end = offset
            .saturating_add(u64::from(length).min(most))
            .min(found.size);
        if offset >= end {
            return Ok(Vec::new());
        }
        let content = loop {
            match self.0.blobs.read(&found.object, offset..end).await {
                Ok(content) => break content,
                Err(error) => found = self.again(caller, blob, found, error).await?,
            }
        };
        let whole = offset == 0 && end == found.size;
        if u64::try_from(content.len()).ok() != Some(end - offset)
            || (whole && blake3::hash(&content).to_hex().as_str() != blob)
        {
            return Err(damaged(blob).into());
        }
        Ok(content.to_vec())
    }

    /// The whole content, for a download: its size, and a stream. The stream ends in an error, and never with the last byte, if the content is not
    /// what was stored.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub async fn stream(
        &self,
        caller: &Caller,
        blob: &str,
    ) -> Result<(u64, BlobStream), BlobError> {
        let mut found = self.find(caller, blob).await?;
        let content = loop {
            match self.0.blobs.stream(&found.object).await {
                Ok(content) => break content,
                Err(error) => found = self.again(caller, blob, found, error).await?,
            }
        };
        let content = checked(content, blob, found.size);
        Ok((
            found.size,
            content.map(|piece| piece.map_err(BlobError::from)).boxed(),
        ))
    }

    /// Whether the place of the blobs answers, in less than a second: for readiness.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] with the reason.
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.blobs.probe().await
    }

    /// Finds out at the start whether the blobs are in the configured place. One that is away is asked again before anything is written there.
    pub(crate) async fn claim_place(&self) -> Result<(), Error> {
        match self.0.blobs.probe().await {
            Err(error) => {
                tracing::warn!(%error, "the blobs are out of reach");
                Ok(())
            }
            Ok(()) => match objects::claim(&self.0).await {
                Err(Error::Unavailable(reason)) => {
                    tracing::warn!(%reason, "the blobs are out of reach");
                    Ok(())
                }
                claimed => claimed,
            },
        }
    }

    async fn find(&self, caller: &Caller, blob: &str) -> Result<Found, BlobError> {
        let mut tx = self.0.db.read().await?;
        if !may_read(&mut tx, &self.0.catalog, caller, blob, self.0.now()).await? {
            return Err(BlobError::NotFound);
        }
        let row = tx
            .fetch_first(sql!(
                "SELECT size, name FROM host_blobs JOIN host_objects ON host_objects.id = host_blobs.id
                 WHERE host_blobs.plugin = ? AND host_blobs.id = ?",
                &caller.plugin,
                blob
            ))
            .await?
            .ok_or(BlobError::NotFound)?;
        Ok(Found {
            size: row.uint(0)?,
            object: row.text(1)?,
        })
    }

    /// An object that is not there can have been deleted after its name was read, and the content stored anew.
    async fn again(
        &self,
        caller: &Caller,
        blob: &str,
        before: Found,
        error: ObjectError,
    ) -> Result<Found, BlobError> {
        if error == ObjectError::Missing {
            let now = self.find(caller, blob).await?;
            if now.object != before.object {
                return Ok(now);
            }
        }
        Err(error.into())
    }
}

/// A blob, and the object that is its content.
struct Found {
    size: u64,
    object: String,
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
             AND (user_id = ? OR (user_id IS NULL AND CAST(? AS TEXT) IS NULL)) LIMIT 1",
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
    is_named(tx, &caller.plugin, &columns, blob).await
}

/// Whether a row names a blob, in one of these columns.
async fn is_named(
    tx: &mut Tx,
    plugin: &str,
    columns: &[(String, String)],
    blob: &str,
) -> Result<bool, Error> {
    if columns.is_empty() {
        return Ok(false);
    }
    tx.enter(plugin);
    let mut named = false;
    for (table, column) in columns {
        let sql = sql!(
            format!("SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1"),
            blob
        );
        named = tx.fetch_first(sql).await?.is_some();
        if named {
            break;
        }
    }
    tx.leave();
    Ok(named)
}

/// Keeps a blob from being collected until the transaction ends; false: there is none.
pub(crate) async fn hold(tx: &mut Tx, plugin: &str, blob: &str) -> Result<bool, Error> {
    let lock = tx.dialect().to_hold();
    if lock.is_empty() {
        // One writer: nobody collects meanwhile.
        return Ok(true);
    }
    let found = tx
        .fetch_first(sql!(
            format!("SELECT 1 FROM host_blobs WHERE plugin = ? AND id = ?{lock}"),
            plugin,
            blob
        ))
        .await?;
    Ok(found.is_some())
}
