//! What is remembered, one struct per collection.
//!
//! The shapes follow from how mail is read:
//! - A list page is one index range of `listings` (folder, latest): a row per thread and folder, narrow, with what lists are
//!   filtered by. The lines themselves are `threads` rows, fetched by key.
//! - Bodies are apart from messages, so that reading light state never drags bodies through the cache; they carry the full text,
//!   with the user as scope, so that one search covers all accounts of a user.
//! - A thread's row, its listings and the folders' counters are computed from the messages in the very batch that changes them
//!   (`commit`), guarded by the account's `revision`: they can't drift.

use serde::{Deserialize, Serialize};

use super::column::{Blob, Json, row};
use crate::model::{Activity, Draft, Event, Filter};
use crate::provider::{Address, RemoteAttachment};

row! {
    /// A linked mailbox. Tokens are not here but in the host's secrets.
    "accounts" => pub struct Account {
        id: String,
        user: String,
        provider: String,
        /// Whom the provider's identity token named: `sub`, or `tid` and `oid`.
        identity: String,
        email: String,
        display_name: String,
        created: u64,
        /// `active`; `detached`: unlinked, its mail kept; `purging`: unlinked, its mail being deleted, invisible.
        state: String,
        /// Whether a start date was chosen.
        started: bool,
        since: Option<u64>,
        aliases: Json<Vec<Address>>,
        /// Features that the consent does not allow, whether wanted or not.
        missing: Json<Vec<String>>,
        /// Whether a message is in one folder at a time (Graph) or in a set of labels (Gmail).
        exclusive: bool,
        /// Grows with every change of this account's mail: what was computed from an older one is computed again.
        revision: i64,
        local_count: i64,
        provider_count: Option<i64>,
        /// What the worker did last.
        stage: String,
        wait_until: Option<u64>,
        reason: Option<String>,
        reconnect: Option<String>,
        administrator: Option<String>,
        /// Faults in a row, for growing delays.
        troubles: i64,
        last_success: Option<u64>,
        last_check: Option<u64>,
        next_run: Option<u64>,
        /// When the folders were listed last.
        folders_at: Option<u64>,
        /// Streams followed before this are followed again, whatever the interval says.
        poked: u64,
        /// Somebody asked to compare everything.
        compare: bool,
        /// The start date moved back: what is older has to be listed.
        relist: bool,
        /// HTML, made harmless.
        signature: Option<String>,
        /// The provider's ids of folders whose mail is not kept.
        left_out: Option<Json<Vec<String>>>,
        /// Grows whenever that changes.
        left_out_turn: Option<i64>,
        /// Mail of left out folders that is still here.
        pruning: Option<Json<Pruning>>,
        /// What the worker is at; none: it rests, or does only what a person asked for.
        round: Option<Json<Round>>,
        /// What the round has done so far.
        round_new: Option<i64>,
        round_changed: Option<i64>,
        round_removed: Option<i64>,
        round_parked: Option<i64>,
        /// Entries of its log, and the newest of them.
        logged: Option<i64>,
        last_entry: Option<Json<LastEntry>>,
    }
}

impl Account {
    /// The provider's ids of folders whose mail is not kept.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        self.left_out.as_ref().map_or(&[], |list| &list.0)
    }
}

/// How far the mail of left out folders has been removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruning {
    /// Our ids; the first is under way.
    pub folders: Vec<String>,
    /// Where its list goes on.
    pub cursor: Option<String>,
}

/// From when the worker begins to look at the mailbox until it rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The most that it has become.
    pub activity: Activity,
    /// Milliseconds since the Unix epoch.
    pub began: u64,
}

/// The newest entry of a log, to which what repeats itself is added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastEntry {
    /// Its id.
    pub id: String,
    /// How often it has happened.
    pub times: i64,
    /// What happened.
    pub event: Event,
}

row! {
    /// Something that the worker did, or that happened to it.
    "log" => pub struct LogRow {
        account: String,
        /// Grows with time.
        id: String,
        at: u64,
        /// When it happened first; it has happened `times` since.
        since: u64,
        times: i64,
        event: Json<Event>,
    }
}

row! {
    /// A folder or label, and its counters. Two are ours: what is starred, and everything but spam and trash.
    "folders" => pub struct Folder {
        id: String,
        account: Option<String>,
        /// The provider's id; none: one of ours.
        remote: Option<String>,
        name: Option<String>,
        parent: Option<String>,
        role: Option<Json<crate::provider::Role>>,
        color: Option<String>,
        position: Option<i64>,
        total: Option<i64>,
        unread: Option<i64>,
        /// Messages that the provider counts in it, and when it did.
        remote_total: Option<i64>,
        counted: Option<u64>,
    }
}

row! {
    /// How far a stream of changes was followed.
    "streams" => pub struct Stream {
        account: String,
        stream: String,
        /// Most important first.
        position: i64,
        /// `new`, `listing` or `following`.
        phase: String,
        cursor: Option<String>,
        /// Where the listing goes on.
        page: Option<String>,
        /// Pages listed so far.
        pages: i64,
        /// Number of the comparing round: what it names is marked with it.
        round: i64,
        /// A comparing round is under way.
        comparing: bool,
        /// What the last round did not name is yet to be asked for.
        sweeping: bool,
        /// Its first changes name everything, so following waits for the listing.
        snapshots: bool,
        /// The provider has more changes at hand.
        more: bool,
        polled: u64,
    }
}

