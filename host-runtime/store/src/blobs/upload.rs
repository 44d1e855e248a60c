//! Uploads: content on its way to becoming a blob, in pieces from a plugin or as a stream from a person.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::objects::{discard, doom, keep};
use super::rows::{Part, added_before, insert_blob, insert_upload, parts};
use super::verify::checked;
use super::write::{Written, write_bytes, write_stream};
use super::{Blobs, MOST_BYTES};
use crate::Caller;
use crate::db::{Tx, sql};
use crate::error::{BlobError, Error};
use crate::random;
use crate::usage::{charge, refund};

/// Pieces that are fetched ahead while an upload is ended: each is at most 1 MiB, and a bucket takes its time for every one.
const AHEAD: usize = 8;

/// What became of a piece.
enum Added {
    /// The upload's size with it.
    New(u64),
    /// It had been added before.
    Before(u64),
}

/// An upload that is over.
struct Ended {
    blob: String,
    /// Objects that nothing needs any more.
    left: Vec<String>,
}

struct Upload {
    size: u64,
    blob: Option<String>,
}

impl Blobs {
    /// Begins an upload that is bound to the caller's plugin and user and lives a day; answers its id, which can't be guessed.
    ///
    /// # Errors
    ///
    /// [`BlobError::Unavailable`].
    pub async fn create(&self, caller: &Caller) -> Result<String, BlobError> {
        let token = random::token()?;
        let mut tx = self.0.db.write().await?;
        insert_upload(&mut tx, caller, &token, 0, None, self.0.now()).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Adds at most 1 MiB at `offset`, answers the size so far. Sent again with the same offset and bytes, it changes nothing.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller or it is ended, [`BlobError::Conflict`] with the offset that is expected,
    /// [`BlobError::QuotaExceeded`], [`BlobError::Other`] if the chunk is too large, [`BlobError::Unavailable`].
    pub async fn append(
        &self,
        caller: &Caller,
        upload: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<u64, BlobError> {
        if chunk.len() > MOST_BYTES {
            return Err(BlobError::Other(format!(
                "a chunk is larger than {MOST_BYTES} bytes"
            )));
        }
        let id = random::digest(upload);
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        let digest = blake3::hash(&chunk).as_bytes().to_vec();
        let mut tx = self.0.db.read().await?;
        let known = self.open_upload(&mut tx, caller, &id, false).await?;
        if offset != known.size || chunk.is_empty() {
            return added_before(&mut tx, &id, offset, length, &digest, known.size).await;
        }
        drop(tx);
        let name = write_bytes(&self.0, chunk.into()).await?;
        let added = self
            .add_part(caller, &id, offset, length, &digest, &name)
            .await;
        if !matches!(added, Ok(Added::New(_))) {
            discard(&self.0, &[&name]).await;
        }
        added.map(|(Added::New(size) | Added::Before(size))| size)
    }

    async fn add_part(
        &self,
        caller: &Caller,
        id: &[u8],
        offset: u64,
        length: u64,
        digest: &[u8],
        name: &str,
    ) -> Result<Added, BlobError> {
        let mut tx = self.0.db.write().await?;
        let known = self.open_upload(&mut tx, caller, id, true).await?;
        if offset != known.size {
            // Another call was faster.
            return added_before(&mut tx, id, offset, length, digest, known.size)
                .await
                .map(Added::Before);
        }
        charge(&mut tx, &self.0, &caller.plugin, length).await?;
        keep(&mut tx, name).await?;
        let size = known.size.saturating_add(length);
        tx.execute(sql!(
            "INSERT INTO host_upload_parts (upload, at, size, digest, name) VALUES (?, ?, ?, ?, ?)",
            id,
            offset,
            length,
            digest,
            name
        ))
        .await?;
        tx.execute(sql!(
            "UPDATE host_uploads SET size = ? WHERE id = ?",
            size,
            id
        ))
        .await?;
        tx.commit().await?;
        Ok(Added::New(size))
    }

    /// Ends an upload and answers the blob's id. Idempotent. The blob is kept only if a row names it within a day.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller, [`BlobError::Unavailable`].
    pub async fn finish(&self, caller: &Caller, upload: &str) -> Result<String, BlobError> {
        let id = random::digest(upload);
        let mut tx = self.0.db.read().await?;
        let known = self.find_upload(&mut tx, caller, &id, false).await?;
        if let Some(blob) = known.blob {
            return Ok(blob);
        }
        let parts = parts(&mut tx, &id).await?;
        drop(tx);
        let written = match parts.as_slice() {
            // Its object is the blob's: nothing needs to be written.
            [only] => Written {
                name: only.name.clone(),
                id: only.digest.clone(),
                size: only.size,
            },
            parts => match self.join(parts).await {
                Ok(written) => written,
                Err(problem) => {
                    // The pieces are also gone if another call has ended it.
                    let mut tx = self.0.db.read().await?;
                    let known = self.find_upload(&mut tx, caller, &id, false).await?;
                    return known.blob.ok_or(problem);
                }
            },
        };
        match self.end(caller, &id, &parts, &written).await {
            Ok(ended) => {
                let left: Vec<&str> = ended.left.iter().map(String::as_str).collect();
                discard(&self.0, &left).await;
                Ok(ended.blob)
            }
            Err(error) => {
                // The pieces are still the upload's, and so is what one of them would have become.
                if parts.len() != 1 {
                    discard(&self.0, &[&written.name]).await;
                }
                Err(error)
            }
        }
    }

    /// Makes one object of the pieces.
    async fn join(&self, parts: &[Part]) -> Result<Written, BlobError> {
        let inner = &self.0;
        // In its own words: behind a writer, it would be content that broke off.
        let mut problem = None;
        let pieces = stream::iter(parts.iter().map(|part| {
            let Part { name, size, digest } = part;
            async move {
                let content = inner.blobs.stream(name).await?;
                checked(content, digest, *size)
                    .try_collect::<Vec<_>>()
                    .await
            }
        }))
        .buffered(AHEAD)
        .map_ok(|piece| stream::iter(piece.into_iter().map(Ok::<_, Error>)))
        .try_flatten()
        .inspect_err(|error| problem = Some(error.clone()))
        .boxed();
        let written = write_stream(inner, pieces, u64::MAX).await;
        match problem {
            Some(problem) => Err(problem.into()),
            None => written,
        }
    }

    async fn end(
        &self,
        caller: &Caller,
        upload: &[u8],
        parts: &[Part],
        written: &Written,
    ) -> Result<Ended, BlobError> {
        let now = self.0.now();
        let mut tx = self.0.db.write().await?;
        let known = self.find_upload(&mut tx, caller, upload, true).await?;
        if let Some(blob) = known.blob {
            // Another call ended it meanwhile, and has the pieces.
            let left = if parts.len() == 1 {
                Vec::new()
            } else {
                vec![written.name.clone()]
            };
            return Ok(Ended { blob, left });
        }
        if known.size != written.size {
            // Something was added meanwhile: end it again.
            return Err(BlobError::Conflict(known.size));
        }
        for part in parts {
            doom(&mut tx, &part.name, now).await?;
        }
        tx.execute(sql!(
            "DELETE FROM host_upload_parts WHERE upload = ?",
            upload
        ))
        .await?;
        let known = insert_blob(&mut tx, caller, written, now).await?;
        if !known.is_new {
            // Its bytes were counted with the upload and are counted with the blob.
            refund(&mut tx, &caller.plugin, written.size).await?;
        }
        tx.execute(sql!(
            "UPDATE host_uploads SET blob = ? WHERE id = ?",
            &written.id,
            upload
        ))
        .await?;
        tx.commit().await?;
        let left = parts
            .iter()
            .map(|part| &part.name)
            .chain([&written.name])
            .filter(|name| **name != known.object)
            .cloned()
            .collect();
        Ok(Ended {
            blob: written.id.clone(),
            left,
        })
    }

    /// The blob of an upload of this caller that was ended, while it waits for a row to name it.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller, or it still goes on; [`BlobError::Unavailable`].
    pub async fn uploaded(&self, caller: &Caller, upload: &str) -> Result<String, BlobError> {
        let mut tx = self.0.db.read().await?;
        let known = self
            .find_upload(&mut tx, caller, &random::digest(upload), false)
            .await?;
        known.blob.ok_or(BlobError::NotFound)
    }

    /// A person's upload in one go, of at most `limit` bytes: made, filled and ended. Answers the upload's id, for the plugin's `finish`, and its
    /// size.
    ///
    /// # Errors
    ///
    /// [`BlobError::Other`] if it is larger or the stream breaks, [`BlobError::QuotaExceeded`], [`BlobError::Unavailable`].
    pub async fn upload<S, E>(
        &self,
        caller: &Caller,
        content: S,
        limit: u64,
    ) -> Result<(String, u64), BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
    {
        let token = random::token()?;
        let written = write_stream(&self.0, content, limit).await?;
        let done = self.keep_upload(caller, &token, &written).await;
        if done.as_ref().ok() != Some(&written.name) {
            // It was refused, or its content is kept already.
            discard(&self.0, &[&written.name]).await;
        }
        done.map(|_| (token, written.size))
    }

    /// Answers which object is the content.
    async fn keep_upload(
        &self,
        caller: &Caller,
        token: &str,
        written: &Written,
    ) -> Result<String, BlobError> {
        let now = self.0.now();
        let mut tx = self.0.db.write().await?;
        let known = insert_blob(&mut tx, caller, written, now).await?;
        if known.is_new {
            charge(&mut tx, &self.0, &caller.plugin, written.size).await?;
        }
        insert_upload(&mut tx, caller, token, written.size, Some(&written.id), now).await?;
        tx.commit().await?;
        Ok(known.object)
    }

    /// An upload of this caller that is not past its day; `change`: this transaction is going to change it.
    async fn find_upload(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: &[u8],
        change: bool,
    ) -> Result<Upload, BlobError> {
        let lock = if change { tx.dialect().to_change() } else { "" };
        let row = tx
            .fetch_first(sql!(
                format!(
                    "SELECT size, blob FROM host_uploads WHERE id = ? AND plugin = ? AND expires_at > ?
                     AND (user_id = ? OR (user_id IS NULL AND CAST(? AS TEXT) IS NULL)){lock}"
                ),
                id,
                &caller.plugin,
                self.0.now(),
                caller.user.as_ref(),
                caller.user.as_ref()
            ))
            .await?
            .ok_or(BlobError::NotFound)?;
        Ok(Upload {
            size: row.uint(0)?,
            blob: row.opt_text(1)?,
        })
    }

    /// … and not ended.
    async fn open_upload(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: &[u8],
        change: bool,
    ) -> Result<Upload, BlobError> {
        let upload = self.find_upload(tx, caller, id, change).await?;
        if upload.blob.is_some() {
            Err(BlobError::NotFound)
        } else {
            Ok(upload)
        }
    }
}
