//! A whole host in memory, for tests: the plugin's logic runs on it natively, on a test clock, and can be stopped at any point.
//!
//! It keeps the contract's promises (`wit/deps/platform-host`): batches are atomic, a lapsed lease or lock is fenced, waiting jobs
//! merge, unfinished work comes back. HTTP is real, over loopback, so that the provider fakes can be driven as a library.
//!
//! **Crashes.** Every platform call takes two *steps*, one before and one after its effect. [`Memory::crash_at`] names a step at
//! which the running future stops for good; [`Memory::run`] then drops it, as a killed host would, and what was committed stays.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test double: a broken invariant must stop the test"
)]

mod apply;
mod blobs;
mod condition;
mod find;
mod http;
mod jobs;
mod locks;
mod search;
mod store;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use crate::platform::{Clock, Level, Log, Random, Routing, Secrets, StoreError, User, Users};

pub use http::Canned;
pub use jobs::{Lease, Outcome};
pub use locks::Guard;
pub use store::Published;

/// A clock that only moves when told to.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// Starts at this many milliseconds since the Unix epoch.
    pub fn at(ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(ms)))
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Moves on.
    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Jumps.
    pub fn set(&self, ms: u64) {
        self.0.store(ms, Ordering::SeqCst);
    }
}

/// One captured log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// What was said.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// The host in memory. Clones share everything but the *call* they stand for; see [`Memory::call`].
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    call: Arc<Mutex<Call>>,
}

/// What one plugin call holds: it is fenced once any of it has lapsed.
#[derive(Default)]
struct Call {
    lease: Option<Lease>,
    /// Lock names with their tokens.
    locks: Vec<(String, u64)>,
}

struct Shared {
    now: Box<dyn Fn() -> u64 + Send + Sync>,
    state: Mutex<State>,
    released: tokio::sync::Notify,
    crashed: tokio::sync::Notify,
    client: reqwest::Client,
}

#[derive(Default)]
struct State {
    steps: u64,
    crash_at: Option<u64>,
    next_id: u64,
    random: u64,
    tables: BTreeMap<&'static str, table::Table>,
    apply_faults: VecDeque<StoreError>,
    batches: u64,
    last_writes: usize,
    events: Vec<Published>,
    jobs: jobs::Queue,
    uploads: BTreeMap<String, blobs::Upload>,
    blobs: BTreeMap<String, blobs::Blob>,
    secrets: BTreeMap<String, Vec<u8>>,
    locks: BTreeMap<String, locks::Held>,
    canned: Option<Canned>,
    denied: Vec<String>,
    on_request: Option<Arc<dyn Fn() + Send + Sync>>,
    callback: Option<String>,
    hooks: Vec<String>,
    users: BTreeMap<String, User>,
    lines: Vec<Line>,
    origin: String,
}

impl Memory {
    /// On a clock of its own.
    pub fn new(clock: &TestClock) -> Self {
        let clock = clock.clone();
        Self::on_clock(move || clock.now())
    }

    /// On somebody else's clock, such as that of the provider fakes.
    pub fn on_clock(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let state = State {
            random: 1,
            origin: "http://127.0.0.1:1".to_owned(),
            ..State::default()
        };
        Self {
            shared: Arc::new(Shared {
                now: Box::new(now),
                state: Mutex::new(state),
                released: tokio::sync::Notify::new(),
                crashed: tokio::sync::Notify::new(),
                client: http::client(),
            }),
            call: Arc::default(),
        }
    }

    /// The same host, for another call: leases and locks are held by calls.
    pub fn call(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            call: Arc::default(),
        }
    }

    /// Where people reach the host; see [`Routing::public_origin`].
    pub fn set_origin(&self, origin: &str) {
        self.state().origin = origin.to_owned();
    }

    /// Makes the random numbers repeatable.
    pub fn seed(&self, seed: u64) {
        self.state().random = seed | 1;
    }

    /// Adds a person.
    pub fn add_user(&self, user: User) {
        self.state().users.insert(user.id.clone(), user);
    }

    /// Everything logged so far.
    pub fn lines(&self) -> Vec<Line> {
        self.state().lines.clone()
    }

    /// Names of the secrets that are kept.
    pub fn secret_names(&self) -> Vec<String> {
        self.state().secrets.keys().cloned().collect()
    }

    /// The running future stops for good at this step, counted from now (0: the next one).
    pub fn crash_at(&self, step: u64) {
        let mut state = self.state();
        state.crash_at = Some(state.steps + step);
    }

    /// No crash any more.
    pub fn calm(&self) {
        self.state().crash_at = None;
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Runs to the end, or to the crash: then the future is dropped and there is no answer.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let crashed = self.shared.crashed.notified();
        let work = pin!(work);
        let crashed = pin!(crashed);
        match futures::future::select(crashed, work).await {
            futures::future::Either::Left(_) => None,
            futures::future::Either::Right((answer, _)) => Some(answer),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// An await point. Never comes back from the one at which the test wants a crash.
    async fn step(&self) {
        let crash = {
            let mut state = self.state();
            let here = state.steps;
            state.steps += 1;
            let crash = state.crash_at == Some(here);
            if crash {
                state.crash_at = None;
            }
            crash
        };
        if crash {
            self.shared.crashed.notify_one();
            std::future::pending::<()>().await;
        }
        Yield(false).await;
    }
}

impl State {
    fn fresh_id(&mut self, prefix: &str) -> String {
        self.next_id += 1;
        format!("{prefix}{}", self.next_id)
    }
}

/// Gives others a turn, once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Clock for Memory {
    fn now(&self) -> u64 {
        (self.shared.now)()
    }
}

impl Random for Memory {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.state();
        for chunk in buffer.chunks_mut(8) {
            // xorshift64*: repeatable, and good enough that ids and markers differ.
            let mut x = state.random;
            x ^= x >> 12;
            x ^= x << 25;
            x ^= x >> 27;
            state.random = x;
            let bytes = x.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

impl Secrets for Memory {
    async fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.step().await;
        let value = self.state().secrets.get(name).cloned();
        Ok(value)
    }

    async fn put_secret(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        if value.len() > 64 * 1024 {
            return Err(StoreError::Other(
                "a secret holds at most 64 KiB".to_owned(),
            ));
        }
        self.step().await;
        self.state().secrets.insert(name.to_owned(), value.to_vec());
        self.step().await;
        Ok(())
    }

    async fn delete_secret(&self, name: &str) -> Result<(), StoreError> {
        self.step().await;
        self.state().secrets.remove(name);
        self.step().await;
        Ok(())
    }
}

impl Routing for Memory {
    fn register_oauth_callback(&self, path: &str) -> Result<(), String> {
        self.state().callback = Some(path.to_owned());
        Ok(())
    }

    fn register_webhook(&self, name: &str) -> Result<(), String> {
        self.state().hooks.push(name.to_owned());
        Ok(())
    }

    fn public_origin(&self) -> String {
        self.state().origin.clone()
    }

    fn redirect_uri(&self) -> Option<String> {
        let state = self.state();
        state
            .callback
            .as_ref()
            .map(|path| format!("{}{path}", state.origin))
    }
}

impl Users for Memory {
    fn user(&self, id: &str) -> Option<User> {
        self.state().users.get(id).cloned()
    }
}

impl Log for Memory {
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.state().lines.push(Line {
            level,
            message: message.to_owned(),
            fields,
        });
    }
}
