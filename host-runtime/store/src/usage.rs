//! What a plugin keeps, in bytes, and what it may keep.
//!
//! Triggers count rows, uploads count blobs. In a file with one writer both are numbers that are written in place. On a server that would make
//! every batch of a plugin wait for the one before, so there each notes its change, and the sum is made when it is asked for; changes
//! are added up now and then ([`fold`]).
//!
//! A quota is kept there by a lock that is taken when everything else is done, just before the commit: together with others by who is so
//! far from the quota that all of them may commit at once, alone by who is near it. What is committed is read outside of the batch, which
//! sees only what was there when it began.

use crate::db::{Db, Row, Tx, sql};
use crate::error::{BlobError, Error, StorageError};
use crate::plugins::Usage;
use crate::store::Inner;

/// So many calls of one plugin may commit at once without one waiting for the other; more than all hosts have connections.
const AT_ONCE: i64 = 256;

/// From so many changes on they are added up by whoever counted them.
const MANY_CHANGES: i64 = 1_000;

/// Added up by one statement.
const FOLDED: i64 = 20_000;

/// What is committed.
struct Counted {
    rows: i64,
    blobs: i64,
    quota: Option<i64>,
    /// Not added up yet.
    changes: i64,
}

impl Counted {
    fn read(rows: &[Row]) -> Result<Self, Error> {
        let Some(row) = rows.first() else {
            return Ok(Self {
                rows: 0,
                blobs: 0,
                quota: None,
                changes: 0,
            });
        };
        Ok(Self {
            rows: row.int(0)?,
            blobs: row.int(1)?,
            quota: row.opt_int(2)?,
            changes: row.int(3)?,
        })
    }

    fn all(&self) -> i64 {
        self.rows.saturating_add(self.blobs)
    }
}

async fn counted(db: &Db, plugin: &str) -> Result<Counted, Error> {
    Counted::read(&db.fetch(sql!(db.dialect().usage(), plugin)).await?)
}

/// What a plugin keeps.
pub(crate) async fn of(db: &Db, plugin: &str) -> Result<Usage, Error> {
    let counted = counted(db, plugin).await?;
    let size = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    Ok(Usage {
        row_bytes: size(counted.rows),
        blob_bytes: size(counted.blobs),
        quota: counted.quota.map(size),
    })
}

/// What a plugin keeps before a batch, if it may not keep everything; also none where the batch itself says how much it added.
pub(crate) async fn before_batch(tx: &mut Tx, plugin: &str) -> Result<Option<i64>, Error> {
    if matches!(tx, Tx::Postgres(_)) {
        return Ok(None);
    }
    let text = tx.dialect().usage();
    let counted = Counted::read(&tx.fetch(sql!(text, plugin)).await?)?;
    Ok(counted.quota.map(|_| counted.all()))
}

/// Whether a batch, of which all is written, stays within its plugin's quota. Who is above it may still delete.
pub(crate) async fn check_batch(
    tx: &mut Tx,
    inner: &Inner,
    plugin: &str,
    before: Option<i64>,
) -> Result<(), StorageError> {
    if matches!(tx, Tx::Sqlite(_)) {
        let Some(before) = before else {
            return Ok(());
        };
        let text = tx.dialect().usage();
        let after = Counted::read(&tx.fetch(sql!(text, plugin)).await?)?;
        let over = after.quota.is_some_and(|quota| after.all() > quota);
        return if over && after.all() > before {
            Err(StorageError::QuotaExceeded)
        } else {
            Ok(())
        };
    }
    let grown = tx
        .fetch_int(sql!(
            "SELECT COALESCE(NULLIF(current_setting('host.row_bytes', TRUE), ''), '0')::BIGINT"
        ))
        .await?;
    if grown <= 0 || fits(tx, inner, plugin, grown).await? {
        Ok(())
    } else {
        Err(StorageError::QuotaExceeded)
    }
}

