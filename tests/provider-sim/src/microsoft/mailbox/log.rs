//! What happened in a mailbox, in order: the source of delta rounds and of change notifications.

use indexmap::IndexMap;

/// Which fields an update touched, so that a delta page can tell only those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fields(u8);

impl Fields {
    pub(crate) const READ: Self = Self(1);
    pub(crate) const FLAG: Self = Self(2);
    pub(crate) const CATEGORIES: Self = Self(4);
    pub(crate) const IMPORTANCE: Self = Self(8);
    pub(crate) const INFERENCE: Self = Self(16);
    /// The content itself: everything is told.
    pub(crate) const CONTENT: Self = Self(32);

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What happened to a message in one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Added,
    Updated(Fields),
    /// Moved away or deleted; with the instance that was there.
    Removed(u32),
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    pub(crate) folder: u32,
    pub(crate) key: u64,
    pub(crate) what: What,
}

/// Entries kept; a cursor older than the oldest is gone.
const KEPT: usize = 400_000;

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Vec<Change>,
    seq: u64,
    floor: u64,
}

/// What became of a message within a window of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Net {
    pub(crate) added: bool,
    pub(crate) fields: Fields,
    /// The last instance that was removed.
    pub(crate) removed: Option<u32>,
    /// Removed and added again.
    pub(crate) returned: bool,
}

impl Log {
    pub(crate) fn push(&mut self, folder: u32, key: u64, what: What) {
        self.seq += 1;
        self.entries.push(Change {
            seq: self.seq,
            folder,
            key,
            what,
        });
        if self.entries.len() > KEPT {
            self.entries.drain(..KEPT / 2);
            self.floor = self
                .entries
                .first()
                .map_or(self.seq, |c| c.seq.saturating_sub(1));
        }
    }

    /// Number of the last entry.
    pub(crate) fn now(&self) -> u64 {
        self.seq
    }

    /// Are all entries after `seq` still there?
    pub(crate) fn reaches(&self, seq: u64) -> bool {
        seq >= self.floor
    }

    /// Entries of one folder after `since` up to `until`, by message, in the order of the first entry of each.
    pub(crate) fn net(&self, folder: u32, since: u64, until: u64) -> IndexMap<u64, Net> {
        let start = self.entries.partition_point(|c| c.seq <= since);
        let mut out: IndexMap<u64, Net> = IndexMap::new();
        for change in self
            .entries
            .iter()
            .skip(start)
            .take_while(|c| c.seq <= until)
            .filter(|c| c.folder == folder)
        {
            let net = out.entry(change.key).or_default();
            match change.what {
                What::Added => {
                    net.returned = net.removed.is_some();
                    net.added = true;
                }
                What::Updated(fields) => net.fields.add(fields),
                What::Removed(instance) => {
                    net.removed = Some(instance);
                    net.returned = false;
                }
            }
        }
        out
    }
}
