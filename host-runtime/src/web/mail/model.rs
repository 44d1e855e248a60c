//! Mail as JSON: the contract's records with names in snake_case, enumerations spelt as in the contract, and variants told apart by
//! a plain word. Times are milliseconds since the Unix epoch, sizes bytes, ids opaque.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bindings::mail::{accounts as a, types as t};

/// Somebody's name and address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// Empty if there is none.
    #[serde(default)]
    pub name: String,
    /// `local@domain`; in malformed mail perhaps something else.
    pub email: String,
}

impl From<t::Address> for Address {
    fn from(x: t::Address) -> Self {
        Self {
            name: x.name,
            email: x.email,
        }
    }
}

impl From<Address> for t::Address {
    fn from(x: Address) -> Self {
        Self {
            name: x.name,
            email: x.email,
        }
    }
}

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FolderRole {
    Inbox,
    Sent,
    Drafts,
    Archive,
    Spam,
    Trash,
    All,
    Starred,
    Important,
    /// May stand beside other folders on one message.
    Label,
    Folder,
}

impl From<t::FolderRole> for FolderRole {
    fn from(x: t::FolderRole) -> Self {
        use t::FolderRole as R;
        match x {
            R::Inbox => Self::Inbox,
            R::Sent => Self::Sent,
            R::Drafts => Self::Drafts,
            R::Archive => Self::Archive,
            R::Spam => Self::Spam,
            R::Trash => Self::Trash,
            R::All => Self::All,
            R::Starred => Self::Starred,
            R::Important => Self::Important,
            R::Label => Self::Label,
            R::Folder => Self::Folder,
        }
    }
}

/// A folder, label or category of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    pub id: String,
    pub account: String,
    pub name: String,
    pub parent: Option<String>,
    pub role: FolderRole,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Messages in it.
    pub total: u64,
    /// Of these, unread.
    pub unread: u64,
    /// Messages in it at the provider, as counted at `counted`. More than `total` where mail from before the start date is not kept.
    pub provider_total: Option<u64>,
    pub counted: Option<u64>,
    /// Its mail is not kept here.
    pub left_out: bool,
}

impl From<t::Folder> for Folder {
    fn from(x: t::Folder) -> Self {
        Self {
            id: x.id,
            account: x.account,
            name: x.name,
            parent: x.parent,
            role: x.role.into(),
            color: x.color,
            total: x.total,
            unread: x.unread,
            provider_total: x.provider_total,
            counted: x.counted,
            left_out: x.left_out,
        }
    }
}

/// What is marked on a message or thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mark {
    Unread,
    Starred,
    Important,
    Draft,
    Answered,
    Forwarded,
    Attachments,
    Muted,
    ToDo,
}

impl Mark {
    const ALL: [(Self, t::Marks); 9] = [
        (Self::Unread, t::Marks::UNREAD),
        (Self::Starred, t::Marks::STARRED),
        (Self::Important, t::Marks::IMPORTANT),
        (Self::Draft, t::Marks::DRAFT),
        (Self::Answered, t::Marks::ANSWERED),
        (Self::Forwarded, t::Marks::FORWARDED),
        (Self::Attachments, t::Marks::ATTACHMENTS),
        (Self::Muted, t::Marks::MUTED),
        (Self::ToDo, t::Marks::TO_DO),
    ];

    fn list(marks: t::Marks) -> Vec<Self> {
        Self::ALL
            .iter()
            .filter(|(_, flag)| marks.contains(*flag))
            .map(|(mark, _)| *mark)
            .collect()
    }
}

/// A thread in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThreadSummary {
    pub id: String,
    pub account: String,
    pub subject: String,
    /// Plain text of the newest message's beginning.
    pub snippet: String,
    /// In the order of their first message; at most 10.
    pub participants: Vec<Address>,
    /// How many messages it has.
    pub messages: u32,
    /// When the newest one arrived.
    pub latest: u64,
    pub marks: Vec<Mark>,
    /// Ids of the folders that hold messages of it.
    pub folders: Vec<String>,
}

impl From<t::ThreadSummary> for ThreadSummary {
    fn from(x: t::ThreadSummary) -> Self {
        Self {
            id: x.id,
            account: x.account,
            subject: x.subject,
            snippet: x.snippet,
            participants: into(x.participants),
            messages: x.messages,
            latest: x.latest,
            marks: Mark::list(x.marks),
            folders: x.folders,
        }
    }
}

