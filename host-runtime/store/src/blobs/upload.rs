//! Uploads: content on its way to becoming a blob, in pieces from a plugin or as a stream from a person.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::files::{Staged, object_path, part_path};
use super::{Blobs, MOST_BYTES};
use crate::Caller;
use crate::db::{Tx, sql};
use crate::error::{BlobError, Error};
use crate::random;

/// How long an upload may go on, and what it made may wait for a row that names it.
const LIFETIME: Duration = Duration::from_secs(86_400);

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
        let mut tx = self.0.db.write().await?;
        let known = self.open_upload(&mut tx, caller, &id).await?;
        if offset != known.size {
            let same = tx
                .fetch_first(sql!(
                    "SELECT 1 FROM host_upload_parts WHERE upload = ? AND at = ? AND size = ? AND digest = ?",
                    id,
                    offset,
                    length,
                    digest
                ))
                .await?;
            return if same.is_some() {
                Ok(known.size)
            } else {
                Err(BlobError::Conflict(known.size))
            };
        }
        if chunk.is_empty() {
            return Ok(known.size);
        }
        charge(&mut tx, caller, length).await?;
        // In the transaction, so that two calls at the same offset can't both write; it is one small file.
        self.0
            .blobs
            .write(&part_path(&id, offset), chunk.into())
            .await?;
        let size = known.size.saturating_add(length);
        tx.execute(sql!(
            "INSERT INTO host_upload_parts (upload, at, size, digest) VALUES (?, ?, ?, ?)",
            id.clone(),
            offset,
            length,
            digest
        ))
        .await?;
        tx.execute(sql!(
            "UPDATE host_uploads SET size = ? WHERE id = ?",
            size,
            id
        ))
        .await?;
        tx.commit().await?;
        Ok(size)
    }

    /// Ends an upload and answers the blob's id. Idempotent. The blob is kept only if a row names it within a day.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller, [`BlobError::Unavailable`].
    pub async fn finish(&self, caller: &Caller, upload: &str) -> Result<String, BlobError> {
        let id = random::digest(upload);
        let mut tx = self.0.db.read().await?;
        let known = self.find_upload(&mut tx, caller, &id).await?;
        if let Some(blob) = known.blob {
            return Ok(blob);
        }
        let rows = tx
            .fetch(sql!(
                "SELECT at FROM host_upload_parts WHERE upload = ? ORDER BY at",
                id.clone()
            ))
            .await?;
        let offsets = rows
            .iter()
            .map(|row| row.uint(0))
            .collect::<Result<Vec<_>, _>>()?;
        drop(tx);
        let files = &self.0.blobs;
        let parts = stream::iter(offsets.clone())
            .then(|offset| {
                let path = part_path(&id, offset);
                async move { files.read_all(&path).await }
            })
            .boxed();
        let staged = files.stage(parts, u64::MAX).await?;
        let gate = files.gate.lock().await;
        let mut tx = self.0.db.write().await?;
        let known = self.find_upload(&mut tx, caller, &id).await?;
        if let Some(blob) = known.blob {
            // Another call ended it meanwhile.
            drop(tx);
            files.delete(&staged.path).await?;
            return Ok(blob);
        }
        if known.size != staged.size {
            // Something was added meanwhile: end it again.
            drop(tx);
            files.delete(&staged.path).await?;
            return Err(BlobError::Conflict(known.size));
        }
        files.place(&staged).await?;
        let is_new = insert_blob(&mut tx, caller, &staged, self.0.now()).await?;
        if !is_new {
            // Its bytes were counted with the upload and are counted with the blob.
            refund(&mut tx, &caller.plugin, staged.size).await?;
        }
        tx.execute(sql!(
            "UPDATE host_uploads SET blob = ? WHERE id = ?",
            &staged.id,
            id.clone()
        ))
        .await?;
        tx.execute(sql!(
            "DELETE FROM host_upload_parts WHERE upload = ?",
            id.clone()
        ))
        .await?;
        for offset in offsets {
            doom(&mut tx, part_path(&id, offset).as_ref()).await?;
        }
        tx.commit().await?;
        drop(gate);
        super::delete_doomed(&self.0).await?;
        Ok(staged.id)
    }

    /// The blob of an upload of this caller that was ended, while it waits for a row to name it.
    ///
    /// # Errors
    ///
    /// [`BlobError::NotFound`] if there is no such upload of this caller, or it still goes on; [`BlobError::Unavailable`].
    pub async fn uploaded(&self, caller: &Caller, upload: &str) -> Result<String, BlobError> {
        let mut tx = self.0.db.read().await?;
        let known = self
            .find_upload(&mut tx, caller, &random::digest(upload))
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
        let files = &self.0.blobs;
        let staged = files
            .stage(content.map_err(|error| error.to_string()), limit)
            .await?;
        let gate = files.gate.lock().await;
        let done = self.place_upload(caller, &token, &staged).await;
        drop(gate);
        if done.is_err() {
            files.delete(&staged.path).await?;
        }
        done.map(|()| (token, staged.size))
    }

    async fn place_upload(
        &self,
        caller: &Caller,
        token: &str,
        staged: &Staged,
    ) -> Result<(), BlobError> {
        let now = self.0.now();
        let mut tx = self.0.db.write().await?;
        let is_new = insert_blob(&mut tx, caller, staged, now).await?;
        if is_new {
            charge(&mut tx, caller, staged.size).await?;
        }
        insert_upload(&mut tx, caller, token, staged.size, Some(&staged.id), now).await?;
        self.0.blobs.place(staged).await?;
        Ok(tx.commit().await?)
    }

    /// An upload of this caller that is not past its day.
    async fn find_upload(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: &[u8],
    ) -> Result<Upload, BlobError> {
        let row = tx
            .fetch_first(sql!(
                "SELECT size, blob FROM host_uploads WHERE id = ? AND plugin = ? AND expires_at > ?
                 AND (user_id = ? OR (user_id IS NULL AND ? IS NULL))",
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
    ) -> Result<Upload, BlobError> {
        let upload = self.find_upload(tx, caller, id).await?;
        if upload.blob.is_some() {
            Err(BlobError::NotFound)
        } else {
            Ok(upload)
        }
    }
}

fn a_day_from(now: u64) -> u64 {
    now.saturating_add(u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX))
}

