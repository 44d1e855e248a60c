//! A mailbox's content with its indexes.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;

use indexmap::IndexMap;

use super::history::{History, What};
use super::labels::Labels;
use super::page::Position;
use super::{LabelKey, SharedBody, new_body, system};
use crate::Content;

/// A message as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) body: SharedBody,
    pub(crate) thread: u64,
    /// Id of its last change.
    pub(crate) history: u64,
    /// Sorted.
    pub(crate) labels: Vec<LabelKey>,
    /// Hash of its Message-ID.
    message_id: Option<u64>,
}

impl Entry {
    pub(crate) fn has(&self, label: LabelKey) -> bool {
        self.labels.binary_search(&label).is_ok()
    }
}

/// A message to be filed.
#[derive(Debug)]
pub(crate) struct NewMessage {
    pub(crate) content: Content,
    /// Milliseconds since the Unix epoch: decides the order.
    pub(crate) date: u64,
    /// None: a thread of its own.
    pub(crate) thread: Option<u64>,
    pub(crate) labels: Vec<LabelKey>,
    /// With angle brackets.
    pub(crate) message_id: Option<String>,
}

/// Everything in a mailbox.
#[derive(Debug)]
pub(crate) struct State {
    entries: HashMap<u64, Entry>,
    by_date: BTreeSet<(u64, u64)>,
    by_label: HashMap<LabelKey, BTreeSet<(u64, u64)>>,
    /// Oldest first.
    threads: HashMap<u64, Vec<u64>>,
    /// Hashes of Message-IDs.
    by_message_id: HashMap<u64, Vec<u64>>,
    /// Draft id → message id.
    pub(crate) drafts: IndexMap<u64, u64>,
    pub(crate) labels: Labels,
    pub(crate) history: History,
    /// Page tokens of other epochs are stale.
    pub(crate) epoch: u64,
    next_serial: u64,
    next_draft: u64,
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entries: HashMap::new(),
            by_date: BTreeSet::new(),
            by_label: HashMap::new(),
            threads: HashMap::new(),
            by_message_id: HashMap::new(),
            drafts: IndexMap::new(),
            labels: Labels::new(),
            history: History::new(seed),
            epoch: 1,
            next_serial: seed % 0xfff,
            next_draft: 1_000_000_000_000_000_000 + seed % 1_000_000_007,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn thread_count(&self) -> usize {
        self.threads.len()
    }

    pub(crate) fn entry(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Messages of a thread, oldest first; none: no such thread.
    pub(crate) fn thread(&self, id: u64) -> Option<Vec<&Entry>> {
        let ids = self.threads.get(&id)?;
        Some(ids.iter().filter_map(|id| self.entries.get(id)).collect())
    }

    /// Messages with this Message-ID.
    pub(crate) fn with_message_id(&self, message_id: &str) -> impl Iterator<Item = &Entry> {
        self.by_message_id
            .get(&hash_of(message_id))
            .into_iter()
            .flatten()
            .filter_map(|id| self.entries.get(id))
    }

    /// Messages carrying all of `labels`, newest first, below `from`.
    pub(crate) fn newest<'a>(
        &'a self,
        labels: &[LabelKey],
        from: Option<Position>,
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let empty = const { &BTreeSet::new() };
        let smallest = labels
            .iter()
            .map(|label| self.by_label.get(label).unwrap_or(empty))
            .min_by_key(|set| set.len())
            .unwrap_or(&self.by_date);
        let upper = from.map_or(Bound::Unbounded, |at| Bound::Excluded((at.major, at.minor)));
        let labels = labels.to_vec();
        smallest
            .range((Bound::Unbounded, upper))
            .rev()
            .filter_map(|(_, id)| self.entries.get(id))
            .filter(move |entry| labels.iter().all(|label| entry.has(*label)))
    }

    /// How many messages carry this label.
    pub(crate) fn labelled(&self, label: LabelKey) -> usize {
        self.by_label.get(&label).map_or(0, BTreeSet::len)
    }