/// A file in a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attachment {
    /// Within its message; see `/api/mail/messages/{id}/attachments/{aid}`.
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub size: u64,
    /// Shown inside the text.
    pub inline: bool,
    /// Without angle brackets.
    pub content_id: Option<String>,
}

impl From<t::Attachment> for Attachment {
    fn from(x: t::Attachment) -> Self {
        Self {
            id: x.id,
            name: x.name,
            media_type: x.media_type,
            size: x.size,
            inline: x.inline,
            content_id: x.content_id,
        }
    }
}

/// A message without its text; see `…/text` and `…/view`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub id: String,
    pub thread: String,
    pub account: String,
    /// RFC 5322 Message-ID, with angle brackets.
    pub message_header_id: Option<String>,
    pub subject: String,
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    /// The Date header.
    pub sent: Option<u64>,
    /// What messages are ordered by.
    pub received: u64,
    pub size: Option<u64>,
    pub marks: Vec<Mark>,
    pub folders: Vec<String>,
    pub snippet: String,
    pub attachments: Vec<Attachment>,
    /// Why the message could not be read in full; what could be read is shown.
    pub problem: Option<String>,
}

impl From<t::Message> for Message {
    fn from(x: t::Message) -> Self {
        Self {
            id: x.id,
            thread: x.thread,
            account: x.account,
            message_header_id: x.message_header_id,
            subject: x.subject,
            from: x.from.map(Into::into),
            to: into(x.to),
            cc: into(x.cc),
            bcc: into(x.bcc),
            reply_to: into(x.reply_to),
            sent: x.sent,
            received: x.received,
            size: x.size,
            marks: Mark::list(x.marks),
            folders: x.folders,
            snippet: x.snippet,
            attachments: into(x.attachments),
            problem: x.problem,
        }
    }
}

/// A message's text, without markup.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageText {
    /// The whole text up to where quoted history begins.
    pub text: String,
    /// The quoted history.
    pub quoted: Option<String>,
    /// Whether there is an HTML form; `…/view` shows it.
    pub html: bool,
    /// Remote images and the like that a view leaves out until it is asked for them.
    pub remote_blocked: u32,
}

impl From<t::Content> for MessageText {
    fn from(x: t::Content) -> Self {
        let cut = x
            .quoted_from
            .map(|at| at as usize)
            .filter(|at| x.text.is_char_boundary(*at));
        let (text, quoted) = match cut.and_then(|at| x.text.split_at_checked(at)) {
            Some((text, quoted)) => (text.to_owned(), Some(quoted.to_owned())),
            None => (x.text, None),
        };
        Self {
            text,
            quoted,
            html: x.html.is_some(),
            remote_blocked: x.remote_blocked,
        }
    }
}

/// What a person sees of an account's synchronisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// Linked; nothing is fetched until `sync_since` is set.
    AwaitingStart,
    /// Mail is being fetched.
    Syncing,
    /// Nothing is missing.
    UpToDate,
    /// Nothing is fetched before `until`.
    Waiting,
    /// Link the account again; `detail` says why.
    Reconnect,
    /// An administrator must act; `detail` says how.
    Administrator,
}

/// What the worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    Idle,
    Backfill,
    Increment,
    Reconcile,
}

/// How far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    /// Messages stored.
    pub stored: u64,
    /// Messages expected in the end.
    pub expected: Option<u64>,
    /// Messages that could not be stored; see `…/parked`.
    pub parked: u64,
}

/// The state of an account's synchronisation.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountStatus {
    pub condition: Condition,
    /// With `waiting`.
    pub until: Option<u64>,
    /// With `reconnect` and `administrator`, for a person.
    pub detail: Option<String>,
    pub stage: Stage,
    pub progress: Progress,
    pub last_success: Option<u64>,
    pub next_run: Option<u64>,
    pub last_check: Option<u64>,
    /// Messages here.
    pub local_count: u64,
    /// Messages at the provider.
    pub provider_count: Option<u64>,
    /// Why the worker waits, for a person.
    pub reason: Option<String>,
    pub quota: Quota,
}

