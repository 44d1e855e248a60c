//! One Exchange mailbox: folders, rows, the log of changes, and mail on its way into Sent Items.
//!
//! Every method is short and works on rows only; parsing and rendering of content happens outside, on cheap copies of rows
//! (`Arc<Message>`), so that the lock around a mailbox is never held for long.

pub(crate) mod folder;
pub(crate) mod ids;
pub(crate) mod log;
pub(crate) mod message;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use folder::{Folder, key};
use log::{Fields, Log, What};
use message::{Message, Stored};

use super::letter::{self, Letter};
use crate::corpus::FolderRole;
use crate::{Content, SeedMail};

/// How this mailbox misbehaves in ways that Exchange does now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hazards {
    /// A message that left a folder and came back between two rounds shows as removed only (immutable ids).
    pub return_shows_removal: bool,
    /// A move doesn't show in the delta of the folder it went to (immutable ids).
    pub hide_arrival_of_moves: bool,
    /// Updates tell only what changed.
    pub partial_updates: bool,
    /// A round with changes ends with an empty page.
    pub empty_last_page: bool,
    /// The last change of a round is told again in the next.
    pub replay: bool,
    /// Items of a page come in another order than they happened.
    pub shuffle: bool,
    /// Milliseconds until the copy of a sent message is in Sent Items.
    pub sent_copy_after: u64,
    /// The copy in Sent Items has another immutable id than the draft.
    pub sent_copy_is_new: bool,
    /// What sending a draft that was sent already answers.
    pub resend: Resend,
    /// Mail to somebody of the same domain who doesn't exist comes back as a delivery failure.
    pub report_unknown_recipients: bool,
    /// An expired cursor is answered with 410 (`gone`) or with 400 (`sync-state-not-found`).
    pub expired: Expired,
}

/// What happens when a draft is to be sent that was sent already. Microsoft doesn't say, and reports differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resend {
    /// 404 until the copy is in Sent Items, then 400: only drafts can be sent.
    #[default]
    AsFound,
    /// 404 `ErrorItemNotFound`.
    NotFound,
    /// 400 `ErrorInvalidOperation`.
    Refused,
    /// 412 `ErrorIrresolvableConflict`.
    Conflict,
    /// 500 `ErrorInternalServerError`.
    Fault,
    /// 202, and nothing is sent.
    Accepted,
    /// 202, and it is sent once more.
    SentAgain,
}

/// How an expired cursor is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expired {
    /// 410 with the address of a fresh start.
    #[default]
    Gone,
    /// 400 `syncStateNotFound`.
    SyncStateNotFound,
    /// 410 `resyncRequired`.
    ResyncRequired,
}

impl Default for Hazards {
    fn default() -> Self {
        Self {
            return_shows_removal: true,
            hide_arrival_of_moves: false,
            partial_updates: true,
            empty_last_page: true,
            replay: false,
            shuffle: false,
            sent_copy_after: 1_500,
            sent_copy_is_new: false,
            resend: Resend::default(),
            report_unknown_recipients: false,
            expired: Expired::Gone,
        }
    }
}

/// A sent message that isn't in Sent Items yet.
#[derive(Debug)]
struct Pending {
    due: u64,
    message: Message,
}

/// A message for the log of changes that subscribers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) folder: u32,
    pub(crate) key: u64,
    pub(crate) instance: u32,
    pub(crate) version: u64,
    pub(crate) kind: &'static str,
}

/// A mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// In every id of this mailbox.
    pub(crate) uid: u64,
    pub(crate) folders: Vec<Folder>,
    pub(crate) messages: HashMap<u64, Arc<Message>>,
    /// All folders but the recoverable items.
    pub(crate) order: BTreeSet<(u64, u64)>,
    pub(crate) log: Log,
    /// Folders that were made, renamed, moved or deleted.
    pub(crate) folder_log: Vec<u32>,
    pub(crate) hazards: Hazards,
    /// Cursors of another epoch are expired.
    pub(crate) epoch: u32,
    /// Name and colour.
    pub(crate) categories: Vec<(String, String)>,
    by_message_id: HashMap<String, Vec<u64>>,
    pending: Vec<Pending>,
    /// By the draft's key.
    submitted: HashMap<u64, Message>,
    next_key: u64,
    next_conversation: u64,
    version: u64,
    events: Vec<Event>,
}

