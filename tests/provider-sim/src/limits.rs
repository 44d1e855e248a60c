//! What a provider allows in a time and at a time.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts units per key in windows of the clock: full at a boundary, empty at the next.
#[derive(Debug)]
pub struct WindowQuota {
    window_ms: u64,
    used: Mutex<HashMap<String, (u64, u64)>>,
}

impl WindowQuota {
    /// Windows of that many milliseconds.
    pub fn new(window_ms: u64) -> Self {
        Self {
            window_ms: window_ms.max(1),
            used: Mutex::default(),
        }
    }

    /// Takes `units` of at most `limit` per window.
    ///
    /// # Errors
    /// The time, in milliseconds since the Unix epoch, from which it is worth another try. Nothing is taken then.
    pub fn take(&self, key: &str, units: u64, limit: u64, now: u64) -> Result<(), u64> {
        let window = now / self.window_ms;
        let mut used = self.used.lock();
        let entry = match used.get_mut(key) {
            Some(entry) => entry,
            None => used.entry(key.to_owned()).or_insert((window, 0)),
        };
        if entry.0 != window {
            *entry = (window, 0);
        }
        if entry.1 + units > limit {
            return Err((window + 1) * self.window_ms);
        }
        entry.1 += units;
        Ok(())
    }

    /// Units taken in the window of `now`.
    pub fn used(&self, key: &str, now: u64) -> u64 {
        let window = now / self.window_ms;
        self.used
            .lock()
            .get(key)
            .filter(|(at, _)| *at == window)
            .map_or(0, |(_, used)| *used)
    }
}

/// Requests in flight per key.
#[derive(Debug, Clone, Default)]
pub struct Concurrency {
    running: Arc<Mutex<HashMap<String, u32>>>,
}

/// One request in flight; ends when dropped.
#[derive(Debug)]
pub struct InFlight {
    running: Arc<Mutex<HashMap<String, u32>>>,
    key: String,
}

impl Concurrency {
    /// None: `limit` requests of this key are already in flight.
    pub fn enter(&self, key: &str, limit: u32) -> Option<InFlight> {
        let mut running = self.running.lock();
        let count = running.entry(key.to_owned()).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(InFlight {
            running: self.running.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        if let Some(count) = running.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.key);
            }
        }
    }
}
