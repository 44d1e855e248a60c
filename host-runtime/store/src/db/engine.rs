//! Two engines behind one trait.
//!
//! Which of them a store uses is known when it is opened, and every call goes through one `match`: SQLite's path costs no more than it did alone.
//! A transaction that is shared with other processes has needs that one file with one writer has not: whose rights its statements have
//! ([`Tx::enter`]), what has to wait for whom ([`Tx::alone`]), and being run again because another one crossed it ([`Committed`]). On SQLite
//! these cost nothing.

use std::path::Path;

use futures::FutureExt as _;

use super::{Dialect, Row, Sql, postgres, sqlite};
use crate::error::Error;

/// What came of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is durable.
    Yes,
    /// Another transaction crossed this one, which left nothing behind: run it again.
    Crossed,
}

/// What an engine does.
pub(super) trait Engine {
    type Tx: Transact;

    fn dialect(&self) -> &'static dyn Dialect;

    /// Begins a transaction that may write.
    async fn write(&self) -> Result<Self::Tx, Error>;

    /// Begins one that reads and leaves a serial history, whatever else is written; the engine may cross it.
    async fn batch(&self) -> Result<Self::Tx, Error>;

    /// Begins a transaction whose statements all see the same state, with a plugin's rights or the host's.
    async fn read(&self, plugin: Option<&str>) -> Result<Self::Tx, Error>;

    /// Runs one reading statement with the host's rights.
    async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, Error>;

    async fn close(&self);
}

/// What a transaction does.
pub(super) trait Transact: Sized {
    fn dialect(&self) -> &'static dyn Dialect;

    /// Answers how many rows were changed.
    async fn execute(&mut self, sql: Sql) -> Result<u64, Error>;

    async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, Error>;

    /// Hands over rows as they come, until `take` says that it has enough.
    async fn fetch_while(
        &mut self,
        sql: Sql,
        take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error>;

    async fn commit(self) -> Result<Committed, Error>;

    /// What is dropped is undone, too, but only when the connection is used again; this waits for it.
    async fn rollback(self);
}

/// The database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// A file of this process.
    Sqlite(sqlite::Sqlite),
    /// A server that other hosts may use as well.
    Postgres(postgres::Postgres),
}

/// A transaction; undone when it is dropped.
pub(crate) enum Tx {
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

/// The same call of either. The server's is on the heap: beside a round trip that is nothing, and no future of SQLite's grows by it.
macro_rules! either {
    ($self:expr, $inner:ident => $call:expr) => {
        match $self {
            Self::Sqlite($inner) => $call.await,
            Self::Postgres($inner) => $call.boxed().await,
        }
    };
}

/// The same call of either, which answers a transaction.
macro_rules! begin {
    ($self:expr, $engine:ident => $call:expr) => {
        match $self {
            Self::Sqlite($engine) => $call.await.map(Tx::Sqlite),
            Self::Postgres($engine) => $call.boxed().await.map(Tx::Postgres),
        }
    };
}

impl Db {
    /// Opens or makes a file, and brings the host's own tables up to date.
    pub(crate) async fn open_file(file: &Path) -> Result<Self, Error> {
        sqlite::Sqlite::open(file).await.map(Self::Sqlite)
    }

    /// Connects to a server, and brings the host's own tables up to date.
    pub(crate) async fn connect(settings: &postgres::Settings) -> Result<Self, Error> {
        postgres::Postgres::open(settings)
            .boxed()
            .await
            .map(Self::Postgres)
    }

    pub(crate) fn dialect(&self) -> &'static dyn Dialect {
        match self {
            Self::Sqlite(engine) => engine.dialect(),
            Self::Postgres(engine) => engine.dialect(),
        }
    }

