//! `users.labels`.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::mailbox::labels::NameError;
use super::super::mailbox::{Label, LabelKey, State, system};

/// Background and text colours that Gmail takes; anything else is refused.
const PALETTE: [&str; 103] = [
    "#000000", "#434343", "#666666", "#999999", "#cccccc", "#efefef", "#f3f3f3", "#ffffff",
    "#fb4c2f", "#ffad47", "#fad165", "#16a766", "#43d692", "#4a86e8", "#a479e2", "#f691b3",
    "#f6c5be", "#ffe6c7", "#fef1d1", "#b9e4d0", "#c6f3de", "#c9daf8", "#e4d7f5", "#fcdee8",
    "#efa093", "#ffd6a2", "#fce8b3", "#89d3b2", "#a0eac9", "#a4c2f4", "#d0bcf1", "#fbc8d9",
    "#e66550", "#ffbc6b", "#fcda83", "#44b984", "#68dfa9", "#6d9eeb", "#b694e8", "#f7a7c0",
    "#cc3a21", "#eaa041", "#f2c960", "#149e60", "#3dc789", "#3c78d8", "#8e63ce", "#e07798",
    "#ac2b16", "#cf8933", "#d5ae49", "#0b804b", "#2a9c68", "#285bac", "#653e9b", "#b65775",
    "#822111", "#a46a21", "#aa8831", "#076239", "#1a764d", "#1c4587", "#41236d", "#83334c",
    "#464646", "#e7e7e7", "#0d3472", "#b6cff5", "#0d3b44", "#98d7e4", "#3d188e", "#e3d7ff",
    "#711a36", "#fbd3e0", "#8a1c0a", "#f2b2a8", "#7a2e0b", "#ffc8af", "#7a4706", "#ffdeb5",
    "#594c05", "#fbe983", "#684e07", "#fdedc1", "#0b4f30", "#b3efd3", "#04502e", "#a2dcc1",
    "#c2c2c2", "#4986e7", "#2da2bb", "#b99aff", "#994a64", "#f691b2", "#ff7537", "#ffad46",
    "#662e37", "#ebdbde", "#cca6ac", "#094228", "#42d692", "#16a765", "#fe8a8a",
];

/// Body of the writing methods.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct LabelBody {
    id: Option<String>,
    name: Option<String>,
    message_list_visibility: Option<String>,
    label_list_visibility: Option<String>,
    color: Option<ColorBody>,
    #[serde(rename = "type")]
    kind: Option<String>,
    messages_total: Option<u64>,
    messages_unread: Option<u64>,
    threads_total: Option<u64>,
    threads_unread: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ColorBody {
    text_color: String,
    background_color: String,
}

fn name_error(error: NameError) -> ApiError {
    match error {
        NameError::Invalid => ApiError::invalid("Invalid label name"),
        NameError::Taken => ApiError::conflict("Label name exists or conflicts"),
        NameError::TooMany => ApiError::invalid("Too many labels"),
    }
}

/// Without counts, as lists have it.
pub(crate) fn json_of(label: &Label) -> Value {
    let mut value = json!({
        "id": label.id,
        "name": label.name,
        "type": if label.system { "system" } else { "user" },
    });
    if let Some(object) = value.as_object_mut() {
        if let Some(visibility) = &label.message_list_visibility {
            object.insert(
                "messageListVisibility".to_owned(),
                visibility.clone().into(),
            );
        }
        if let Some(visibility) = &label.label_list_visibility {
            object.insert("labelListVisibility".to_owned(), visibility.clone().into());
        }
        if let Some((text, background)) = &label.color {
            object.insert(
                "color".to_owned(),
                json!({"textColor": text, "backgroundColor": background}),
            );
        }
    }
    value
}

fn with_counts(state: &State, key: LabelKey, label: &Label) -> Value {
    let (mut unread, mut threads, mut threads_unread) = (0_usize, HashSet::new(), HashSet::new());
    for entry in state.newest(&[key], None) {
        threads.insert(entry.thread);
        if entry.has(system::UNREAD) {
            unread += 1;
            threads_unread.insert(entry.thread);
        }
    }
    let mut value = json_of(label);
    if let Some(object) = value.as_object_mut() {
        object.insert("messagesTotal".to_owned(), state.labelled(key).into());
        object.insert("messagesUnread".to_owned(), unread.into());
        object.insert("threadsTotal".to_owned(), threads.len().into());
        object.insert("threadsUnread".to_owned(), threads_unread.len().into());
    }
    value
}

