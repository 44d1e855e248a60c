//! The one clock behind everything timed: leases, locks, sessions, schedules, quotas and expiry.
//!
//! It is a trait, so that tests decide what time it is: five-minute intervals and day-long expiries are then proven without
//! sleeping, and host, plugin and the providers' fakes can share one notion of now.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// The computer's clock; or the server's, where there is one, so that hosts agree on when a lease lapses although their own clocks don't. Between two
/// looks at the server's it goes on with what has passed, not with the computer's clock, which somebody may set meanwhile. Clones show the
/// same time.
#[derive(Debug, Clone)]
pub struct SystemClock {
    begun: Instant,
    /// What the server's clock showed when this one began, in milliseconds since the Unix epoch; 0: there is no server.
    server: Arc<AtomicU64>,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            server: Arc::default(),
        }
    }
}

impl SystemClock {
    fn passed(&self) -> u64 {
        millis(self.begun.elapsed())
    }
}

/// Below this a difference may as well be the way to the server and back, in milliseconds.
const AGREEMENT: u64 = 250;

/// Wall clocks are set, and computers sleep: look again at least this often instead of trusting one long wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        match self.server.load(Ordering::Relaxed) {
            0 => computer(),
            server => server.saturating_add(self.passed()),
        }
    }

    fn agree(&self, server: u64) {
        let (first, off) = (
            self.server.load(Ordering::Relaxed) == 0,
            self.now().abs_diff(server),
        );
        if first || off > AGREEMENT {
            let begun = server.saturating_sub(self.passed());
            self.server.store(begun, Ordering::Relaxed);
        }
        if off > AGREEMENT {
            tracing::warn!(
                milliseconds = off,
                "the clock differs from the database server's, which counts"
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
        .map_or(0, millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
        let by = millis(by);
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

    #[test]
    fn what_the_server_shows_counts_and_without_one_the_computer() {
        let clock = SystemClock::default();
        let near = |time: u64| clock.now().abs_diff(time) < 5_000;
        assert!(near(computer()));
        let server = computer() - 600_000;
        clock.agree(server);
        assert!(near(server));
        // What is as good as the same changes nothing; what is not does.
        clock.agree(server + 100);
        assert!(near(server));
        clock.agree(server + 60_000);
        assert!(near(server + 60_000));
    }
}