    /// Ids are 64 bits: the date in milliseconds above 20 bits that make it unique, so that they ascend with time as Gmail's do.
    fn new_id(&mut self, date: u64) -> u64 {
        loop {
            self.next_serial = (self.next_serial + 0x9e5) & 0xf_ffff;
            let id = (date << 20) | self.next_serial;
            if !self.entries.contains_key(&id) {
                return id;
            }
        }
    }

    /// Files a message and answers its id. `now` is the time of the change; none: it has always been there (no history).
    pub(crate) fn add(&mut self, new: NewMessage, now: Option<u64>) -> u64 {
        let id = self.new_id(new.date);
        let thread = new.thread.unwrap_or(id);
        let mut labels = new.labels;
        labels.sort_unstable();
        labels.dedup();
        let history = match now {
            Some(now) => self
                .history
                .push(now, id, thread, labels.clone(), What::Added),
            None => self.history.latest(),
        };
        let message_id = new.message_id.as_deref().map(hash_of);
        if let Some(message_id) = message_id {
            self.by_message_id.entry(message_id).or_default().push(id);
        }
        let key = (new.date, id);
        self.by_date.insert(key);
        for label in &labels {
            self.by_label.entry(*label).or_default().insert(key);
        }
        let members = self.threads.entry(thread).or_default();
        let entries = &self.entries;
        let at = members.partition_point(|other| {
            entries
                .get(other)
                .is_some_and(|entry| (entry.body.date, *other) <= key)
        });
        members.insert(at, id);
        self.entries.insert(
            id,
            Entry {
                body: new_body(id, new.date, new.content),
                thread,
                history,
                labels,
                message_id,
            },
        );
        id
    }

    /// Changes labels; answers whether anything changed. Unknown ids change nothing.
    pub(crate) fn relabel(
        &mut self,
        id: u64,
        add: &[LabelKey],
        remove: &[LabelKey],
        now: u64,
    ) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        let added: Vec<LabelKey> = add.iter().copied().filter(|l| !entry.has(*l)).collect();
        let removed: Vec<LabelKey> = remove.iter().copied().filter(|l| entry.has(*l)).collect();
        if added.is_empty() && removed.is_empty() {
            return false;
        }
        let key = (entry.body.date, id);
        entry.labels.retain(|label| !removed.contains(label));
        entry.labels.extend(&added);
        entry.labels.sort_unstable();
        entry.labels.dedup();
        for label in &removed {
            if let Some(set) = self.by_label.get_mut(label) {
                set.remove(&key);
            }
        }
        for label in &added {
            self.by_label.entry(*label).or_default().insert(key);
        }
        let labels = entry.labels.clone();
        entry.history = self.history.push(
            now,
            id,
            entry.thread,
            labels,
            What::Labels { added, removed },
        );
        true
    }

    /// Deletes for ever; answers what it was.
    pub(crate) fn remove(&mut self, id: u64, now: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        let key = (entry.body.date, id);
        self.by_date.remove(&key);
        for label in &entry.labels {
            if let Some(set) = self.by_label.get_mut(label) {
                set.remove(&key);
            }
        }
        if let Some(members) = self.threads.get_mut(&entry.thread) {
            members.retain(|member| *member != id);
            if members.is_empty() {
                self.threads.remove(&entry.thread);
            }
        }
        if let Some(message_id) = entry.message_id
            && let Some(ids) = self.by_message_id.get_mut(&message_id)
        {
            ids.retain(|other| *other != id);
        }
        if entry.has(system::DRAFT) {
            self.drafts.retain(|_, message| *message != id);
        }
        self.history
            .push(now, id, entry.thread, entry.labels.clone(), What::Deleted);
        Some(entry)
    }

    /// Makes a draft of a message and answers the draft's id.
    pub(crate) fn add_draft(&mut self, message: u64) -> u64 {
        self.next_draft += 7_919;
        let id = self.next_draft;
        self.drafts.insert(id, message);
        id
    }

    /// The draft that a message is.
    pub(crate) fn draft_of(&self, message: u64) -> Option<u64> {
        self.drafts
            .iter()
            .find(|(_, at)| **at == message)
            .map(|(draft, _)| *draft)
    }
}
