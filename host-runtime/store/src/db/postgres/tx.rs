//! A transaction: whose rights its statements have, and what came of them.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Executor as _, Transaction};

use super::lower::lower;
use super::silence::Silence;
use super::{failed, is_crossed, namespace};
use crate::db::engine::{Committed, Transact};
use crate::db::{Dialect, Row, Sql, sql};
use crate::error::Error;

/// A transaction; undone when it is dropped.
pub(crate) struct Tx {
    inner: Transaction<'static, sqlx::Postgres>,
    database: Arc<str>,
    /// Whose rights statements have, and are to have from the next on; none: the host's.
    role: Option<String>,
    wanted: Option<String>,
    /// The server undoes what had an error, and calls that a commit.
    failed: bool,
    crossed: bool,
    silence: Silence,
}

impl Tx {
    /// `role`: whose rights it began with.
    pub(super) fn new(
        inner: Transaction<'static, sqlx::Postgres>,
        database: Arc<str>,
        role: Option<String>,
        silence: Silence,
    ) -> Self {
        Self {
            inner,
            database,
            wanted: role.clone(),
            role,
            failed: false,
            crossed: false,
            silence,
        }
    }

    pub(in crate::db) fn enter(&mut self, plugin: &str) {
        self.wanted = Some(namespace::role(plugin, &self.database));
    }

    pub(in crate::db) fn leave(&mut self) {
        self.wanted = None;
    }

    pub(in crate::db) fn is_crossed(&self) -> bool {
        self.crossed
    }

    /// Waits for an advisory lock of this name, which ends with the transaction.
    pub(in crate::db) async fn lock(&mut self, what: &str, shared: bool) -> Result<(), Error> {
        let text = if shared {
            "SELECT pg_advisory_xact_lock_shared(?)"
        } else {
            "SELECT pg_advisory_xact_lock(?)"
        };
        self.fetch(sql!(text, lock_number(what))).await.map(drop)
    }

    /// Takes on the rights that the next statement is to have.
    async fn prepare(&mut self, sql: &Sql) -> Result<(), Error> {
        debug_assert!(
            self.wanted.is_some() || sql.once || !sql.text.contains("\"plugin_"),
            "a plugin's tables are touched with the host's rights: {}",
            sql.text
        );
        if self.role == self.wanted {
            return Ok(());
        }
        let text = match &self.wanted {
            Some(role) => format!("SET LOCAL ROLE \"{role}\""),
            None => "SET LOCAL ROLE NONE".to_owned(),
        };
        let done = self.inner.execute(AssertSqlSafe(text));
        let done = self.silence.unless(done).await.map(drop);
        self.note(done)?;
        self.role.clone_from(&self.wanted);
        Ok(())
    }

    fn note<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, Error> {
        done.map_err(|error| {
            self.failed = true;
            self.crossed |= is_crossed(&error);
            failed(error)
        })
    }
}

impl Transact for Tx {
    fn dialect(&self) -> &'static dyn Dialect {
        &super::dialect::Postgres
    }

    async fn execute(&mut self, sql: Sql) -> Result<u64, Error> {
        self.prepare(&sql).await?;
        let (text, arguments, keep) = lower(sql)?;
        let done = sqlx::query_with(AssertSqlSafe(text), arguments)
            .persistent(keep)
            .execute(&mut *self.inner);
        let done = self.silence.unless(done).await;
        self.note(done.map(|done| done.rows_affected()))
    }

    async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, Error> {
        self.prepare(&sql).await?;
        let (text, arguments, keep) = lower(sql)?;
        let rows = sqlx::query_with(AssertSqlSafe(text), arguments)
            .persistent(keep)
            .fetch_all(&mut *self.inner);
        let rows = self.silence.unless(rows).await;
        self.note(rows.map(|rows| rows.into_iter().map(Row::Postgres).collect()))
    }

    async fn fetch_while(
        &mut self,
        sql: Sql,
        mut take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        self.prepare(&sql).await?;
        let (text, arguments, keep) = lower(sql)?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(keep);
        let done = self.silence.unless(async {
            let mut rows = query.fetch(&mut *self.inner);
            while let Some(row) = rows.try_next().await? {
                match take(Row::Postgres(row)) {
                    Ok(true) => {}
                    other => return Ok(other.map(drop)),
                }
            }
            Ok(Ok(()))
        });
        let done = done.await;
        self.note(done)?
    }

    async fn commit(self) -> Result<Committed, Error> {
        if self.failed {
            return Err(Error::Unavailable(
                "a statement of this transaction failed".to_owned(),
            ));
        }
        match self.silence.unless(self.inner.commit()).await {
            Ok(()) => Ok(Committed::Yes),
            Err(error) if is_crossed(&error) => Ok(Committed::Crossed),
            Err(error) => Err(failed(error)),
        }
    }

    async fn rollback(self) {
        if let Err(error) = self.silence.unless(self.inner.rollback()).await {
            tracing::warn!(%error, "a transaction could not be undone at once");
        }
    }
}

/// A name as the number of an advisory lock.
pub(super) fn lock_number(what: &str) -> i64 {
    let hash = blake3::hash(what.as_bytes());
    hash.as_bytes()
        .first_chunk::<8>()
        .map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
