//! `users.messages` without sending.

use serde::Deserialize;
use serde_json::json;

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::mail::{encode_into, payload};
use super::super::mailbox::{hex_id, parse_id};
use super::listing::Listing;
use super::render::{Format, Shown};
use super::{Modify, refuse_on_draft};

/// Ids per request of the batch methods.
const MOST_IDS: usize = 1_000;

pub(crate) fn list(call: &Call) -> ApiResult<Reply> {
    let listing = Listing::of(call, None)?;
    let mut found = Vec::new();
    let mut last = None;
    let mut more = false;
    listing.walk(call, |entry| {
        if found.len() == listing.limit {
            more = true;
            return false;
        }
        found.push(json!({"id": hex_id(entry.body.id), "threadId": hex_id(entry.thread)}));
        last = Some(entry.clone());
        true
    });
    let mut body = json!({"resultSizeEstimate": Listing::estimate(found.len(), more)});
    if let Some(object) = body.as_object_mut() {
        if !found.is_empty() {
            object.insert("messages".to_owned(), found.into());
        }
        if let (true, Some(last)) = (more, last) {
            object.insert("nextPageToken".to_owned(), listing.next(&last).into());
        }
    }
    Ok(Reply::Value(body))
}

/// The message of the path.
fn shown(call: &Call, parameter: &str) -> ApiResult<Shown> {
    let id = call.id(parameter)?;
    let state = call.mailbox.state.read();
    let entry = state.entry(id).ok_or_else(ApiError::not_found)?;
    Ok(Shown::of(&state, entry))
}

pub(crate) fn get(call: &Call) -> ApiResult<Reply> {
    let format = Format::of(call, true)?;
    let shown = shown(call, "id")?;
    let mut out = String::new();
    shown.write(&call.google, &call.mailbox, &format, &mut out);
    Ok(Reply::Text(out))
}

pub(crate) fn modify(call: &Call) -> ApiResult<Reply> {
    let id = call.id("id")?;
    let modify: Modify = call.json()?;
    {
        let mut state = call.mailbox.state.write();
        let entry = state.entry(id).ok_or_else(ApiError::not_found)?;
        let relabel = modify.check(&state)?;
        refuse_on_draft(entry, &state, &relabel)?;
        state.relabel(id, &relabel.add, &relabel.remove, call.now);
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Value(shown(call, "id")?.brief()))
}

fn change(call: &Call, with: fn(&mut super::super::mailbox::State, u64, u64)) -> ApiResult<Reply> {
    let id = call.id("id")?;
    {
        let mut state = call.mailbox.state.write();
        if state.entry(id).is_none() {
            return Err(ApiError::not_found());
        }
        with(&mut state, id, call.now);
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Value(shown(call, "id")?.brief()))
}

pub(crate) fn trash(call: &Call) -> ApiResult<Reply> {
    change(call, super::trash)
}

pub(crate) fn untrash(call: &Call) -> ApiResult<Reply> {
    change(call, super::untrash)
}

pub(crate) fn delete(call: &Call) -> ApiResult<Reply> {
    let id = call.id("id")?;
    call.mailbox
        .state
        .write()
        .remove(id, call.now)
        .ok_or_else(ApiError::not_found)?;
    call.google.changed(&call.mailbox);
    Ok(Reply::Empty)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct BatchModify {
    ids: Vec<String>,
    add_label_ids: Vec<String>,
    remove_label_ids: Vec<String>,
}

fn checked_ids(ids: &[String]) -> ApiResult<Vec<u64>> {
    if ids.is_empty() {
        return Err(ApiError::invalid("No message ids specified"));
    }
    if ids.len() > MOST_IDS {
        return Err(ApiError::invalid(format!(
            "Number of ids cannot exceed {MOST_IDS}"
        )));
    }
    ids.iter()
        .map(|id| parse_id(id).ok_or_else(|| ApiError::invalid("Invalid id value")))
        .collect()
}

pub(crate) fn batch_modify(call: &Call) -> ApiResult<Reply> {
    let body: BatchModify = call.json()?;
    let ids = checked_ids(&body.ids)?;
    let modify = Modify {
        add_label_ids: body.add_label_ids,
        remove_label_ids: body.remove_label_ids,
    };
    {
        let mut state = call.mailbox.state.write();
        let relabel = modify.check(&state)?;
        for id in ids {
            state.relabel(id, &relabel.add, &relabel.remove, call.now);
        }
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Empty)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BatchDelete {
    ids: Vec<String>,
}

pub(crate) fn batch_delete(call: &Call) -> ApiResult<Reply> {
    let body: BatchDelete = call.json()?;
    let ids = checked_ids(&body.ids)?;
    {
        let mut state = call.mailbox.state.write();
        for id in ids {
            state.remove(id, call.now);
        }
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Empty)
}

pub(crate) fn attachment(call: &Call) -> ApiResult<Reply> {
    let message = call.id("messageId")?;
    let entry = call
        .mailbox
        .entry(message)
        .ok_or_else(ApiError::not_found)?;
    let part = call
        .google
        .attachments
        .part(call.parameter("id"), message)
        .ok_or_else(|| ApiError::invalid("Invalid attachment token"))?;
    let found = payload::part(&entry.body.raw(), &part).ok_or_else(ApiError::not_found)?;
    let mut out = String::with_capacity(found.bytes.len() / 3 * 4 + 64);
    out.push_str(&format!("{{\"size\":{},\"data\":\"", found.bytes.len()));
    encode_into(&found.bytes, &mut out);
    out.push_str("\"}");
    Ok(Reply::Text(out))
}
