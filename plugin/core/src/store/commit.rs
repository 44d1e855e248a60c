//! The only way in which mail changes here.
//!
//! News of the provider and edits of a person come in; one atomic batch goes out that holds the messages and everything that
//! follows from them: bodies, thread lines, list places, folder counters, the events that open pages listen to, and whatever the
//! caller adds (a cursor, an edit to be made at the provider). The batch requires the account's `revision` that it was computed
//! from; if somebody was faster, it is computed again. That is why counters can't drift and an older sync can't undo a newer
//! local change: pending edits are laid over whatever the provider tells.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::column::{Blob, Column, Json};
use super::folders::Folders;
use super::people::People;
pub use super::place::Place;
use super::query;
use super::rows::{self, Account, Body, Light, Message, Thread};
pub(crate) use super::summary::real;
use super::summary::{Counters, listings, places, summarise};
use crate::ids;
use crate::platform::{Platform, StoreError, Value, Write};
use crate::provider::{self, RelationKind, RemoteMessage};

/// Computed again this often when others change the same account, before the caller is told of a conflict.
const TRIES: usize = 6;

/// Threads whose messages are read in one look-up.
const THREADS_AT_ONCE: usize = 200;

/// Ids that an event names; beyond, pages read their lists again.
const NAMED: usize = 50;

/// A whole message with its body as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Its body is taken out.
    pub message: RemoteMessage,
    /// Plain text to search and to show.
    pub text: String,
    /// The HTML part, as it came.
    pub html: Option<String>,
    /// The whole body, where it is too long for a row.
    pub whole: Option<String>,
}

/// Something that changes mail.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A message in full: new, or known and told again.
    Whole {
        /// The message.
        arrived: Box<Arrived>,
        /// Where it was found.
        stream: String,
        /// The comparing round that named it.
        round: i64,
    },
    /// Some light state of a message; unknown messages are passed over.
    Light {
        /// The provider's id.
        remote: String,
        /// What was told.
        light: provider::Light,
        /// Where and in which round it was named, if it was a listing.
        named: Option<(String, i64)>,
    },
    /// Containers were added and removed.
    Labels {
        /// The provider's id.
        remote: String,
        /// The provider's ids.
        added: Vec<String>,
        /// The provider's ids.
        removed: Vec<String>,
        /// Read and star.
        light: provider::Light,
    },
    /// It does not exist any more.
    Gone {
        /// The provider's id.
        remote: String,
    },
    /// A person changed it; the edit's ids are the provider's.
    Edited {
        /// Our id.
        message: String,
        /// What was done.
        edit: provider::Edit,
    },
    /// An edit was refused: back to this, as far as later edits allow.
    Back {
        /// Our id.
        message: String,
        /// Before the edit.
        place: Place,
    },
    /// It was replied to or forwarded from here.
    Answered {
        /// Our id.
        message: String,
        /// How.
        kind: RelationKind,
    },
}

impl News {
    fn message(&self, account: &str) -> String {
        match self {
            Self::Whole { arrived, .. } => ids::message(account, &arrived.message.id),
            Self::Light { remote, .. } | Self::Labels { remote, .. } | Self::Gone { remote } => {
                ids::message(account, remote)
            }
            Self::Edited { message, .. }
            | Self::Back { message, .. }
            | Self::Answered { message, .. } => message.clone(),
        }
    }
}

/// A message's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Our id.
    pub message: String,
    /// The provider's.
    pub remote: String,
    /// Its thread.
    pub thread: String,
    /// Where it was.
    pub before: Place,
    /// Where it is; none: gone.
    pub after: Option<Place>,
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Known messages that changed.
    pub moved: Vec<Moved>,
    /// Messages that were not known before.
    pub new: usize,
}