/// Whether so many bytes more are within the quota until the transaction ends.
async fn fits(tx: &mut Tx, inner: &Inner, plugin: &str, bytes: i64) -> Result<bool, Error> {
    let seen = counted(&inner.db, plugin).await?;
    if seen.changes >= MANY_CHANGES {
        let db = inner.db.clone();
        tokio::spawn(async move {
            if let Err(error) = fold(&db).await {
                tracing::debug!(%error, "changes of usage were not added up");
            }
        });
    }
    let Some(quota) = seen.quota else {
        return Ok(true);
    };
    let lock = format!("quota of {plugin}");
    if seen.all().saturating_add(bytes.saturating_mul(AT_ONCE)) <= quota {
        tx.among_others(&lock).await?;
    } else {
        tx.alone(&lock).await?;
    }
    let now = counted(&inner.db, plugin).await?;
    Ok(now.all().saturating_add(bytes) <= quota)
}

/// Counts bytes of blobs with a plugin's, within its quota.
pub(crate) async fn charge(
    tx: &mut Tx,
    inner: &Inner,
    plugin: &str,
    bytes: u64,
) -> Result<(), BlobError> {
    tx.execute(sql!(
        "INSERT INTO host_usage (plugin) VALUES (?) ON CONFLICT (plugin) DO NOTHING",
        plugin
    ))
    .await?;
    let charged = match tx {
        Tx::Sqlite(_) => {
            tx.execute(sql!(
                "UPDATE host_usage SET blob_bytes = blob_bytes + ? WHERE plugin = ?
                 AND (quota IS NULL OR row_bytes + blob_bytes + ? <= quota)",
                bytes,
                plugin,
                bytes
            ))
            .await?
                == 1
        }
        Tx::Postgres(_) => {
            let size = i64::try_from(bytes).unwrap_or(i64::MAX);
            let fits = fits(tx, inner, plugin, size).await?;
            if fits {
                change_blobs(tx, plugin, size).await?;
            }
            fits
        }
    };
    if charged {
        Ok(())
    } else {
        Err(BlobError::QuotaExceeded)
    }
}

/// Takes bytes of blobs off a plugin's.
pub(crate) async fn refund(tx: &mut Tx, plugin: &str, bytes: u64) -> Result<(), Error> {
    change_blobs(tx, plugin, -i64::try_from(bytes).unwrap_or(i64::MAX)).await
}

async fn change_blobs(tx: &mut Tx, plugin: &str, bytes: i64) -> Result<(), Error> {
    let change = match tx {
        Tx::Sqlite(_) => sql!(
            "UPDATE host_usage SET blob_bytes = blob_bytes + ? WHERE plugin = ?",
            bytes,
            plugin
        ),
        Tx::Postgres(_) => sql!(
            "INSERT INTO host_usage_changes (plugin, row_bytes, blob_bytes) VALUES (?, 0, ?)",
            plugin,
            bytes
        ),
    };
    tx.execute(change).await.map(drop)
}

/// Forgets what a plugin was counted with.
pub(crate) async fn forget(tx: &mut Tx, plugin: &str) -> Result<(), Error> {
    if matches!(tx, Tx::Postgres(_)) {
        tx.execute(sql!(
            "DELETE FROM host_usage_changes WHERE plugin = ?",
            plugin
        ))
        .await?;
    }
    tx.execute(sql!("DELETE FROM host_usage WHERE plugin = ?", plugin))
        .await
        .map(drop)
}

/// Adds all changes up.
pub(crate) async fn fold_all(db: &Db) -> Result<(), Error> {
    if db.server().is_none() {
        return Ok(());
    }
    let left = "SELECT 1 FROM host_usage_changes LIMIT 1";
    while db.fetch_first(sql!(left)).await?.is_some() {
        fold(db).await?;
    }
    Ok(())
}

/// Adds changes up, where there are such.
pub(crate) async fn fold(db: &Db) -> Result<(), Error> {
    if db.server().is_none() {
        return Ok(());
    }
    db.execute(sql!(
        "WITH gone AS (DELETE FROM host_usage_changes WHERE id IN
            (SELECT id FROM host_usage_changes ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)
            RETURNING plugin, row_bytes, blob_bytes)
         INSERT INTO host_usage AS kept (plugin, row_bytes, blob_bytes)
         SELECT plugin, SUM(row_bytes)::BIGINT, SUM(blob_bytes)::BIGINT FROM gone GROUP BY plugin ORDER BY plugin
         ON CONFLICT (plugin) DO UPDATE SET row_bytes = kept.row_bytes + excluded.row_bytes,
            blob_bytes = kept.blob_bytes + excluded.blob_bytes",
        FOLDED
    ))
    .await
    .map(drop)
}
