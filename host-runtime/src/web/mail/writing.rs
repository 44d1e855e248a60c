//! Actions, drafts and the outbox as JSON; what a person sends in is checked here as far as the contract's shapes go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::list::Matching;
use super::model::{Address, into};
use crate::bindings::mail::{actions as x, compose as c};
use crate::web::problem::{Problem, Result};

/// What to do with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ActionName {
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
    /// Needs `folder`.
    MoveTo,
    /// Needs `folder`.
    AddLabel,
    /// Needs `folder`.
    RemoveLabel,
}

/// Does one thing to many messages. Exactly one of `messages`, `threads` and `matching` says to which.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionRequest {
    /// What to do.
    pub action: ActionName,
    /// The folder or label that the action needs.
    pub folder: Option<String>,
    /// Ids of messages.
    pub messages: Option<Vec<String>>,
    /// Ids of threads: all of their messages.
    pub threads: Option<Vec<String>>,
    /// Everything that a list with this filter would show.
    pub matching: Option<Matching>,
}

impl ActionRequest {
    pub(super) fn parts(self) -> Result<(x::Subject, x::Action)> {
        let folder = self.folder;
        let needed = |folder: Option<String>| {
            folder.ok_or_else(|| {
                Problem::field(
                    "folder",
                    "This action needs the id of a folder in `folder`.",
                )
            })
        };
        let action = match self.action {
            ActionName::MarkRead => x::Action::MarkRead,
            ActionName::MarkUnread => x::Action::MarkUnread,
            ActionName::Star => x::Action::Star,
            ActionName::Unstar => x::Action::Unstar,
            ActionName::Archive => x::Action::Archive,
            ActionName::Unarchive => x::Action::Unarchive,
            ActionName::Trash => x::Action::Trash,
            ActionName::Restore => x::Action::Restore,
            ActionName::DeleteForEver => x::Action::DeleteForEver,
            ActionName::Spam => x::Action::Spam,
            ActionName::NotSpam => x::Action::NotSpam,
            ActionName::MoveTo => x::Action::MoveTo(needed(folder)?),
            ActionName::AddLabel => x::Action::AddLabel(needed(folder)?),
            ActionName::RemoveLabel => x::Action::RemoveLabel(needed(folder)?),
        };
        let subject = match (self.messages, self.threads, self.matching) {
            (Some(ids), None, None) => x::Subject::Messages(ids),
            (None, Some(ids), None) => x::Subject::Threads(ids),
            (None, None, Some(filter)) => x::Subject::Matching(filter.into()),
            _ => {
                return Err(Problem::field(
                    "messages",
                    "Name exactly one of `messages`, `threads` and `matching`.",
                ));
            }
        };
        Ok((subject, action))
    }
}

/// A message or thread that the action could not be applied to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refused {
    /// Its id.
    pub id: String,
    /// Why, for a person.
    pub reason: String,
}

/// What an action did.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Applied {
    /// For `POST /api/mail/actions/undo`.
    pub undo: String,
    /// How many messages it changed.
    pub messages: u64,
    /// What it could not change.
    pub refused: Vec<Refused>,
}

impl From<x::Applied> for Applied {
    fn from(a: x::Applied) -> Self {
        Self {
            undo: a.undo,
            messages: a.messages,
            refused: a
                .refused
                .into_iter()
                .map(|r| Refused {
                    id: r.id,
                    reason: r.reason,
                })
                .collect(),
        }
    }
}

/// Takes an action back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoRequest {
    /// What the action answered.
    pub undo: String,
}

/// How a new message relates to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Relation {
    Reply,
    ReplyAll,
    Forward,
}

impl From<Relation> for c::Relation {
    fn from(r: Relation) -> Self {
        match r {
            Relation::Reply => Self::Reply,
            Relation::ReplyAll => Self::ReplyAll,
            Relation::Forward => Self::Forward,
        }
    }
}

impl From<c::Relation> for Relation {
    fn from(r: c::Relation) -> Self {
        match r {
            c::Relation::Reply => Self::Reply,
            c::Relation::ReplyAll => Self::ReplyAll,
            c::Relation::Forward => Self::Forward,
        }
    }
}

/// Which message is answered or forwarded, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InRelation {
    /// How.
    pub relation: Relation,
    /// The message's id.
    pub message: String,
}

/// A file of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftPart {
    /// File name.
    pub name: String,
    /// Such as `image/png`.
    pub media_type: String,
    /// What `POST /api/uploads` answered; or the name of what a saved draft has already.
    pub upload: String,
    /// Set for an inline image: the HTML names it as `cid:` and this.
    #[serde(default)]
    pub content_id: Option<String>,
    /// Answered; what is sent is not looked at.
    #[serde(default)]
    pub size: Option<u64>,
}

