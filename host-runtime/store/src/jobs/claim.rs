//! Which job runs next.

use super::{Jobs, Lease, finish, schedule, settled, small};
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::random;

/// Most urgent first, as [`super::rank`] has them.
const RANKS: std::ops::Range<i64> = 0..3;

/// Every so many turns the job goes first that is due longest: what is urgent again and again must not keep the rest waiting for ever.
const BY_AGE: u64 = 4;

impl Jobs {
    /// Waits until a job is due and may run, and takes it for `lease_ms`. May be dropped and called again; several may wait at once. Jobs of plugins
    /// that do not run here are left to other hosts; [`look_again`](Self::look_again) says when that changes.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn next(
        &self,
        lease_ms: u64,
        runs_here: &(impl Fn(&str) -> bool + Sync),
    ) -> Result<Lease, Error> {
        loop {
            let changed = self.0.jobs.changed.notified();
            tokio::pin!(changed);
            // Listening begins before looking, so that what is enqueued in between is not missed.
            changed.as_mut().enable();
            if let Some(lease) = self.claim(lease_ms, runs_here).await? {
                return Ok(lease);
            }
            match self.next_due(runs_here).await? {
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = self.0.clock.sleep_until(due) => {}
                },
                None => changed.await,
            }
        }
    }

    /// Has who waits in [`next`](Self::next) look again: a plugin runs here that did not.
    pub fn look_again(&self) {
        self.0.jobs.changed();
    }

    /// Takes a job that is due and may run, if there is one of a plugin that runs here.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn claim(
        &self,
        lease_ms: u64,
        runs_here: &(impl Fn(&str) -> bool + Sync),
    ) -> Result<Option<Lease>, Error> {
        let mut tries = 0;
        loop {
            let tried = self.try_claim(lease_ms, runs_here).await;
            if let Some(done) = settled(&mut tries, tried) {
                return done;
            }
        }
    }

    async fn try_claim(
        &self,
        lease_ms: u64,
        runs_here: &(impl Fn(&str) -> bool + Sync),
    ) -> Result<Option<Lease>, Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        finish::recover_lapsed(&mut tx, now).await?;
        let urgency = !self.0.jobs.next_turn().is_multiple_of(BY_AGE);
        let mut best: Option<(i64, i64, u64, i64)> = None;
        for (plugin, running) in self.eligible(&mut tx, runs_here).await? {
            schedule::enqueue_due(&mut tx, &plugin, now).await?;
            if let Some((rank, run_at, id)) = first_due(&mut tx, &plugin, now, urgency).await? {
                let candidate = (running, rank, run_at, id);
                best = Some(best.map_or(candidate, |best| best.min(candidate)));
            }
        }
        let Some((_, _, _, id)) = best else {
            tx.commit().await?;
            return Ok(None);
        };
        let token = random::fence()?;
        let until = now.saturating_add(lease_ms.max(1));
        let row = tx
            .fetch_first(sql!(
                "UPDATE host_jobs SET running = 1, token = ?, lease_until = ?, started_at = ? WHERE id = ?
                 RETURNING plugin, kind, key, payload, attempt",
                token,
                until,
                now,
                id
            ))
            .await?
            .ok_or(Error::NotFound("job"))?;
        let lease = Lease {
            id,
            token,
            plugin: row.text(0)?,
            kind: row.text(1)?,
            key: row.text(2)?,
            payload: row.bytes(3)?,
            attempt: small(row.uint(4)?),
            until,
        };
        tx.commit().await?;
        Ok(Some(lease))
    }

    /// When the runner has to look again, in milliseconds since the Unix epoch; none: only when something changes. Plugins that do not run here do not
    /// count: what is due of theirs would have it look for ever.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn next_due(
        &self,
        runs_here: &(impl Fn(&str) -> bool + Sync),
    ) -> Result<Option<u64>, Error> {
        let mut tx = self.0.db.read().await?;
        let mut due: Option<u64> = None;
        let mut earlier = |at: Option<u64>| {
            if let Some(at) = at {
                due = Some(due.map_or(at, |due| due.min(at)));
            }
        };
        // A lease that lapses frees its key.
        let lapses = tx
            .fetch_first(sql!(
                "SELECT MIN(lease_until) FROM host_jobs WHERE running = 1"
            ))
            .await?;
        earlier(lapses.map_or(Ok(None), |row| row.opt_uint(0))?);
        for (plugin, _) in self.eligible(&mut tx, runs_here).await? {
            for rank in RANKS {
                earlier(
                    first(&mut tx, &plugin, rank, false)
                        .await?
                        .map(|(at, _)| at),
                );
            }
            let row = tx
                .fetch_first(sql!(
                    "SELECT MIN(next_at) FROM host_schedules WHERE plugin = ?",
                    &plugin
                ))
                .await?;
            earlier(row.map_or(Ok(None), |row| row.opt_uint(0))?);
        }
        Ok(due)
    }

    /// Plugins whose jobs may run here, and how many of theirs run already. Nothing of a plugin begins while it is being changed.
    async fn eligible(
        &self,
        tx: &mut Tx,
        runs_here: &(impl Fn(&str) -> bool + Sync),
    ) -> Result<Vec<(String, i64)>, Error> {
        let rows = tx
            .fetch(sql!(
                "SELECT p.id, (SELECT COUNT(*) FROM host_jobs j WHERE j.plugin = p.id AND j.running = 1)
                 FROM host_plugins p WHERE p.state = 'enabled' AND p.pending IS NULL"
            ))
            .await?;
        let mut eligible = Vec::with_capacity(rows.len());
        for row in rows {
            let plugin = row.text(0)?;
            if runs_here(&plugin) {
                eligible.push((plugin, row.int(1)?));
            }
        }
        Ok(eligible)
    }
}

/// Rank, time and id of the first job of a plugin that is due and whose key is free; of the longest due one, if urgency does not count, as if it
/// were urgent.
async fn first_due(
    tx: &mut Tx,
    plugin: &str,
    now: u64,
    urgency: bool,
) -> Result<Option<(i64, u64, i64)>, Error> {
    let mut best = None;
    for rank in RANKS {
        let Some((run_at, id)) = first(tx, plugin, rank, true)
            .await?
            .filter(|(at, _)| *at <= now)
        else {
            continue;
        };
        if urgency {
            return Ok(Some((rank, run_at, id)));
        }
        let candidate = (0, run_at, id);
        best = Some(best.map_or(candidate, |best: (i64, u64, i64)| best.min(candidate)));
    }
    Ok(best)
}

/// Time and id of the earliest waiting job of a rank whose key is free. A range of an index, of which little is read however many wait.
/// `take`: this transaction is going to take it, and passes over what another one takes.
async fn first(
    tx: &mut Tx,
    plugin: &str,
    rank: i64,
    take: bool,
) -> Result<Option<(u64, i64)>, Error> {
    let take = if take {
        tx.dialect().to_take("j")
    } else {
        String::new()
    };
    let row = tx
        .fetch_first(sql!(
            format!("SELECT run_at, id FROM host_jobs j WHERE plugin = ? AND running = 0 AND priority = ?
             AND NOT EXISTS (SELECT 1 FROM host_jobs r WHERE r.plugin = j.plugin AND r.key = j.key AND r.running = 1)
             ORDER BY run_at, id LIMIT 1{take}"),
            plugin,
            rank
        ))
        .await?;
    row.map(|row| Ok((row.uint(0)?, row.int(1)?))).transpose()
}
