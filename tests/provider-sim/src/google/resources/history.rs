//! `users.history`.

use serde_json::{Map, Value, json};

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::mailbox::history::{Record, What};
use super::super::mailbox::page::{self, Position};
use super::super::mailbox::{LabelKey, State, hex_id};
use super::render::label_ids;

const TYPES: [&str; 4] = [
    "messageAdded",
    "messageDeleted",
    "labelAdded",
    "labelRemoved",
];

pub(crate) fn list(call: &Call) -> ApiResult<Reply> {
    let start: u64 = match call.query("startHistoryId") {
        None => {
            return Err(ApiError::invalid(
                "Missing required parameter: startHistoryId",
            ));
        }
        Some(text) => text.parse().map_err(|_| {
            ApiError::invalid(format!(
                "Invalid value at 'start_history_id' (TYPE_UINT64), \"{text}\""
            ))
        })?,
    };
    let types = types(call)?;
    let limit = call.max_results()?;
    let state = call.mailbox.state.read();
    if !state.history.knows(start, call.now) {
        return Err(ApiError::not_found());
    }
    let label = match call.query("labelId") {
        None => None,
        Some(id) => Some(
            state
                .labels
                .key(id)
                .ok_or_else(|| ApiError::invalid(format!("Invalid label: {id}")))?,
        ),
    };
    let question =
        page::fingerprint(&(start, &types, label, call.mailbox.account.address.as_str()));
    let after = match call.query("pageToken") {
        None => start,
        Some(token) => page::read(token, question, state.epoch)?.major,
    };
    let mut history = Vec::new();
    let mut next = None;
    let mut last = after;
    for record in state.history.after(after) {
        let Some(entry) = shown(&state, record, &types, label) else {
            continue;
        };
        if history.len() == limit {
            next = Some(page::write(
                Position {
                    major: last,
                    minor: 0,
                },
                question,
                state.epoch,
            ));
            break;
        }
        last = record.id;
        history.push(entry);
    }
    let mut body = json!({"historyId": state.history.latest().to_string()});
    if let Some(object) = body.as_object_mut() {
        if !history.is_empty() {
            object.insert("history".to_owned(), history.into());
        }
        if let Some(next) = next {
            object.insert("nextPageToken".to_owned(), next.into());
        }
    }
    Ok(Reply::Value(body))
}

/// Wanted types; empty means all. Unknown ones are refused.
fn types(call: &Call) -> ApiResult<Vec<&'static str>> {
    call.all("historyTypes")
        .into_iter()
        .map(|wanted| {
            // The enumeration's older, upper-case names are still taken.
            let folded = wanted.replace('_', "").to_lowercase();
            TYPES
                .into_iter()
                .find(|known| {
                    known.to_lowercase() == folded || format!("{}s", known.to_lowercase()) == folded
                })
                .ok_or_else(|| {
                    ApiError::invalid(format!("Invalid value at 'history_types', \"{wanted}\""))
                })
        })
        .collect()
}

fn shown(state: &State, record: &Record, types: &[&str], label: Option<LabelKey>) -> Option<Value> {
    let wanted = |kind: &str| types.is_empty() || types.contains(&kind);
    let concerns_label = |extra: &[LabelKey]| {
        label.is_none_or(|label| record.labels.contains(&label) || extra.contains(&label))
    };
    let brief = json!({"id": hex_id(record.message), "threadId": hex_id(record.thread)});
    let mut full = brief.clone();
    if let (false, Some(object)) = (record.labels.is_empty(), full.as_object_mut()) {
        object.insert(
            "labelIds".to_owned(),
            label_ids(state, &record.labels).into(),
        );
    }
    let mut changes = Map::new();
    match &record.what {
        What::Added if wanted("messageAdded") && concerns_label(&[]) => {
            changes.insert("messagesAdded".to_owned(), json!([{"message": full}]));
        }
        What::Deleted if wanted("messageDeleted") && concerns_label(&[]) => {
            changes.insert("messagesDeleted".to_owned(), json!([{"message": full}]));
        }
        What::Labels { added, removed } => {
            if !added.is_empty() && wanted("labelAdded") && concerns_label(added) {
                let ids = label_ids(state, added);
                changes.insert(
                    "labelsAdded".to_owned(),
                    json!([{"message": full, "labelIds": ids}]),
                );
            }
            if !removed.is_empty() && wanted("labelRemoved") && concerns_label(removed) {
                let ids = label_ids(state, removed);
                changes.insert(
                    "labelsRemoved".to_owned(),
                    json!([{"message": full, "labelIds": ids}]),
                );
            }
        }
        _ => {}
    }
    if changes.is_empty() {
        return None;
    }
    changes.insert("id".to_owned(), record.id.to_string().into());
    changes.insert("messages".to_owned(), json!([brief]));
    Some(Value::Object(changes))
}
