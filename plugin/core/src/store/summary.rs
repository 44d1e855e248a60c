//! A thread's line and its places in lists, computed from its messages.

use std::collections::BTreeMap;

use super::column::Json;
use super::folders::Folders;
use super::place::Place;
use super::rows::{Light, Listing, Thread};
use crate::ids;
use crate::provider::Address;

/// Participants that a line shows.
const PARTICIPANTS: usize = 10;

/// Folders that list a message, ours included. Stored with it, so that what is counted out is what was counted in.
pub(super) fn places(place: &Place, folders: &Folders) -> Vec<String> {
    let mut places = place.folders.clone();
    if place.starred {
        places.push(ids::starred(folders.account()));
    }
    if !folders.hidden(&place.folders) {
        places.push(ids::everything(folders.account()));
    }
    places.sort_unstable();
    places
}

/// The provider's folders among them.
pub(crate) fn real(places: &[String], account: &str) -> Vec<String> {
    let (starred, everything) = (ids::starred(account), ids::everything(account));
    places
        .iter()
        .filter(|place| **place != starred && **place != everything)
        .cloned()
        .collect()
}

/// The line of a thread with these messages; none: there are none.
pub(super) fn summarise(
    id: &str,
    user: &str,
    mut messages: Vec<&Light>,
    folders: &Folders,
) -> Option<Thread> {
    messages.sort_unstable_by(|a, b| a.received.cmp(&b.received).then_with(|| a.id.cmp(&b.id)));
    let (first, last) = (messages.first()?, messages.last()?);
    // A draft's beginning says less about a conversation than what was last said in it.
    let newest = messages
        .iter()
        .rev()
        .find(|message| !message.draft)
        .unwrap_or(last);
    let mut participants: Vec<Address> = Vec::new();
    for sender in messages
        .iter()
        .filter_map(|message| message.sender.0.as_ref())
    {
        let known = participants
            .iter()
            .any(|known| known.email.eq_ignore_ascii_case(&sender.email));
        if !known && participants.len() < PARTICIPANTS {
            participants.push(sender.clone());
        }
    }
    // What was thrown away keeps its labels and its star, and is listed only where it was thrown.
    let listed = |message: &&Light| {
        let all = &message.folders.0;
        let thrown = folders.hidden(&real(all, folders.account()));
        all.iter()
            .filter(|place| !thrown || folders.hidden(std::slice::from_ref(*place)))
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut places: Vec<String> = messages.iter().flat_map(listed).collect();
    places.sort_unstable();
    places.dedup();
    let any = |mark: fn(&Light) -> bool| messages.iter().any(|message| mark(message));
    Some(Thread {
        id: id.to_owned(),
        user: user.to_owned(),
        account: folders.account().to_owned(),
        subject: first.subject.clone(),
        snippet: newest.snippet.clone(),
        participants: Json(participants),
        messages: i64::try_from(messages.len()).unwrap_or(i64::MAX),
        latest: newest.received,
        unread: any(|message| message.unread),
        starred: any(|message| message.starred),
        important: any(|message| message.important),
        draft: any(|message| message.draft),
        answered: any(|message| message.answered),
        forwarded: any(|message| message.forwarded),
        has_files: any(|message| message.has_files),
        folders: Json(places),
    })
}

/// A thread's places in lists.
pub(super) fn listings(thread: &Thread) -> impl Iterator<Item = Listing> {
    thread.folders.0.iter().map(|folder| Listing {
        folder: folder.clone(),
        thread: thread.id.clone(),
        latest: thread.latest,
        unread: thread.unread,
        starred: thread.starred,
        has_files: thread.has_files,
    })
}

/// Counter changes by folder: messages and unread ones.
#[derive(Default)]
pub(super) struct Counters(BTreeMap<String, (i64, i64)>);

impl Counters {
    /// Counts a message in (`1`) or out (`-1`).
    pub(super) fn count(&mut self, message: &Light, sign: i64) {
        for place in &message.folders.0 {
            let (total, unread) = self.0.entry(place.clone()).or_default();
            *total += sign;
            if message.unread {
                *unread += sign;
            }
        }
    }

    /// What changed.
    pub(super) fn changed(self) -> impl Iterator<Item = (String, i64, i64)> {
        self.0
            .into_iter()
            .filter(|(_, (total, unread))| *total != 0 || *unread != 0)
            .map(|(folder, (total, unread))| (folder, total, unread))
    }
}