/// Applies news in one batch, together with what `with` adds.
///
/// # Errors
/// `Conflict` when others keep changing the account; what the store answers.
pub async fn commit(
    platform: &impl Platform,
    account: &str,
    news: &[News],
    with: impl Fn(&Outcome) -> Vec<Write>,
) -> Result<Outcome, StoreError> {
    let mut conflict = None;
    for _ in 0..TRIES {
        let Some(row) = query::get::<Account>(platform, &[account]).await? else {
            return Err(StoreError::Conflict("the account is gone".into()));
        };
        let mut work = Work::load(platform, &row, news).await?;
        for news in news {
            work.take(news);
        }
        let outcome = work.outcome();
        let mut writes = work.writes(platform).await?;
        writes.extend(with(&outcome));
        match platform.apply(writes).await {
            Ok(()) => return Ok(outcome),
            Err(StoreError::Conflict(what)) => conflict = Some(what),
            Err(other) => return Err(other),
        }
    }
    Err(StoreError::Conflict(conflict.unwrap_or_default()))
}

/// What is known of a message while a batch is computed.
struct Known {
    old: Option<Light>,
    new: Option<Light>,
    arrived: Option<Box<Arrived>>,
}

struct Work<'a> {
    account: &'a Account,
    folders: Folders,
    known: BTreeMap<String, Known>,
    pending: BTreeMap<String, Vec<provider::Edit>>,
}

impl<'a> Work<'a> {
    async fn load(
        platform: &impl Platform,
        account: &'a Account,
        news: &[News],
    ) -> Result<Self, StoreError> {
        let folders = Folders::load(platform, account).await?;
        let wanted: BTreeSet<String> = news.iter().map(|news| news.message(&account.id)).collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        let mut known = BTreeMap::new();
        for light in query::get_many::<Light>(platform, &wanted).await? {
            known.insert(
                light.id.clone(),
                Known {
                    old: Some(light.clone()),
                    new: Some(light),
                    arrived: None,
                },
            );
        }
        let mut pending: BTreeMap<String, Vec<provider::Edit>> = BTreeMap::new();
        for ids in wanted.chunks(500) {
            let filter = vec![query::one_of("message", ids.iter().map(String::as_str))];
            for row in query::all::<rows::Edit>(platform, filter, Some(("id", false))).await? {
                pending.entry(row.message).or_default().push(row.edit.0);
            }
        }
        Ok(Self {
            account,
            folders,
            known,
            pending,
        })
    }

    /// Lays the edits that are yet to be made at the provider over what it told.
    fn overlay(&self, id: &str, mut place: Place) -> Option<Place> {
        for edit in self.pending.get(id).into_iter().flatten() {
            place = place.edit(edit, &self.folders)?;
        }
        Some(place)
    }

    fn place(&self, light: &Light) -> Place {
        Place {
            unread: light.unread,
            starred: light.starred,
            folders: real(&light.folders.0, &self.account.id),
        }
    }

    fn take(&mut self, news: &News) {
        let id = news.message(&self.account.id);
        match news {
            News::Whole {
                arrived,
                stream,
                round,
            } => self.arrive(id, arrived, stream, *round),
            News::Gone { .. } => {
                if let Some(known) = self.known.get_mut(&id) {
                    known.new = None;
                }
            }
            _ => self.change(&id, news),
        }
    }

    fn arrive(&mut self, id: String, arrived: &Arrived, stream: &str, round: i64) {
        let message = &arrived.message;
        let told = Place {
            unread: !message.read,
            starred: message.starred,
            folders: self.folders.local(&message.folders),
        };
        let Some(place) = self.overlay(&id, told) else {
            // Deleted here, and the provider has not been told yet.
            return;
        };
        if self.folders.drops(&place.folders) {
            if let Some(known) = self.known.get_mut(&id) {
                known.new = None;
                known.arrived = None;
            }
            return;
        }
        let known = self.known.entry(id.clone()).or_insert(Known {
            old: None,
            new: None,
            arrived: None,
        });
        let before = known.new.as_ref();
        known.new = Some(Light {
            remote: message.id.clone(),
            thread: ids::thread(&self.account.id, &message.thread),
            conversation: message.thread.clone(),
            stream: stream.to_owned(),
            seen: before
                .filter(|before| before.stream == stream)
                .map_or(round, |before| before.seen.max(round)),
            subject: message.subject.clone(),
            sender: Json(message.from.clone()),
            received: message.received,
            unread: place.unread,
            starred: place.starred,
            important: message.important,
            draft: message.draft,
            answered: before.is_some_and(|before| before.answered),
            forwarded: before.is_some_and(|before| before.forwarded),
            has_files: message
                .attachments
                .iter()
                .any(|attachment| !attachment.inline),
            folders: Json(places(&place, &self.folders)),
            snippet: message.snippet.clone(),
            origin: before.and_then(|before| before.origin.clone()),
            id,
        });
        known.arrived = Some(Box::new(arrived.clone()));
    }

