//! Rendered payloads kept for the next client, within a budget of memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use super::payload::Rendered;

/// Bytes kept per mailbox: 2,000 messages of real size, the set of a benchmark, with room to spare; not 100,000.
const BUDGET: usize = 192 * 1024 * 1024;

#[derive(Default)]
struct Inner {
    kept: HashMap<u64, Arc<Rendered>>,
    order: VecDeque<u64>,
    weight: usize,
}

/// First in, first out.
#[derive(Default)]
pub(crate) struct Cache {
    inner: Mutex<Inner>,
}

impl Cache {
    /// The payload of a message, rendered now if it is not kept. Messages never change, so that nothing is ever stale.
    pub(crate) fn get(&self, message: u64, render: impl FnOnce() -> Rendered) -> Arc<Rendered> {
        if let Some(kept) = self.inner.lock().kept.get(&message) {
            return kept.clone();
        }
        let rendered = Arc::new(render());
        let weight = rendered.weight();
        let mut inner = self.inner.lock();
        if weight <= BUDGET / 8 && inner.kept.insert(message, rendered.clone()).is_none() {
            inner.weight += weight;
            inner.order.push_back(message);
        }
        while inner.weight > BUDGET {
            let Some(oldest) = inner.order.pop_front() else {
                break;
            };
            if let Some(gone) = inner.kept.remove(&oldest) {
                inner.weight = inner.weight.saturating_sub(gone.weight());
            }
        }
        rendered
    }
}
