//! What a batch makes of the mail: news taken one by one over what is known.

use std::collections::{BTreeMap, BTreeSet};

use super::super::column::Json;
use super::super::folders::Folders;
use super::super::query;
use super::super::rows::{self, Account, Light};
use super::super::summary::{places, real};
use super::{Arrived, Moved, News, Outcome, Place};
use crate::ids;
use crate::platform::{Platform, StoreError};
use crate::provider::{self, RelationKind};

/// What is known of a message while a batch is computed.
pub(super) struct Known {
    pub(super) old: Option<Light>,
    pub(super) new: Option<Light>,
    pub(super) arrived: Option<Box<Arrived>>,
}

pub(super) struct Work<'a> {
    pub(super) account: &'a Account,
    pub(super) folders: Folders,
    pub(super) known: BTreeMap<String, Known>,
    pub(super) pending: BTreeMap<String, Vec<provider::Edit>>,
}

impl<'a> Work<'a> {
    pub(super) async fn load(
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

    pub(super) fn place(&self, light: &Light) -> Place {
        Place {
            unread: light.unread,
            starred: light.starred,
            folders: real(&light.folders.0, &self.account.id),
        }
    }

    pub(super) fn take(&mut self, news: &News) {
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

    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome {
            revision: self.account.revision.saturating_add(1),
            ..Outcome::default()
        };
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
