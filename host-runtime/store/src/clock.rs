//! The one clock behind everything timed: leases, locks, sessions, schedules, quotas and expiry.
//!
//! It is a trait, so that tests decide what time it is: five-minute intervals and day-long expiries are then proven without
//! sleeping, and host, plugin and the providers' fakes can share one notion of now.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// What time it is, and waiting for a time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> u64;

    /// Resolves once [`now`](Self::now) is not before `at`; at once if it already is.
    fn sleep_until(&self, at: u64) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

    /// Hears what time it is at the server that several hosts share. A clock that only tests move doesn't listen.
    fn agree(&self, _server: u64) {}
}

/// The computer's clock; and the server's, where there is one, so that hosts agree on when a lease lapses although their own clocks don't.
/// Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct SystemClock {
    /// How far the server is ahead, in milliseconds.
    ahead: Arc<AtomicI64>,
}

/// Below this a difference may as well be the way to the server and back, in milliseconds.
const AGREEMENT: u64 = 250;

/// Wall clocks are set, and computers sleep: look again at least this often instead of trusting one long wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        computer().saturating_add_signed(self.ahead.load(Ordering::Relaxed))
    }

    fn agree(&self, server: u64) {
        let now = self.now();
        if now.abs_diff(server) > AGREEMENT {
            let ahead = i64::try_from(i128::from(server) - i128::from(computer()));
            self.ahead.store(ahead.unwrap_or(0), Ordering::Relaxed);
            tracing::warn!(
                milliseconds = ahead.unwrap_or(0),
                "the computer's clock differs from the database server's, which counts"
            );
        }
    }

    fn sleep_until(&self, at: u64) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let now = clock.now();
                if now >= at {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(at - now).min(LONGEST_WAIT)).await;
            }
        })
    }
}

/// What the computer's clock shows, in milliseconds since the Unix epoch.
fn computer() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// A clock that moves only when it is told to. Clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock {
    now: Arc<watch::Sender<u64>>,
}

impl TestClock {
    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(now: u64) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(now)),
        }
    }

    /// Moves on, waking who waits for a time that has come.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.now.send_modify(|now| *now = now.saturating_add(by));
    }

    /// Moves to a time, which may lie in the past.
    pub fn set(&self, now: u64) {
        self.now.send_replace(now);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: u64) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= at).await.is_err() {
                // The clock is gone: nobody can move it any more, so the time never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_wrong_goes_by_the_servers() {
        let clock = SystemClock::default();
        let server = clock.now() + 600_000;
        let sleeper = clock.clone();
        clock.agree(server);
        assert!(clock.now() >= server);
        // Whoever shares it goes by the same time, and what has come there has come here.
        sleeper.sleep_until(server).await;
        clock.agree(server - 1_200_000);
        assert!(clock.now() < server - 1_100_000);
        // A moment more or less is the way to the server and back.
        let before = clock.now();
        clock.agree(before + 100);
        assert!(clock.now() < before + 90);
    }
}