    fn change(&mut self, id: &str, news: &News) {
        let Some(mut light) = self.known.get(id).and_then(|known| known.new.clone()) else {
            return;
        };
        let mut place = self.place(&light);
        let mut gone = false;
        match news {
            News::Light {
                light: told, named, ..
            } => {
                place.merge(told, &self.folders);
                retell(&mut light, told, &self.account.id);
                if let Some((stream, round)) = named {
                    // Rounds are counted by each stream for itself.
                    light.seen = if light.stream == *stream {
                        light.seen.max(*round)
                    } else {
                        *round
                    };
                    light.stream.clone_from(stream);
                }
            }
            News::Labels {
                added,
                removed,
                light: told,
                ..
            } => {
                place.relabel(added, removed, &self.folders);
                place.merge(told, &self.folders);
                retell(&mut light, told, &self.account.id);
            }
            News::Edited { edit, .. } => match place.clone().edit(edit, &self.folders) {
                Some(after) => place = after,
                None => gone = true,
            },
            News::Back { place: before, .. } => place = before.clone(),
            News::Answered {
                kind: RelationKind::Forward,
                ..
            } => light.forwarded = true,
            News::Answered { .. } => light.answered = true,
            News::Whole { .. } | News::Gone { .. } => {}
        }
        let place = match news {
            // What a person does here is seen here, and can be undone; the provider's echo of it decides whether it stays.
            News::Edited { .. } | News::Answered { .. } => Some(place),
            _ => self
                .overlay(id, place)
                .filter(|place| !self.folders.drops(&place.folders)),
        };
        let new = place.filter(|_| !gone).map(|place| {
            light.unread = place.unread;
            light.starred = place.starred;
            light.folders = Json(places(&place, &self.folders));
            light
        });
        if let Some(known) = self.known.get_mut(id) {
            known.new = new;
        }
    }

    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for known in self.known.values() {
            match (&known.old, &known.new) {
                (None, Some(_)) => outcome.new += 1,
                (Some(old), new) if new.as_ref() != Some(old) => outcome.moved.push(Moved {
                    message: old.id.clone(),
                    remote: old.remote.clone(),
                    thread: old.thread.clone(),
                    before: self.place(old),
                    after: new.as_ref().map(|new| self.place(new)),
                }),
                _ => {}
            }
        }
        outcome
    }

    async fn writes(&mut self, platform: &impl Platform) -> Result<Vec<Write>, StoreError> {
        let account = self.account;
        let mut writes = vec![
            query::require::<Account>(
                vec![
                    query::text("id", &account.id),
                    query::equal("revision", account.revision),
                ],
                1,
            ),
            query::add::<Account>(&account.id, "revision", 1),
        ];
        let mut threads = BTreeSet::new();
        let mut counters = Counters::default();
        let (mut messages, mut bodies, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let mut named: BTreeMap<(String, i64), Vec<String>> = BTreeMap::new();
        let mut count = 0;
        let mut people = People::default();
        for known in self.known.values_mut() {
            let arrived = known.arrived.take();
            if known.old == known.new && arrived.is_none() {
                continue;
            }
            if let (Some(old), Some(new), None) = (&known.old, &known.new, &arrived)
                && only_named(old, new)
            {
                named
                    .entry((new.stream.clone(), new.seen))
                    .or_default()
                    .push(new.id.clone());
                continue;
            }
            if let Some(old) = &known.old {
                threads.insert(old.thread.clone());
                counters.count(old, -1);
                count -= 1;
            }
            let Some(new) = &known.new else {
                gone.extend(known.old.as_ref().map(|old| old.id.clone()));
                continue;
            };
            threads.insert(new.thread.clone());
            counters.count(new, 1);
            count += 1;
            match (arrived, &known.old) {
                (Some(arrived), before) => {
                    if before.is_none() {
                        people.count(account, &self.folders, &arrived.message, new);
                    }
                    let (message, body) = row(account, new, *arrived);
                    messages.push(message);
                    bodies.push(body);
                }
                (None, Some(old)) => {
                    writes.push(query::patch::<Light>(
                        vec![query::text("id", &new.id)],
                        changes(new),
                    ));
                    if old.thread != new.thread || old.received != new.received {
                        let places = vec![
                            ("thread", new.thread.clone().write()),
                            ("received", new.received.write()),
                        ];
                        writes.push(query::patch::<Body>(
                            vec![query::text("id", &new.id)],
                            places,
                        ));
                    }
                }
                (None, None) => {}
            }
        }
        for ((stream, seen), ids) in named {
            for ids in ids.chunks(1_000) {
                let fields = vec![("stream", stream.clone().write()), ("seen", seen.write())];
                writes.push(query::patch::<Light>(
                    vec![query::one_of("id", ids.iter().map(String::as_str))],
                    fields,
                ));
            }
        }
        writes.extend(query::put(messages));
        writes.extend(query::put(bodies));
        for ids in gone.chunks(1_000) {
            writes.push(query::delete::<Message>(vec![query::one_of(
                "id",
                ids.iter().map(String::as_str),
            )]));
            writes.push(query::delete::<Body>(vec![query::one_of(
                "id",
                ids.iter().map(String::as_str),
            )]));
            writes.push(query::delete::<rows::File>(vec![query::one_of(
                "message",
                ids.iter().map(String::as_str),
            )]));
        }
        for (folder, total, unread) in counters.changed() {
            for (field, amount) in [("total", total), ("unread", unread)] {
                if amount != 0 {
                    writes.push(query::add::<rows::Folder>(&folder, field, amount));
                }
            }
        }
        if count != 0 {
            writes.push(query::add::<Account>(&account.id, "local_count", count));
        }
        writes.extend(people.writes(platform, account).await?);
        let threads: Vec<String> = threads.into_iter().collect();
        self.thread_writes(platform, &threads, &mut writes).await?;
        Ok(writes)
    }

    async fn thread_writes(
        &self,
        platform: &impl Platform,
        threads: &[String],
        writes: &mut Vec<Write>,
    ) -> Result<(), StoreError> {
        let mut members: BTreeMap<&str, Light> = BTreeMap::new();
        let mut stored = Vec::new();
        for ids in threads.chunks(THREADS_AT_ONCE) {
            let filter = vec![query::one_of("thread", ids.iter().map(String::as_str))];
            stored.extend(query::all::<Light>(platform, filter, None).await?);
        }
        for light in &stored {
            members.insert(&light.id, light.clone());
        }
        for (id, known) in &self.known {
            match &known.new {
                Some(new) => {
                    members.insert(id, new.clone());
                }
                None => {
                    members.remove(id.as_str());
                }
            }
        }
        let mut by_thread: BTreeMap<&str, Vec<&Light>> = BTreeMap::new();
        for light in members.values() {
            by_thread.entry(&light.thread).or_default().push(light);
        }
        let old: BTreeMap<String, Thread> = query::get_many::<Thread>(platform, threads)
            .await?
            .into_iter()
            .map(|thread| (thread.id.clone(), thread))
            .collect();
        let (mut lines, mut places, mut folders) = (Vec::new(), Vec::new(), BTreeSet::new());
        for id in threads {
            let new = by_thread
                .remove(id.as_str())
                .and_then(|messages| summarise(id, &self.account.user, messages, &self.folders));
            let old = old.get(id);
            if old == new.as_ref() {
                continue;
            }
            for thread in old.into_iter().chain(new.as_ref()) {
                folders.extend(thread.folders.0.iter().cloned());
            }
            let kept = new.as_ref().map_or(&[][..], |new| &new.folders.0);
            let left: Vec<&str> = old
                .iter()
                .flat_map(|old| &old.folders.0)
                .filter(|folder| !kept.contains(folder))
                .map(String::as_str)
                .collect();
            if !left.is_empty() {
                writes.push(query::delete::<rows::Listing>(vec![
                    query::one_of("folder", left),
                    query::text("thread", id),
                ]));
            }
            match new {
                Some(new) => {
                    places.extend(listings(&new));
                    lines.push(new);
                }
                None => writes.push(query::delete::<Thread>(vec![query::text("id", id)])),
            }
        }
        writes.extend(query::put(places));
        writes.extend(query::put(lines));
        if !folders.is_empty() {
            writes.push(changed(
                self.account,
                threads,
                &real(&folders.into_iter().collect::<Vec<_>>(), &self.account.id),
            ));
        }
        Ok(())
    }
}

