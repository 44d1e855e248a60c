//! What the target knows of a migration into it: from where, and how far each part is.
//!
//! The mark is there from before the first row until after the comparison. A database that has it is not used for anything else
//! ([`refuse_unfinished`]). How far a part is, is noted by the transaction of each batch, so that after a crash at any moment the next run goes on
//! behind the last batch that is there.

use super::part::Part;
use super::tables::TABLES;
use crate::collections::drop_all;
use crate::db::{Arg, Db, Tx, sql};
use crate::error::Error;

/// Refuses a database whose rows did not all come.
///
/// # Errors
///
/// [`Error::Unfinished`] with what to do.
pub(crate) async fn refuse_unfinished(db: &Db) -> Result<(), Error> {
    match source(&mut db.read().await?).await? {
        None => Ok(()),
        Some(source) => Err(Error::Unfinished(format!(
            "rows were being moved here from {source}, and not all of them are known to be here: run `plugin-host migrate-store` again"
        ))),
    }
}

async fn source(tx: &mut Tx) -> Result<Option<String>, Error> {
    let row = tx
        .fetch_first(sql!("SELECT source FROM host_migration"))
        .await?;
    row.map(|row| row.text(0)).transpose()
}

/// Marks a target: an empty one, or one that has this mark. `anew` empties the latter. Answers whether an earlier run has begun.
pub(super) async fn begin(target: &Db, from: &str, anew: bool) -> Result<bool, Error> {
    let mut tx = target.write().await?;
    let known = source(&mut tx).await?;
    match &known {
        Some(other) if anew => {
            empty(&mut tx).await?;
            tracing::info!(source = %other, "what was moved so far is thrown away");
        }
        Some(other) if other == from => return Ok(true),
        Some(other) => {
            return Err(Error::Conflict(format!(
                "rows of {other} are on their way there, not of {from}: go on with those, or throw away what came of them (--anew)"
            )));
        }
        None => {
            if let Some(table) = used(&mut tx).await? {
                let instead = match target.server() {
                    Some(_) => "name an empty database",
                    None => "put it elsewhere, with the -wal and -shm beside it if they are there",
                };
                return Err(Error::Conflict(format!(
                    "it holds a store already ({table} is not empty), to which nothing can be added: {instead}"
                )));
            }
        }
    }
    tx.execute(sql!("INSERT INTO host_migration (source) VALUES (?)", from))
        .await?;
    tx.commit().await?;
    Ok(false)
}

/// A table that has rows.
async fn used(tx: &mut Tx) -> Result<Option<&'static str>, Error> {
    let tables = TABLES.iter().map(|table| table.name);
    for table in tables.chain(["host_collections", "host_usage"]) {
        let row = tx
            .fetch_first(sql!(format!("SELECT 1 FROM {table} LIMIT 1")))
            .await?;
        if row.is_some() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Takes away what came of a migration, and its mark.
async fn empty(tx: &mut Tx) -> Result<(), Error> {
    let plugins = tx
        .fetch(sql!(
            "SELECT plugin FROM host_collections UNION SELECT plugin FROM host_usage"
        ))
        .await?;
    for plugin in plugins {
        let plugin = plugin.text(0)?;
        drop_all(tx, &plugin).await?;
        crate::usage::forget(tx, &plugin).await?;
    }
    let tables = TABLES.iter().rev().map(|table| table.name);
    for table in tables.chain(["host_migration_parts", "host_migration"]) {
        tx.execute(sql!(format!("DELETE FROM {table}"))).await?;
    }
    Ok(())
}

/// The rows are all there: the target may be used.
pub(super) async fn end(target: &Db) -> Result<(), Error> {
    let mut tx = target.write().await?;
    for table in ["host_migration_parts", "host_migration"] {
        tx.execute(sql!(format!("DELETE FROM {table}"))).await?;
    }
    tx.commit().await
}

/// How far a part is.
pub(super) enum Reached {
    /// All rows up to this key are there; none: no row is.
    Key(Option<Vec<Arg>>),
    /// All are.
    End,
}

/// A key as it is noted.
#[derive(serde::Serialize, serde::Deserialize)]
enum Noted {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// How far a part is.
pub(super) async fn reached(target: &Db, part: &Part) -> Result<Reached, Error> {
    let row = target
        .fetch_first(sql!(
            "SELECT last, done FROM host_migration_parts WHERE name = ?",
            &part.name
        ))
        .await?;
    let Some(row) = row else {
        return Ok(Reached::Key(None));
    };
    if row.flag(1)? {
        return Ok(Reached::End);
    }
    let noted: Vec<Noted> = serde_json::from_str(&row.text(0)?)
        .map_err(|_| Error::Corrupt(format!("the note of how far {} is, is damaged", part.name)))?;
    let key = noted.into_iter().map(|value| match value {
        Noted::Int(value) => Arg::Int(value),
        Noted::Text(value) => Arg::Text(value),
        Noted::Bytes(value) => Arg::Bytes(value),
    });
    Ok(Reached::Key(Some(key.collect())))
}

/// Notes how far a part is with this transaction.
pub(super) async fn note(tx: &mut Tx, part: &Part, reached: &Reached) -> Result<(), Error> {
    let (last, done) = match reached {
        Reached::End => (None, true),
        Reached::Key(None) => return Ok(()),
        Reached::Key(Some(key)) => {
            let key: Vec<Noted> = key.iter().filter_map(noted).collect();
            let text = serde_json::to_string(&key)
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            (Some(text), false)
        }
    };
    tx.execute(sql!(
        "INSERT INTO host_migration_parts (name, last, done) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET last = excluded.last, done = excluded.done",
        &part.name,
        last,
        done
    ))
    .await
    .map(drop)
}

/// Keys hold nothing else.
fn noted(value: &Arg) -> Option<Noted> {
    match value {
        Arg::Int(value) => Some(Noted::Int(*value)),
        Arg::Text(value) => Some(Noted::Text(value.clone())),
        Arg::Bytes(value) => Some(Noted::Bytes(value.clone())),
        Arg::Null | Arg::Real(_) => None,
    }
}
