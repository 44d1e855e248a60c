//! Control of one provider: its mailboxes, tokens and cursors.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Controls, to_json};
use crate::{Account, Change, ControlError, Deliver, MailboxState, Provider, fill};

pub(super) async fn state(
    State(controls): State<Controls>,
    Path((provider, address)): Path<(Provider, String)>,
) -> Answer<Json<MailboxState>> {
    Ok(Json(controls.backend(provider)?.mailbox(&address)?))
}

pub(super) async fn deliver(
    State(controls): State<Controls>,
    Path((provider, address)): Path<(Provider, String)>,
    Query(options): Query<Vec<(String, String)>>,
    raw: Bytes,
) -> Answer {
    let mut mail = Deliver::new(raw);
    for (name, value) in options {
        match name.as_str() {
            "folder" => mail.folder = Some(value),
            "read" => mail.read = value == "true",
            "starred" => mail.starred = value == "true",
            "label" => mail.labels.push(value),
            "received" => mail.received = value.parse().ok(),
            other => return Err(ControlError::Invalid(format!("unknown option {other}"))),
        }
    }
    let id = controls.backend(provider)?.deliver(&address, &mail)?;
    Ok(Json(json!({"id": id})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    count: u32,
    seed: Option<u64>,
}

pub(super) async fn generate(
    State(controls): State<Controls>,
    Path((provider, address)): Path<(Provider, String)>,
    Json(generate): Json<Generate>,
) -> Answer {
    let now = controls.clock.now();
    let account = Account::new(&address, &address).with_messages(generate.count);
    let backend = controls.backend(provider)?;
    let mut ids = Vec::new();
    // Another seed at another time, so that generated mail does not repeat.
    for mail in fill(&account, generate.seed.unwrap_or(now), now) {
        ids.push(backend.deliver(&address, &Deliver::new(mail.content.raw()))?);
    }
    Ok(Json(json!({"ids": ids})))
}

pub(super) async fn raw(
    State(controls): State<Controls>,
    Path((provider, address, id)): Path<(Provider, String, String)>,
) -> Answer<Response> {
    let raw = controls.backend(provider)?.raw(&address, &id)?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], raw).into_response())
}

pub(super) async fn change(
    State(controls): State<Controls>,
    Path((provider, address, id)): Path<(Provider, String, String)>,
    Json(change): Json<Change>,
) -> Answer<StatusCode> {
    controls.backend(provider)?.change(&address, &id, &change)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(controls): State<Controls>,
    Path((provider, address, id)): Path<(Provider, String, String)>,
) -> Answer<StatusCode> {
    controls.backend(provider)?.remove(&address, &id)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn sent(
    State(controls): State<Controls>,
    Path(provider): Path<Provider>,
) -> Answer {
    let sent: Vec<Value> = controls
        .backend(provider)?
        .sent()
        .into_iter()
        .map(|sent| {
            json!({
                "from": sent.from,
                "to": sent.to,
                "id": sent.id,
                "message_id": sent.message_id,
                "raw": STANDARD.encode(&sent.raw),
                "at": sent.at,
            })
        })
        .collect();
    to_json(&sent)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    address: Option<String>,
}

pub(super) async fn expire_access_tokens(
    State(controls): State<Controls>,
    Path(provider): Path<Provider>,
    whose: Option<Json<Whose>>,
) -> Answer {
    let whose = whose.unwrap_or_default();
    let count = controls
        .backend(provider)?
        .expire_access_tokens(whose.address.as_deref());
    Ok(Json(json!({"count": count})))
}

pub(super) async fn revoke_grants(
    State(controls): State<Controls>,
    Path(provider): Path<Provider>,
    whose: Option<Json<Whose>>,
) -> Answer {
    let whose = whose.unwrap_or_default();
    let count = controls
        .backend(provider)?
        .revoke_grants(whose.address.as_deref());
    Ok(Json(json!({"count": count})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    address: String,
}

pub(super) async fn expire_cursors(
    State(controls): State<Controls>,
    Path(provider): Path<Provider>,
    Json(whose): Json<Address>,
) -> Answer<StatusCode> {
    controls.backend(provider)?.expire_cursors(&whose.address)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn special(
    State(controls): State<Controls>,
    Path((provider, action)): Path<(Provider, String)>,
    body: Option<Json<Value>>,
) -> Answer {
    let body = body.map_or(Value::Null, |Json(body)| body);
    controls.backend(provider)?.control(&action, body).map(Json)
}
