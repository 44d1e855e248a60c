//! PostgreSQL through sqlx: a server that several hosts may share.
//!
//! The host's tables are in the schema `host`, a plugin's in one of its own. A plugin's statements run with the rights of its role, which
//! reach nothing but that schema ([`Tx::enter`]): that plugins are apart is the database's doing. Batches are serialisable, everything else is read
//! committed with row locks. Two pools, both bounded: what a writing call asks the readers never waits for another writer.

mod dialect;
mod escape;
mod hosts;
mod listen;
mod lower;
mod namespace;
mod numbering;
mod silence;
mod tx;

use std::collections::HashSet;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgPool};

use super::engine::{Engine, Transact as _};
use super::{Dialect, Row, Sql, schema, sql};
use crate::error::Error;
use lower::lower;
use numbering::Numbering;
use silence::Silence;

pub(crate) use escape::unescape;
pub(crate) use hosts::{WithoutHosts, alone_with_tables};
pub(crate) use listen::{Listener, Signal};
pub(super) use namespace::FUNCTIONS;
pub(crate) use tx::Tx;

/// How long a call waits for a connection or a lock before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections of a pool that nobody needs are closed after this long.
const IDLE: Duration = Duration::from_secs(600);

/// A connection that lay idle for this long is tried before it is used: the server may have been restarted.
const TRUSTED: Duration = Duration::from_secs(5);

/// Prepared statements kept for each connection: some hundred shapes are in use at once.
const KEPT_STATEMENTS: usize = 512;

/// What every connection is told.
///
/// - `search_path`: the host's tables, and nobody else's of the same name.
/// - `enable_seqscan`: as near as PostgreSQL comes to naming an index. Definitions say which queries are served, statistics may be old or missing, and
///   what reads a table from end to end crosses every batch that writes to it. Where no index helps it still does.
/// - `jit`: it pays for reports, not here.
/// - `lock_timeout`: as long as a call waits for a connection.
/// - `idle_in_transaction_session_timeout`: a transaction of ours asks nobody else and computes for milliseconds between two statements. Whoever is
///   silent in one for ten seconds is paused, cut off or gone, and what it has locked is the others'. A host that waited for that with a lease in its hand
///   (30 s, renewed every 8) still renews it in time.
/// - `tcp_user_timeout`, `tcp_keepalives_…`: the same for who is cut off while it is being answered, or does nothing: the server's system would try for a
///   quarter of an hour, and wait for two hours. Where it can't, it says so in its log and goes on.
const SESSION: &str = "SET search_path = host; SET enable_seqscan = off; SET jit = off; SET lock_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET tcp_user_timeout = '10s'; \
     SET tcp_keepalives_idle = '10s'; SET tcp_keepalives_interval = '3s'; SET tcp_keepalives_count = 3";

/// Where the server is.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `postgres://…`.
    pub(crate) url: SecretString,
    /// Most connections of this process, at least four: half of them write, and one more listens.
    pub(crate) connections: u32,
    pub(crate) among: Among,
}

/// Who else may use the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// Hosts, of which this process is one: nobody is without hosts for as long as it has a connection.
    Hosts,
    /// Nobody, once it is [`without_hosts`](Postgres::without_hosts).
    Nobody,
}

/// A database of a server.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    writers: PgPool,
    readers: PgPool,
    /// For a connection that belongs to no pool, and what it says first.
    options: Arc<PgConnectOptions>,
    session: Arc<str>,
    /// The database's number: roles are the server's, and another database of it may be another host's.
    database: Arc<str>,
    silence: Silence,
    numbering: Arc<Numbering>,
    /// Marks what this process says, which it need not hear.
    process: Arc<str>,
    /// Channels on which something is about to be said.
    saying: Arc<Mutex<HashSet<&'static str>>>,
}

