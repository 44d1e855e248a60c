//! Work to be done later, at least once, and surviving a crash.
//!
//! Jobs are rows of the same database as the rows that they are about, so that `collections::apply` makes both or none. A waiting job and a running
//! one are different rows: what is enqueued during a run waits beside it and survives the run's end. A run holds a lease with a token; who
//! lost the lease can neither end the job nor commit a batch. Order: plugins take turns by how much of theirs runs already; within a plugin the
//! highest priority and then the earliest time, and every fourth time the earliest whatever its priority. A priority is for one run: what asks
//! to go on after it is no more urgent than the rest.

mod claim;
mod finish;
mod schedule;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::Fence;
use crate::db::{Row, Tx, sql};
use crate::error::{Error, StorageError};
use crate::model::{NewJob, Priority};
use crate::store::Inner;

pub use finish::Outcome;
pub use schedule::Schedule;

/// Longest payload, in bytes.
const LONGEST_PAYLOAD: usize = 64 * 1024;

/// Longest kind, in characters.
const LONGEST_KIND: usize = 64;

/// Longest key, in bytes: it stands in three indexes.
const LONGEST_KEY: usize = 256;

/// Wakes the runner, and counts its turns.
#[derive(Default)]
pub(crate) struct JobSignals {
    changed: Notify,
    turns: AtomicU64,
}

impl JobSignals {
    /// Something may have become due.
    pub(crate) fn changed(&self) {
        self.changed.notify_waiters();
    }

    /// Counts from 1.
    fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}

/// A job that is to be run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job's row.
    pub id: i64,
    /// Marks this run.
    pub token: i64,
    /// Whose `job-handler` runs it.
    pub plugin: String,
    /// What it is.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// What the plugin gave.
    pub payload: Vec<u8>,
    /// 1 for the first run; grows with every run that failed.
    pub attempt: u32,
    /// When the lease lapses unless [`Jobs::heartbeat`] extends it.
    pub until: u64,
}

impl Lease {
    /// What a batch of this run must still hold.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence::Job {
            id: self.id,
            token: self.token,
        }
    }
}

/// Whether a job waits or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for its time, its turn, or for another job of its key to end.
    Waiting,
    /// Is being run.
    Running,
}

/// A job, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JobInfo {
    /// Grows.
    pub id: i64,
    /// Whose.
    pub plugin: String,
    /// What it is.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// How soon it matters.
    pub priority: Priority,
    /// Not before; milliseconds since the Unix epoch.
    pub run_at: u64,
    /// Of the next or present run.
    pub attempt: u32,
    /// Whether it runs.
    pub state: JobState,
    /// When the present run began.
    pub started_at: Option<u64>,
    /// Why the last run failed.
    pub last_error: Option<String>,
}

/// A run that is over, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JobRun {
    /// Grows.
    pub id: i64,
    /// What it was.
    pub kind: String,
    /// What it was about.
    pub key: String,
    /// Which run.
    pub attempt: u32,
    /// Milliseconds since the Unix epoch.
    pub started_at: u64,
    /// Milliseconds since the Unix epoch.
    pub ended_at: u64,
    /// `done`, `again`, `failed` or `lost`.
    pub outcome: String,
    /// Why it failed.
    pub reason: Option<String>,
}

/// Work to be done later.
#[derive(Clone)]
pub struct Jobs(pub(crate) Arc<Inner>);

impl Jobs {
    /// Enqueues outside of a batch: for the host itself.
    ///
    /// # Errors
    ///
    /// [`StorageError::Invalid`], [`StorageError::Unavailable`].
    pub async fn enqueue(&self, plugin: &str, job: &NewJob) -> Result<(), StorageError> {
        check(job)?;
        let mut tx = self.0.db.write().await?;
        insert(&mut tx, plugin, job, self.0.now()).await?;
        tx.commit().await?;
        self.0.jobs_changed();
        Ok(())
    }

