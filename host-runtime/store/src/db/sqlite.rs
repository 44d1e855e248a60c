//! SQLite through sqlx: one writer, several readers, and every error turned into what the caller can do.

use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _, Sqlite, SqlitePool, Transaction};

use super::{Arg, Sql, schema};
use crate::error::Error;

/// Readers never wait for the writer (WAL), so that more of them than cores only cost memory.
const READERS: u32 = 4;

/// How long a call waits for its turn before it is told to come again. A batch of the largest size takes about half a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Compiled statements kept for each connection: some hundred shapes are in use at once.
const KEPT_STATEMENTS: usize = 512;

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Db {
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
            // 32 MiB between checkpoints, each of which waits for the disk.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("journal_size_limit", "67108864")
            // Negative: KiB. Holds the upper levels of all indexes of a large mailbox.
            .pragma("cache_size", "-32768")
            .pragma("temp_store", "MEMORY");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(unavailable)?;
        schema::migrate(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(unavailable)?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction that may write. There is one at a time, so that it sees and leaves one serial history.
    pub(crate) async fn write(&self) -> Result<Tx, Error> {
        self.writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map(Tx)
            .map_err(unavailable)
    }

    /// Begins a transaction whose statements all see the same state.
    pub(crate) async fn read(&self) -> Result<Tx, Error> {
        self.readers.begin().await.map(Tx).map_err(unavailable)
    }

    /// Runs one reading statement.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let mut connection = self.readers.acquire().await.map_err(unavailable)?;
        fetch(&mut connection, sql).await
    }

    /// The first row of a reading statement.
    pub(crate) async fn fetch_first(&self, sql: Sql) -> Result<Option<Row>, Error> {
        Ok(self.fetch(sql).await?.into_iter().next())
    }

    /// One writing statement in its own transaction; answers how many rows it changed.
    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let changed = tx.execute(sql).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Waits for what runs, and folds the log into the file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A transaction; undone when it is dropped.
#[derive(Debug)]
pub(crate) struct Tx(Transaction<'static, Sqlite>);

impl Tx {
    /// Answers how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: Sql) -> Result<u64, Error> {
        execute(&mut self.0, sql).await
    }

    pub(crate) async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, Error> {
        fetch(&mut self.0, sql).await
    }

    pub(crate) async fn fetch_first(&mut self, sql: Sql) -> Result<Option<Row>, Error> {
        Ok(self.fetch(sql).await?.into_iter().next())
    }

    /// Hands over rows as they come, until `take` says that it has enough.
    pub(crate) async fn fetch_while(
        &mut self,
        sql: Sql,
        mut take: impl FnMut(Row) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let (text, arguments, keep) = lower(sql)?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(keep);
        let mut rows = query.fetch(&mut *self.0);
        while let Some(row) = rows.try_next().await.map_err(unavailable)? {
            if !take(Row(row))? {
                break;
            }
        }
        Ok(())
    }

    /// The first column of the first row; 0 if there is none.
    pub(crate) async fn fetch_int(&mut self, sql: Sql) -> Result<i64, Error> {
        self.fetch_first(sql)
            .await?
            .map_or(Ok(0), |row| Ok(row.opt_int(0)?.unwrap_or(0)))
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.0.commit().await.map_err(unavailable)
    }

    /// What is dropped is undone, too, but only when the connection is used again; this waits for it.
    pub(crate) async fn rollback(self) {
        if let Err(error) = self.0.rollback().await {
            tracing::warn!(%error, "a transaction could not be undone at once");
        }
    }
}

async fn execute(connection: &mut sqlx::SqliteConnection, sql: Sql) -> Result<u64, Error> {
    let (text, arguments, keep) = lower(sql)?;
    sqlx::query_with(AssertSqlSafe(text), arguments)
        .persistent(keep)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(unavailable)
}

async fn fetch(connection: &mut sqlx::SqliteConnection, sql: Sql) -> Result<Vec<Row>, Error> {
    let (text, arguments, keep) = lower(sql)?;
    sqlx::query_with(AssertSqlSafe(text), arguments)
        .persistent(keep)
        .fetch_all(connection)
        .await
        .map(|rows| rows.into_iter().map(Row).collect())
        .map_err(unavailable)
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

/// A row of an answer, its columns by number.
pub(crate) struct Row(SqliteRow);

impl Row {
    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.0.try_get_unchecked(column).map_err(unavailable)
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, Error> {
        Ok(self.opt_int(column)?.unwrap_or_default())
    }

    /// A number that is never negative: a time or a size.
    pub(crate) fn uint(&self, column: usize) -> Result<u64, Error> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(crate) fn opt_uint(&self, column: usize) -> Result<Option<u64>, Error> {
        Ok(self
            .opt_int(column)?
            .map(|value| u64::try_from(value).unwrap_or_default()))
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        self.0.try_get_unchecked(column).map_err(unavailable)
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        self.0.try_get_unchecked(column).map_err(unavailable)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, Error> {
        Ok(self.opt_text(column)?.unwrap_or_default())
    }

    pub(crate) fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.0.try_get_unchecked(column).map_err(unavailable)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        Ok(self.opt_bytes(column)?.unwrap_or_default())
    }
}

/// A violated unique index is a conflict; everything else may pass.
fn unavailable(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            Error::Conflict(database.message().to_owned())
        }
        sqlx::Error::PoolTimedOut => Error::Unavailable("too many calls at once".to_owned()),
        other => Error::Unavailable(other.to_string()),
    }
}
