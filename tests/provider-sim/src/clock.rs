//! The one clock behind tokens, quotas, watches, cursors and late answers, so that a week passes in a test without waiting.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Where the simulator reads the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> u64;
    /// Resolves once [`Clock::now`] has reached `until`, in milliseconds since the Unix epoch.
    fn sleep_until(&self, until: u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;
    /// The settable clock behind this one, if there is one; the control API turns it.
    fn settable(&self) -> Option<TestClock> {
        None
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| {
                u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
            })
    }

    fn sleep_until(&self, until: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let wait = Duration::from_millis(until.saturating_sub(self.now()));
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that stands still until it is told otherwise. Clones share the time.
#[derive(Debug, Clone)]
pub struct TestClock {
    now: Arc<watch::Sender<u64>>,
}

impl TestClock {
    /// Starts at `now`, in milliseconds since the Unix epoch.
    pub fn new(now: u64) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(now)),
        }
    }

    /// Turns the clock, also backwards.
    pub fn set(&self, now: u64) {
        self.now.send_replace(now);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.now.send_modify(|now| *now = now.saturating_add(by));
    }
}

impl Default for TestClock {
    /// 2026-10-01 08:00 UTC, so that generated mail, which ends at the clock, lies in the near past of a reader.
    fn default() -> Self {
        Self::new(1_790_841_600_000)
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        *self.now.borrow()
    }

    fn sleep_until(&self, until: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut receiver = self.now.subscribe();
        Box::pin(async move {
            // The sender lives as long as the clock; if it is gone nobody can turn the time any more.
            if receiver.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn settable(&self) -> Option<TestClock> {
        Some(self.clone())
    }
}