    /// Drops what waits under this kind and key; what runs goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn cancel(&self, plugin: &str, kind: &str, key: &str) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_jobs WHERE plugin = ? AND kind = ? AND key = ? AND running = 0",
                plugin,
                kind,
                key
            ))
            .await
            .map(drop)
    }

    /// What waits and runs, running first, then by time; of one plugin, or of all.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn list(&self, plugin: Option<&str>, limit: u32) -> Result<Vec<JobInfo>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(
                "SELECT id, plugin, kind, key, priority, run_at, attempt, running, started_at, last_error FROM host_jobs
                 WHERE CAST(? AS TEXT) IS NULL OR plugin = ? ORDER BY running DESC, run_at, id LIMIT ?",
                plugin,
                plugin,
                limit
            ))
            .await?;
        rows.iter().map(info).collect()
    }

    /// Runs of a plugin that are over, newest first; all, or of one key. The last fifty of each key, for a week.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn runs(
        &self,
        plugin: &str,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<JobRun>, Error> {
        let mut sql = sql!(
            "SELECT id, kind, key, attempt, started_at, ended_at, outcome, reason FROM host_job_runs WHERE plugin = ?",
            plugin
        );
        if let Some(key) = key {
            sql.push(" AND key = ").arg(key);
        }
        sql.push(" ORDER BY id DESC LIMIT ").arg(limit);
        self.0
            .db
            .fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(JobRun {
                    id: row.int(0)?,
                    kind: row.text(1)?,
                    key: row.text(2)?,
                    attempt: small(row.uint(3)?),
                    started_at: row.uint(4)?,
                    ended_at: row.uint(5)?,
                    outcome: row.text(6)?,
                    reason: row.opt_text(7)?,
                })
            })
            .collect()
    }
}

/// Checks a job before anything is written.
pub(crate) fn check(job: &NewJob) -> Result<(), StorageError> {
    if job.kind.is_empty() || job.kind.chars().count() > LONGEST_KIND {
        return Err(StorageError::invalid(
            "kind",
            format!("is empty or longer than {LONGEST_KIND} characters"),
        ));
    }
    if job.key.len() > LONGEST_KEY {
        return Err(StorageError::invalid(
            "key",
            format!("is longer than {LONGEST_KEY} bytes"),
        ));
    }
    if job.payload.len() > LONGEST_PAYLOAD {
        return Err(StorageError::invalid(
            "payload",
            format!("is larger than {LONGEST_PAYLOAD} bytes"),
        ));
    }
    if job.run_at.is_some_and(|at| i64::try_from(at).is_err()) {
        return Err(StorageError::invalid("run-at", "is too far away"));
    }
    Ok(())
}

/// Adds a job, or merges it with the one that waits: earliest time, highest priority, newest payload.
pub(crate) async fn insert(tx: &mut Tx, plugin: &str, job: &NewJob, now: u64) -> Result<(), Error> {
    tx.execute(sql!(
        "INSERT INTO host_jobs (plugin, kind, key, payload, priority, run_at, attempt, running, created_at)
         VALUES (?, ?, ?, ?, ?, ?, 1, 0, ?)
         ON CONFLICT (plugin, kind, key) WHERE running = 0 DO UPDATE SET payload = excluded.payload,
         run_at = CASE WHEN excluded.run_at < host_jobs.run_at THEN excluded.run_at ELSE host_jobs.run_at END,
         priority = CASE WHEN excluded.priority < host_jobs.priority THEN excluded.priority ELSE host_jobs.priority END",
        plugin,
        &job.kind,
        &job.key,
        job.payload.clone(),
        rank(job.priority),
        job.run_at.unwrap_or(now),
        now
    ))
    .await
    .map(drop)
}

/// How often a change of jobs is tried that another host's crossed. Each time the other one got on, so that they come to an end by themselves: with
/// many at once only after as many tries as there are of them.
const TRIES: u32 = 50;

/// What came of taking or ending a job; none: another host took or enqueued the same meanwhile, so try again. Who is alone never needs to.
fn settled<T>(tries: &mut u32, done: Result<T, Error>) -> Option<Result<T, Error>> {
    *tries += 1;
    match done {
        Err(Error::Conflict(_)) if *tries < TRIES => None,
        Err(Error::Conflict(reason)) => Some(Err(Error::Unavailable(reason))),
        other => Some(other),
    }
}

fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Interactive => 0,
        Priority::Normal => 1,
        Priority::Background => 2,
    }
}

fn priority(rank: i64) -> Priority {
    match rank {
        0 => Priority::Interactive,
        1 => Priority::Normal,
        _ => Priority::Background,
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn info(row: &Row) -> Result<JobInfo, Error> {
    Ok(JobInfo {
        id: row.int(0)?,
        plugin: row.text(1)?,
        kind: row.text(2)?,
        key: row.text(3)?,
        priority: priority(row.int(4)?),
        run_at: row.uint(5)?,
        attempt: small(row.uint(6)?),
        state: if row.flag(7)? {
            JobState::Running
        } else {
            JobState::Waiting
        },
        started_at: row.opt_uint(8)?,
        last_error: row.opt_text(9)?,
    })
}
