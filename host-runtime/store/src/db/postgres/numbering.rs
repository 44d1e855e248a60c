//! Giving events their numbers, once for all who want it at the same time.
//!
//! Every commit with an event wants it, and hosts take turns at it, on a lock of the server. Each on a connection of its own, they would keep those who
//! write anything from having one whenever a turn takes long.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::error::Error;

#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// How many have asked.
    asked: AtomicU64,
    done: Mutex<Done>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Done {
    /// Of those that have asked, so many are served: everything that they had committed has a number.
    served: u64,
    newest: i64,
}

impl Numbering {
    /// What `number` answers, called by this one or by another that came later.
    pub(super) async fn join(
        &self,
        number: impl Future<Output = Result<i64, Error>>,
    ) -> Result<i64, Error> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let mut done = self.done.lock().await;
        if done.served < ticket {
            let served = self.asked.load(Ordering::SeqCst);
            let newest = number.await?;
            *done = Done { served, newest };
        }
        Ok(done.newest)
    }
}
