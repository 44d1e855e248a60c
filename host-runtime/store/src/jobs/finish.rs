//! How a run ends: done, again, failed, or lost with its host.

use super::{Jobs, Lease, rank, settled};
use crate::db::{Row, Tx, sql};
use crate::error::Error;
use crate::model::Priority;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do.
    Done,
    /// Run again, not before this time, as attempt 1.
    AgainAt(u64),
    /// Why; run again after a growing delay.
    Failed(String),
}

/// Delay after the first failure, in milliseconds; doubled with every further one…
const FIRST_DELAY: u64 = 5_000;

/// … up to this. There is no last attempt: a provider that is down for a day is not the job's end.
const LONGEST_DELAY: u64 = 15 * 60_000;

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 2_000;

/// Runs of one key that are kept for people to look at: of a mailbox that is looked into every five minutes, those of the last four hours.
const KEPT_RUNS: i64 = 50;

impl Jobs {
    /// Extends a lease to `lease_ms` from now. False: it was lost; the run must stop.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn heartbeat(&self, lease: &Lease, lease_ms: u64) -> Result<bool, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        let changed = tx
            .execute(sql!(
                "UPDATE host_jobs SET lease_until = ? WHERE id = ? AND running = 1 AND token = ? AND lease_until > ?",
                now.saturating_add(lease_ms.max(1)),
                lease.id,
                lease.token,
                now
            ))
            .await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    /// Ends a run. False: the lease was lost, and what this run says doesn't count.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; the lease then lapses by itself.
    pub async fn finish(&self, lease: &Lease, outcome: Outcome) -> Result<bool, Error> {
        let mut tries = 0;
        loop {
            if let Some(done) = settled(&mut tries, self.try_finish(lease, outcome.clone()).await) {
                return done;
            }
        }
    }

    async fn try_finish(&self, lease: &Lease, outcome: Outcome) -> Result<bool, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        let lock = tx.dialect().to_change();
        let Some(row) = tx
            .fetch_first(sql!(
                format!("SELECT id, plugin, kind, key, attempt, priority, started_at FROM host_jobs WHERE id = ? AND running = 1 AND token = ?{lock}"),
                lease.id,
                lease.token
            ))
            .await?
        else {
            return Ok(false);
        };
        let mut run = Run::read(&row)?;
        match outcome {
            Outcome::Done => {
                tx.execute(sql!("DELETE FROM host_jobs WHERE id = ?", run.id))
                    .await?;
                run.record(&mut tx, now, "done", None).await?;
            }
            Outcome::AgainAt(at) => {
                run.priority = rank(Priority::Normal);
                run.wait_again(&mut tx, at.max(now), 1, None).await?;
                run.record(&mut tx, now, "again", None).await?;
            }
            Outcome::Failed(reason) => {
                let reason: String = reason.chars().take(LONGEST_REASON).collect();
                let at = now.saturating_add(delay(run.attempt));
                run.wait_again(&mut tx, at, run.attempt.saturating_add(1), Some(&reason))
                    .await?;
                run.record(&mut tx, now, "failed", Some(&reason)).await?;
            }
        }
        tx.commit().await?;
        self.0.jobs_changed();
        Ok(true)
    }

    /// At the start of a host that is alone: whatever runs was lost with the host before. That is no failure of the job.
    pub(crate) async fn recover_all(&self) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        for run in running(&mut tx, i64::MAX).await? {
            run.wait_again(&mut tx, now, run.attempt, None).await?;
            run.record(&mut tx, now, "lost", Some("the host stopped"))
                .await?;
        }
        tx.commit().await
    }
}

/// A run that was silent for too long counts as failed; it has waited for its lease already, so that it runs again at once.
pub(super) async fn recover_lapsed(tx: &mut Tx, now: u64) -> Result<(), Error> {
    for run in running(tx, i64::try_from(now).unwrap_or(i64::MAX)).await? {
        let reason = "the lease lapsed";
        run.wait_again(tx, now, run.attempt.saturating_add(1), Some(reason))
            .await?;
        run.record(tx, now, "lost", Some(reason)).await?;
    }
    Ok(())
}

/// Delay before the next attempt, in milliseconds.
fn delay(attempt: i64) -> u64 {
    let doublings = u32::try_from(attempt.saturating_sub(1))
        .unwrap_or(0)
        .min(16);
    FIRST_DELAY
        .saturating_mul(1 << doublings)
        .min(LONGEST_DELAY)
}

async fn running(tx: &mut Tx, lapsed_at: i64) -> Result<Vec<Run>, Error> {
    let take = tx.dialect().to_take("j");
    let rows = tx
        .fetch(sql!(
            format!("SELECT id, plugin, kind, key, attempt, priority, started_at FROM host_jobs j WHERE running = 1 AND lease_until <= ?{take}"),
            lapsed_at
        ))
        .await?;
    rows.iter().map(Run::read).collect()
}

struct Run {
    id: i64,
    plugin: String,
    kind: String,
    key: String,
    attempt: i64,
    priority: i64,
    started_at: u64,
}

impl Run {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.int(0)?,
            plugin: row.text(1)?,
            kind: row.text(2)?,
            key: row.text(3)?,
            attempt: row.int(4)?,
            priority: row.int(5)?,
            started_at: row.uint(6)?,
        })
    }

    /// Waits again, merged with what was enqueued during the run: earliest time, highest priority, newest payload.
    async fn wait_again(
        &self,
        tx: &mut Tx,
        at: u64,
        attempt: i64,
        error: Option<&str>,
    ) -> Result<(), Error> {
        let merged = tx
            .execute(sql!(
                "UPDATE host_jobs SET run_at = CASE WHEN ? < run_at THEN ? ELSE run_at END,
                 priority = CASE WHEN ? < priority THEN ? ELSE priority END, attempt = ?, last_error = ?
                 WHERE plugin = ? AND kind = ? AND key = ? AND running = 0",
                at,
                at,
                self.priority,
                self.priority,
                attempt,
                error,
                &self.plugin,
                &self.kind,
                &self.key
            ))
            .await?;
        if merged > 0 {
            return tx
                .execute(sql!("DELETE FROM host_jobs WHERE id = ?", self.id))
                .await
                .map(drop);
        }
        tx.execute(sql!(
            "UPDATE host_jobs SET running = 0, token = NULL, lease_until = NULL, started_at = NULL, run_at = ?, priority = ?,
             attempt = ?, last_error = ? WHERE id = ?",
            at,
            self.priority,
            attempt,
            error,
            self.id
        ))
        .await
        .map(drop)
    }

    async fn record(
        &self,
        tx: &mut Tx,
        now: u64,
        outcome: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        tx.execute(sql!(
            "INSERT INTO host_job_runs (plugin, kind, key, attempt, started_at, ended_at, outcome, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            &self.plugin,
            &self.kind,
            &self.key,
            self.attempt,
            self.started_at,
            now,
            outcome,
            reason
        ))
        .await?;
        tx.execute(sql!(
            "DELETE FROM host_job_runs WHERE plugin = ? AND key = ? AND id <=
             (SELECT id FROM host_job_runs WHERE plugin = ? AND key = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            &self.plugin,
            &self.key,
            &self.plugin,
            &self.key,
            KEPT_RUNS
        ))
        .await
        .map(drop)
    }
}