impl Mailbox {
    pub(crate) fn new(uid: u64, locale: &str) -> Self {
        Self {
            uid,
            folders: folder::standard(locale),
            messages: HashMap::new(),
            order: BTreeSet::new(),
            log: Log::default(),
            folder_log: Vec::new(),
            hazards: Hazards::default(),
            epoch: 0,
            categories: [("Red category", "preset0"), ("Blue category", "preset7")]
                .map(|(n, c)| (n.to_owned(), c.to_owned()))
                .to_vec(),
            by_message_id: HashMap::new(),
            pending: Vec::new(),
            submitted: HashMap::new(),
            next_key: 1,
            next_conversation: 1 << 40,
            version: 0,
            events: Vec::new(),
        }
    }

    /// Puts a message of the initial filling in place, without a trace in the log.
    pub(crate) fn seed(&mut self, mail: SeedMail) {
        let folder = self.folder_of(mail.role);
        let message = match (mail.conversation, &mail.content) {
            (Some(conversation), content) => Message {
                key: 0,
                instance: 0,
                folder,
                version: 0,
                created: mail.received,
                modified: mail.received,
                received: mail.received,
                sent: None,
                read: mail.read,
                flag: message::Flag::NotFlagged,
                categories: Vec::new(),
                importance: message::Importance::Normal,
                other: false,
                draft: folder == key::DRAFTS,
                conversation,
                message_id: mail.message_id,
                extended: Vec::new(),
                content: Stored::Mime(content.clone()),
            },
            (None, content) => self.arrive(content.raw(), folder, mail.received),
        };
        self.place(Message {
            read: mail.read || message.draft,
            flag: if mail.starred {
                message::Flag::Flagged
            } else {
                message::Flag::NotFlagged
            },
            ..message
        });
    }

    fn folder_of(&mut self, role: FolderRole) -> u32 {
        match role {
            FolderRole::Inbox => key::INBOX,
            FolderRole::Sent => key::SENT,
            FolderRole::Drafts => key::DRAFTS,
            FolderRole::Archive => key::ARCHIVE,
            FolderRole::Spam => key::JUNK,
            FolderRole::Trash => key::DELETED,
            FolderRole::Folder(path) => self.folder_path(path),
        }
    }

    /// A message that arrives: finds its conversation by its headers.
    pub(crate) fn arrive(&mut self, raw: bytes::Bytes, folder: u32, now: u64) -> Message {
        let letter = Letter::parse(&raw);
        let conversation = self.conversation_of(&letter);
        Message {
            key: 0,
            instance: 0,
            folder,
            version: 0,
            created: now,
            modified: now,
            received: now,
            sent: None,
            read: false,
            flag: message::Flag::NotFlagged,
            categories: Vec::new(),
            importance: letter.importance,
            other: letter.bulk(),
            draft: folder == key::DRAFTS,
            conversation,
            message_id: letter.message_id.clone(),
            extended: Vec::new(),
            content: Stored::Mime(Content::Held(raw)),
        }
    }

    /// Exchange's rule: an answer belongs to what it answers if the subject is the same but for prefixes.
    pub(crate) fn conversation_of(&mut self, letter: &Letter) -> u64 {
        let topic = letter::topic(&letter.subject);
        let ancestors = letter
            .in_reply_to
            .iter()
            .chain(letter.references.iter().rev());
        for id in ancestors {
            for parent in self.by_message_id.get(id).into_iter().flatten() {
                if let Some(parent) = self.messages.get(parent)
                    && letter::topic(&parent.letter().subject) == topic
                {
                    return parent.conversation;
                }
            }
        }
        self.next_conversation += 1;
        self.next_conversation
    }