    /// Begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Tx, Error> {
        begin!(self, engine => engine.write())
    }

    /// Begins a transaction that reads and leaves one serial history, however many write at once. It may end with [`Committed::Crossed`].
    pub(crate) async fn batch(&self) -> Result<Tx, Error> {
        begin!(self, engine => engine.batch())
    }

    /// Begins a transaction whose statements all see the same state.
    pub(crate) async fn read(&self) -> Result<Tx, Error> {
        begin!(self, engine => engine.read(None))
    }

    /// … with the rights of a plugin, whose collections there are.
    pub(crate) async fn read_as(&self, plugin: &str) -> Result<Tx, Error> {
        begin!(self, engine => engine.read(Some(plugin)))
    }

    /// Runs one reading statement.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        either!(self, engine => engine.fetch(sql))
    }

    /// … with the rights of a plugin, whose collections there are.
    pub(crate) async fn fetch_as(&self, plugin: &str, sql: Sql) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite(engine) => engine.fetch(sql).await,
            Self::Postgres(engine) => {
                let rows = async { engine.read(Some(plugin)).await?.fetch(sql).await };
                rows.boxed().await
            }
        }
    }

    /// Hands over the rows of one reading statement as they come, with the rights of a plugin, until `take` says that it has enough. One
    /// statement sees one state by itself.
    pub(crate) async fn fetch_while_as(
        &self,
        plugin: &str,
        sql: Sql,
        take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        match self {
            Self::Sqlite(engine) => engine.fetch_while(sql, take).await,
            Self::Postgres(engine) => {
                let rows = async {
                    let mut tx = engine.read(Some(plugin)).await?;
                    tx.fetch_while(sql, take).await
                };
                rows.boxed().await
            }
        }
    }

    /// The first row of a reading statement.
    pub(crate) async fn fetch_first(&self, sql: Sql) -> Result<Option<Row>, Error> {
        Ok(self.fetch(sql).await?.into_iter().next())
    }

    /// One writing statement in its own transaction; answers how many rows it changed.
    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64, Error> {
        match self {
            Self::Sqlite(engine) => {
                let mut tx = engine.write().await?;
                let changed = tx.execute(sql).await?;
                tx.commit().await?;
                Ok(changed)
            }
            // Is its own transaction without being told.
            Self::Postgres(engine) => engine.execute(sql).boxed().await,
        }
    }

    /// The server, if there is one: other hosts may write to it as well.
    pub(crate) fn server(&self) -> Option<&postgres::Postgres> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server) => Some(server),
        }
    }

    /// Waits for what runs.
    pub(crate) async fn close(&self) {
        either!(self, engine => engine.close());
    }
}

impl Tx {
    pub(crate) fn dialect(&self) -> &'static dyn Dialect {
        match self {
            Self::Sqlite(tx) => tx.dialect(),
            Self::Postgres(tx) => tx.dialect(),
        }
    }

    /// From here on, statements have the rights of a plugin, whose collections there are, and no others.
    pub(crate) fn enter(&mut self, plugin: &str) {
        if let Self::Postgres(tx) = self {
            tx.enter(plugin);
        }
    }

    /// From here on, statements have the host's rights again.
    pub(crate) fn leave(&mut self) {
        if let Self::Postgres(tx) = self {
            tx.leave();
        }
    }

    /// Waits until no other transaction is alone with `what`, and keeps others from it until this one ends. Where there is one writer, it
    /// is alone anyway.
    pub(crate) async fn alone(&mut self, what: &str) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => tx.lock(what, false).boxed().await,
        }
    }

    /// Waits until no other transaction is alone with `what`, and keeps others from being so until this one ends.
    pub(crate) async fn among_others(&mut self, what: &str) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => tx.lock(what, true).boxed().await,
        }
    }

    /// Whether a statement failed because another transaction crossed this one, which leaves nothing behind: run it again.
    pub(crate) fn is_crossed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(tx) => tx.is_crossed(),
        }
    }

    /// Answers how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: Sql) -> Result<u64, Error> {
        either!(self, tx => tx.execute(sql))
    }

    pub(crate) async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, Error> {
        either!(self, tx => tx.fetch(sql))
    }

    pub(crate) async fn fetch_first(&mut self, sql: Sql) -> Result<Option<Row>, Error> {
        Ok(self.fetch(sql).await?.into_iter().next())
    }

    /// Hands over rows as they come, until `take` says that it has enough.
    pub(crate) async fn fetch_while(
        &mut self,
        sql: Sql,
        take: impl FnMut(Row) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        either!(self, tx => tx.fetch_while(sql, take))
    }

    /// The first column of the first row; 0 if there is none.
    pub(crate) async fn fetch_int(&mut self, sql: Sql) -> Result<i64, Error> {
        self.fetch_first(sql)
            .await?
            .map_or(Ok(0), |row| Ok(row.opt_int(0)?.unwrap_or(0)))
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.commit_batch().await? {
            Committed::Yes => Ok(()),
            Committed::Crossed => Err(Error::Unavailable(
                "another call changed the same rows".to_owned(),
            )),
        }
    }

    /// Ends a [`batch`](Db::batch).
    pub(crate) async fn commit_batch(self) -> Result<Committed, Error> {
        either!(self, tx => tx.commit())
    }

    /// What is dropped is undone, too, but only when the connection is used again; this waits for it.
    pub(crate) async fn rollback(self) {
        either!(self, tx => tx.rollback());
    }
}
