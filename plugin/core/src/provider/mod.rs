//! What a mail provider can do, in one neutral trait; `gmail` and `graph` stand behind it.
//!
//! The trait offers primitives; **when** they are called, and what is stored, is `sync`'s business. A provider keeps no state of its
//! own: cursors and page tokens are opaque strings that the caller stores.
//!
//! How a mailbox is followed, for both providers alike:
//!
//! 1. A mailbox is a set of *streams*, each with a cursor: Gmail has one (history), Graph has one per folder (delta).
//! 2. `begin` answers a cursor; `list` walks a stream newest first; `changes` follows from a cursor.
//! 3. Gmail's cursor is taken before listing, and what happens meanwhile is replayed. Graph's cursor starts a *snapshot* round: it
//!    names every message of the folder with its light state before it turns into changes, so that whatever happened during the
//!    listing is found by comparing.
//! 4. A lost cursor is mended by the same comparing: `list` (Gmail) or a new snapshot (Graph).

mod budget;
mod client;
pub mod gmail;
pub mod graph;
mod headers;
mod mime;
mod open;
pub mod retry;
pub(crate) mod uploads;

pub use budget::{Quota, Spending, Spent};
pub(crate) use open::quota;
pub use open::{Mailbox, open};

use std::future::Future;

/// A provider's own id of a message: stable while the message exists (Graph: immutable ids).
pub type RemoteId = String;

/// Why a call failed, by what the caller can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Wait until then (milliseconds since the Unix epoch); the whole account pauses. Says why.
    #[error("wait: {reason}")]
    Wait {
        /// Not before.
        until: u64,
        /// For a person.
        reason: String,
    },
    /// Nobody refused, but asking before then (milliseconds since the Unix epoch) would spend more than the provider grants.
    #[error("the provider's quota is used up for now")]
    Paced {
        /// Not before.
        until: u64,
    },
    /// A new access token is refused, although the provider has just given it out. May pass: whether the consent still stands is said where
    /// tokens are given out.
    #[error("the provider refuses a fresh access token")]
    Unauthorized,
    /// The person must link the account again.
    #[error("link the account again: {0}")]
    Reconnect(String),
    /// An administrator must do something.
    #[error("an administrator must act: {0}")]
    Administrator(String),
    /// The consent lacks what this needs.
    #[error("the consent does not include {0}")]
    MissingScope(String),
    /// The mailbox is not the person's own, and is not shared with them (any more).
    #[error(
        "there is no access to this shared mailbox: an administrator of Microsoft 365 gives full access to it"
    )]
    NoAccess,
    /// The cursor is no longer known: compare everything.
    #[error("the cursor is lost")]
    CursorLost,
    /// There is no such thing (any more).
    #[error("not found")]
    NotFound,
    /// Somebody changed it meanwhile: read again.
    #[error("changed meanwhile")]
    Conflict,
    /// The provider refuses this for good: its reason.
    #[error("refused: {0}")]
    Refused(String),
    /// A part of it is done and kept: call again, to go on with the rest.
    #[error("not done yet")]
    Underway,
    /// No whole answer: the request may have been carried out. Ask before you repeat a write.
    #[error("unclear: {0}")]
    Unclear(String),
}

/// Answer of a provider call.
pub type Result<T> = std::result::Result<T, ProviderError>;

/// What a folder is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Role {
    Inbox,
    Sent,
    Drafts,
    Archive,
    Spam,
    Trash,
    All,
    Starred,
    Important,
    /// May stand beside others on one message (Gmail label, Graph category).
    Label,
    /// Exclusive (Graph folder).
    Folder,
}

/// A folder, label or category at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFolder {
    /// The provider's id; a category's id is `category:` and its name.
    pub id: String,
    /// As a person reads it; nested Gmail labels keep their full name.
    pub name: String,
    /// The parent's id.
    pub parent: Option<String>,
    /// By well-known ids, never by name.
    pub role: Role,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Messages in it, where the listing tells.
    pub total: Option<u64>,
}

