//! What other processes say: that something changed, not what. Who hears it looks for itself.
//!
//! Notices that were said while the connection was lost are lost with it, and so are those of a host that was killed before it could say them. So
//! losing it counts as hearing everything, and once a second it is time to look without being told.
//!
//! Who only listens does not notice that nobody can reach him any more: after a cut the server may have given the connection up, and a firewall forgets
//! one on which nothing passes. So it is asked whether it is still there, and made anew if no answer comes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::time::{Instant, timeout, timeout_at};

use super::silence::{self, Silence};
use crate::error::Error;

/// How often it is time to look.
const TICK: Duration = Duration::from_secs(1);

/// After so long without a word the connection is asked.
const QUIET: Duration = Duration::from_secs(3);

/// What is said of.
pub(crate) const CHANNELS: [&str; 5] = [
    "host_jobs",
    "host_locks",
    "host_catalog",
    "host_plugins",
    "host_events",
];

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Jobs may have become due.
    Jobs,
    /// Locks may have been released.
    Locks,
    /// Collections were defined or dropped.
    Catalog,
    /// Plugins were changed.
    Plugins,
    /// There are events.
    Events,
    /// Any of these may have been said and not heard.
    Lost,
    /// Nothing: it is time to look.
    Tick,
}

/// A connection that hears, and the next one when it is lost.
pub(crate) struct Listener {
    options: Arc<PgConnectOptions>,
    session: Arc<str>,
    silence: Silence,
    process: Arc<str>,
    /// None: lost.
    connection: Option<PgListener>,
    /// When something came last.
    heard: Instant,
    next_tick: Instant,
}

impl Listener {
    /// Hears what others say on the server that these options lead to; `session` is what a connection says first.
    pub(super) async fn open(
        options: Arc<PgConnectOptions>,
        session: Arc<str>,
        silence: Silence,
        process: Arc<str>,
    ) -> Result<Self, Error> {
        let now = Instant::now();
        let mut listener = Self {
            options,
            session,
            silence,
            process,
            connection: None,
            heard: now,
            next_tick: now + TICK,
        };
        listener.connect().await.map_err(super::failed)?;
        Ok(listener)
    }

    /// Waits for what is said next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            let Some(connection) = &mut self.connection else {
                match self.connect().await {
                    Ok(()) => return Signal::Lost,
                    Err(error) => tracing::debug!(%error, "nothing is heard of other hosts"),
                }
                tokio::time::sleep_until(self.next_tick).await;
                return self.tick();
            };
            match timeout_at(self.next_tick, connection.try_recv()).await {
                Err(_) => {
                    if self.heard.elapsed() >= QUIET {
                        self.ask().await;
                    }
                    return self.tick();
                }
                Ok(Ok(Some(notice))) => {
                    self.heard = Instant::now();
                    if notice.payload() == &*self.process {
                        continue;
                    }
                    return match notice.channel() {
                        "host_jobs" => Signal::Jobs,
                        "host_locks" => Signal::Locks,
                        "host_catalog" => Signal::Catalog,
                        "host_plugins" => Signal::Plugins,
                        _ => Signal::Events,
                    };
                }
                Ok(Ok(None)) => self.connection = None,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the listening connection is lost");
                    self.connection = None;
                }
            }
        }
    }

    fn tick(&mut self) -> Signal {
        self.next_tick = Instant::now() + TICK;
        Signal::Tick
    }

    async fn connect(&mut self) -> Result<(), sqlx::Error> {
        // A pool for each: the one before may hang in what is sent on it at last, for as long as TCP tries.
        let pool = super::pool(1, &self.session, &self.silence);
        let pool = pool.connect_lazy_with((*self.options).clone());
        let connection = answered(&self.silence, async {
            let mut connection = PgListener::connect_with(&pool).await?;
            // It would be done within a wait that is given up after a second.
            connection.eager_reconnect(false);
            connection.listen_all(CHANNELS).await?;
            Ok(connection)
        });
        self.connection = Some(connection.await?);
        self.heard = Instant::now();
        Ok(())
    }

    /// Whether it is still there; gives it up if it is not.
    async fn ask(&mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        match answered(&self.silence, connection.execute("SELECT 1")).await {
            Ok(_) => self.heard = Instant::now(),
            Err(error) => {
                tracing::debug!(%error, "the listening connection is given up");
                self.connection = None;
            }
        }
    }
}

/// What is answered within the time that an answer to nothing may take.
async fn answered<T>(
    silence: &Silence,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match timeout(silence::PATIENCE, silence.unless(work)).await {
        Ok(done) => done,
        Err(_) => Err(silence::no_answer()),
    }
}
