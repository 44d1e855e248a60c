//! Deleting what nobody wants any more, and never what a row names.

use std::collections::HashMap;

use object_store::path::Path;

use super::files::{object_path, part_path};
use super::upload::{doom, refund};
use super::{Blobs, is_named};
use crate::collections::{BlobColumns, blob_columns};
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::store::Inner;

/// Looked at in one transaction, so that other writers get their turn.
const BATCH: u32 = 200;

impl Blobs {
    /// Deletes uploads that are past their day and blobs that no row names. Never one that a row names. May be interrupted at any point.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; what was done so far stays done.
    pub async fn collect_garbage(&self) -> Result<(), Error> {
        while self.expire_uploads().await? {}
        while self.inspect_blobs().await? {}
        delete_doomed(&self.0).await
    }

    /// Answers whether there is more.
    async fn expire_uploads(&self) -> Result<bool, Error> {
        let mut tx = self.0.db.write().await?;
        let rows = tx
            .fetch(sql!(
                "SELECT id, plugin, size, blob FROM host_uploads WHERE expires_at <= ? LIMIT ?",
                self.0.now(),
                BATCH
            ))
            .await?;
        for row in &rows {
            let id = row.bytes(0)?;
            if row.opt_text(3)?.is_none() {
                refund(&mut tx, &row.text(1)?, row.uint(2)?).await?;
            }
            doom_parts(&mut tx, &id).await?;
            tx.execute(sql!("DELETE FROM host_uploads WHERE id = ?", id))
                .await?;
        }
        tx.commit().await?;
        Ok(rows.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX))
    }

    /// Answers whether there is more.
    async fn inspect_blobs(&self) -> Result<bool, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        let rows = tx
            .fetch(sql!(
                "SELECT plugin, id, size FROM host_blobs WHERE check_at <= ? LIMIT ?",
                now,
                BATCH
            ))
            .await?;
        let mut columns: HashMap<String, BlobColumns> = HashMap::new();
        for row in &rows {
            let (plugin, id) = (row.text(0)?, row.text(1)?);
            if !columns.contains_key(&plugin) {
                // Asked of the database and not of what is remembered: a column that is missed here would cost content.
                columns.insert(plugin.clone(), blob_columns(&mut tx, &plugin).await?);
            }
            let columns = columns.get(&plugin).map_or(&[][..], Vec::as_slice);
            let keep = if is_named(&mut tx, columns, &id).await? {
                // Until a row stops naming it.
                Some(None)
            } else {
                let upload = tx
                    .fetch_first(sql!(
                        "SELECT MAX(expires_at) FROM host_uploads WHERE plugin = ? AND blob = ? AND expires_at > ?",
                        &plugin,
                        &id,
                        now
                    ))
                    .await?;
                upload.map_or(Ok(None), |row| row.opt_uint(0))?.map(Some)
            };
            match keep {
                Some(check_at) => {
                    tx.execute(sql!(
                        "UPDATE host_blobs SET check_at = ? WHERE plugin = ? AND id = ?",
                        check_at,
                        plugin,
                        id
                    ))
                    .await?;
                }
                None => forget(&mut tx, &plugin, &id, row.uint(2)?).await?,
            }
        }
        tx.commit().await?;
        Ok(rows.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX))
    }
}

async fn doom_parts(tx: &mut Tx, upload: &[u8]) -> Result<(), Error> {
    for part in tx
        .fetch(sql!(
            "SELECT at FROM host_upload_parts WHERE upload = ?",
            upload
        ))
        .await?
    {
        doom(tx, part_path(upload, part.uint(0)?).as_ref()).await?;
    }
    Ok(())
}

/// The plugin knows a blob no more; its content goes unless another plugin knows it.
async fn forget(tx: &mut Tx, plugin: &str, id: &str, size: u64) -> Result<(), Error> {
    tx.execute(sql!(
        "DELETE FROM host_blobs WHERE plugin = ? AND id = ?",
        plugin,
        id
    ))
    .await?;
    refund(tx, plugin, size).await?;
    if tx
        .fetch_first(sql!("SELECT 1 FROM host_blobs WHERE id = ? LIMIT 1", id))
        .await?
        .is_none()
    {
        doom(tx, object_path(id).as_ref()).await?;
    }
    Ok(())
}

/// Everything of a plugin.
pub(crate) async fn doom_all(tx: &mut Tx, plugin: &str) -> Result<(), Error> {
    for row in tx
        .fetch(sql!("SELECT id FROM host_uploads WHERE plugin = ?", plugin))
        .await?
    {
        doom_parts(tx, &row.bytes(0)?).await?;
    }
    tx.execute(sql!("DELETE FROM host_uploads WHERE plugin = ?", plugin))
        .await?;
    for row in tx
        .fetch(sql!(
            "SELECT id, size FROM host_blobs WHERE plugin = ?",
            plugin
        ))
        .await?
    {
        forget(tx, plugin, &row.text(0)?, row.uint(1)?).await?;
    }
    Ok(())
}

/// Deletes the objects that committed transactions listed.
pub(crate) async fn delete_doomed(inner: &Inner) -> Result<(), Error> {
    loop {
        // The gate is held for one batch: whoever ends an upload waits no longer than that.
        let _gate = inner.blobs.gate.lock().await;
        let rows = inner
            .db
            .fetch(sql!("SELECT path FROM host_doomed_objects LIMIT ?", BATCH))
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut gone = Vec::with_capacity(rows.len());
        for row in rows {
            let path = row.text(0)?;
            inner.blobs.delete(&Path::from(path.as_str())).await?;
            gone.push(path);
        }
        let mut tx = inner.db.write().await?;
        for path in gone {
            tx.execute(sql!("DELETE FROM host_doomed_objects WHERE path = ?", path))
                .await?;
        }
        tx.commit().await?;
    }
}