impl Postgres {
    /// Connects and brings the host's own tables up to date; several hosts may do so at once.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Error> {
        // The reason might quote the address, which has the password in it.
        let options = PgConnectOptions::from_str(settings.url.expose_secret())
            .map_err(|_| {
                Error::Unavailable(
                    "the database's URL can't be read: write postgres://user:password@host/database"
                        .to_owned(),
                )
            })?
            .application_name("plugin-host")
            .statement_cache_capacity(KEPT_STATEMENTS);
        // Pools keep trying for a while; a host that can't start says why at once.
        let mut first = options.connect().await.map_err(|error| {
            Error::Unavailable(format!("PostgreSQL can't be reached: {}", reason(&error)))
        })?;
        if settings.among == Among::Hosts {
            hosts::may_join(&mut first, &options).await?;
        }
        first.close().await.map_err(failed)?;
        let silence = Silence::watch(options.clone());
        let half = (settings.connections / 2).max(2);
        let pool = |connections, session: &str| {
            pool(connections, session, &silence).connect_lazy_with(options.clone())
        };
        let session = match settings.among {
            Among::Hosts => format!("{SESSION}; {}", hosts::join()),
            Among::Nobody => SESSION.to_owned(),
        };
        let writers = pool(half, &session);
        let read_only = format!("{session}; SET default_transaction_read_only = on");
        let readers = pool(half, &read_only);
        let mut engine = Self {
            writers,
            readers,
            silence,
            numbering: Arc::default(),
            options: Arc::new(options),
            session: Arc::from(session),
            database: Arc::from(""),
            process: Arc::from(hex::encode(crate::random::bytes::<8>()?)),
            saying: Arc::default(),
        };
        engine.migrate().await?;
        let number = engine
            .fetch(sql!(
                "SELECT oid::BIGINT FROM pg_database WHERE datname = current_database()"
            ))
            .await?;
        let number = number.first().map_or(Ok(0), |row| row.int(0))?;
        engine.database = Arc::from(number.to_string());
        Ok(engine)
    }

    async fn migrate(&self) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock("schema", false).await?;
        tx.execute(Sql::once("CREATE SCHEMA IF NOT EXISTS host"))
            .await?;
        schema::migrate(&mut tx, true).await?;
        // A dump that was restored has the plugins' tables and not their roles, which are the server's.
        let rows = tx
            .fetch(sql!("SELECT DISTINCT plugin FROM host_collections"))
            .await?;
        for row in rows {
            for statement in tx.dialect().create_namespace(&row.text(0)?) {
                tx.execute(Sql::once(statement)).await?;
            }
        }
        tx.commit().await.map(drop)
    }

    /// One statement, which is its own transaction.
    pub(super) async fn execute(&self, sql: Sql) -> Result<u64, Error> {
        let (text, arguments, keep) = lower(sql)?;
        let done = self.silence.unless(async {
            let mut connection = self.writers.acquire().await?;
            sqlx::query_with(AssertSqlSafe(text), arguments)
                .persistent(keep)
                .execute(&mut *connection)
                .await
        });
        done.await.map(|done| done.rows_affected()).map_err(failed)
    }

    /// Tells other processes that something of this name changed. They look for themselves after a while if it does not reach them.
    pub(crate) fn tell(&self, channel: &'static str) {
        let saying = move |server: &Self, begin: bool| {
            let mut saying = server.saying.lock().unwrap_or_else(PoisonError::into_inner);
            if begin {
                saying.insert(channel)
            } else {
                saying.remove(channel)
            }
        };
        // What changes until it is said is said with it.
        if !saying(self, true) {
            return;
        }
        let server = self.clone();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            saying(&server, false);
            let notice = sql!("SELECT pg_notify(?, ?)", channel, &*server.process);
            if let Err(error) = server.execute(notice).await {
                tracing::debug!(%error, channel, "other hosts were not told");
            }
        });
    }

    /// Gives events that were committed their numbers, in one order for all hosts; answers the newest.
    pub(crate) async fn number_events(&self) -> Result<i64, Error> {
        // A statement that is its own transaction: all hosts wait for its lock, and who is paused or cut off keeps it no longer than the server takes.
        let number = self.silence.unless(async {
            let mut connection = self.writers.acquire().await?;
            sqlx::query_scalar::<_, Option<i64>>("SELECT number_events()")
                .fetch_one(&mut *connection)
                .await
        });
        let number = async { Ok(number.await.map_err(failed)?.unwrap_or(0)) };
        self.numbering.join(number).await
    }

    /// What time it is there: milliseconds since the Unix epoch.
    pub(crate) async fn time(&self) -> Result<u64, Error> {
        let rows = self
            .fetch(sql!(
                "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT"
            ))
            .await?;
        rows.first().map_or(Ok(0), |row| row.uint(0))
    }

    /// Where it is, for people and without a password.
    pub(crate) fn place(&self) -> String {
        hosts::place(&self.options)
    }

    /// Hears what other processes say.
    pub(crate) async fn listen(&self) -> Result<Listener, Error> {
        let (options, session) = (Arc::clone(&self.options), Arc::clone(&self.session));
        let process = Arc::clone(&self.process);
        Listener::open(options, session, self.silence.clone(), process).await
    }

    async fn begin(&self, pool: &PgPool, kind: &str, plugin: Option<&str>) -> Result<Tx, Error> {
        let role = plugin.map(|plugin| namespace::role(plugin, &self.database));
        let begin = match &role {
            None => format!("BEGIN ISOLATION LEVEL {kind}"),
            // One round trip.
            Some(role) => format!("BEGIN ISOLATION LEVEL {kind}; SET LOCAL ROLE \"{role}\""),
        };
        let pool = pool.clone();
        // To its end, whatever becomes of who waits for it: a connection that was given up in between would go back to the pool inside of a transaction that
        // sqlx doesn't know of, and what others wrote on it would never be committed.
        let begun = tokio::spawn(async move { pool.begin_with(AssertSqlSafe(begin)).await });
        let begun = async { begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed)) };
        let tx = self.silence.unless(begun).await.map_err(failed)?;
        let database = Arc::clone(&self.database);
        Ok(Tx::new(tx, database, role, self.silence.clone()))
    }
}

