//! Deleting what nobody wants any more, and never what a row names.

use std::collections::HashMap;

use super::objects::{delete_doomed, doom};
use super::rows::part_name;
use super::{Blobs, is_named};
use crate::collections::{BlobColumns, blob_columns};
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::usage::refund;

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
        let now = self.0.now();
        let take = tx.dialect().to_take("u");
        let rows = tx
            .fetch(sql!(
                format!("SELECT id, plugin, size, blob FROM host_uploads u WHERE expires_at <= ? LIMIT ?{take}"),
                now,
                BATCH
            ))
            .await?;
        for row in &rows {
            let id = row.bytes(0)?;
            doom_parts(&mut tx, &id, now).await?;
            let deleted = tx
                .execute(sql!("DELETE FROM host_uploads WHERE id = ?", id))
                .await?;
            if deleted == 1 && row.opt_text(3)?.is_none() {
                refund(&mut tx, &row.text(1)?, row.uint(2)?).await?;
            }
        }
        tx.commit().await?;
        Ok(rows.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX))
    }

    /// Answers whether there is more.
    async fn inspect_blobs(&self) -> Result<bool, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        // Who is about to let a row name one holds it, who stores the content again holds the object: those are looked at later. With both in
        // hand, this transaction waits for nobody, in whatever order it comes to them.
        let take = tx.dialect().to_take("b, o");
        let rows = tx
            .fetch(sql!(
                format!(
                    "SELECT b.plugin, b.id, b.size FROM host_blobs b JOIN host_objects o ON o.id = b.id
                     WHERE b.check_at <= ? LIMIT ?{take}"
                ),
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
            let keep = if is_named(&mut tx, &plugin, columns, &id).await? {
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
                None => forget(&mut tx, &plugin, &id, row.uint(2)?, now).await?,
            }
        }
        tx.commit().await?;
        Ok(rows.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX))
    }
}

async fn doom_parts(tx: &mut Tx, upload: &[u8], now: u64) -> Result<(), Error> {
    for part in tx
        .fetch(sql!(
            "SELECT at, name FROM host_upload_parts WHERE upload = ?",
            upload
        ))
        .await?
    {
        let name = part_name(upload, part.uint(0)?, part.opt_text(1)?);
        doom(tx, &name, now).await?;
    }
    Ok(())
}

/// The plugin knows a blob no more; its content goes unless another plugin knows it.
async fn forget(tx: &mut Tx, plugin: &str, id: &str, size: u64, now: u64) -> Result<(), Error> {
    // Written first, so that an engine with several writers lets nobody come to know the object meanwhile.
    tx.execute(sql!("UPDATE host_objects SET id = id WHERE id = ?", id))
        .await?;
    let deleted = tx
        .execute(sql!(
            "DELETE FROM host_blobs WHERE plugin = ? AND id = ?",
            plugin,
            id
        ))
        .await?;
    if deleted == 0 {
        // Another host was faster.
        return Ok(());
    }
    refund(tx, plugin, size).await?;
    if tx
        .fetch_first(sql!("SELECT 1 FROM host_blobs WHERE id = ? LIMIT 1", id))
        .await?
        .is_some()
    {
        return Ok(());
    }
    let object = tx
        .fetch_first(sql!("SELECT name FROM host_objects WHERE id = ?", id))
        .await?;
    if let Some(object) = object {
        doom(tx, &object.text(0)?, now).await?;
        tx.execute(sql!("DELETE FROM host_objects WHERE id = ?", id))
            .await?;
    }
    Ok(())
}

/// Everything of a plugin.
pub(crate) async fn doom_all(tx: &mut Tx, plugin: &str, now: u64) -> Result<(), Error> {
    let lock = tx.dialect().to_change();
    let uploads = sql!(
        format!("SELECT id FROM host_uploads WHERE plugin = ? ORDER BY id{lock}"),
        plugin
    );
    for row in tx.fetch(uploads).await? {
        let id = row.bytes(0)?;
        doom_parts(tx, &id, now).await?;
        // One by one: another that was begun meanwhile may have pieces that were not listed.
        tx.execute(sql!("DELETE FROM host_uploads WHERE id = ?", id))
            .await?;
    }
    // In order, so that two that hold the same contents do not wait for each other.
    for row in tx
        .fetch(sql!(
            "SELECT id, size FROM host_blobs WHERE plugin = ? ORDER BY id",
            plugin
        ))
        .await?
    {
        forget(tx, plugin, &row.text(0)?, row.uint(1)?, now).await?;
    }
    Ok(())
}
