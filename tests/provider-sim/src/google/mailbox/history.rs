//! What changed, in order: the answer to `history.list`.

use std::collections::VecDeque;

use super::LabelKey;

/// How long records are kept, in milliseconds: Gmail says about a week.
const KEPT_MS: u64 = 7 * 24 * 3_600_000;
/// Record ids have gaps up to this.
const GAP: u64 = 41;

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Added,
    /// For ever; trash is a label.
    Deleted,
    Labels {
        added: Vec<LabelKey>,
        removed: Vec<LabelKey>,
    },
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: u64,
    /// Milliseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) message: u64,
    pub(crate) thread: u64,
    /// The message's labels after the change.
    pub(crate) labels: Vec<LabelKey>,
    pub(crate) what: What,
}

/// The records still known.
#[derive(Debug)]
pub(crate) struct History {
    records: VecDeque<Record>,
    latest: u64,
    /// Start ids below this are no longer known.
    floor: u64,
    random: u64,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        // Any mailbox has a past: its ids do not start at one.
        let latest = 100_000 + seed % 900_000;
        Self {
            records: VecDeque::new(),
            latest,
            floor: latest,
            random: seed | 1,
        }
    }

    /// The newest id.
    pub(crate) fn latest(&self) -> u64 {
        self.latest
    }

    fn step(&mut self) -> u64 {
        // Knuth's 64-bit linear congruence: the gaps only have to look uneven, and be the same for the same seed.
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.latest += 1 + (self.random >> 33) % GAP;
        self.latest
    }

    /// Adds a record and answers its id.
    pub(crate) fn push(
        &mut self,
        at: u64,
        message: u64,
        thread: u64,
        labels: Vec<LabelKey>,
        what: What,
    ) -> u64 {
        let id = self.step();
        self.records.push_back(Record {
            id,
            at,
            message,
            thread,
            labels,
            what,
        });
        self.forget(at);
        id
    }

    /// Drops what is older than a week.
    pub(crate) fn forget(&mut self, now: u64) {
        while let Some(oldest) = self.records.front() {
            if oldest.at.saturating_add(KEPT_MS) > now {
                break;
            }
            self.floor = self.floor.max(oldest.id);
            self.records.pop_front();
        }
    }

    /// Everything known so far becomes too old to start from.
    pub(crate) fn expire(&mut self) {
        self.records.clear();
        self.step();
        self.floor = self.latest;
    }

    /// Is this start still known at `now`?
    pub(crate) fn knows(&self, start: u64, now: u64) -> bool {
        let expired = self
            .records
            .iter()
            .take_while(|record| record.at.saturating_add(KEPT_MS) <= now)
            .last()
            .map_or(0, |record| record.id);
        start >= self.floor.max(expired) && start <= self.latest
    }

    /// Records after `start`, oldest first.
    pub(crate) fn after(&self, start: u64) -> impl Iterator<Item = &Record> {
        let from = self.records.partition_point(|record| record.id <= start);
        self.records.range(from..)
    }
}