/// Who the mailbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Main address.
    pub email: String,
    /// Messages in the whole mailbox, if the provider tells.
    pub total: Option<u64>,
}

/// Read, star, place: what changes without the content changing. `None`: not told, keep what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Light {
    /// Is it read?
    pub read: Option<bool>,
    /// Starred (Gmail) or flagged (Graph).
    pub starred: Option<bool>,
    /// All containers by [`RemoteFolder::id`], categories included.
    pub folders: Option<Vec<String>>,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub received: Option<u64>,
    /// The provider's thread or conversation id.
    pub thread: Option<String>,
    /// Is it a draft?
    pub draft: Option<bool>,
}

/// One address.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    /// Empty if none.
    pub name: String,
    /// May be no real address in malformed mail.
    pub email: String,
}

/// A part to be fetched on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RemoteAttachment {
    /// Stable within its message: Gmail's part id, Graph's attachment id.
    pub id: String,
    /// Never empty.
    pub name: String,
    /// Such as `image/png`.
    pub media_type: String,
    /// Bytes; an estimate at some providers.
    pub size: u64,
    /// Shown within the body.
    pub inline: bool,
    /// Without angle brackets.
    pub content_id: Option<String>,
}

/// A whole message, attachments' bytes aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5322 header fields")]
pub struct RemoteMessage {
    pub id: RemoteId,
    pub thread: String,
    /// RFC 5322 Message-ID with angle brackets.
    pub message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub subject: String,
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    /// The Date header, in milliseconds since the Unix epoch.
    pub sent: Option<u64>,
    /// In milliseconds since the Unix epoch.
    pub received: u64,
    pub size: Option<u64>,
    pub read: bool,
    pub starred: bool,
    pub important: bool,
    pub draft: bool,
    /// By [`RemoteFolder::id`].
    pub folders: Vec<String>,
    /// Plain text of the beginning.
    pub snippet: String,
    pub html: Option<String>,
    pub text: Option<String>,
    pub attachments: Vec<RemoteAttachment>,
    /// Our own marker (`X-` header or extended property), if it was sent through here.
    pub marker: Option<String>,
    /// The provider's draft id, if it differs from the message id.
    pub draft_id: Option<String>,
    /// What could not be read of it.
    pub problem: Option<String>,
}

/// What a listing names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The message.
    pub id: RemoteId,
    /// Its thread, where the listing tells.
    pub thread: Option<String>,
    /// Its light state, where the listing tells.
    pub light: Light,
    /// The whole message, where the listing carries it: then there is no need to fetch it.
    pub message: Option<Box<RemoteMessage>>,
}

/// A message to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Which.
    pub id: RemoteId,
    /// Its thread, where that is known and more of it may be wanted: a whole thread can be cheaper than its messages.
    pub thread: Option<String>,
}

impl From<RemoteId> for Wanted {
    fn from(id: RemoteId) -> Self {
        Self { id, thread: None }
    }
}

impl From<&RemoteId> for Wanted {
    fn from(id: &RemoteId) -> Self {
        id.clone().into()
    }
}

/// A page of a listing, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// May be empty although there are more.
    pub items: Vec<Listed>,
    /// For the next page.
    pub next: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is there, in this state: fetch it if it is unknown, merge if it is known.
    Present {
        /// The message.
        id: RemoteId,
        /// What is told of it.
        light: Light,
    },
    /// Containers were added or removed.
    Labels {
        /// The message.
        id: RemoteId,
        /// By [`RemoteFolder::id`]; `UNREAD` and `STARRED` are told through `light`.
        added: Vec<String>,
        /// By [`RemoteFolder::id`].
        removed: Vec<String>,
        /// Read and star, where they changed.
        light: Light,
    },
    /// It is gone from the stream. Unless `certain`, it may have moved: ask for it (`fetch`) before deleting.
    Gone {
        /// The message.
        id: RemoteId,
        /// Deleted for good.
        certain: bool,
    },
}

