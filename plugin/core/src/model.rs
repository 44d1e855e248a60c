//! What the exports take and answer, in the shapes of `wit/mail.wit`.
//!
//! The component copies them field by field to and from the generated bindings. Times are milliseconds since the Unix epoch, sizes
//! bytes.

use serde::{Deserialize, Serialize};

use crate::platform::{BlobError, StoreError};
use crate::provider::ProviderError;
pub use crate::provider::{Address, RelationKind as Relation, Role};

/// On whose behalf a call is made; the host made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Caller {
    pub user: String,
    pub administrator: bool,
    pub permissions: Vec<String>,
    pub locale: String,
    pub request: String,
}

/// Named by what the caller can do; see `platform:plugin/types.error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Error {
    #[error("not found")]
    NotFound,
    #[error("denied")]
    Denied,
    #[error("{0}: {1}")]
    Invalid(String, String),
    #[error("link the account {0} again")]
    Reconnect(String),
    #[error("an administrator must act: {0}")]
    AdministratorAction(String),
    #[error("busy until {0}")]
    BusyUntil(u64),
    #[error("conflict: {0}")]
    Conflict(String),
    #[error("unavailable: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Other(String),
}

/// Answer of an export.
pub type Result<T> = std::result::Result<T, Error>;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) => Self::Conflict(what),
            StoreError::QuotaExceeded => Self::AdministratorAction(
                "The storage granted to the Email manager is used up; grant more.".into(),
            ),
            StoreError::Unavailable(why) => Self::Unavailable(format!("storage: {why}")),
            StoreError::Fenced => Self::Conflict("somebody else has taken over this work".into()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotFound => Self::NotFound,
            BlobError::QuotaExceeded => StoreError::QuotaExceeded.into(),
            BlobError::Conflict(offset) => Self::Conflict(format!("offset {offset} is expected")),
            BlobError::Unavailable(why) => Self::Unavailable(format!("blobs: {why}")),
            BlobError::Other(why) => Self::Other(why),
        }
    }
}

impl Error {
    /// What a provider's fault means to whoever asked for something of `account`.
    #[must_use]
    pub fn of_provider(error: ProviderError, account: &str) -> Self {
        match error {
            ProviderError::Wait { until, .. } | ProviderError::Paced { until } => {
                Self::BusyUntil(until)
            }
            ProviderError::Reconnect(_) | ProviderError::MissingScope(_) => {
                Self::Reconnect(account.to_owned())
            }
            ProviderError::Administrator(what) => Self::AdministratorAction(what),
            ProviderError::NoAccess => Self::AdministratorAction(error.to_string()),
            ProviderError::NotFound => Self::NotFound,
            ProviderError::Conflict | ProviderError::CursorLost => {
                Self::Conflict("it was changed at the provider meanwhile".into())
            }
            ProviderError::Refused(why) => Self::Other(why),
            ProviderError::Underway | ProviderError::Unauthorized => {
                Self::Unavailable(error.to_string())
            }
            ProviderError::Unclear(why) => Self::Unavailable(why),
        }
    }
}

/// A folder, with its counters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Folder {
    pub id: String,
    pub account: String,
    pub name: String,
    pub parent: Option<String>,
    pub role: Role,
    pub color: Option<String>,
    pub total: u64,
    pub unread: u64,
    pub provider_total: Option<u64>,
    pub counted: Option<u64>,
    pub left_out: bool,
}

/// See `mail.types.marks`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Marks {
    pub unread: bool,
    pub starred: bool,
    pub important: bool,
    pub draft: bool,
    pub answered: bool,
    pub forwarded: bool,
    pub attachments: bool,
    pub muted: bool,
    pub to_do: bool,
}

impl Marks {
    fn list(self) -> [bool; 9] {
        [
            self.unread,
            self.starred,
            self.important,
            self.draft,
            self.answered,
            self.forwarded,
            self.attachments,
            self.muted,
            self.to_do,
        ]
    }

    /// Whether all of `having` are set and none of `lacking` is.
    #[must_use]
    pub fn satisfy(self, having: Self, lacking: Self) -> bool {
        let wanted = having.list().into_iter().zip(lacking.list());
        self.list()
            .into_iter()
            .zip(wanted)
            .all(|(is, (having, lacking))| (is || !having) && !(is && lacking))
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct ThreadSummary {
    pub id: String,
    pub account: String,
    pub subject: String,
    pub snippet: String,
    pub participants: Vec<Address>,
    pub messages: u32,
    pub latest: u64,
    pub marks: Marks,
    pub folders: Vec<String>,
}

/// An attachment of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Attachment {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub size: u64,
    pub inline: bool,
    pub content_id: Option<String>,
}

/// A message without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Message {
    pub id: String,
    pub thread: String,
    pub account: String,
    pub message_header_id: Option<String>,
    pub subject: String,
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    pub sent: Option<u64>,
    pub received: u64,
    pub size: Option<u64>,
    pub marks: Marks,
    pub folders: Vec<String>,
    pub snippet: String,
    pub attachments: Vec<Attachment>,
    pub problem: Option<String>,
}

/// A body, ready to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Content {
    pub html: Option<String>,
    pub text: String,
    pub remote_blocked: u32,
    pub quoted_from: Option<u32>,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Slice {
    pub limit: u32,
    pub cursor: Option<String>,
}