/// A message being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// The account it is sent from.
    pub account: String,
    /// One of the account's aliases; none: its own address.
    #[serde(default)]
    pub sender: Option<String>,
    /// Recipients.
    #[serde(default)]
    pub to: Vec<Address>,
    /// Recipients of a copy.
    #[serde(default)]
    pub cc: Vec<Address>,
    /// Recipients that the others don't see.
    #[serde(default)]
    pub bcc: Vec<Address>,
    /// Subject line.
    #[serde(default)]
    pub subject: String,
    /// The text with markup.
    #[serde(default)]
    pub html: Option<String>,
    /// The text without; made from `html` if left out.
    #[serde(default)]
    pub text: Option<String>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<DraftPart>,
    /// Set for answers and forwards.
    #[serde(default)]
    pub in_relation: Option<InRelation>,
}

impl From<Draft> for c::Draft {
    fn from(d: Draft) -> Self {
        Self {
            account: d.account,
            sender: d.sender,
            to: into(d.to),
            cc: into(d.cc),
            bcc: into(d.bcc),
            subject: d.subject,
            html: d.html,
            text: d.text,
            attachments: d
                .attachments
                .into_iter()
                .map(|p| c::Part {
                    name: p.name,
                    media_type: p.media_type,
                    upload: p.upload,
                    content_id: p.content_id,
                    size: p.size,
                })
                .collect(),
            in_relation: d.in_relation.map(|r| (r.relation.into(), r.message)),
        }
    }
}

impl From<c::Draft> for Draft {
    fn from(d: c::Draft) -> Self {
        Self {
            account: d.account,
            sender: d.sender,
            to: into(d.to),
            cc: into(d.cc),
            bcc: into(d.bcc),
            subject: d.subject,
            html: d.html,
            text: d.text,
            attachments: d
                .attachments
                .into_iter()
                .map(|p| DraftPart {
                    name: p.name,
                    media_type: p.media_type,
                    upload: p.upload,
                    content_id: p.content_id,
                    size: p.size,
                })
                .collect(),
            in_relation: d.in_relation.map(|(relation, message)| InRelation {
                relation: relation.into(),
                message,
            }),
        }
    }
}

/// Asks for a draft that answers or forwards a message.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrepareRequest {
    /// The message's id.
    pub message: String,
    /// How.
    pub relation: Relation,
}

/// Replaces a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftChange {
    /// The revision that this is based on.
    pub revision: String,
    /// The whole draft.
    pub draft: Draft,
}

/// A saved draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    /// The draft's id.
    pub id: String,
    /// Grows stale when somebody changes the draft.
    pub revision: String,
}

impl From<c::Saved> for Saved {
    fn from(s: c::Saved) -> Self {
        Self {
            id: s.id,
            revision: s.revision,
        }
    }
}

impl From<Saved> for c::Saved {
    fn from(s: Saved) -> Self {
        Self {
            id: s.id,
            revision: s.revision,
        }
    }
}

/// A draft to go on with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenedDraft {
    /// What it holds.
    pub draft: Draft,
    /// To save over it.
    pub saved: Saved,
    /// Its message, once it is in the mailbox; attachments of the same `content_id` or name can be fetched there.
    pub message: Option<String>,
}

impl From<c::Opened> for OpenedDraft {
    fn from(x: c::Opened) -> Self {
        Self {
            draft: x.draft.into(),
            saved: x.saved.into(),
            message: x.message,
        }
    }
}

/// Sends a message: exactly one of `draft` and `saved`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendRequest {
    /// A new message.
    pub draft: Option<Draft>,
    /// A saved draft, as it was when it was read.
    pub saved: Option<Saved>,
    /// Not before this time, in milliseconds since the Unix epoch.
    pub at: Option<u64>,
}

impl SendRequest {
    pub(super) fn content(self) -> Result<(c::Content, Option<u64>)> {
        let content = match (self.draft, self.saved) {
            (Some(draft), None) => c::Content::Fresh(draft.into()),
            (None, Some(saved)) => c::Content::Saved(saved.into()),
            _ => {
                return Err(Problem::field(
                    "draft",
                    "Name exactly one of `draft` (a new message) and `saved` (a saved draft).",
                ));
            }
        };
        Ok((content, self.at))
    }
}

/// What becomes of a message that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutgoingState {
    Pending,
    Scheduled,
    Sending,
    Sent,
    Failed,
    Cancelled,
    /// The provider's answer was lost; it is being looked up, never blindly repeated.
    Unclear,
}

/// A message of the outbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outgoing {
    pub id: String,
    pub account: String,
    pub subject: String,
    pub state: OutgoingState,
    /// Why it failed or waits, for a person.
    pub reason: Option<String>,
    /// When it was or will be sent.
    pub at: u64,
    /// The sent message, once it is known.
    pub message: Option<String>,
}

impl From<c::Outgoing> for Outgoing {
    fn from(o: c::Outgoing) -> Self {
        let state = match o.state {
            c::State::Pending => OutgoingState::Pending,
            c::State::Scheduled => OutgoingState::Scheduled,
            c::State::Sending => OutgoingState::Sending,
            c::State::Sent => OutgoingState::Sent,
            c::State::Failed => OutgoingState::Failed,
            c::State::Cancelled => OutgoingState::Cancelled,
            c::State::Unclear => OutgoingState::Unclear,
        };
        Self {
            id: o.id,
            account: o.account,
            subject: o.subject,
            state,
            reason: o.reason,
            at: o.at,
            message: o.message,
        }
    }
}
