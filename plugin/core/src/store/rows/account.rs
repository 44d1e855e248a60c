//! Accounts, and what is followed of each.

use serde::{Deserialize, Serialize};

use crate::model::{Activity, Event};
use crate::provider::Address;
use crate::store::column::{Json, row};

row! {
    /// A linked mailbox. Tokens are not here but in the host's secrets.
    "accounts" => pub struct Account {
        id: String,
        user: String,
        provider: String,
        /// Whom the provider's identity token named (`sub`, or `tid` and `oid`) and, after a space, which shared mailbox is meant: the same
        /// person may link several, and each of them once.
        identity: String,
        /// The address of a mailbox that is shared with the person; none: their own.
        mailbox: Option<String>,
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
        /// Another with each time that somebody wants news looked for now, and never an earlier one again. That it is a time is history: hosts'
        /// clocks differ, so that only `Stream::answered` says whether it was looked for since.
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
    /// What `poked` becomes when somebody wants news at `now`, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn next_poke(&self, now: u64) -> u64 {
        now.max(self.poked.saturating_add(1))
    }

    /// One that was linked at `now`, in milliseconds since the Unix epoch, of which nothing else is known yet.
    #[must_use]
    pub fn fresh(id: String, user: &str, provider: &str, now: u64) -> Self {
        Self {
            id,
            user: user.to_owned(),
            provider: provider.to_owned(),
            identity: String::new(),
            mailbox: None,
            email: String::new(),
            display_name: String::new(),
            created: now,
            state: "active".to_owned(),
            started: false,
            since: None,
            aliases: Json(Vec::new()),
            missing: Json(Vec::new()),
            exclusive: false,
            revision: 0,
            local_count: 0,
            provider_count: None,
            stage: "idle".to_owned(),
            wait_until: None,
            reason: None,
            reconnect: None,
            administrator: None,
            troubles: 0,
            last_success: None,
            last_check: None,
            next_run: None,
            folders_at: None,
            poked: now,
            compare: false,
            relist: false,
            signature: None,
            left_out: None,
            left_out_turn: None,
            pruning: None,
            round: None,
            round_new: None,
            round_changed: None,
            round_removed: None,
            round_parked: None,
            logged: None,
            last_entry: None,
        }
    }

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
        /// The container whose members a comparing round lists, before it lists everything; empty: it begins with the first. None: it is
        /// through with them, or they need not be listed.
        pass: Option<String>,
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
        /// The account's `poked` when the last look began.
        answered: Option<u64>,
    }
}

row! {
    /// What was spent of an account's quota at its provider.
    "budgets" => pub struct Budget {
        account: String,
        spent: Json<crate::provider::Spending>,
        /// Bytes put into the mailbox, where the provider counts them.
        uploaded: Option<Json<crate::provider::Spending>>,
    }
}

row! {
    /// What was spent, in a few seconds, of the quota that all mailboxes at a provider share.
    "pools" => pub struct Pool {
        provider: String,
        /// Their beginning.
        at: u64,
        units: i64,
    }
}

row! {
    /// In which containers a comparing round found a message, where the listing of everything does not tell.
    "told" => pub struct Told {
        /// The message's.
        id: String,
        account: String,
        containers: Json<Vec<String>>,
    }
}

row! {
    /// Where a provider was asked to tell of an account's changes.
    "subscriptions" => pub struct Subscription {
        account: String,
        /// The provider's id, where there is one.
        remote: Option<String>,
        /// Digest of what the provider repeats with each message.
        secret: Option<String>,
        renew_at: u64,
        /// Why it could not be had.
        problem: Option<String>,
        /// Where it tells: the topic, or the address.
        place: Option<String>,
    }
}

row! {
    /// A provider's public keys, as it publishes them.
    "keys" => pub struct Keys {
        provider: String,
        document: String,
        fetched: u64,
    }
}