/// What happened since a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// In order.
    pub items: Vec<Change>,
    /// To be stored together with what `items` led to.
    pub next: String,
    /// Call again at once.
    pub more: bool,
    /// `items` belong to a round that names everything in the stream; what it doesn't name by its last page is gone from there.
    pub snapshot: bool,
}

impl Changes {
    /// Whether nothing has happened.
    pub(crate) fn are_none(&self) -> bool {
        self.items.is_empty() && !self.more && !self.snapshot
    }
}

/// A change to be made at the provider.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Edit {
    Read(bool),
    Starred(bool),
    Archive,
    Unarchive,
    Trash,
    /// Back from the trash, to the container with this id if it is known.
    Restore(Option<String>),
    Spam,
    NotSpam,
    MoveTo(String),
    AddLabel(String),
    RemoveLabel(String),
    DeleteForEver,
}

/// A message to be sent, as RFC 5322 and in parts: each provider takes the form that suits it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Unguessable and unique: carried by the draft and by what is sent, so that an unclear answer can be looked up.
    pub marker: String,
    /// Sender, if it is not the account's own address.
    pub from: Option<Address>,
    /// Recipients.
    pub to: Vec<Address>,
    /// Recipients.
    pub cc: Vec<Address>,
    /// Recipients.
    pub bcc: Vec<Address>,
    /// Subject.
    pub subject: String,
    /// HTML body.
    pub html: Option<String>,
    /// Plain body.
    pub text: Option<String>,
    /// When it was written, in milliseconds since the Unix epoch. Part of the message: the same whenever this one is made again.
    pub date: u64,
    /// Read from their blobs when it is their turn: together they are larger than the plugin's memory.
    pub attachments: Vec<OutgoingAttachment>,
    /// What it answers or forwards.
    pub relation: Option<Relation>,
}

/// An attachment to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct OutgoingAttachment {
    pub name: String,
    pub media_type: String,
    pub content_id: Option<String>,
    /// The blob with its bytes.
    pub blob: String,
    /// Bytes in it.
    pub size: u64,
}

/// What a sent message answers or forwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Reply, reply all or forward.
    pub kind: RelationKind,
    /// The provider's id of the original.
    pub id: RemoteId,
    /// The provider's thread id of the original.
    pub thread: String,
    /// Message-ID of the original.
    pub message_id: Option<String>,
    /// References of the original.
    pub references: Vec<String>,
}

/// How a sent message relates to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum RelationKind {
    Reply,
    ReplyAll,
    Forward,
}

/// What became of a draft that was sent, or may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftFate {
    /// Still a draft: it was not sent.
    Draft,
    /// Sent: the message, once it is known.
    Sent(Option<RemoteId>),
    /// Neither draft nor sent copy is there.
    Gone,
}

/// A draft at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeDraft {
    /// By which it is sent and deleted.
    pub id: String,
    /// The message that it is, which Gmail names anew whenever a draft changes; none: not told.
    pub message: Option<RemoteId>,
}

/// Where a provider is to tell of changes.
#[derive(Clone, PartialEq, Eq)]
pub struct PushTarget {
    /// Ours, reachable from the internet.
    pub address: String,
    /// Gmail's detour: a Pub/Sub topic, `projects/…/topics/…`, whose subscription posts to `address`.
    pub topic: String,
    /// Repeated with each message, where the provider does that.
    pub secret: String,
}

/// A provider's promise to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// By which it is renewed and ended, where there is one.
    pub id: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub expires: u64,
}

