//! The batch itself: rows, and everything that follows from them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::column::{Blob, Column, Json};
use super::super::people::People;
use super::super::query;
use super::super::rows::{self, Account, Body, Light, Message, Thread};
use super::super::summary::{Counters, listings, real, summarise};
use super::Arrived;
use super::work::Work;
use crate::platform::{Platform, StoreError, Value, Write};

/// Threads whose messages are read in one look-up.
const THREADS_AT_ONCE: usize = 200;

/// Ids that an event names; beyond, pages read their lists again.
const NAMED: usize = 50;

impl Work<'_> {
    pub(super) async fn writes(
        &mut self,
        platform: &impl Platform,
    ) -> Result<Vec<Write>, StoreError> {
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
        let mut alike = Alike::default();
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
                    alike.add(changes(old, new), &new.id);
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
            let fields = vec![("stream", stream.write()), ("seen", seen.write())];
            alike.0.push((fields, ids));
        }
        writes.extend(alike.writes());
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

/// Whether nothing changed but that a listing named it.
fn only_named(old: &Light, new: &Light) -> bool {
    let mut old = old.clone();
    old.stream.clone_from(&new.stream);
    old.seen = new.seen;
    old == *new
}

type Changes = Vec<(&'static str, Value)>;

/// Messages that change in the same way, which one write changes together: what a person does to many of them is no more statements than what
/// is done to one.
#[derive(Default)]
struct Alike(Vec<(Changes, Vec<String>)>);

impl Alike {
    fn add(&mut self, changes: Changes, message: &str) {
        if changes.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == changes) {
            Some((_, messages)) => messages.push(message.to_owned()),
            None => self.0.push((changes, vec![message.to_owned()])),
        }
    }

    fn writes(self) -> impl Iterator<Item = Write> {
        self.0.into_iter().flat_map(|(changes, messages)| {
            let chunks: Vec<Write> = messages
                .chunks(query::MOST as usize)
                .map(|ids| {
                    let these = query::one_of("id", ids.iter().map(String::as_str));
                    query::patch::<Light>(vec![these], changes.clone())
                })
                .collect();
            chunks
        })
    }
}

/// Fields whose content is another one now.
fn changes(old: &Light, new: &Light) -> Changes {
    changing(old)
        .into_iter()
        .zip(changing(new))
        .filter(|(old, new)| old != new)
        .map(|(_, new)| new)
        .collect()
}

fn changing(new: &Light) -> Changes {
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
