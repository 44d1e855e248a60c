//! SQLite through sqlx: one writer, several readers, and every error turned into what the caller can do.

mod copy;
mod dialect;

use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _, SqlitePool, Transaction};

use super::engine::{Committed, Engine, Transact};
use super::{Arg, Dialect, Row, Sql, schema};
use crate::error::Error;

pub(crate) use copy::{Contents, Object, inspect, snapshot};

/// Readers never wait for the writer (WAL), so that more of them than cores only cost memory.
const READERS: u32 = 4;

/// How long a call waits for its turn before it is told to come again. A batch of the largest size takes about half a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Compiled statements kept for each connection: some hundred shapes are in use at once.
const KEPT_STATEMENTS: usize = 512;

/// Rows that may wait for whoever asked for them: the page of a list and more, so that the thread that reads them does not wait in between.
const ROWS_AHEAD: usize = 256;

/// A database file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens or makes the file and brings the host's own tables up to date.
    pub(crate) async fn open(file: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            // Mail rows are tens of kilobytes: larger pages mean shorter overflow chains. Only counts for a new file.
            .page_size(8192)
            .journal_mode(SqliteJournalMode::Wal)
            // Durable means durable: a rotated refresh token that is lost with the power can't be had again.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(KEPT_STATEMENTS)
            .row_buffer_size(ROWS_AHEAD)
            // 32 MiB between checkpoints, each of which waits for the disk.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("journal_size_limit", "67108864")
            // Negative: KiB. Holds the upper levels of all indexes of a large mailbox.
            .pragma("cache_size", "-32768")
            .pragma("temp_store", "MEMORY");
        let writer = pool(1)
            .min_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        let mut tx = Tx(writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?);
        schema::migrate(&mut tx, false)
            .await
            .map_err(|error| match error {
                Error::Unavailable(reason) => Error::Unavailable(format!(
                    "the database can't be brought up to date: {reason}"
                )),
                other => other,
            })?;
        tx.commit().await?;
        let readers = pool(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(failed)?;
        Ok(Self { writer, readers })
    }

    /// One statement, which needs no transaction to see one state.
    pub(super) async fn fetch_while(
        &self,
        sql: Sql,
        take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        fetch_while(&mut connection, sql, take).await
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // When the disk is full SQLite undoes the transaction by itself, and the connection believes for ever that one goes on.
        .before_acquire(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // What a dropped transaction asked to be undone is undone by then.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

impl Engine for Sqlite {
    type Tx = Tx;

    fn dialect(&self) -> &'static dyn Dialect {
        &dialect::Sqlite
    }

    /// There is one at a time, so that it sees and leaves one serial history.
    async fn write(&self) -> Result<Tx, Error> {
        self.writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map(Tx)
            .map_err(failed)
    }

    async fn batch(&self) -> Result<Tx, Error> {
        self.write().await
    }

    async fn read(&self, _plugin: Option<&str>) -> Result<Tx, Error> {
        self.readers.begin().await.map(Tx).map_err(failed)
    }

    async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        fetch(&mut connection, sql).await
    }

    /// Waits for what runs, and folds the log into the file.
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A transaction; undone when it is dropped.
#[derive(Debug)]
pub(crate) struct Tx(Transaction<'static, sqlx::Sqlite>);

impl Transact for Tx {
    fn dialect(&self) -> &'static dyn Dialect {
        &dialect::Sqlite
    }

    async fn execute(&mut self, sql: Sql) -> Result<u64, Error> {
        let (text, arguments, keep) = lower(sql)?;
        sqlx::query_with(AssertSqlSafe(text), arguments)
            .persistent(keep)
            .execute(&mut *self.0)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed)
    }

    async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, Error> {
        fetch(&mut self.0, sql).await
    }

    async fn fetch_while(
        &mut self,
        sql: Sql,
        take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        fetch_while(&mut self.0, sql, take).await
    }

    async fn commit(self) -> Result<Committed, Error> {
        self.0
            .commit()
            .await
            .map(|()| Committed::Yes)
            .map_err(failed)
    }

    async fn rollback(self) {
        if let Err(error) = self.0.rollback().await {
            tracing::warn!(%error, "a transaction could not be undone at once");
        }
    }
}

async fn fetch(connection: &mut sqlx::SqliteConnection, sql: Sql) -> Result<Vec<Row>, Error> {
    let (text, arguments, keep) = lower(sql)?;
    sqlx::query_with(AssertSqlSafe(text), arguments)
        .persistent(keep)
        .fetch_all(connection)
        .await
        .map(|rows| rows.into_iter().map(Row::Sqlite).collect())
        .map_err(failed)
}

async fn fetch_while(
    connection: &mut sqlx::SqliteConnection,
    sql: Sql,
    mut take: impl FnMut(Row) -> Result<bool, Error> + Send,
) -> Result<(), Error> {
    let (text, arguments, keep) = lower(sql)?;
    let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(keep);
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        if !take(Row::Sqlite(row))? {
            break;
        }
    }
    Ok(())
}

fn lower(sql: Sql) -> Result<(String, SqliteArguments, bool), Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(sql.args.len(), 0);
    for arg in sql.args {
        match arg {
            Arg::Null => arguments.add(Option::<i64>::None),
            Arg::Int(value) => arguments.add(value),
            Arg::Real(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
            Arg::Bytes(value) => arguments.add(value),
        }
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    }
    Ok((sql.text, arguments, !sql.once))
}

/// A violated unique index is a conflict; everything else may pass.
pub(crate) fn failed(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            Error::Conflict(database.message().to_owned())
        }
        sqlx::Error::PoolTimedOut => Error::Unavailable("too many calls at once".to_owned()),
        other => Error::Unavailable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::db::sql;

    #[tokio::test]
    async fn once_a_full_disk_has_room_again_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Sqlite::open(&folder.path().join("host.db")).await.unwrap();
        let keep = |bytes: usize| {
            sql!(
                "INSERT INTO host_components (plugin, digest, content) VALUES ('p', 'd', ?)",
                vec![0; bytes]
            )
        };
        let mut tx = engine.write().await.unwrap();
        // No larger than it is.
        tx.fetch(Sql::once("PRAGMA max_page_count = 1"))
            .await
            .unwrap();
        let full = tx.execute(keep(1_000_000)).await.unwrap_err();
        assert!(full.to_string().contains("full"), "{full}");
        drop(tx);
        let mut tx = engine.write().await.unwrap();
        tx.execute(keep(1_000_000)).await.unwrap();
        tx.commit().await.unwrap();
    }
}
