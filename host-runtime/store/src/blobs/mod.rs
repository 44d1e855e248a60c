//! Bytes too large for rows.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;

use crate::Caller;
use crate::db::Tx;
use crate::error::{BlobError, Error};
use crate::store::Inner;

/// Content as it is read from disk.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

pub(crate) struct BlobFiles;

impl BlobFiles {
    pub(crate) fn open(_folder: &Path) -> Result<Self, Error> {
        Ok(Self)
    }
}

pub(crate) async fn doom_all(_tx: &mut Tx, _plugin: &str) -> Result<(), Error> {
    Ok(())
}

pub(crate) async fn delete_doomed(_inner: &Inner) -> Result<(), Error> {
    Ok(())
}

/// Bytes too large for rows.
#[derive(Clone)]
pub struct Blobs(pub(crate) Arc<Inner>);

impl Blobs {
    /// Begins an upload that is bound to the caller's plugin and user and lives a day; answers its id, which can't be guessed.
    ///
    /// # Errors
    ///
    /// [`BlobError::Unavailable`].
    pub async fn create(&self, _caller: &Caller) -> Result<String, BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// Adds at most 1 MiB at `offset`, answers the size so far. Repeating it with the same bytes changes nothing.
    ///
    /// # Errors
    ///
    /// [`BlobError::Conflict`] with the offset that is expected, [`BlobError::QuotaExceeded`], …
    pub async fn append(
        &self,
        _caller: &Caller,
        _upload: &str,
        _offset: u64,
        _chunk: Vec<u8>,
    ) -> Result<u64, BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// Ends an upload and answers the blob's id. Idempotent.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller.
    pub async fn finish(&self, _caller: &Caller, _upload: &str) -> Result<String, BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// A person's upload in one go, of at most `limit` bytes: made, filled and ended. Answers the upload's id (for the plugin's `finish`) and its size.
    ///
    /// # Errors
    ///
    /// [`BlobError::Other`] if it is larger or the stream breaks.
    pub async fn upload<S, E>(
        &self,
        _caller: &Caller,
        _content: S,
        _limit: u64,
    ) -> Result<(String, u64), BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
    {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// Bytes in a blob that the caller may read: one that a row of its plugin names, or that an upload of this caller made.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`].
    pub async fn size(&self, _caller: &Caller, _blob: &str) -> Result<u64, BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// At most 1 MiB from `offset`; shorter only at the end.
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size).
    pub async fn read(
        &self,
        _caller: &Caller,
        _blob: &str,
        _offset: u64,
        _length: u32,
    ) -> Result<Vec<u8>, BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// The whole content, for a download; its size and a stream.
    ///
    /// # Errors
    ///
    /// As for [`size`](Self::size).
    pub async fn stream(
        &self,
        _caller: &Caller,
        _blob: &str,
    ) -> Result<(u64, BlobStream), BlobError> {
        Err(BlobError::Other("not yet".to_owned()))
    }

    /// Deletes uploads that are past their day and blobs that no row names. Never one that a row names.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn collect_garbage(&self) -> Result<(), Error> {
        Ok(())
    }
}