    /// Adds a message; answers it as stored.
    pub(crate) fn add(&mut self, message: Message) -> Arc<Message> {
        let stored = self.place(message);
        self.log.push(stored.folder, stored.key, What::Added);
        self.tell(&stored, "created");
        stored
    }

    fn place(&mut self, mut message: Message) -> Arc<Message> {
        if message.key == 0 {
            message.key = self.next_key;
            self.next_key += 1;
        }
        self.version += 1;
        message.version = self.version;
        if let Some(id) = &message.message_id {
            self.by_message_id
                .entry(id.clone())
                .or_default()
                .push(message.key);
        }
        let message = Arc::new(message);
        self.enter(&message);
        self.messages.insert(message.key, Arc::clone(&message));
        message
    }

    fn enter(&mut self, message: &Message) {
        let position = (message.received, message.key);
        if let Some(folder) = self.folder_mut(message.folder) {
            folder.order.insert(position);
            folder.unread += u32::from(!message.read);
        }
        if message.folder != key::RECOVERABLE {
            self.order.insert(position);
        }
    }

    fn leave(&mut self, message: &Message) {
        let position = (message.received, message.key);
        if let Some(folder) = self.folder_mut(message.folder) {
            folder.order.remove(&position);
            folder.unread -= u32::from(!message.read);
        }
        self.order.remove(&position);
    }

    /// Changes a message in place.
    pub(crate) fn update(
        &mut self,
        message: u64,
        fields: Fields,
        now: u64,
        change: impl FnOnce(&mut Message),
    ) -> Option<Arc<Message>> {
        let mut row = (**self.messages.get(&message)?).clone();
        self.leave(&row);
        let old_id = row.message_id.clone();
        change(&mut row);
        self.version += 1;
        row.version = self.version;
        row.modified = now;
        if row.message_id != old_id {
            self.forget_id(old_id.as_deref(), message);
            if let Some(id) = &row.message_id {
                self.by_message_id
                    .entry(id.clone())
                    .or_default()
                    .push(message);
            }
        }
        self.enter(&row);
        let row = Arc::new(row);
        self.messages.insert(message, Arc::clone(&row));
        self.log.push(row.folder, message, What::Updated(fields));
        self.tell(&row, "updated");
        Some(row)
    }

    /// Moves a message: a new instance.
    pub(crate) fn relocate(&mut self, message: u64, to: u32, now: u64) -> Option<Arc<Message>> {
        let old = Arc::clone(self.messages.get(&message)?);
        self.leave(&old);
        let mut row = (*old).clone();
        row.folder = to;
        row.instance += 1;
        self.version += 1;
        row.version = self.version;
        row.modified = now;
        self.enter(&row);
        let row = Arc::new(row);
        self.messages.insert(message, Arc::clone(&row));
        self.log
            .push(old.folder, message, What::Removed(old.instance));
        self.tell(&old, "deleted");
        if !self.hazards.hide_arrival_of_moves {
            self.log.push(to, message, What::Added);
        }
        self.tell(&row, "created");
        Some(row)
    }

    /// Deletes a message for ever.
    pub(crate) fn purge(&mut self, message: u64) -> Option<Arc<Message>> {
        let old = self.messages.remove(&message)?;
        self.leave(&old);
        self.forget_id(old.message_id.as_deref(), message);
        self.log
            .push(old.folder, message, What::Removed(old.instance));
        self.tell(&old, "deleted");
        Some(old)
    }

    fn forget_id(&mut self, id: Option<&str>, message: u64) {
        if let Some(id) = id
            && let Some(keys) = self.by_message_id.get_mut(id)
        {
            keys.retain(|k| *k != message);
            if keys.is_empty() {
                self.by_message_id.remove(id);
            }
        }
    }