async fn insert_upload(
    tx: &mut Tx,
    caller: &Caller,
    token: &str,
    size: u64,
    blob: Option<&str>,
    now: u64,
) -> Result<(), Error> {
    tx.execute(sql!(
        "INSERT INTO host_uploads (id, plugin, user_id, size, blob, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        random::digest(token),
        &caller.plugin,
        caller.user.as_ref(),
        size,
        blob,
        a_day_from(now)
    ))
    .await
    .map(drop)
}

/// Lets the plugin know a blob; answers whether it is new to it.
async fn insert_blob(
    tx: &mut Tx,
    caller: &Caller,
    staged: &Staged,
    now: u64,
) -> Result<bool, Error> {
    // An object that waits to be deleted is wanted again.
    tx.execute(sql!(
        "DELETE FROM host_doomed_objects WHERE path = ?",
        object_path(&staged.id).as_ref()
    ))
    .await?;
    let inserted = tx
        .execute(sql!(
            "INSERT INTO host_blobs (plugin, id, size, check_at) VALUES (?, ?, ?, ?) ON CONFLICT (plugin, id) DO NOTHING",
            &caller.plugin,
            &staged.id,
            staged.size,
            a_day_from(now)
        ))
        .await?;
    if inserted == 0 {
        tx.execute(sql!(
            "UPDATE host_blobs SET check_at = ? WHERE plugin = ? AND id = ? AND check_at IS NOT NULL",
            a_day_from(now),
            &caller.plugin,
            &staged.id
        ))
        .await?;
    }
    Ok(inserted == 1)
}

/// Counts bytes with the plugin's, within its quota.
async fn charge(tx: &mut Tx, caller: &Caller, bytes: u64) -> Result<(), BlobError> {
    tx.execute(sql!(
        "INSERT INTO host_usage (plugin) VALUES (?) ON CONFLICT (plugin) DO NOTHING",
        &caller.plugin
    ))
    .await?;
    let charged = tx
        .execute(sql!(
            "UPDATE host_usage SET blob_bytes = blob_bytes + ? WHERE plugin = ?
             AND (quota IS NULL OR row_bytes + blob_bytes + ? <= quota)",
            bytes,
            &caller.plugin,
            bytes
        ))
        .await?;
    if charged == 1 {
        Ok(())
    } else {
        Err(BlobError::QuotaExceeded)
    }
}

/// Takes bytes off the plugin's.
pub(super) async fn refund(tx: &mut Tx, plugin: &str, bytes: u64) -> Result<(), Error> {
    tx.execute(sql!(
        "UPDATE host_usage SET blob_bytes = blob_bytes - ? WHERE plugin = ?",
        bytes,
        plugin
    ))
    .await
    .map(drop)
}

/// Lists an object to be deleted once the transaction is committed.
pub(super) async fn doom(tx: &mut Tx, path: &str) -> Result<(), Error> {
    tx.execute(sql!(
        "INSERT INTO host_doomed_objects (path) VALUES (?) ON CONFLICT (path) DO NOTHING",
        path
    ))
    .await
    .map(drop)
}
