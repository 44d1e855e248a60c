//! Jobs that a test takes and finishes itself, on its own clock.

use super::{Memory, State};
use crate::platform::{Clock, Job};

/// How long a job may run before somebody else gets it, in milliseconds.
const LEASE_MS: u64 = 60_000;
/// First delay after a failure; doubles with every attempt, up to an hour.
const RETRY_MS: u64 = 1_000;

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What to do.
    pub job: Job,
    /// 1 for the first run.
    pub attempt: u32,
    /// Tells one run from the next.
    token: u64,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing left.
    Done,
    /// Again, not before this time.
    AgainAt(u64),
    /// Again later, with the attempt counted.
    Failed(String),
}

#[derive(Debug, Clone)]
struct Waiting {
    job: Job,
    at: u64,
    attempt: u32,
    /// Order of arrival.
    number: u64,
}

#[derive(Debug, Clone)]
struct Running {
    lease: Lease,
    until: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    running: Vec<Running>,
    counter: u64,
}

impl Queue {
    pub(super) fn enqueue(&mut self, job: Job, now: u64) {
        let at = job.run_at.unwrap_or(now);
        self.merge(job, at, 1);
    }

    fn merge(&mut self, job: Job, at: u64, attempt: u32) {
        self.counter += 1;
        let like =
            |waiting: &&mut Waiting| waiting.job.kind == job.kind && waiting.job.key == job.key;
        if let Some(waiting) = self.waiting.iter_mut().find(like) {
            waiting.at = waiting.at.min(at);
            waiting.attempt = waiting.attempt.min(attempt);
            waiting.job = Job {
                priority: waiting.job.priority.min(job.priority),
                ..job
            };
            return;
        }
        self.waiting.push(Waiting {
            job,
            at,
            attempt,
            number: self.counter,
        });
    }

    pub(super) fn cancel(&mut self, kind: &str, key: &str) {
        self.waiting
            .retain(|waiting| waiting.job.kind != kind || waiting.job.key != key);
    }

    /// Work whose lease has lapsed waits again.
    fn reclaim(&mut self, now: u64) {
        let (lapsed, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|running: &Running| running.until <= now);
        self.running = running;
        for Running { lease, until } in lapsed {
            self.put_back(lease.job, until, lease.attempt + 1);
        }
    }

    /// What was enqueued meanwhile is newer: its payload stays.
    fn put_back(&mut self, job: Job, at: u64, attempt: u32) {
        let newer = self
            .waiting
            .iter()
            .find(|waiting| waiting.job.kind == job.kind && waiting.job.key == job.key)
            .map(|waiting| waiting.job.clone());
        match newer {
            Some(newer) => self.merge(
                Job {
                    priority: job.priority.min(newer.priority),
                    ..newer
                },
                at,
                1,
            ),
            None => self.merge(job, at, attempt),
        }
    }

    fn take(&mut self, now: u64) -> Option<Lease> {
        self.reclaim(now);
        let due = |waiting: &&Waiting| {
            waiting.at <= now
                && !self
                    .running
                    .iter()
                    .any(|running| running.lease.job.key == waiting.job.key)
        };
        let next = self
            .waiting
            .iter()
            .filter(due)
            .min_by_key(|waiting| (waiting.job.priority, waiting.at, waiting.number))?
            .number;
        let position = self
            .waiting
            .iter()
            .position(|waiting| waiting.number == next)?;
        let waiting = self.waiting.remove(position);
        self.counter += 1;
        let lease = Lease {
            job: waiting.job,
            attempt: waiting.attempt,
            token: self.counter,
        };
        self.running.push(Running {
            lease: lease.clone(),
            until: now + LEASE_MS,
        });
        Some(lease)
    }

    fn holds(&self, lease: &Lease, now: u64) -> bool {
        self.running
            .iter()
            .any(|running| running.lease.token == lease.token && running.until > now)
    }
}

impl Memory {
    /// Leases the job that is due, and a host handle for its call. A test runs it, then calls [`Memory::finish`]; if it never does
    /// (a crash), the job comes back when its lease has lapsed.
    pub fn take_job(&self) -> Option<(Lease, Memory)> {
        let now = self.now();
        let lease = self.state().jobs.take(now)?;
        let call = self.call();
        call.call.lock().unwrap().lease = Some(lease.clone());
        Some((lease, call))
    }

    /// Ends a run.
    pub fn finish(&self, lease: &Lease, outcome: Outcome) {
        let now = self.now();
        let mut state = self.state();
        let queue = &mut state.jobs;
        if !queue.holds(lease, now) {
            return;
        }
        queue
            .running
            .retain(|running| running.lease.token != lease.token);
        match outcome {
            Outcome::Done => {}
            Outcome::AgainAt(at) => queue.put_back(lease.job.clone(), at, 1),
            Outcome::Failed(_) => {
                let delay = (RETRY_MS << lease.attempt.min(12)).min(3_600_000);
                queue.put_back(lease.job.clone(), now + delay, lease.attempt + 1);
            }
        }
    }

    /// The host died: leases and locks of running calls lapse at once.
    pub fn restart(&self) {
        let mut state = self.state();
        for running in &mut state.jobs.running {
            running.until = 0;
        }
        state.locks.clear();
        drop(state);
        self.shared.released.notify_waiters();
    }

    /// When the next waiting job is due.
    pub fn next_job_at(&self) -> Option<u64> {
        let state = self.state();
        let waiting = state.jobs.waiting.iter().map(|waiting| waiting.at);
        waiting
            .chain(state.jobs.running.iter().map(|running| running.until))
            .min()
    }

    /// Kinds and keys of what waits, with the time.
    pub fn waiting_jobs(&self) -> Vec<(String, String, u64)> {
        self.state()
            .jobs
            .waiting
            .iter()
            .map(|waiting| {
                (
                    waiting.job.kind.clone(),
                    waiting.job.key.clone(),
                    waiting.at,
                )
            })
            .collect()
    }

    /// Has something that this call holds lapsed?
    pub(super) fn fenced(&self, state: &State, now: u64) -> bool {
        let call = self.call.lock().unwrap();
        let lease_lost = call
            .lease
            .as_ref()
            .is_some_and(|lease| !state.jobs.holds(lease, now));
        lease_lost
            || call.locks.iter().any(|(name, token)| {
                !state
                    .locks
                    .get(name)
                    .is_some_and(|held| held.is(*token, now))
            })
    }
}
