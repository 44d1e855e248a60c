//! Which processes use the database: every connection of a host has a share of one advisory lock, and so for as long as it can write.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::tx::lock_number;
use super::{Postgres, failed};
use crate::db::engine::Transact;
use crate::db::{schema, sql};
use crate::error::Error;

/// The lock.
const HOSTS: &str = "hosts";

/// A server notices a little late that a process has ended.
const TRIES: u32 = 30;
const WAIT: Duration = Duration::from_millis(100);

/// The lock of the hosts that know so many steps of the [schema].
fn of_schema(steps: usize) -> i64 {
    lock_number(&format!("hosts of schema {steps}"))
}

/// What takes a share, also of the lock by which a newer host knows that there are some of this version. It waits for as long as any lock:
/// [`may_join`] says at once that there is something to wait for.
pub(super) fn join() -> String {
    format!(
        "SELECT pg_advisory_lock_shared({}), pg_advisory_lock_shared({})",
        lock_number(HOSTS),
        of_schema(schema::KNOWN)
    )
}

/// Makes sure that no host runs which knows fewer steps than these, and that none begins to before the transaction ends.
///
/// # Errors
///
/// [`Error::InUse`] if one does.
pub(crate) async fn alone_with_tables<T: Transact>(tx: &mut T, steps: usize) -> Result<(), Error> {
    for older in 0..steps {
        let mut tries = 0;
        loop {
            let rows = tx
                .fetch(sql!(
                    "SELECT CASE WHEN pg_try_advisory_xact_lock(?) THEN 1 ELSE 0 END",
                    of_schema(older)
                ))
                .await?;
            if rows.first().map_or(Ok(false), |row| row.flag(0))? {
                break;
            }
            tries += 1;
            if tries > TRIES {
                return Err(Error::InUse(
                    "a host of an older version uses the database, and this version changes what that one reads: stop all older hosts, then start this one"
                        .to_owned(),
                ));
            }
            tokio::time::sleep(WAIT).await;
        }
    }
    Ok(())
}

/// Where a database is, for people and without a password.
pub(super) fn place(options: &PgConnectOptions) -> String {
    format!(
        "the database {} at {}:{}",
        options.get_database().unwrap_or_default(),
        options.get_host(),
        options.get_port()
    )
}

/// Whether a share can be had now.
///
/// # Errors
///
/// [`Error::Unfinished`] if somebody is [`without_hosts`](Postgres::without_hosts).
pub(super) async fn may_join(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<(), Error> {
    let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock_shared($1)")
        .bind(lock_number(HOSTS))
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    if free {
        return Ok(());
    }
    Err(Error::Unfinished(format!(
        "{} is kept free of hosts, by `plugin-host migrate-store` or `plugin-host keys rotate --drop-old`: wait until that is done",
        place(options)
    )))
}

/// No host has a connection while this lives: its own has the whole lock.
#[derive(Debug)]
pub(crate) struct WithoutHosts {
    connection: PgConnection,
}

impl WithoutHosts {
    /// Makes sure that it still keeps hosts away.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the connection was lost, and the lock with it.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.connection.ping().await.map_err(|_| {
            Error::Unavailable("the connection that keeps hosts away was lost".to_owned())
        })
    }

    /// Lets hosts connect again at once; the server notices a little late that a connection is gone.
    pub(crate) async fn end(mut self) {
        let unlocked = self
            .connection
            .execute("SELECT pg_advisory_unlock_all()")
            .await;
        if let Err(error) = unlocked {
            tracing::debug!(%error, "hosts can connect a little later");
        }
    }
}

impl Postgres {
    /// Keeps hosts from connecting until the answer is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if one is connected.
    pub(crate) async fn without_hosts(&self) -> Result<WithoutHosts, Error> {
        let mut connection = self.options.connect().await.map_err(failed)?;
        for _ in 0..TRIES {
            let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(lock_number(HOSTS))
                .fetch_one(&mut connection)
                .await
                .map_err(failed)?;
            if alone {
                return Ok(WithoutHosts { connection });
            }
            tokio::time::sleep(WAIT).await;
        }
        Err(Error::InUse(format!(
            "a host uses {}: stop all hosts first, and start none until this is done",
            self.place()
        )))
    }
}