row! {
    /// A message without its body.
    "messages" => pub struct Message {
        id: String,
        user: String,
        account: String,
        remote: String,
        thread: String,
        /// The provider's thread id.
        conversation: String,
        stream: String,
        /// The comparing round that named it last.
        seen: i64,
        header_id: Option<String>,
        in_reply_to: Option<String>,
        reference_ids: Json<Vec<String>>,
        subject: String,
        sender: Json<Option<Address>>,
        recipients: Json<Vec<Address>>,
        cc: Json<Vec<Address>>,
        bcc: Json<Vec<Address>>,
        reply_to: Json<Vec<Address>>,
        sent: Option<u64>,
        received: u64,
        size: Option<i64>,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
        snippet: String,
        files: Json<Vec<RemoteAttachment>>,
        problem: Option<String>,
        marker: Option<String>,
        draft_id: Option<String>,
        /// The provider's folder that it was in before it was put into the trash.
        origin: Option<String>,
    }
}

row! {
    /// What of a message changes without its content changing, and what its thread's line needs.
    "messages" => pub struct Light {
        id: String,
        remote: String,
        thread: String,
        conversation: String,
        stream: String,
        seen: i64,
        subject: String,
        sender: Json<Option<Address>>,
        received: u64,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
        snippet: String,
        origin: Option<String>,
    }
}

row! {
    /// A message's body and what a search looks at.
    "bodies" => pub struct Body {
        id: String,
        user: String,
        account: String,
        thread: String,
        received: u64,
        subject: String,
        people: String,
        /// Names of attachments.
        names: String,
        /// Plain text; of a very long one the beginning.
        text: String,
        html: Option<String>,
        /// The whole body, where it is too long for a row.
        whole: Option<Blob>,
    }
}

row! {
    /// What a search needs of a body.
    "bodies" => pub struct Hit {
        id: String,
        account: String,
        thread: String,
        received: u64,
    }
}

row! {
    /// Somebody whom the account's owner wrote to or heard from.
    "people" => pub struct Person {
        account: String,
        /// In lower case.
        email: String,
        user: Option<String>,
        /// The same, to be searched: what is searched is written anew whenever it is named, and a key always is.
        address: Option<String>,
        name: Option<String>,
        /// Letters to them and from them, counted up to a few.
        sent: i64,
        heard: i64,
        last: u64,
        /// What they are ordered by.
        score: i64,
    }
}

row! {
    /// What changes of it with every letter, and is not searched.
    "people" => pub struct PersonUse {
        account: String,
        email: String,
        sent: i64,
        heard: i64,
        last: u64,
        score: i64,
    }
}

row! {
    /// A thread's line.
    "threads" => pub struct Thread {
        id: String,
        user: String,
        account: String,
        subject: String,
        snippet: String,
        participants: Json<Vec<Address>>,
        messages: i64,
        latest: u64,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
    }
}

row! {
    /// A thread's place in a folder.
    "listings" => pub struct Listing {
        folder: String,
        thread: String,
        latest: u64,
        unread: bool,
        starred: bool,
        has_files: bool,
    }
}

row! {
    /// A message to be fetched: because it could not be stored (`failed`), because it was told that it is gone (`doubted`), or
    /// because there were more than one run can fetch (`queued`).
    "parked" => pub struct Parked {
        account: String,
        remote: String,
        kind: String,
        reason: String,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// A change that is shown already and has yet to be made at the provider.
    "edits" => pub struct Edit {
        account: String,
        id: String,
        message: String,
        remote: String,
        edit: Json<crate::provider::Edit>,
        undo: String,
        /// The message before it, to go back to if it is refused.
        before: Json<super::commit::Place>,
        tries: i64,
    }
}

row! {
    /// What an action did, so that it can be taken back.
    "undos" => pub struct Undo {
        id: String,
        user: String,
        created: u64,
        done: Json<Vec<super::commit::Moved>>,
    }
}

row! {
    /// An action on everything that matches, of which the rest is still to be done.
    "sweeps" => pub struct Sweep {
        id: String,
        user: String,
        filter: Json<Filter>,
        action: Json<crate::model::Action>,
        cursor: Option<String>,
        undo: String,
    }
}

row! {
    /// Bytes that were fetched from the provider: an attachment by its id, or the whole message (`raw`).
    "files" => pub struct File {
        message: String,
        part: String,
        account: String,
        blob: Blob,
        size: i64,
        fetched: u64,
    }
}

row! {
    /// A draft as its author left it.
    "drafts" => pub struct DraftRow {
        id: String,
        user: String,
        account: String,
        revision: String,
        content: Json<Draft>,
        /// `dirty`: the provider has an older one or none; `saved`; `leaving`: to be deleted at the provider, then here.
        state: String,
        marker: String,
        /// The provider's draft.
        remote: Option<String>,
        /// The provider's id of the message that it is.
        message: Option<String>,
        /// A call to make it was begun.
        creating: bool,
        updated: u64,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// A message on its way out. The row is the truth.
    "outbox" => pub struct Outbox {
        id: String,
        user: String,
        account: String,
        /// The caller's idempotency key.
        client_key: String,
        state: String,
        /// Within `sending` and `unclear`: `creating` the draft, `created`, or `sending` it.
        step: String,
        reason: Option<String>,
        created: u64,
        at: u64,
        updated: u64,
        subject: String,
        content: Json<Draft>,
        marker: String,
        /// The provider's draft.
        draft: Option<String>,
        remote: Option<String>,
        message: Option<String>,
        /// The saved draft that it was made from.
        origin: Option<String>,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// An attachment of a draft or of an outgoing message.
    "enclosures" => pub struct Enclosure {
        /// The draft's or the outgoing message's id.
        owner: String,
        position: i64,
        /// The upload that it came as, by which a draft names it.
        upload: String,
        name: String,
        media_type: String,
        content_id: Option<String>,
        blob: Blob,
        size: i64,
    }
}
