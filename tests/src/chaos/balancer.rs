//! What stands before the hosts: asks each whether it is ready, sends requests to those that are, and tries the next one when a host fails.
//!
//! A host may fail, but it must not lie: what is no success is a connection that broke or a problem document of a kind that passes. Everything else is
//! whoever asked to judge, and mostly the end of the run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use crate::client::{Answer, Client};

/// Between two questions whether a host is ready, and how long its answer may take.
const HEALTH: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));

/// How long a host may take for a request, before another one is asked.
const ANSWER: Duration = Duration::from_secs(10);

/// After all of them failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Nobody waits longer, whatever happens to the hosts.
const PATIENCE: Duration = Duration::from_secs(180);

/// What somebody wants of whichever host.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// For the figures.
    pub(super) kind: &'static str,
    /// Method.
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// A body.
    pub(super) body: Option<Value>,
    /// `Idempotency-Key`.
    pub(super) key: Option<String>,
}

impl Request {
    /// `GET`.
    #[must_use]
    pub(super) fn get(kind: &'static str, path: String) -> Self {
        Self {
            kind,
            method: Method::GET,
            path,
            body: None,
            key: None,
        }
    }

    /// `POST` of JSON.
    #[must_use]
    pub(super) fn post(kind: &'static str, path: &str, body: Value) -> Self {
        Self {
            method: Method::POST,
            body: Some(body),
            ..Self::get(kind, path.to_owned())
        }
    }
}

/// What became of the requests of one kind, or of a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Count {
    /// Requests that people made.
    pub(super) made: u64,
    /// Tries of theirs that failed.
    pub(super) failed: u64,
    /// The one that waited longest for an answer.
    pub(super) longest: Wait,
}

impl Count {
    fn add(&mut self, wait: &Wait) {
        self.made += 1;
        self.failed += wait.failed();
        if wait.took > self.longest.took {
            self.longest = wait.clone();
        }
    }
}

/// How long somebody waited for an answer, all tries together, and why.
#[derive(Debug, Clone, Default)]
pub(super) struct Wait {
    /// What was asked.
    pub(super) kind: &'static str,
    /// From the first try to the answer.
    pub(super) took: Duration,
    /// How often tries were answered so, and how long that took; 0: nothing.
    pub(super) tries: BTreeMap<u16, (u64, Duration)>,
}

impl Wait {
    fn failed(&self) -> u64 {
        self.tries.values().map(|(times, _)| times).sum()
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Balancer {
    ready: Arc<[AtomicBool]>,
    next: AtomicUsize,
    counts: Mutex<BTreeMap<&'static str, Count>>,
    /// What failed tries were answered; 0: nothing.
    statuses: Mutex<BTreeMap<u16, u64>>,
    /// Since it was asked last.
    recent: Mutex<Count>,
    _watching: JoinSet<()>,
}

impl Balancer {
    /// Stands before hosts at these addresses.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub(super) fn new(hosts: Vec<Url>) -> Result<Self> {
        let ready: Arc<[AtomicBool]> = hosts.iter().map(|_| AtomicBool::new(true)).collect();
        let mut watching = JoinSet::new();
        let client = reqwest::Client::builder().timeout(HEALTH.1).build()?;
        for (host, base) in hosts.into_iter().enumerate() {
            let (client, ready, address) = (client.clone(), ready.clone(), base.join("/readyz")?);
            watching.spawn(async move {
                loop {
                    let answer = client.get(address.clone()).send().await;
                    if let Some(ready) = ready.get(host) {
                        let good = answer.is_ok_and(|answer| answer.status().is_success());
                        ready.store(good, Ordering::Relaxed);
                    }
                    tokio::time::sleep(HEALTH.0).await;
                }
            });
        }
        Ok(Self {
            ready,
            next: AtomicUsize::new(0),
            counts: Mutex::default(),
            statuses: Mutex::default(),
            recent: Mutex::default(),
            _watching: watching,
        })
    }

    /// Asks until a host has answered; `doors` is who asks, at each host.
    ///
    /// # Errors
    ///
    /// If an answer is none that a host may give, or none comes for long.
    pub(super) async fn ask(&self, doors: &[Client], request: &Request) -> Result<Answer> {
        let begun = Instant::now();
        let mut wait = Wait {
            kind: request.kind,
            ..Wait::default()
        };
        loop {
            let door = self.choose(doors).context("there is no host")?;
            let tried = Instant::now();
            let (status, why) = match attempt(door, request).await {
                Ok(answer) if passes(answer.status) => {
                    let words = String::from_utf8_lossy(&answer.body).into_owned();
                    (answer.status, words)
                }
                Ok(answer) => {
                    wait.took = begun.elapsed();
                    self.note(&wait);
                    return Ok(answer);
                }
                Err(error) if is_broken(&error) => (0, format!("{error:#}")),
                Err(error) => return Err(error),
            };
            let (times, took) = wait.tries.entry(status).or_default();
            *times += 1;
            *took += tried.elapsed();
            self.note_failure(status);
            if begun.elapsed() > PATIENCE {
                bail!("{} {} is not answered: {why}", request.method, request.path);
            }
            if wait.failed().is_multiple_of(doors.len() as u64) {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// What became of all requests, by kind.
    #[must_use]
    pub(super) fn counts(&self) -> BTreeMap<&'static str, Count> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }

    /// What failed tries were answered, and how often; 0: nothing.
    #[must_use]
    pub(super) fn statuses(&self) -> BTreeMap<u16, u64> {
        let statuses = self.statuses.lock();
        statuses.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What became of all requests since this was asked last.
    #[must_use]
    pub(super) fn recent(&self) -> Count {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *recent)
    }

    /// The next host that is ready; if none is, the next.
    fn choose<'a>(&self, doors: &'a [Client]) -> Option<&'a Client> {
        let from = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |step: usize| (from + step) % doors.len().max(1);
        let ready = |host: &usize| {
            let ready = self.ready.get(*host);
            ready.is_some_and(|ready| ready.load(Ordering::Relaxed))
        };
        let host = (0..doors.len()).map(turn).find(ready);
        doors.get(host.unwrap_or_else(|| turn(0)))
    }

    fn note_failure(&self, status: u16) {
        let statuses = self.statuses.lock();
        let mut statuses = statuses.unwrap_or_else(PoisonError::into_inner);
        *statuses.entry(status).or_default() += 1;
    }

    fn note(&self, wait: &Wait) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(wait.kind).or_default().add(wait);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.add(wait);
    }
}

/// Whether a status says that another try, or another host, may do better.
fn passes(status: u16) -> bool {
    status >= 500 || status == 429
}

/// Whether there was no whole answer, which may happen to whoever asks a host that goes away.
fn is_broken(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<reqwest::Error>())
}

async fn attempt(door: &Client, request: &Request) -> Result<Answer> {
    let answer = door.send(request.method.clone(), &request.path, |sent| {
        let mut sent = sent.timeout(ANSWER);
        if let Some(key) = &request.key {
            sent = sent.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        sent
    });
    let answer = answer.await?;
    let media_type = answer.headers.get("content-type");
    if answer.status >= 400 && media_type.is_none_or(|kind| kind != "application/problem+json") {
        bail!(
            "{} {} answered {} without a problem: {:?}",
            request.method,
            request.path,
            answer.status,
            answer.body
        );
    }
    Ok(answer)
}
