//! `users.drafts`: a stable id over a message that is replaced by each update.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::api::methods::SEND_LIMIT;
use super::super::mail::head::Head;
use super::super::mail::payload::push_json_string;
use super::super::mail::wire::{Wire, base_subject};
use super::super::mailbox::{NewMessage, State, hex_id, system};
use super::listing::Listing;
use super::render::{Format, Shown};
use super::sending::{self, Incoming, MessageBody};
use crate::Content;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DraftBody {
    id: Option<String>,
    message: Option<MessageBody>,
}

impl DraftBody {
    fn incoming(self, media: Option<Bytes>) -> ApiResult<Incoming> {
        self.message.unwrap_or_default().incoming(media, SEND_LIMIT)
    }
}

/// As clients know it.
fn draft_id(id: u64) -> String {
    format!("r{id}")
}

fn parse_draft_id(text: &str) -> ApiResult<u64> {
    let digits = text.strip_prefix('r').unwrap_or(text);
    digits
        .trim_start_matches('-')
        .parse()
        .map_err(|_| ApiError::invalid("Invalid draft id"))
}

/// Draft and message of the path.
fn find(call: &Call, state: &State) -> ApiResult<(u64, u64)> {
    let id = parse_draft_id(call.parameter("id"))?;
    let message = state.drafts.get(&id).ok_or_else(ApiError::not_found)?;
    Ok((id, *message))
}

fn add(state: &mut State, raw: &Bytes, thread: Option<u64>, now: u64) -> u64 {
    let message_id = Head::read(raw).message_id;
    state.add(
        NewMessage {
            content: Content::Held(raw.clone()),
            date: now,
            thread,
            labels: vec![system::DRAFT],
            message_id,
        },
        Some(now),
    )
}

/// A draft needs no recipient, but it always has sender, date and Message-ID.
fn complete(call: &Call, raw: &Bytes) -> (Wire, Bytes) {
    let account = &call.mailbox.account;
    let mut wire = Wire::parse(raw);
    let before = [wire.has("From"), wire.has("Date"), wire.has("Message-ID")];
    if before == [true; 3] {
        return (wire, raw.clone());
    }
    let [from, date, message_id] = before;
    if !from {
        wire.set("From", &account.address);
    }
    if !date {
        let date = i64::try_from(call.now)
            .ok()
            .and_then(chrono::DateTime::from_timestamp_millis)
            .unwrap_or_default();
        wire.set("Date", &date.to_rfc2822());
    }
    if !message_id {
        let id = super::super::oauth::random_token(24);
        wire.set("Message-ID", &format!("<CA{id}@mail.gmail.com>"));
    }
    let bytes = wire.to_bytes();
    (wire, bytes)
}

fn answer(call: &Call, draft: u64, message: u64) -> ApiResult<Reply> {
    let state = call.mailbox.state.read();
    let entry = state.entry(message).ok_or_else(ApiError::not_found)?;
    let message = Shown::of(&state, entry).brief();
    Ok(Reply::Value(
        json!({"id": draft_id(draft), "message": message}),
    ))
}

pub(crate) fn list(call: &Call) -> ApiResult<Reply> {
    let listing = Listing::of(call, Some(system::DRAFT))?;
    let mut found: Vec<Value> = Vec::new();
    let mut last = None;
    let mut more = false;
    listing.walk(call, |entry| {
        if found.len() == listing.limit {
            more = true;
            return false;
        }
        let draft = call.mailbox.state.read().draft_of(entry.body.id);
        if let Some(draft) = draft {
            let message = json!({"id": hex_id(entry.body.id), "threadId": hex_id(entry.thread)});
            found.push(json!({"id": draft_id(draft), "message": message}));
            last = Some(entry.clone());
        }
        true
    });
    let mut body = json!({"resultSizeEstimate": Listing::estimate(found.len(), more)});
    if let Some(object) = body.as_object_mut() {
        if !found.is_empty() {
            object.insert("drafts".to_owned(), found.into());
        }
        if let (true, Some(last)) = (more, last) {
            object.insert("nextPageToken".to_owned(), listing.next(&last).into());
        }
    }
    Ok(Reply::Value(body))
}