/// What an account may ask of its provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quota {
    /// The provider's units, spent in the `window` milliseconds up to now.
    pub used: u64,
    /// Of so many.
    pub units: u64,
    /// Milliseconds.
    pub window: u64,
}

/// A linked mailbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub id: String,
    pub provider: String,
    pub email: String,
    pub display_name: String,
    pub sync_since: Option<u64>,
    /// Addresses that it may send as.
    pub aliases: Vec<String>,
    /// What can be done with it: `read`, `modify`, `send`, `delete` (for ever).
    pub features: Vec<String>,
    /// What is wanted and the consent did not include: linking again asks for it. What an administrator switched off is in neither list.
    pub missing_features: Vec<String>,
    /// Sanitised HTML, to be put under what is written; empty: none.
    pub signature: String,
    /// Ids of folders whose mail is not kept here.
    pub left_out: Vec<String>,
    /// Bytes that the files of one message may have together, before encoding.
    pub attachments_limit: u64,
    pub status: AccountStatus,
}

impl From<a::Account> for Account {
    fn from(x: a::Account) -> Self {
        Self {
            id: x.id,
            provider: x.provider,
            email: x.email,
            display_name: x.display_name,
            sync_since: x.sync_since,
            aliases: x.aliases,
            features: x.features,
            missing_features: x.missing_features,
            signature: x.signature,
            left_out: x.left_out,
            attachments_limit: x.attachments_limit,
            status: x.status.into(),
        }
    }
}

impl From<a::Status> for AccountStatus {
    fn from(x: a::Status) -> Self {
        let (condition, until, detail) = match x.condition {
            a::Condition::AwaitingStart => (Condition::AwaitingStart, None, None),
            a::Condition::Syncing => (Condition::Syncing, None, None),
            a::Condition::UpToDate => (Condition::UpToDate, None, None),
            a::Condition::Waiting(until) => (Condition::Waiting, Some(until), None),
            a::Condition::Reconnect(why) => (Condition::Reconnect, None, Some(why)),
            a::Condition::Administrator(what) => (Condition::Administrator, None, Some(what)),
        };
        let stage = match x.stage {
            a::Stage::Idle => Stage::Idle,
            a::Stage::Backfill => Stage::Backfill,
            a::Stage::Increment => Stage::Increment,
            a::Stage::Reconcile => Stage::Reconcile,
        };
        Self {
            condition,
            until,
            detail,
            stage,
            progress: Progress {
                stored: x.progress.stored,
                expected: x.progress.expected,
                parked: x.progress.parked,
            },
            last_success: x.last_success,
            next_run: x.next_run,
            last_check: x.last_check,
            local_count: x.local_count,
            provider_count: x.provider_count,
            reason: x.reason,
            quota: Quota {
                used: x.quota.used,
                units: x.quota.units,
                window: x.quota.window,
            },
        }
    }
}

/// A message that could not be stored yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParkedMessage {
    /// The provider's id of it.
    pub provider_id: String,
    /// What went wrong, for a person.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again.
    pub next_try: u64,
}

impl From<a::ParkedMessage> for ParkedMessage {
    fn from(x: a::ParkedMessage) -> Self {
        Self {
            provider_id: x.provider_id,
            reason: x.reason,
            tries: x.tries,
            next_try: x.next_try,
        }
    }
}

/// What became of unlinking.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unlinked {
    /// What is left to do at the provider, for a person; empty: nothing.
    pub hint: String,
    /// Whether the provider was told to forget the grant.
    pub revoked: bool,
}

impl From<a::Unlinked> for Unlinked {
    fn from(x: a::Unlinked) -> Self {
        Self {
            hint: x.hint,
            revoked: x.revoked,
        }
    }
}

/// A whole list of records, changed into the other form.
pub(super) fn into<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str, quoted_from: Option<u32>) -> MessageText {
        t::Content {
            html: None,
            text: text.to_owned(),
            remote_blocked: 0,
            quoted_from,
        }
        .into()
    }

    #[test]
    fn quoted_history_is_cut_off_where_the_plugin_says_and_never_inside_a_character() {
        assert_eq!(
            content("да\n> нет", Some(5)).quoted.as_deref(),
            Some("> нет")
        );
        assert_eq!(content("да", Some(1)).text, "да");
        assert_eq!(content("да", Some(99)).quoted, None);
    }
}
