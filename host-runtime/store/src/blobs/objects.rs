//! How objects and rows stay together, although they can't be changed together.
//!
//! An object is listed as doomed before it is written, and stays so until the transaction that makes a row name it. Whatever happens in between,
//! a crash or a request whose answer never came, ends with the collector deleting it. When the last row that names it goes, the same
//! transaction lists it again.
//!
//! Whoever deletes takes the doomed row first, in a transaction of its own; only then does it touch the object. A row can only name an object
//! whose doomed row is not taken. So of a host that wants to keep an object and another that wants to delete it, the database lets one
//! win, and names are never used again. That needs no lock among hosts, and no clock that agrees.
//!
//! Where several transactions write at once, each takes what it needs in the same order, so that none waits for one that waits for it: the
//! upload, the object's row, the plugin's row of the blob. Of doomed rows, one transaction writes its own; who strikes off others goes by their
//! names. The collector waits for nobody: it leaves out what is held.

use futures::{StreamExt as _, stream};

use super::files::new_name;
use super::rows::LIFETIME;
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::store::Inner;

/// How long an object waits that could not be deleted, so that it does not hold up the others.
const DELETE_AGAIN: u64 = 3_600_000;

/// Objects that are deleted at the same time.
const PARALLEL: usize = 8;

/// Looked at in one transaction, so that other writers get their turn.
const BATCH: u32 = 200;

/// A name to write an object at. It goes after a day unless it is kept.
pub(super) async fn reserve(inner: &Inner) -> Result<String, Error> {
    claim(inner).await.map_err(|error| match error {
        // Once the configuration is mended it can be sent again.
        Error::Corrupt(reason) => Error::Unavailable(reason),
        other => other,
    })?;
    let name = new_name()?;
    inner
        .db
        .execute(sql!(
            "INSERT INTO host_doomed_objects (path, due_at) VALUES (?, ?)",
            &name,
            inner.now().saturating_add(LIFETIME)
        ))
        .await?;
    Ok(name)
}

/// Makes sure that the blobs are where objects are about to be written.
pub(super) async fn claim(inner: &Inner) -> Result<(), Error> {
    if inner.blobs.is_claimed() {
        return Ok(());
    }
    let known = inner
        .db
        .fetch_first(sql!("SELECT COUNT(*) FROM host_objects"))
        .await?
        .map_or(Ok(0), |row| row.uint(0))?;
    inner.blobs.claim(known).await
}

/// Notes under which number a bucket knows the parts of an object.
pub(super) async fn note_upload(inner: &Inner, name: &str, upload: &str) -> Result<(), Error> {
    inner
        .db
        .execute(sql!(
            "UPDATE host_doomed_objects SET upload = ? WHERE path = ?",
            upload,
            name
        ))
        .await
        .map(drop)
}

/// A row names the object from this transaction on.
pub(super) async fn keep(tx: &mut Tx, name: &str) -> Result<(), Error> {
    let kept = tx
        .execute(sql!(
            "DELETE FROM host_doomed_objects WHERE path = ? AND taken = 0",
            name
        ))
        .await?;
    if kept == 1 {
        Ok(())
    } else {
        Err(Error::Unavailable(
            "writing took more than a day, and what was written is gone: send it again".to_owned(),
        ))
    }
}

/// No row names the object once this transaction is committed.
pub(super) async fn doom(tx: &mut Tx, name: &str, now: u64) -> Result<(), Error> {
    tx.execute(sql!(
        "INSERT INTO host_doomed_objects (path, due_at) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET due_at = excluded.due_at",
        name,
        now
    ))
    .await
    .map(drop)
}

/// Deletes objects that were written for nothing or that a committed transaction listed, unless a row names one after all: an answer to a commit
/// can get lost. What fails is left to the collector.
pub(super) async fn discard(inner: &Inner, names: &[&str]) {
    let done = async {
        let mut taken = Vec::new();
        let mut tx = inner.db.write().await?;
        let mut names = names.to_vec();
        names.sort_unstable();
        for name in names {
            if take(&mut tx, name, inner.now()).await? {
                taken.push((name.to_owned(), None));
            }
        }
        tx.commit().await?;
        delete_taken(inner, taken).await
    };
    if let Err(error) = done.await {
        tracing::debug!(%error, "objects that nobody wants are deleted later");
    }
}

