//! What other processes say: that something changed, not what. Who hears it looks for itself.
//!
//! Notices that were said while the connection was lost are lost with it, and so are those of a host that was killed before it could say them. So
//! losing it counts as hearing everything, and once a second it is time to look without being told.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::Instant;

use crate::error::Error;

/// How often it is time to look.
const TICK: Duration = Duration::from_secs(1);

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

/// A connection that hears.
pub(crate) struct Listener {
    inner: PgListener,
    process: Arc<str>,
    next_tick: Instant,
}

impl Listener {
    pub(super) async fn open(pool: PgPool, process: Arc<str>) -> Result<Self, Error> {
        let mut inner = PgListener::connect_with(&pool)
            .await
            .map_err(super::failed)?;
        inner.listen_all(CHANNELS).await.map_err(super::failed)?;
        Ok(Self {
            inner,
            process,
            next_tick: Instant::now() + TICK,
        })
    }

    /// Waits for what is said next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            match tokio::time::timeout_at(self.next_tick, self.inner.try_recv()).await {
                Err(_) => {
                    self.next_tick = Instant::now() + TICK;
                    return Signal::Tick;
                }
                Ok(Ok(None)) => return Signal::Lost,
                Ok(Ok(Some(notice))) => {
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
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the listening connection is lost");
                    tokio::time::sleep(TICK).await;
                    return Signal::Lost;
                }
            }
        }
    }
}
