//! The rows of uploads and of the blobs that come of them.

use super::objects::keep;
use super::write::Written;
use crate::Caller;
use crate::db::{Tx, sql};
use crate::error::{BlobError, Error};
use crate::random;

/// How long an upload may go on, and what it made may wait for a row that names it: a day, in milliseconds.
pub(super) const LIFETIME: u64 = 86_400_000;

/// A piece of an upload that goes on, an object of its own: any host can go on with it, and so can one that was started anew.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) digest: String,
}

/// The answer to a piece that does not go on where the upload ends: fine if it is there already.
pub(super) async fn added_before(
    tx: &mut Tx,
    upload: &[u8],
    offset: u64,
    length: u64,
    digest: &[u8],
    size: u64,
) -> Result<u64, BlobError> {
    if offset == size && length == 0 {
        return Ok(size);
    }
    let same = tx
        .fetch_first(sql!(
            "SELECT 1 FROM host_upload_parts WHERE upload = ? AND at = ? AND size = ? AND digest = ?",
            upload,
            offset,
            length,
            digest
        ))
        .await?;
    same.map(|_| size).ok_or(BlobError::Conflict(size))
}

/// The pieces of an upload, in order.
pub(super) async fn parts(tx: &mut Tx, upload: &[u8]) -> Result<Vec<Part>, Error> {
    tx.fetch(sql!(
        "SELECT at, size, digest, name FROM host_upload_parts WHERE upload = ? ORDER BY at",
        upload
    ))
    .await?
    .iter()
    .map(|row| {
        Ok(Part {
            name: part_name(upload, row.uint(0)?, row.opt_text(3)?),
            size: row.uint(1)?,
            digest: hex::encode(row.bytes(2)?),
        })
    })
    .collect()
}

/// Where a piece is. Those of uploads that an earlier version began have their places by number.
pub(super) fn part_name(upload: &[u8], offset: u64, name: Option<String>) -> String {
    name.unwrap_or_else(|| format!("parts/{}/{offset}", hex::encode(upload)))
}

fn a_day_from(now: u64) -> u64 {
    now.saturating_add(LIFETIME)
}

pub(super) async fn insert_upload(
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

/// A blob that the plugin knows.
pub(super) struct Known {
    /// Whether it did not know it before.
    pub(super) is_new: bool,
    pub(super) object: String,
}

/// Lets the plugin know a blob. If its content is kept already, that object stays the one, and what was written
/// is deleted.
pub(super) async fn insert_blob(
    tx: &mut Tx,
    caller: &Caller,
    written: &Written,
    now: u64,
) -> Result<Known, Error> {
    // Also if it is there, the row is written, so that an engine with several writers lets nobody forget it meanwhile.
    tx.execute(sql!(
        "INSERT INTO host_objects (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET id = excluded.id",
        &written.id,
        &written.name
    ))
    .await?;
    let object = tx
        .fetch_first(sql!(
            "SELECT name FROM host_objects WHERE id = ?",
            &written.id
        ))
        .await?
        .ok_or_else(|| Error::Corrupt(format!("the blob {} has no object", written.id)))?
        .text(0)?;
    if object == written.name {
        keep(tx, &object).await?;
    }
    let inserted = tx
        .execute(sql!(
            "INSERT INTO host_blobs (plugin, id, size, check_at) VALUES (?, ?, ?, ?) ON CONFLICT (plugin, id) DO NOTHING",
            &caller.plugin,
            &written.id,
            written.size,
            a_day_from(now)
        ))
        .await?;
    if inserted == 0 {
        tx.execute(sql!(
            "UPDATE host_blobs SET check_at = ? WHERE plugin = ? AND id = ? AND check_at IS NOT NULL",
            a_day_from(now),
            &caller.plugin,
            &written.id
        ))
        .await?;
    }
    Ok(Known {
        is_new: inserted == 1,
        object,
    })
}
