//! Named, timed locks of plugins, across every process that shares the data.
//!
//! A lock is a row with a time at which it lapses and a random token. The token is what makes it safe: a batch of a call that holds a lock is
//! committed only if the row still has the call's token and has not lapsed (see `collections::apply`), however long the call was asleep.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::Fence;
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::random;
use crate::store::Inner;

/// Longest holding, in milliseconds.
const LONGEST_HOLD: u64 = 600_000;

/// Longest waiting, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

/// Longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// Wakes who waits for a lock.
#[derive(Default)]
pub(crate) struct LockSignals {
    released: Notify,
}

impl LockSignals {
    /// One may have been released.
    pub(crate) fn changed(&self) {
        self.released.notify_waiters();
    }
}

/// A lock that is held. It is not released by dropping it, since that needs a wait: call [`Locks::release`], or let it lapse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockGuard {
    /// Whose.
    pub plugin: String,
    /// Its name.
    pub name: String,
    /// Marks this holding.
    pub token: i64,
    /// When it lapses; milliseconds since the Unix epoch.
    pub held_until: u64,
}

impl LockGuard {
    /// What a batch must still hold.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence::Lock {
            name: self.name.clone(),
            token: self.token,
        }
    }
}

/// Named, timed locks.
#[derive(Clone)]
pub struct Locks(pub(crate) Arc<Inner>);

impl Locks {
    /// Holds `name` for at most `hold_ms` (1 to 600,000), waiting up to `wait_ms` (at most 60,000) for it; both are brought into these
    /// bounds. None: somebody else still holds it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an empty or overlong name, [`Error::Unavailable`].
    pub async fn acquire(
        &self,
        plugin: &str,
        name: &str,
        hold_ms: u64,
        wait_ms: u64,
    ) -> Result<Option<LockGuard>, Error> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::Invalid(
                "name",
                format!("is empty or longer than {LONGEST_NAME} bytes"),
            ));
        }
        let hold = hold_ms.clamp(1, LONGEST_HOLD);
        let deadline = self.0.now().saturating_add(wait_ms.min(LONGEST_WAIT));
        loop {
            let released = self.0.locks.released.notified();
            tokio::pin!(released);
            // Listening begins before looking, so that a release in between is not missed.
            released.as_mut().enable();
            let (guard, lapses_at) = self.try_acquire(plugin, name, hold).await?;
            if guard.is_some() || self.0.now() >= deadline {
                return Ok(guard);
            }
            tokio::select! {
                () = released => {}
                () = self.0.clock.sleep_until(lapses_at.min(deadline)) => {}
            }
        }
    }

    async fn try_acquire(
        &self,
        plugin: &str,
        name: &str,
        hold: u64,
    ) -> Result<(Option<LockGuard>, u64), Error> {
        let token = random::fence()?;
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        let until = now.saturating_add(hold);
        let row = tx
            .fetch_first(sql!(
                "INSERT INTO host_locks (plugin, name, token, held_until) VALUES (?, ?, ?, ?)
                 ON CONFLICT (plugin, name) DO UPDATE SET token = excluded.token, held_until = excluded.held_until
                 WHERE host_locks.held_until <= ? RETURNING token",
                plugin,
                name,
                token,
                until,
                now
            ))
            .await?;
        if row.is_some() {
            tx.commit().await?;
            let guard = LockGuard {
                plugin: plugin.to_owned(),
                name: name.to_owned(),
                token,
                held_until: until,
            };
            return Ok((Some(guard), until));
        }
        let holder = tx
            .fetch_int(sql!(
                "SELECT held_until FROM host_locks WHERE plugin = ? AND name = ?",
                plugin,
                name
            ))
            .await?;
        tx.rollback().await;
        Ok((None, u64::try_from(holder).unwrap_or_default()))
    }

    /// Holds on for `hold_ms` (1 to 600,000) from now. Whether it is still held.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; it may lapse then.
    pub async fn extend(&self, guard: &LockGuard, hold_ms: u64) -> Result<bool, Error> {
        let now = self.0.now();
        let extended = self
            .0
            .db
            .execute(sql!(
                "UPDATE host_locks SET held_until = ? WHERE plugin = ? AND name = ? AND token = ? AND held_until > ?",
                now.saturating_add(hold_ms.clamp(1, LONGEST_HOLD)),
                &guard.plugin,
                &guard.name,
                guard.token,
                now
            ))
            .await?;
        Ok(extended > 0)
    }

    /// Lets go. Releasing what has lapsed is fine, and never touches who holds it now.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; it lapses by itself then.
    pub async fn release(&self, guard: &LockGuard) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_locks WHERE plugin = ? AND name = ? AND token = ?",
                &guard.plugin,
                &guard.name,
                guard.token
            ))
            .await?;
        self.0.locks.changed();
        self.0.tell("host_locks");
        Ok(())
    }
}

/// Whether a fence still holds, at this point of the transaction and until its end.
pub(crate) async fn holds(
    tx: &mut Tx,
    plugin: &str,
    fence: &Fence,
    now: u64,
) -> Result<bool, Error> {
    let hold = tx.dialect().to_hold();
    let sql = match fence {
        Fence::Job { id, token } => sql!(
            format!(
                "SELECT 1 FROM host_jobs WHERE id = ? AND plugin = ? AND running = 1 AND token = ? AND lease_until > ?{hold}"
            ),
            *id,
            plugin,
            *token,
            now
        ),
        Fence::Lock { name, token } => sql!(
            format!(
                "SELECT 1 FROM host_locks WHERE plugin = ? AND name = ? AND token = ? AND held_until > ?{hold}"
            ),
            plugin,
            name,
            *token,
            now
        ),
    };
    Ok(tx.fetch_first(sql).await?.is_some())
}