    /// Puts a sent message on its way: it will be in Sent Items after the hazard's delay.
    pub(crate) fn submit(&mut self, mut message: Message, now: u64) {
        message.folder = key::SENT;
        message.draft = false;
        message.read = true;
        message.received = now;
        message.sent = Some(now);
        message.instance += 1;
        if message.key != 0 {
            self.submitted.insert(message.key, message.clone());
        }
        if self.hazards.sent_copy_is_new {
            message.key = 0;
        }
        let due = now.saturating_add(self.hazards.sent_copy_after);
        self.pending.push(Pending { due, message });
        self.settle(now);
    }

    /// What was sent as the draft with this key.
    pub(crate) fn submitted(&self, draft: u64) -> Option<&Message> {
        self.submitted.get(&draft)
    }

    /// Carries out what is due. Called at the start of every access.
    pub(crate) fn settle(&mut self, now: u64) {
        while let Some(at) = self.pending.iter().position(|p| p.due <= now) {
            let pending = self.pending.remove(at);
            self.add(pending.message);
        }
    }

    /// Messages with this Message-ID.
    pub(crate) fn with_message_id(&self, id: &str) -> Vec<Arc<Message>> {
        let keys = self.by_message_id.get(id).into_iter().flatten();
        keys.filter_map(|k| self.messages.get(k)).cloned().collect()
    }

    /// A live folder.
    pub(crate) fn folder(&self, folder: u32) -> Option<&Folder> {
        self.folders.get(folder as usize).filter(|f| !f.deleted)
    }

    pub(crate) fn folder_mut(&mut self, folder: u32) -> Option<&mut Folder> {
        self.folders.get_mut(folder as usize).filter(|f| !f.deleted)
    }

    /// By id or well-known name, in any case.
    pub(crate) fn find_folder(&self, id: &str) -> Option<u32> {
        let by_name = self
            .folders
            .iter()
            .position(|f| !f.deleted && f.well_known.is_some_and(|w| w.eq_ignore_ascii_case(id)));
        match by_name {
            Some(index) => u32::try_from(index).ok(),
            None => ids::parse_folder(self.uid, id).filter(|f| self.folder(*f).is_some()),
        }
    }

    /// Live children of a folder.
    pub(crate) fn children(&self, parent: u32) -> impl Iterator<Item = (u32, &Folder)> {
        self.folders
            .iter()
            .enumerate()
            .filter(move |(_, f)| !f.deleted && f.parent == Some(parent))
            .filter_map(|(i, f)| u32::try_from(i).ok().map(|i| (i, f)))
    }

    /// A new folder's key; none: the name is taken.
    pub(crate) fn create_folder(&mut self, name: &str, parent: u32, hidden: bool) -> Option<u32> {
        if self
            .children(parent)
            .any(|(_, f)| f.name.eq_ignore_ascii_case(name))
        {
            return None;
        }
        let key = u32::try_from(self.folders.len()).ok()?;
        let mut folder = Folder::new(name, Some(parent));
        folder.hidden = hidden;
        self.folders.push(folder);
        self.folder_log.push(key);
        Some(key)
    }

    /// A folder by its path of names below the root, made if it isn't there.
    pub(crate) fn folder_path(&mut self, path: &str) -> u32 {
        let mut at = key::ROOT;
        for name in path.split('/') {
            let found = self
                .children(at)
                .find(|(_, f)| f.name == name)
                .map(|(k, _)| k);
            at = found
                .or_else(|| self.create_folder(name, at, false))
                .unwrap_or(at);
        }
        at
    }

    fn tell(&mut self, message: &Message, kind: &'static str) {
        self.events.push(Event {
            folder: message.folder,
            key: message.key,
            instance: message.instance,
            version: message.version,
            kind,
        });
    }

    /// What subscribers have not been told yet.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