pub(crate) fn get(call: &Call) -> ApiResult<Reply> {
    let format = Format::of(call, true)?;
    let (draft, shown) = {
        let state = call.mailbox.state.read();
        let (draft, message) = find(call, &state)?;
        let entry = state.entry(message).ok_or_else(ApiError::not_found)?;
        (draft, Shown::of(&state, entry))
    };
    let mut out = String::from("{\"id\":");
    push_json_string(&mut out, &draft_id(draft));
    out.push_str(",\"message\":");
    shown.write(&call.google, &call.mailbox, &format, &mut out);
    out.push('}');
    Ok(Reply::Text(out))
}

pub(crate) fn create(call: &Call) -> ApiResult<Reply> {
    let body: DraftBody = call.json()?;
    let incoming = body.incoming(call.media.clone())?;
    let (wire, raw) = complete(call, &incoming.raw);
    let (draft, message) = {
        let mut state = call.mailbox.state.write();
        let thread = sending::join(&state, &wire, incoming.thread)?;
        let message = add(&mut state, &raw, thread, call.now);
        (state.add_draft(message), message)
    };
    call.google.changed(&call.mailbox);
    answer(call, draft, message)
}

pub(crate) fn update(call: &Call) -> ApiResult<Reply> {
    let body: DraftBody = call.json()?;
    let incoming = body.incoming(call.media.clone())?;
    let (wire, raw) = complete(call, &incoming.raw);
    let (draft, message) = {
        let mut state = call.mailbox.state.write();
        let (draft, old) = find(call, &state)?;
        let thread = match incoming.thread {
            Some(thread) => sending::join(&state, &wire, Some(thread))?,
            // The draft stays in its thread unless its subject changes.
            None => state
                .entry(old)
                .filter(|entry| {
                    base_subject(&entry.body.head().subject) == base_subject(&wire.subject())
                })
                .map(|entry| entry.thread),
        };
        let message = add(&mut state, &raw, thread, call.now);
        state.drafts.insert(draft, message);
        state.remove(old, call.now);
        (draft, message)
    };
    call.google.changed(&call.mailbox);
    answer(call, draft, message)
}

pub(crate) fn delete(call: &Call) -> ApiResult<Reply> {
    {
        let mut state = call.mailbox.state.write();
        let (draft, message) = find(call, &state)?;
        state.drafts.shift_remove(&draft);
        state.remove(message, call.now);
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Empty)
}

/// Consumes the draft: it cannot be sent twice.
pub(crate) fn send(call: &Call) -> ApiResult<Reply> {
    let body: DraftBody = call.json()?;
    let id = parse_draft_id(body.id.as_deref().unwrap_or_default())?;
    let replaced = match (&call.media, &body.message) {
        (None, None) => None,
        _ => Some(body.incoming(call.media.clone())?),
    };
    let draft = {
        let state = call.mailbox.state.read();
        let message = state.drafts.get(&id).ok_or_else(ApiError::not_found)?;
        state
            .entry(*message)
            .cloned()
            .ok_or_else(ApiError::not_found)?
    };
    let raw = match replaced {
        Some(incoming) => incoming.raw,
        None => draft.body.raw(),
    };
    let outgoing = sending::prepare(call, &raw)?;
    let sent = {
        let mut state = call.mailbox.state.write();
        // Somebody else may have sent or replaced it since.
        if state.drafts.get(&id) != Some(&draft.body.id) {
            return Err(ApiError::not_found());
        }
        sending::charge(call)?;
        state.drafts.shift_remove(&id);
        let alone = state
            .thread(draft.thread)
            .is_some_and(|members| members.len() == 1);
        state.remove(draft.body.id, call.now);
        let thread = (!alone).then_some(draft.thread);
        sending::file_sent(call, &mut state, &outgoing, thread)
    };
    sending::dispatch(call, &outgoing, sent)
}