/// What was asked for, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Items<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// See `mailbox.filter`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Filter {
    pub accounts: Vec<String>,
    pub folders: Vec<String>,
    pub text: Option<String>,
    pub having: Marks,
    pub lacking: Marks,
    pub addresses: Vec<String>,
    pub domains: Vec<String>,
    pub after: Option<u64>,
    pub before: Option<u64>,
}

/// See `mailbox.showing`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Showing {
    pub allow_remote: bool,
    pub inline_prefix: String,
    pub remote_prefix: String,
}

/// See `mailbox.download`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Download {
    pub blob: String,
    pub name: String,
    pub media_type: String,
    pub size: u64,
}

/// What a person sees of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Condition {
    AwaitingStart,
    Syncing,
    UpToDate,
    Waiting(u64),
    Reconnect(String),
    Administrator(String),
}

/// What the worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Stage {
    Idle,
    Backfill,
    Increment,
    Reconcile,
}

/// See `accounts.status`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Status {
    pub condition: Condition,
    pub stage: Stage,
    pub stored: u64,
    pub expected: Option<u64>,
    pub parked: u64,
    pub last_success: Option<u64>,
    pub next_run: Option<u64>,
    pub last_check: Option<u64>,
    pub local_count: u64,
    pub provider_count: Option<u64>,
    pub reason: Option<String>,
    pub quota: Quota,
}

/// See `accounts.quota`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Quota {
    pub used: u64,
    pub units: u64,
    pub window: u64,
}

/// See `accounts.overview`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Overview {
    pub provider: String,
    pub awaiting_start: u64,
    pub syncing: u64,
    pub up_to_date: u64,
    pub waiting: u64,
    pub reconnect: u64,
    pub administrator: u64,
    pub messages: u64,
    pub parked: u64,
    pub oldest_success: Option<u64>,
    pub quota_used: u64,
}

/// See `accounts.account`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Account {
    pub id: String,
    pub provider: String,
    pub email: String,
    pub display_name: String,
    pub sync_since: Option<u64>,
    pub aliases: Vec<String>,
    pub features: Vec<String>,
    pub missing_features: Vec<String>,
    pub signature: String,
    pub left_out: Vec<String>,
    pub attachments_limit: u64,
    pub status: Status,
}

/// See `accounts.changes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct AccountChange {
    pub display_name: Option<String>,
    pub sync_since: Option<Option<u64>>,
    pub signature: Option<String>,
    pub left_out: Option<Vec<String>>,
}

/// See `accounts.parked-message`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Parked {
    pub provider_id: String,
    pub reason: String,
    pub tries: u32,
    pub next_try: u64,
}

/// See `accounts.activity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Activity {
    Increment,
    Backfill,
    Reconcile,
}

/// See `accounts.counts`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Counts {
    pub new: u64,
    pub changed: u64,
    pub removed: u64,
    pub parked: u64,
}

/// See `accounts.event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Event {
    Linked {
        again: bool,
    },
    Unlinked,
    Began(Activity),
    Finished {
        activity: Activity,
        counts: Counts,
        /// Milliseconds.
        took: u64,
    },
    Quiet,
    CursorLost,
    Waiting {
        until: u64,
        reason: String,
    },
    Reconnect(String),
    Administrator(String),
    Refused {
        changes: u64,
        reason: String,
    },
}

/// See `accounts.log-entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct LogEntry {
    pub id: String,
    pub at: u64,
    pub since: u64,
    pub times: u64,
    pub event: Event,
}

/// See `accounts.unlinked`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Unlinked {
    pub hint: String,
    pub revoked: bool,
}

/// See `actions.subject`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Subject {
    Messages(Vec<String>),
    Threads(Vec<String>),
    Matching(Filter),
}

/// See `actions.action`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Action {
    MarkRead,
    MarkUnread,
    Star,
    Unstar,
    Archive,
    Unarchive,
    Trash,
    Restore,
    DeleteForEver,
    Spam,
    NotSpam,
    MoveTo(String),
    AddLabel(String),
    RemoveLabel(String),
}

/// See `actions.applied`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Applied {
    pub undo: String,
    pub messages: u64,
    /// Id and reason.
    pub refused: Vec<(String, String)>,
}

/// See `compose.part`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Part {
    pub name: String,
    pub media_type: String,
    pub upload: String,
    pub content_id: Option<String>,
    /// Answered; what is given is not looked at.
    #[serde(default)]
    pub size: Option<u64>,
}

/// See `compose.draft`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Draft {
    pub account: String,
    pub sender: Option<String>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
    pub attachments: Vec<Part>,
    pub in_relation: Option<(Relation, String)>,
}

/// See `compose.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum SendState {
    Pending,
    Scheduled,
    Sending,
    Sent,
    Failed,
    Cancelled,
    Unclear,
}

/// See `compose.outgoing`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Outgoing {
    pub id: String,
    pub account: String,
    pub subject: String,
    pub state: SendState,
    pub reason: Option<String>,
    pub at: u64,
    pub message: Option<String>,
}

/// See `compose.saved`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Saved {
    pub id: String,
    pub revision: String,
}

/// See `compose.opened`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct OpenedDraft {
    pub draft: Draft,
    pub saved: Saved,
    pub message: Option<String>,
}

/// See `compose.content`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Sendable {
    Saved(Saved),
    Fresh(Draft),
}

/// See `job-handler.job`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct JobRun {
    pub kind: String,
    pub key: String,
    pub payload: Vec<u8>,
    pub attempt: u32,
}

/// See `job-handler.outcome`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum JobOutcome {
    Done,
    AgainAt(u64),
    Failed(String),
}
