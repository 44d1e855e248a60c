//! `users.threads`.

use serde_json::{Value, json};

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::mail::payload::push_json_string;
use super::super::mailbox::{State, hex_id};
use super::Modify;
use super::listing::Listing;
use super::render::{Format, Shown};

pub(crate) fn list(call: &Call) -> ApiResult<Reply> {
    let listing = Listing::of(call, None)?;
    let mut found = Vec::new();
    let mut last = None;
    let mut more = false;
    listing.walk(call, |entry| {
        // A thread stands where its newest message of this list stands.
        let newest = {
            let state = call.mailbox.state.read();
            let members = state.thread(entry.thread).unwrap_or_default();
            let newer: Vec<_> = members
                .into_iter()
                .filter(|other| (other.body.date, other.body.id) > (entry.body.date, entry.body.id))
                .cloned()
                .collect();
            newer
        };
        if newest.iter().any(|other| listing.includes(other)) {
            return true;
        }
        if found.len() == listing.limit {
            more = true;
            return false;
        }
        found.push((entry.thread, entry.clone()));
        last = Some(entry.clone());
        true
    });
    let threads: Vec<Value> = found
        .iter()
        .map(|(thread, entry)| {
            let state = call.mailbox.state.read();
            let history = state
                .thread(*thread)
                .into_iter()
                .flatten()
                .map(|member| member.history)
                .max()
                .unwrap_or(entry.history);
            drop(state);
            json!({
                "id": hex_id(*thread),
                "snippet": entry.body.head().snippet,
                "historyId": history.to_string(),
            })
        })
        .collect();
    let mut body = json!({"resultSizeEstimate": Listing::estimate(threads.len(), more)});
    if let Some(object) = body.as_object_mut() {
        if !threads.is_empty() {
            object.insert("threads".to_owned(), threads.into());
        }
        if let (true, Some(last)) = (more, last) {
            object.insert("nextPageToken".to_owned(), listing.next(&last).into());
        }
    }
    Ok(Reply::Value(body))
}

/// The messages of the path's thread, oldest first.
fn shown(call: &Call) -> ApiResult<(u64, Vec<Shown>)> {
    let id = call.id("id")?;
    let state = call.mailbox.state.read();
    let members = state.thread(id).ok_or_else(ApiError::not_found)?;
    Ok((
        id,
        members
            .into_iter()
            .map(|entry| Shown::of(&state, entry))
            .collect(),
    ))
}

pub(crate) fn get(call: &Call) -> ApiResult<Reply> {
    let format = Format::of(call, false)?;
    let (id, members) = shown(call)?;
    let history = members
        .iter()
        .map(|shown| shown.entry.history)
        .max()
        .unwrap_or_default();
    let mut out = String::from("{\"id\":");
    push_json_string(&mut out, &hex_id(id));
    out.push_str(&format!(",\"historyId\":\"{history}\",\"messages\":["));
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        member.write(&call.google, &call.mailbox, &format, &mut out);
    }
    out.push_str("]}");
    Ok(Reply::Text(out))
}

/// What changes answer.
fn brief(call: &Call) -> ApiResult<Reply> {
    let (id, members) = shown(call)?;
    let messages: Vec<Value> = members.iter().map(Shown::brief).collect();
    Ok(Reply::Value(
        json!({"id": hex_id(id), "messages": messages}),
    ))
}

fn change(call: &Call, with: impl Fn(&mut State, u64) -> ApiResult<()>) -> ApiResult<()> {
    let id = call.id("id")?;
    {
        let mut state = call.mailbox.state.write();
        let members: Vec<u64> = state
            .thread(id)
            .ok_or_else(ApiError::not_found)?
            .iter()
            .map(|entry| entry.body.id)
            .collect();
        for member in members {
            with(&mut state, member)?;
        }
    }
    call.google.changed(&call.mailbox);
    Ok(())
}

pub(crate) fn modify(call: &Call) -> ApiResult<Reply> {
    let modify: Modify = call.json()?;
    change(call, |state, id| {
        let relabel = modify.check(state)?;
        state.relabel(id, &relabel.add, &relabel.remove, call.now);
        Ok(())
    })?;
    brief(call)
}

pub(crate) fn trash(call: &Call) -> ApiResult<Reply> {
    change(call, |state, id| {
        super::trash(state, id, call.now);
        Ok(())
    })?;
    brief(call)
}

pub(crate) fn untrash(call: &Call) -> ApiResult<Reply> {
    change(call, |state, id| {
        super::untrash(state, id, call.now);
        Ok(())
    })?;
    brief(call)
}

pub(crate) fn delete(call: &Call) -> ApiResult<Reply> {
    change(call, |state, id| {
        state.remove(id, call.now);
        Ok(())
    })?;
    Ok(Reply::Empty)
}
