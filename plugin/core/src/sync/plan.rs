//! What an account's worker does next. Pure: a table of who goes first.
//!
//! A person's doings go first (send, write back, save drafts), then news, then old mail, then what failed. News are looked for
//! while old mail is still being listed, because listing a large mailbox takes hours at the provider's pace.

use crate::store::rows::{Account, Stream};

/// Folders are listed again after this time, in milliseconds: new ones appear rarely, and each listing costs a call per level.
const FOLDERS_EVERY: u64 = 1_800_000;

/// Of the interval, this share at most a stream is looked at early, because others are due: one part in ten.
const EARLY: u64 = 10;

/// What the next step is decided from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Milliseconds since the Unix epoch.
    pub now: u64,
    /// Time between two looks for news.
    pub interval_ms: u64,
    /// The account.
    pub account: &'a Account,
    /// Most important first.
    pub streams: &'a [Stream],
    /// What waits beside them.
    pub queues: Queues,
}

/// What waits to be done for an account, beside looking for mail.
#[derive(Debug, Clone, Copy, Default)]
pub struct Queues {
    /// When the next outgoing message is due.
    pub send_at: Option<u64>,
    /// Whether local changes wait to be written back.
    pub edits: bool,
    /// When the next draft is due.
    pub draft_at: Option<u64>,
    /// When the next parked message is due.
    pub fetch_at: Option<u64>,
    /// When being told of changes is to be asked for, renewed or ended; none: neither.
    pub subscribe_at: Option<u64>,
}

/// One bounded piece of work. Streams are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send, or find out what became of, a message.
    Send,
    /// Make local changes at the provider.
    WriteBack,
    /// Save or delete a draft at the provider.
    SaveDraft,
    /// List folders and the streams to follow.
    Folders,
    /// Remove mail of folders that were left out.
    Prune,
    /// Ask to be told of changes, or to be told no more.
    Subscribe,
    /// Begin a comparing round, or list again from a moved start date.
    Again,
    /// Take a cursor for a new stream.
    Begin(String),
    /// A page of old mail.
    List(String),
    /// A page of news.
    Follow(String),
    /// Ask for what a comparing round did not name.
    Sweep(String),
    /// Try parked messages again.
    Fetch,
    /// Nothing to do until then.
    Rest(u64),
    /// Nothing to do until somebody asks for something.
    Stop,
}

impl Step {
    /// Whether nobody waits for it.
    #[must_use]
    pub fn is_patient(&self) -> bool {
        !matches!(self, Self::Send | Self::WriteBack | Self::SaveDraft)
    }

    /// Whether there is nothing to do now, and until when; then none: until somebody asks for something.
    pub(super) fn rests(&self) -> Option<Option<u64>> {
        match self {
            Self::Rest(until) => Some(Some(*until)),
            Self::Stop => Some(None),
            _ => None,
        }
    }
}

/// Streams in which news are looked for now.
fn due<'a>(situation: &Situation<'a>) -> impl Iterator<Item = &'a Stream> + use<'a> {
    let situation = *situation;
    let streams = situation.streams.iter();
    streams.filter(move |stream| wants_news(stream, &situation, situation.interval_ms))
}

/// Streams in which news are looked for once they are looked for in one: those that are due, and those that soon will be, so
/// that all of an account's streams come to be looked at in the same run.
pub(super) fn along<'a>(situation: &Situation<'a>) -> impl Iterator<Item = &'a Stream> + use<'a> {
    let situation = *situation;
    let soon = situation.interval_ms - situation.interval_ms / EARLY;
    let streams = situation.streams.iter();
    streams.filter(move |stream| wants_news(stream, &situation, soon))
}

fn wants_news(stream: &Stream, situation: &Situation<'_>, after: u64) -> bool {
    let follows = match stream.phase.as_str() {
        "following" => true,
        // While listing: only once something is to be seen, and never where the first changes repeat the listing.
        "listing" => stream.pages > 0 && !stream.snapshots && !stream.comparing,
        _ => false,
    };
    let waited = situation.now >= stream.polled.saturating_add(after);
    let asked = stream.answered != Some(situation.account.poked);
    follows && (stream.more || waited || asked)
}

/// Decides.
#[must_use]
pub fn next(situation: &Situation<'_>) -> Step {
    let Situation {
        now,
        account,
        streams,
        queues,
        ..
    } = *situation;
    if account.state != "active" || account.reconnect.is_some() {
        return Step::Stop;
    }
    if let Some(until) = account.wait_until.filter(|until| *until > now) {
        return Step::Rest(until);
    }
    let is_due = |at: Option<u64>| at.is_some_and(|at| at <= now);
    if is_due(queues.send_at) {
        return Step::Send;
    }
    if queues.edits {
        return Step::WriteBack;
    }
    if is_due(queues.draft_at) {
        return Step::SaveDraft;
    }
    let later = || queues.send_at.into_iter().chain(queues.draft_at);
    if !account.started {
        return later().min().map_or(Step::Stop, Step::Rest);
    }
    let folders_at = account
        .folders_at
        .map_or(0, |at| at.saturating_add(FOLDERS_EVERY));
    if folders_at <= now {
        return Step::Folders;
    }
    if account.pruning.is_some() {
        return Step::Prune;
    }
    if account.compare || account.relist {
        return Step::Again;
    }
    let named = |stream: &Stream| stream.stream.clone();
    if let Some(stream) = streams.iter().find(|stream| stream.phase == "new") {
        // A stream's first page comes right after its cursor, so the inbox is readable before other streams begin.
        let unseen = streams
            .iter()
            .find(|stream| stream.phase == "listing" && stream.pages == 0);
        return unseen.map_or_else(
            || Step::Begin(named(stream)),
            |unseen| Step::List(named(unseen)),
        );
    }
    if let Some(stream) = due(situation).next() {
        return Step::Follow(named(stream));
    }
    // Fewest pages first, so that all folders fill from the newest down.
    if let Some(stream) = streams
        .iter()
        .filter(|stream| stream.phase == "listing")
        .min_by_key(|stream| (stream.pages, stream.position))
    {
        return Step::List(named(stream));
    }
    if let Some(stream) = streams.iter().find(|stream| stream.sweeping) {
        return Step::Sweep(named(stream));
    }
    if is_due(queues.fetch_at) {
        return Step::Fetch;
    }
    if is_due(queues.subscribe_at) {
        return Step::Subscribe;
    }
    let polls = streams
        .iter()
        .filter(|stream| stream.phase == "following")
        .map(|stream| stream.polled.saturating_add(situation.interval_ms));
    let next = polls
        .chain(queues.fetch_at)
        .chain(queues.subscribe_at)
        .chain(later())
        .chain([folders_at])
        .min();
    Step::Rest(next.unwrap_or(folders_at).max(now.saturating_add(1)))
}