/// Tells open pages which threads and folders changed.
fn changed(account: &Account, threads: &[String], folders: &[String]) -> Write {
    let some = |ids: &[String]| ids.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let payload = serde_json::json!({
        "account": account.id,
        "threads": some(threads),
        "folders": some(folders),
        "complete": threads.len() <= NAMED && folders.len() <= NAMED,
    });
    Write::Publish {
        topic: "threads.changed",
        user: Some(account.user.clone()),
        payload: payload.to_string(),
    }
}

/// What else light news tells than marks and places.
fn retell(light: &mut Light, told: &provider::Light, account: &str) {
    if let Some(received) = told.received {
        light.received = received;
    }
    if let Some(draft) = told.draft {
        light.draft = draft;
    }
    if let Some(conversation) = &told.thread {
        light.thread = ids::thread(account, conversation);
        light.conversation.clone_from(conversation);
    }
}

/// Whether nothing changed but that a listing named it.
fn only_named(old: &Light, new: &Light) -> bool {
    let mut old = old.clone();
    old.stream.clone_from(&new.stream);
    old.seen = new.seen;
    old == *new
}

fn changes(new: &Light) -> Vec<(&'static str, Value)> {
    vec![
        ("thread", new.thread.clone().write()),
        ("conversation", new.conversation.clone().write()),
        ("stream", new.stream.clone().write()),
        ("seen", new.seen.write()),
        ("received", new.received.write()),
        ("unread", new.unread.write()),
        ("starred", new.starred.write()),
        ("important", new.important.write()),
        ("draft", new.draft.write()),
        ("answered", new.answered.write()),
        ("forwarded", new.forwarded.write()),
        ("folders", new.folders.clone().write()),
    ]
}

