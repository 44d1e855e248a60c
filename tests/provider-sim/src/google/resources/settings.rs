//! `users.getProfile` and `users.settings.sendAs`.

use serde_json::{Value, json};

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use crate::Account;

pub(crate) fn profile(call: &Call) -> ApiResult<Reply> {
    let state = call.mailbox.state.read();
    Ok(Reply::Value(json!({
        "emailAddress": call.mailbox.account.address,
        "messagesTotal": state.len(),
        "threadsTotal": state.thread_count(),
        "historyId": state.history.latest().to_string(),
    })))
}

fn send_as(account: &Account) -> Vec<Value> {
    let primary = json!({
        "sendAsEmail": account.address,
        "displayName": account.name,
        "replyToAddress": "",
        "signature": format!("<div dir=\"ltr\">{}</div>", super::super::mail::escape_html(&account.name)),
        "isPrimary": true,
        "isDefault": true,
    });
    let aliases = account.aliases.iter().map(|(address, name)| {
        json!({
            "sendAsEmail": address,
            "displayName": name,
            "replyToAddress": "",
            "signature": "",
            "treatAsAlias": true,
            "verificationStatus": "accepted",
        })
    });
    std::iter::once(primary).chain(aliases).collect()
}

pub(crate) fn list_send_as(call: &Call) -> ApiResult<Reply> {
    Ok(Reply::Value(
        json!({"sendAs": send_as(&call.mailbox.account)}),
    ))
}

pub(crate) fn get_send_as(call: &Call) -> ApiResult<Reply> {
    let wanted = call.parameter("sendAsEmail");
    send_as(&call.mailbox.account)
        .into_iter()
        .find(|alias| {
            alias
                .get("sendAsEmail")
                .and_then(Value::as_str)
                .is_some_and(|address| address.eq_ignore_ascii_case(wanted))
        })
        .map(Reply::Value)
        .ok_or_else(ApiError::not_found)
}
