//! Where jobs run: quick places, and slow ones for those that turn out to take long.
//!
//! A provider that answers nothing holds a run for as long as a request may take. Were there only one kind of place, a few such accounts would
//! hold all of them, and everybody else would wait. So a run that lasts gives its quick place to the next job and goes on in a slow one. When
//! the slow ones are taken as well, the run that has been there longest is cut off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All places; clones are the same.
#[derive(Clone)]
pub(super) struct Places {
    quick: Arc<Semaphore>,
    slow: Arc<Mutex<Slow>>,
}

/// Those that last, by when they turned out to.
struct Slow {
    places: usize,
    next: u64,
    runs: BTreeMap<u64, CancellationToken>,
}

impl Places {
    /// That many of each kind.
    pub(super) fn new(each: usize) -> Self {
        Self {
            quick: Arc::new(Semaphore::new(each)),
            slow: Arc::new(Mutex::new(Slow {
                places: each,
                next: 0,
                runs: BTreeMap::new(),
            })),
        }
    }

    /// Waits for a quick place. May be dropped.
    pub(super) async fn take(&self) -> Place {
        Place {
            // Only a semaphore that was closed has no permits; this one never is.
            quick: self.quick.clone().acquire_owned().await.ok(),
            slow: self.slow.clone(),
            number: None,
        }
    }
}

/// Where one run is; free when dropped.
pub(super) struct Place {
    quick: Option<OwnedSemaphorePermit>,
    slow: Arc<Mutex<Slow>>,
    number: Option<u64>,
}

impl Place {
    /// Goes on in a slow place. Resolves when others need it, which they may never do.
    pub(super) async fn slow_down(&mut self) {
        let cut_off = CancellationToken::new();
        {
            let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
            if slow.runs.len() >= slow.places
                && let Some((_, oldest)) = slow.runs.pop_first()
            {
                oldest.cancel();
            }
            let number = slow.next;
            slow.next = number.saturating_add(1);
            slow.runs.insert(number, cut_off.clone());
            self.number = Some(number);
        }
        self.quick = None;
        cut_off.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
            slow.runs.remove(&number);
        }
    }
}