pub(crate) fn list(call: &Call) -> ApiResult<Reply> {
    let state = call.mailbox.state.read();
    let labels: Vec<Value> = state
        .labels
        .iter()
        .map(|(_, label)| json_of(label))
        .collect();
    Ok(Reply::Value(json!({"labels": labels})))
}

fn key(call: &Call, state: &State) -> ApiResult<LabelKey> {
    state
        .labels
        .key(call.parameter("id"))
        .ok_or_else(ApiError::not_found)
}

pub(crate) fn get(call: &Call) -> ApiResult<Reply> {
    let state = call.mailbox.state.read();
    let key = key(call, &state)?;
    let label = state.labels.get(key).ok_or_else(ApiError::not_found)?;
    Ok(Reply::Value(with_counts(&state, key, label)))
}

pub(crate) fn create(call: &Call) -> ApiResult<Reply> {
    let body: LabelBody = call.json()?;
    let mut state = call.mailbox.state.write();
    let name = body.name.clone().unwrap_or_default();
    let color = color(body.color.as_ref())?;
    let key = state.labels.create(&name).map_err(name_error)?;
    let label = state.labels.get_mut(key).ok_or_else(ApiError::not_found)?;
    label.color = color;
    label.message_list_visibility = Some(
        body.message_list_visibility
            .unwrap_or_else(|| "show".to_owned()),
    );
    label.label_list_visibility = Some(
        body.label_list_visibility
            .unwrap_or_else(|| "labelShow".to_owned()),
    );
    let value = json_of(label);
    Ok(Reply::Value(value))
}

fn color(body: Option<&ColorBody>) -> ApiResult<Option<(String, String)>> {
    let Some(body) = body else {
        return Ok(None);
    };
    for color in [&body.text_color, &body.background_color] {
        if !PALETTE.contains(&color.to_lowercase().as_str()) {
            return Err(ApiError::invalid(format!(
                "Label color {} is not on the allowed color palette",
                color
            )));
        }
    }
    Ok(Some((
        body.text_color.to_lowercase(),
        body.background_color.to_lowercase(),
    )))
}

fn write(call: &Call, replace: bool) -> ApiResult<Reply> {
    let body: LabelBody = call.json()?;
    let mut state = call.mailbox.state.write();
    let key = key(call, &state)?;
    if state.labels.get(key).is_some_and(|label| label.system) {
        return Err(ApiError::invalid("Invalid update request"));
    }
    let name = match (&body.name, replace) {
        (Some(name), _) => Some(name.trim().to_owned()),
        (None, true) => return Err(ApiError::invalid("Invalid label name")),
        (None, false) => None,
    };
    if let Some(name) = &name {
        state.labels.check(name, Some(key)).map_err(name_error)?;
    }
    let color = color(body.color.as_ref())?;
    let label = state.labels.get_mut(key).ok_or_else(ApiError::not_found)?;
    if let Some(name) = name {
        label.name = name;
    }
    if replace || color.is_some() {
        label.color = color;
    }
    if replace || body.message_list_visibility.is_some() {
        label.message_list_visibility = body.message_list_visibility;
    }
    if replace || body.label_list_visibility.is_some() {
        label.label_list_visibility = body.label_list_visibility;
    }
    let value = json_of(label);
    Ok(Reply::Value(value))
}

pub(crate) fn update(call: &Call) -> ApiResult<Reply> {
    write(call, true)
}

pub(crate) fn patch(call: &Call) -> ApiResult<Reply> {
    write(call, false)
}

pub(crate) fn delete(call: &Call) -> ApiResult<Reply> {
    {
        let mut state = call.mailbox.state.write();
        let key = key(call, &state)?;
        if state.labels.get(key).is_some_and(|label| label.system) {
            return Err(ApiError::invalid("Invalid delete request"));
        }
        let labelled: Vec<u64> = state
            .newest(&[key], None)
            .map(|entry| entry.body.id)
            .collect();
        for id in labelled {
            state.relabel(id, &[], &[key], call.now);
        }
        state.labels.remove(key);
    }
    call.google.changed(&call.mailbox);
    Ok(Reply::Empty)
}