fn row(account: &Account, light: &Light, arrived: Arrived) -> (Message, Body) {
    let Arrived {
        message,
        text,
        html,
        whole,
    } = arrived;
    let people = message
        .from
        .iter()
        .chain(&message.to)
        .chain(&message.cc)
        .chain(&message.bcc);
    let people: Vec<String> = people
        .map(|address| format!("{} {}", address.name, address.email))
        .collect();
    let names: Vec<&str> = message
        .attachments
        .iter()
        .map(|attachment| attachment.name.as_str())
        .collect();
    let body = Body {
        id: light.id.clone(),
        user: account.user.clone(),
        account: account.id.clone(),
        thread: light.thread.clone(),
        received: light.received,
        subject: light.subject.clone(),
        people: people.join("\n"),
        names: names.join("\n"),
        text,
        html,
        whole: whole.map(Blob),
    };
    let row = Message {
        id: light.id.clone(),
        user: account.user.clone(),
        account: account.id.clone(),
        remote: message.id,
        thread: light.thread.clone(),
        conversation: light.conversation.clone(),
        stream: light.stream.clone(),
        seen: light.seen,
        header_id: message.message_id,
        in_reply_to: message.in_reply_to,
        reference_ids: Json(message.references),
        subject: message.subject,
        sender: Json(message.from),
        recipients: Json(message.to),
        cc: Json(message.cc),
        bcc: Json(message.bcc),
        reply_to: Json(message.reply_to),
        sent: message.sent,
        received: light.received,
        size: message
            .size
            .map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
        unread: light.unread,
        starred: light.starred,
        important: light.important,
        draft: light.draft,
        answered: light.answered,
        forwarded: light.forwarded,
        has_files: light.has_files,
        folders: light.folders.clone(),
        snippet: message.snippet,
        files: Json(message.attachments),
        problem: message.problem,
        marker: message.marker,
        draft_id: message.draft_id,
        origin: light.origin.clone(),
    };
    (row, body)
}
