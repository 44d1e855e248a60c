//! Counts what may be done only so often, such as guessing a password, whichever host is asked.

use std::sync::Arc;

use crate::db::sql;
use crate::error::Error;
use crate::store::Inner;

/// Past this many counters the oldest go: who has a network of addresses must not fill the database.
const MOST: i64 = 10_000;

/// Something that is counted, and how often it may happen in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Any text that names it.
    pub subject: String,
    /// How often.
    pub most: u32,
}

/// Counters, each with a window of time.
#[derive(Clone)]
pub struct Tries(pub(crate) Arc<Inner>);

impl Tries {
    /// Counts a try for each of `limits`, whose windows of `window_ms` begin with their first try; or counts none, and answers when the window ends of
    /// one that is used up. Tries in parallel are counted one after the other.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn begin(&self, limits: &[Limit], window_ms: u64) -> Result<Option<u64>, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        for limit in limits {
            let row = tx
                .fetch_first(sql!(
                    "INSERT INTO host_tries (subject, since, count, expires_at) VALUES (?, ?, 1, ?)
                     ON CONFLICT (subject) DO UPDATE SET
                        since = CASE WHEN host_tries.expires_at <= ? THEN excluded.since ELSE host_tries.since END,
                        count = CASE WHEN host_tries.expires_at <= ? THEN 1 ELSE host_tries.count + 1 END,
                        expires_at = CASE WHEN host_tries.expires_at <= ? THEN excluded.expires_at ELSE host_tries.expires_at END
                     RETURNING count, expires_at",
                    &limit.subject,
                    now,
                    now.saturating_add(window_ms),
                    now,
                    now,
                    now
                ))
                .await?
                .ok_or(Error::NotFound("counter"))?;
            if row.uint(0)? > u64::from(limit.most) {
                let ends = row.uint(1)?;
                tx.rollback().await;
                return Ok(Some(ends));
            }
        }
        tx.commit().await?;
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_tries WHERE expires_at <
                 (SELECT expires_at FROM host_tries ORDER BY expires_at DESC LIMIT 1 OFFSET ?)",
                MOST
            ))
            .await?;
        Ok(None)
    }

    /// The try was no such: `forgotten` begins anew, and `lessened` has one fewer.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn take_back(&self, forgotten: &str, lessened: &str) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        tx.execute(sql!("DELETE FROM host_tries WHERE subject = ?", forgotten))
            .await?;
        tx.execute(sql!(
            "UPDATE host_tries SET count = count - 1 WHERE subject = ? AND count > 0",
            lessened
        ))
        .await?;
        tx.commit().await
    }
}
