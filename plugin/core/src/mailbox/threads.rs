//! Lists of conversations.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Scope, limit, narrow, select};
use crate::model::{Caller, Error, Filter, Items, Marks, Result, Slice, ThreadSummary};
use crate::platform::Platform;
use crate::store::commit::real;
use crate::store::reads;
use crate::store::rows::Thread;

/// Look-ups of one call: a page may be short, but it comes.
const ROUNDS: usize = 8;

/// Conversations that a search's cursor remembers having shown.
const REMEMBERED: usize = 400;

fn marks(thread: &Thread) -> Marks {
    Marks {
        unread: thread.unread,
        starred: thread.starred,
        important: thread.important,
        draft: thread.draft,
        answered: thread.answered,
        forwarded: thread.forwarded,
        attachments: thread.has_files,
        muted: false,
        to_do: false,
    }
}

fn summary(thread: Thread) -> ThreadSummary {
    ThreadSummary {
        marks: marks(&thread),
        folders: real(&thread.folders.0, &thread.account),
        id: thread.id,
        account: thread.account,
        subject: thread.subject,
        snippet: thread.snippet,
        participants: thread.participants.0,
        messages: u32::try_from(thread.messages).unwrap_or(0),
        latest: thread.latest,
    }
}

/// Conversations, latest first.
///
/// # Errors
/// `NotFound` for foreign accounts and folders; what the store answers.
pub async fn list_threads(
    platform: &impl Platform,
    caller: &Caller,
    filter: &Filter,
    slice: Slice,
) -> Result<Items<ThreadSummary>> {
    let scope = Scope::of(platform, &caller.user, filter).await?;
    if select::words(filter).is_some() || !filter.addresses.is_empty() || !filter.domains.is_empty()
    {
        return search(platform, caller, &scope, filter, slice).await;
    }
    let lists = scope.lists();
    let limit = limit(slice.limit);
    let mut items: Vec<ThreadSummary> = Vec::with_capacity(limit);
    let mut cursor = slice.cursor;
    for _ in 0..ROUNDS {
        let wanted = u32::try_from(limit - items.len()).unwrap_or(1);
        let (places, next) =
            reads::listings(platform, &lists, narrow(filter), wanted, cursor).await?;
        let ids: Vec<String> = places.iter().map(|place| place.thread.clone()).collect();
        let mut threads: HashMap<String, Thread> = reads::threads(platform, &ids)
            .await?
            .into_iter()
            .map(|thread| (thread.id.clone(), thread))
            .collect();
        for place in places {
            let Some(thread) = threads.get(&place.thread) else {
                continue;
            };
            // In several of the asked folders, a conversation is listed by the first.
            let first = lists
                .iter()
                .find(|folder| thread.folders.0.contains(folder));
            if first == Some(&place.folder) && marks(thread).satisfy(filter.having, filter.lacking)
            {
                items.extend(threads.remove(&place.thread).map(summary));
            }
        }
        cursor = next;
        if cursor.is_none() || items.len() >= limit {
            break;
        }
    }
    Ok(Items {
        items,
        next: cursor,
    })
}

/// Where a search goes on, and what it has shown.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    cursor: String,
    shown: Vec<String>,
}

impl Place {
    fn read(cursor: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
    }

    fn write(&self) -> Result<String> {
        serde_json::to_vec(self)
            .map(|json| URL_SAFE_NO_PAD.encode(json))
            .map_err(|error| Error::Other(error.to_string()))
    }
}

/// Conversations with matching messages, in the order of the newest of these.
async fn search(
    platform: &impl Platform,
    caller: &Caller,
    scope: &Scope,
    filter: &Filter,
    slice: Slice,
) -> Result<Items<ThreadSummary>> {
    let bad = || {
        Error::Invalid(
            "cursor".into(),
            "This cursor is not from the page before.".into(),
        )
    };
    let place = slice
        .cursor
        .as_deref()
        .map(|cursor| Place::read(cursor).ok_or_else(bad))
        .transpose()?
        .unwrap_or_default();
    let limit = limit(slice.limit);
    let mut shown = place.shown;
    let mut cursor = (!place.cursor.is_empty()).then_some(place.cursor);
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..ROUNDS {
        let (messages, next) = select::page(
            platform,
            &caller.user,
            scope,
            filter,
            limit - ids.len(),
            cursor,
        )
        .await?;
        for message in messages {
            if !shown.contains(&message.thread) {
                shown.push(message.thread.clone());
                ids.push(message.thread);
            }
        }
        cursor = next;
        if cursor.is_none() || ids.len() >= limit {
            break;
        }
    }
    let items = reads::threads(platform, &ids)
        .await?
        .into_iter()
        .map(summary)
        .collect();
    let shown = shown.split_off(shown.len().saturating_sub(REMEMBERED));
    let next = cursor
        .map(|cursor| Place { cursor, shown }.write())
        .transpose()?;
    Ok(Items { items, next })
}
