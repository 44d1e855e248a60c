//! `users.watch` and `users.stop`.

use serde::Deserialize;
use serde_json::json;

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::push::Watch;

/// Milliseconds a watch lasts: seven days.
const WATCH_MS: u64 = 7 * 24 * 3_600_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct WatchBody {
    topic_name: String,
    label_ids: Vec<String>,
    label_filter_behavior: Option<String>,
    label_filter_action: Option<String>,
}

pub(crate) fn watch(call: &Call) -> ApiResult<Reply> {
    let body: WatchBody = call.json()?;
    let shape = body
        .topic_name
        .strip_prefix("projects/")
        .and_then(|rest| rest.split_once("/topics/"));
    if shape.is_none_or(|(project, topic)| project.is_empty() || topic.is_empty()) {
        return Err(ApiError::invalid(format!(
            "Invalid topicName does not match projects/sim/topics/*: {}",
            body.topic_name
        )));
    }
    let behavior = body
        .label_filter_behavior
        .or(body.label_filter_action)
        .unwrap_or_else(|| "include".to_owned())
        .to_lowercase();
    if !matches!(behavior.as_str(), "include" | "exclude") {
        return Err(ApiError::invalid(format!(
            "Invalid value at 'label_filter_behavior' (TYPE_ENUM), \"{behavior}\""
        )));
    }
    let (labels, history) = {
        let state = call.mailbox.state.read();
        let labels = body
            .label_ids
            .iter()
            .map(|id| {
                state
                    .labels
                    .key(id)
                    .ok_or_else(|| ApiError::invalid(format!("Invalid label: {id}")))
            })
            .collect::<ApiResult<Vec<_>>>()?;
        (labels, state.history.latest())
    };
    let expires = call.now + WATCH_MS;
    call.google.push.watch(
        &call.mailbox.account.address,
        Watch {
            topic: body.topic_name,
            labels,
            exclude: behavior == "exclude",
            expires,
            last_history: history,
            last_push: None,
        },
        call.now,
    )?;
    // The first event comes at once, as proof that the topic works.
    call.google.changed(&call.mailbox);
    Ok(Reply::Value(json!({
        "historyId": history.to_string(),
        "expiration": expires.to_string(),
    })))
}

pub(crate) fn stop(call: &Call) -> ApiResult<Reply> {
    call.google.push.stop(&call.mailbox.account.address);
    Ok(Reply::Empty)
}
