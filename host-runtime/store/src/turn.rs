//! Who may change plugins: one host at a time, for as long as it shows that it is alive.
//!
//! On one machine the process that serves the folder is alone with it, and has its turn for the asking. Among hosts it is a lock that lapses: a host
//! that is gone, cut off or paused loses its turn, and what it writes after that is refused ([`crate::Plugins::save`]).

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::db::Tx;
use crate::error::Error;
use crate::locks::{self, LockGuard, Locks};
use crate::store::Inner;

/// No plugin's id, so that no plugin can take it.
const HOLDER: &str = "";
const NAME: &str = "plugins";

/// How long a turn outlives its host's last sign of life.
const HOLD: Duration = Duration::from_secs(30);

/// How often a host shows that it is alive: twice may get lost.
const BEAT: Duration = Duration::from_secs(8);

/// A turn. Ends when it is dropped.
#[derive(Debug)]
pub struct Turn(Option<Held>);

struct Held {
    guard: LockGuard,
    locks: Locks,
    beating: AbortHandle,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.guard.fmt(f)
    }
}

impl Turn {
    /// Waits up to `patience` (at most a minute) for it; none: another host still has it.
    pub(crate) async fn take(
        inner: &Arc<Inner>,
        patience: Duration,
    ) -> Result<Option<Self>, Error> {
        if inner.db.server().is_none() {
            return Ok(Some(Self(None)));
        }
        let locks = Locks(Arc::clone(inner));
        let taken = locks
            .acquire(HOLDER, NAME, millis(HOLD), millis(patience))
            .await?;
        Ok(taken.map(|guard| {
            let beating = tokio::spawn(beat(locks.clone(), guard.clone())).abort_handle();
            Self(Some(Held {
                guard,
                locks,
                beating,
            }))
        }))
    }

    /// Whether it still holds, until the end of this transaction.
    pub(crate) async fn holds(&self, tx: &mut Tx, now: u64) -> Result<(), Error> {
        let Some(held) = &self.0 else {
            return Ok(());
        };
        if locks::holds(tx, HOLDER, &held.guard.fence(), now).await? {
            Ok(())
        } else {
            Err(Error::Conflict(
                "this host was not heard of for a while, and another one changes plugins now"
                    .to_owned(),
            ))
        }
    }

    /// Lets the next one in, at once instead of soon.
    pub async fn end(mut self) {
        if let Some(held) = self.0.take() {
            held.beating.abort();
            // It lapses by itself if this fails.
            let _ = held.locks.release(&held.guard).await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(held) = self.0.take() {
            held.beating.abort();
            tokio::spawn(async move { held.locks.release(&held.guard).await });
        }
    }
}

async fn beat(locks: Locks, guard: LockGuard) {
    let clock = Arc::clone(&locks.0.clock);
    loop {
        clock
            .sleep_until(clock.now().saturating_add(millis(BEAT)))
            .await;
        match locks.extend(&guard, millis(HOLD)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the turn to change plugins was not extended"),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