fn pool(connections: u32, session: &str, silence: &Silence) -> PgPoolOptions {
    let session: Arc<str> = Arc::from(session);
    let (before, after) = (silence.clone(), silence.clone());
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let silence = before.clone();
            Box::pin(async move {
                Ok(about.idle_for < TRUSTED || silence.unless(connection.ping()).await.is_ok())
            })
        })
        // Before it is used again, what was given up is waited for: not for ever.
        .after_release(move |connection, _| {
            let silence = after.clone();
            Box::pin(async move {
                silence.unless(connection.ping()).await?;
                Ok(!silence.was_recent())
            })
        })
        .after_connect(move |connection, _| {
            let session = session.to_string();
            Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
        })
}

impl Engine for Postgres {
    type Tx = Tx;

    fn dialect(&self) -> &'static dyn Dialect {
        &dialect::Postgres
    }

    async fn write(&self) -> Result<Tx, Error> {
        self.begin(&self.writers, "READ COMMITTED", None).await
    }

    async fn batch(&self) -> Result<Tx, Error> {
        self.begin(&self.writers, "SERIALIZABLE", None).await
    }

    async fn read(&self, plugin: Option<&str>) -> Result<Tx, Error> {
        self.begin(&self.readers, "REPEATABLE READ READ ONLY", plugin)
            .await
    }

    async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let (text, arguments, keep) = lower(sql)?;
        let rows = self.silence.unless(async {
            let mut connection = self.readers.acquire().await?;
            sqlx::query_with(AssertSqlSafe(text), arguments)
                .persistent(keep)
                .fetch_all(&mut *connection)
                .await
        });
        rows.await
            .map(|rows| rows.into_iter().map(Row::Postgres).collect())
            .map_err(failed)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Whether another transaction made it fail: a serialisation failure or a deadlock.
fn is_crossed(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if matches!(database.code().as_deref(), Some("40001" | "40P01")))
}

/// Why, without anything of the address or of what is stored.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        sqlx::Error::Configuration(_) => "its settings can't be used".to_owned(),
        other => other.to_string(),
    }
}

/// A violated unique index is a conflict; what the server finds damaged is damaged; everything else may pass.
pub(super) fn failed(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => {
            Error::Conflict(violated(database.as_ref()))
        }
        sqlx::Error::Database(database)
            if database
                .code()
                .is_some_and(|code| code.starts_with("XX00") && code != "XX000") =>
        {
            Error::Corrupt(format!("the database is damaged: {}", database.message()))
        }
        sqlx::Error::PoolTimedOut => Error::Unavailable("too many calls at once".to_owned()),
        other => Error::Unavailable(reason(other)),
    }
}

/// The columns of a violated index. The detail is `Key (a, b)=(…) already exists.`, whose values are nobody's business.
fn violated(error: &dyn sqlx::error::DatabaseError) -> String {
    let columns = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .and_then(sqlx::postgres::PgDatabaseError::detail)
        .and_then(|detail| detail.split_once(")=("))
        .map_or("", |(columns, _)| columns.trim_start_matches("Key ("));
    format!("{}: {columns}", error.message())
}
