//! Named, timed locks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Call, Memory, Shared};
use crate::platform::{Clock, Locks};

pub(super) struct Held {
    token: u64,
    until: u64,
}

impl Held {
    pub(super) fn is(&self, token: u64, now: u64) -> bool {
        self.token == token && self.until > now
    }
}

/// A held lock; released when dropped.
pub struct Guard {
    name: String,
    token: u64,
    shared: Arc<Shared>,
    call: Arc<Mutex<Call>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap();
        if state
            .locks
            .get(&self.name)
            .is_some_and(|held| held.token == self.token)
        {
            state.locks.remove(&self.name);
        }
        drop(state);
        self.call
            .lock()
            .unwrap()
            .locks
            .retain(|(_, token)| *token != self.token);
        self.shared.released.notify_waiters();
    }
}

impl Memory {
    fn try_acquire(&self, name: &str, hold_ms: u32) -> Option<Guard> {
        let now = self.now();
        let mut state = self.state();
        if state.locks.get(name).is_some_and(|held| held.until > now) {
            return None;
        }
        state.next_id += 1;
        let token = state.next_id;
        state.locks.insert(
            name.to_owned(),
            Held {
                token,
                until: now + u64::from(hold_ms),
            },
        );
        self.call
            .lock()
            .unwrap()
            .locks
            .push((name.to_owned(), token));
        Some(Guard {
            name: name.to_owned(),
            token,
            shared: self.shared.clone(),
            call: self.call.clone(),
        })
    }
}

impl Locks for Memory {
    type Guard = Guard;

    /// Waits in real time, because the test clock stands still while the test waits.
    async fn acquire(&self, name: &str, hold_ms: u32, wait_ms: u32) -> Option<Guard> {
        self.step().await;
        let waiting = async {
            loop {
                let released = self.shared.released.notified();
                if let Some(guard) = self.try_acquire(name, hold_ms) {
                    return guard;
                }
                released.await;
            }
        };
        if wait_ms == 0 {
            return self.try_acquire(name, hold_ms);
        }
        tokio::time::timeout(Duration::from_millis(u64::from(wait_ms)), waiting)
            .await
            .ok()
    }
}