/// Answers whether the object may be deleted: no row names it, and none will.
async fn take(tx: &mut Tx, name: &str, now: u64) -> Result<bool, Error> {
    let listed = tx
        .execute(sql!(
            "UPDATE host_doomed_objects SET taken = 1, due_at = ? WHERE path = ? AND taken = 0",
            now,
            name
        ))
        .await?;
    if listed == 1 {
        return Ok(true);
    }
    // A row names it, or it was so late that the collector has been there: then it may have been written after it was deleted.
    let named = tx
        .fetch_first(sql!(
            "SELECT 1 FROM host_objects WHERE name = ? UNION ALL SELECT 1 FROM host_upload_parts WHERE name = ?",
            name,
            name
        ))
        .await?;
    if named.is_some() {
        return Ok(false);
    }
    tx.execute(sql!(
        "INSERT INTO host_doomed_objects (path, due_at, taken) VALUES (?, ?, 1) ON CONFLICT (path) DO UPDATE SET taken = 1",
        name,
        now
    ))
    .await?;
    Ok(true)
}

/// Deletes what is due, on any number of hosts at once.
///
/// # Errors
///
/// [`Error::Unavailable`] at the first that could not be deleted. It is tried again in an hour, everything else the next time.
pub(crate) async fn delete_doomed(inner: &Inner) -> Result<(), Error> {
    loop {
        let now = inner.now();
        let mut tx = inner.db.write().await?;
        let take = tx.dialect().to_take("d");
        tx.execute(sql!(
            format!(
                "UPDATE host_doomed_objects SET taken = 1 WHERE path IN
                 (SELECT d.path FROM host_doomed_objects d WHERE d.due_at <= ? AND d.taken = 0 LIMIT ?{take})"
            ),
            now,
            BATCH
        ))
        .await?;
        // With those that another host took and could not delete, or is deleting at this moment: twice does no harm.
        let rows = tx
            .fetch(sql!(
                "SELECT path, upload FROM host_doomed_objects WHERE due_at <= ? AND taken = 1 LIMIT ?",
                now,
                BATCH
            ))
            .await?;
        tx.commit().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let taken = rows
            .iter()
            .map(|row| Ok((row.text(0)?, row.opt_text(1)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        delete_taken(inner, taken).await?;
    }
}

/// Deletes objects whose doomed rows are taken: by name, with the number of an upload that did not end.
async fn delete_taken(inner: &Inner, taken: Vec<(String, Option<String>)>) -> Result<(), Error> {
    let mut gone = Vec::with_capacity(taken.len());
    let mut problem = None;
    let mut deleting = stream::iter(taken.into_iter().map(|(name, upload)| async move {
        let done = inner.blobs.delete(&name, upload.as_deref()).await;
        (name, done)
    }))
    .buffer_unordered(PARALLEL);
    while let Some((name, done)) = deleting.next().await {
        match done {
            Ok(()) => gone.push(name),
            Err(error) => {
                problem = Some((name, error));
                break;
            }
        }
    }
    drop(deleting);
    if !gone.is_empty() {
        gone.sort_unstable();
        strike(inner, &gone).await?;
    }
    match problem {
        None => Ok(()),
        Some((name, error)) => {
            put_off(inner, &name).await?;
            Err(error.into())
        }
    }
}

async fn strike(inner: &Inner, names: &[String]) -> Result<(), Error> {
    let mut tx = inner.db.write().await?;
    for name in names {
        tx.execute(sql!(
            "DELETE FROM host_doomed_objects WHERE path = ? AND taken = 1",
            name
        ))
        .await?;
    }
    tx.commit().await
}

async fn put_off(inner: &Inner, name: &str) -> Result<(), Error> {
    inner
        .db
        .execute(sql!(
            "UPDATE host_doomed_objects SET due_at = ? WHERE path = ? AND taken = 1",
            inner.now().saturating_add(DELETE_AGAIN),
            name
        ))
        .await
        .map(drop)
}