/// A linked mailbox at a provider.
pub trait Provider {
    /// Address and size.
    fn profile(&self) -> impl Future<Output = Result<Profile>>;
    /// All folders, labels and categories.
    fn folders(&self) -> impl Future<Output = Result<Vec<RemoteFolder>>>;
    /// The streams to follow, given the folders; most important first.
    fn streams(&self, folders: &[RemoteFolder]) -> Vec<String>;
    /// A cursor from now on (Gmail), or one whose first round is a snapshot (Graph).
    fn begin(&self, stream: &str) -> impl Future<Output = Result<String>>;
    /// Messages that arrived at or after `since` (milliseconds since the Unix epoch), newest first, Spam and Trash included.
    fn list(
        &self,
        stream: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> impl Future<Output = Result<Listing>>;
    /// Where listing tells no state, the containers and states that are to be listed one by one to learn it; `known` are containers by
    /// [`RemoteFolder::id`]. None: listing tells it.
    fn listed_apart(&self, _known: &[String]) -> Vec<String> {
        Vec::new()
    }
    /// A page of what is in one of them, and where to go on.
    fn members(
        &self,
        container: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> impl Future<Output = Result<(Vec<RemoteId>, Option<String>)>>;
    /// What being in these and in no others means.
    fn state_in(&self, containers: &[String]) -> Light;
    /// What happened since `cursor`.
    fn changes(&self, stream: &str, cursor: &str) -> impl Future<Output = Result<Changes>>;
    /// Whole messages, each with its own answer; `NotFound` for what is gone. A fault of the whole call is an error, one of a
    /// single message is in its place. Others of a wanted thread may come along.
    fn fetch(
        &self,
        wanted: &[Wanted],
    ) -> impl Future<Output = Result<Vec<(RemoteId, Result<RemoteMessage>)>>>;
    /// The bytes of an attachment.
    fn attachment(
        &self,
        message: &str,
        attachment: &RemoteAttachment,
    ) -> impl Future<Output = Result<Vec<u8>>>;
    /// The message as RFC 5322.
    fn raw(&self, message: &str) -> impl Future<Output = Result<Vec<u8>>>;
    /// One edit of several messages, each with its own answer.
    fn edit(
        &self,
        ids: &[RemoteId],
        edit: &Edit,
    ) -> impl Future<Output = Result<Vec<(RemoteId, Result<()>)>>>;
    /// Makes a draft, or goes on with what an earlier call has begun of it. After `Unclear`, call `find_draft` with the marker; after
    /// `Underway`, call it again.
    fn create_draft(&self, message: &Outgoing) -> impl Future<Output = Result<MadeDraft>>;
    /// The draft that a message is; none: it is no draft (any more).
    fn draft_of(&self, message: &str) -> impl Future<Output = Result<Option<String>>>;
    /// Whole drafts that carry the marker; more than one if a creation was repeated.
    fn find_draft(&self, marker: &str) -> impl Future<Output = Result<Vec<String>>>;
    /// Drops a draft.
    fn delete_draft(&self, draft: &str) -> impl Future<Output = Result<()>>;
    /// Drops what was begun of a draft, because it is not wanted any more or is known to be whole; whole ones stay.
    fn abandon_draft(&self, marker: &str) -> impl Future<Output = Result<()>>;
    /// Sends a draft; answers the sent message's id if the provider tells. After `Unclear`, call `draft_fate`.
    fn send_draft(&self, draft: &str) -> impl Future<Output = Result<Option<RemoteId>>>;
    /// Whether a draft is still there or was sent.
    fn draft_fate(&self, draft: &str, marker: &str) -> impl Future<Output = Result<DraftFate>>;
    /// Addresses that the account may send as, the main one first.
    fn aliases(&self) -> impl Future<Output = Result<Vec<Address>>>;
    /// Asks to be told of changes, or renews what has this id.
    fn subscribe(
        &self,
        target: &PushTarget,
        id: Option<&str>,
    ) -> impl Future<Output = Result<Subscribed>>;
    /// Wants to hear no more.
    fn unsubscribe(&self, id: Option<&str>) -> impl Future<Output = Result<()>>;
    /// Whether nobody waits for what is asked from now on; it then leaves a little of the quota to what somebody waits for.
    fn patient(&self, _patient: bool) {}
    /// What was spent of the quota, if that has changed since it was asked for last: to be kept for the next call.
    fn spent(&self) -> Option<Spent> {
        None
    }
}
