//! What both providers offer to the skeleton: routes, error bodies, and a mailbox that tests can look into and change as if at the
//! provider's own web mail.

use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Provider;

/// Why the control API refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such mailbox, message, folder or action.
    #[error("no such {0}")]
    NotFound(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// Mail that arrives from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliver {
    /// The whole message.
    pub raw: Bytes,
    /// `inbox` if none; `archive`, `spam`, `trash`, `sent`, or a folder or label by name or id.
    pub folder: Option<String>,
    /// Arrives read.
    pub read: bool,
    /// Arrives starred or flagged.
    pub starred: bool,
    /// Further labels (Google) or categories (Microsoft).
    pub labels: Vec<String>,
    /// Milliseconds since the Unix epoch; none: now.
    pub received: Option<u64>,
}

impl Deliver {
    /// Into the inbox, unread, now.
    pub fn new(raw: impl Into<Bytes>) -> Self {
        Self {
            raw: raw.into(),
            ..Self::default()
        }
    }
}

/// A change made at the provider, by hand as it were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Read or unread.
    pub read: Option<bool>,
    /// Starred (Google) or flagged (Microsoft).
    pub starred: Option<bool>,
    /// Labels (Google) or categories (Microsoft) to add, by id or name.
    pub add: Vec<String>,
    /// Labels or categories to take away.
    pub remove: Vec<String>,
    /// `inbox`, `archive`, `spam`, `trash`, or a folder (Microsoft) or label (Google) by name or id.
    pub move_to: Option<String>,
}

/// A mailbox as the provider has it, for comparisons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MailboxState {
    pub address: String,
    /// Newest first.
    pub messages: Vec<MessageState>,
    pub folders: Vec<FolderState>,
}

/// One message of a [`MailboxState`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MessageState {
    /// Gmail's id; Graph's immutable id.
    pub id: String,
    pub thread: String,
    /// RFC 5322 Message-ID with angle brackets.
    pub message_id: Option<String>,
    pub subject: String,
    /// Label ids, or one folder id.
    pub folders: Vec<String>,
    /// Microsoft's categories.
    pub categories: Vec<String>,
    pub read: bool,
    pub starred: bool,
    pub draft: bool,
    /// Milliseconds since the Unix epoch.
    pub received: u64,
    /// Bytes of the RFC 5322 text.
    pub size: u64,
}

/// One label or folder of a [`MailboxState`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderState {
    /// Label or folder id.
    pub id: String,
    /// As a person reads it.
    pub name: String,
    /// Microsoft's well-known name, Gmail's system label id.
    pub role: Option<String>,
    /// Messages in it.
    pub total: u64,
    /// Unread messages in it.
    pub unread: u64,
}

/// A message that left the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Mailbox it was sent from.
    pub from: String,
    /// Envelope recipients, Bcc included.
    pub to: Vec<String>,
    /// Id of the copy in the sender's mailbox, if one was kept.
    pub id: Option<String>,
    /// Message-ID as sent.
    pub message_id: String,
    /// As recipients get it: without Bcc.
    pub raw: Bytes,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
}

/// One provider, as the skeleton sees it.
pub trait Backend: Send + Sync + 'static {
    /// Which one.
    fn provider(&self) -> Provider;
    /// Everything it serves. Requests come through the gate (faults, access log); handlers may put [`crate::RouteTemplate`] and
    /// [`crate::CallerAddress`] into the extensions of their responses.
    fn routes(self: Arc<Self>) -> Router;
    /// The mailbox that the bearer token of this request stands for, expired or not.
    fn caller(&self, request: &http::request::Parts) -> Option<String>;
    /// Media type and body of an error in this provider's own shape, for injected faults.
    fn error_body(&self, status: StatusCode, path: &str) -> (&'static str, String);

    /// Is there a mailbox with this address or alias?
    fn has_mailbox(&self, address: &str) -> bool;
    /// Puts a message into a mailbox and answers its id.
    fn deliver(&self, address: &str, mail: &Deliver) -> Result<String, ControlError>;
    /// Changes a message.
    fn change(&self, address: &str, id: &str, change: &Change) -> Result<(), ControlError>;
    /// Deletes a message for ever.
    fn remove(&self, address: &str, id: &str) -> Result<(), ControlError>;
    /// Everything in a mailbox.
    fn mailbox(&self, address: &str) -> Result<MailboxState, ControlError>;
    /// The RFC 5322 text of a message.
    fn raw(&self, address: &str, id: &str) -> Result<Bytes, ControlError>;
    /// Everything sent, oldest first.
    fn sent(&self) -> Vec<Sent>;

    /// Lets the access tokens of one person, or of all, expire now; answers how many.
    fn expire_access_tokens(&self, address: Option<&str>) -> usize;
    /// Ends the grants of one person, or of all; answers how many.
    fn revoke_grants(&self, address: Option<&str>) -> usize;
    /// Makes cursors and page tokens given out so far unknown.
    fn expire_cursors(&self, address: &str) -> Result<(), ControlError>;
    /// What only this provider has, by name; see its module.
    fn control(&self, action: &str, body: Value) -> Result<Value, ControlError>;
}
