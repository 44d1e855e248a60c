//! The control API: everything a test can do by library call, over HTTP with JSON, for tests in other languages and for people.
//!
//! ```text
//! GET|PUT  /_control/clock                                   {now}            PUT also {advance_ms}; test clock only
//! GET|POST|DELETE /_control/faults     DELETE /_control/faults/{id}
//! GET|PUT  /_control/limits
//! GET|DELETE /_control/access          GET /_control/access/counts
//! GET|PUT  /_control/exchanges                              whole requests and answers, kept from PUT on
//! GET      /_control/{provider}/mailboxes/{address}                         the whole state
//! POST     /_control/{provider}/mailboxes/{address}/messages                message/rfc822 body; ?folder=&read=&starred=&label=&received=
//! POST     /_control/{provider}/mailboxes/{address}/generate                {count}
//! GET      /_control/{provider}/mailboxes/{address}/messages/{id}/raw
//! PATCH|DELETE /_control/{provider}/mailboxes/{address}/messages/{id}
//! GET      /_control/{provider}/sent
//! POST     /_control/{provider}/expire-access-tokens|revoke-grants          {address?}
//! POST     /_control/{provider}/expire-cursors                              {address}
//! POST     /_control/{provider}/do/{action}                                 what only this provider has
//! ```

mod mailboxes;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{AccessLog, Backend, Clock, ControlError, Fault, Faults, Limits, Provider};

/// What the control API works on.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) backends: Vec<Arc<dyn Backend>>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) log: Arc<AccessLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<RwLock<Limits>>,
}

impl Controls {
    fn backend(&self, provider: Provider) -> Result<&Arc<dyn Backend>, ControlError> {
        self.backends
            .iter()
            .find(|backend| backend.provider() == provider)
            .ok_or_else(|| ControlError::NotFound("provider".to_owned()))
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match self {
            ControlError::NotFound(_) => StatusCode::NOT_FOUND,
            ControlError::Invalid(_) => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

type Answer<T = Json<Value>> = Result<T, ControlError>;

fn to_json(value: &impl serde::Serialize) -> Answer {
    serde_json::to_value(value)
        .map(Json)
        .map_err(|error| ControlError::Invalid(error.to_string()))
}

pub(crate) fn routes(controls: Controls) -> Router {
    Router::new()
        .route("/_control/clock", get(clock).put(set_clock))
        .route(
            "/_control/faults",
            get(faults).post(inject).delete(clear_faults),
        )
        .route("/_control/faults/{id}", delete(clear_fault))
        .route("/_control/limits", get(limits).put(set_limits))
        .route("/_control/access", get(access).delete(clear_access))
        .route("/_control/access/counts", get(access_counts))
        .route("/_control/exchanges", get(exchanges).put(keep_exchanges))
        .route(
            "/_control/{provider}/mailboxes/{address}",
            get(mailboxes::state),
        )
        .route(
            "/_control/{provider}/mailboxes/{address}/messages",
            post(mailboxes::deliver),
        )
        .route(
            "/_control/{provider}/mailboxes/{address}/generate",
            post(mailboxes::generate),
        )
        .route(
            "/_control/{provider}/mailboxes/{address}/messages/{id}",
            patch(mailboxes::change).delete(mailboxes::remove),
        )
        .route(
            "/_control/{provider}/mailboxes/{address}/messages/{id}/raw",
            get(mailboxes::raw),
        )
        .route("/_control/{provider}/sent", get(mailboxes::sent))
        .route(
            "/_control/{provider}/expire-access-tokens",
            post(mailboxes::expire_access_tokens),
        )
        .route(
            "/_control/{provider}/revoke-grants",
            post(mailboxes::revoke_grants),
        )
        .route(
            "/_control/{provider}/expire-cursors",
            post(mailboxes::expire_cursors),
        )
        .route("/_control/{provider}/do/{action}", post(mailboxes::special))
        // The largest mail a provider takes, with room to spare.
        .layer(axum::extract::DefaultBodyLimit::max(200 * 1024 * 1024))
        .with_state(controls)
}

async fn clock(State(controls): State<Controls>) -> Json<Value> {
    Json(json!({"now": controls.clock.now(), "settable": controls.clock.settable().is_some()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    now: Option<u64>,
    advance_ms: Option<u64>,
}

async fn set_clock(State(controls): State<Controls>, Json(set): Json<SetClock>) -> Answer {
    let clock = controls
        .clock
        .settable()
        .ok_or_else(|| ControlError::Invalid("this clock cannot be set".to_owned()))?;
    if let Some(now) = set.now {
        clock.set(now);
    }
    clock.advance(Duration::from_millis(set.advance_ms.unwrap_or(0)));
    Ok(Json(json!({"now": clock.now(), "settable": true})))
}

async fn faults(State(controls): State<Controls>) -> Answer {
    to_json(&controls.faults.list())
}

async fn inject(State(controls): State<Controls>, Json(fault): Json<Fault>) -> Answer {
    let id = controls.faults.inject(fault)?;
    Ok(Json(json!({"id": id})))
}

async fn clear_faults(State(controls): State<Controls>) -> StatusCode {
    controls.faults.clear(None);
    StatusCode::NO_CONTENT
}

async fn clear_fault(State(controls): State<Controls>, Path(id): Path<u64>) -> StatusCode {
    controls.faults.clear(Some(id));
    StatusCode::NO_CONTENT
}

async fn limits(State(controls): State<Controls>) -> Json<Limits> {
    Json(controls.limits.read().clone())
}

async fn set_limits(State(controls): State<Controls>, Json(limits): Json<Limits>) -> Json<Limits> {
    *controls.limits.write() = limits.clone();
    Json(limits)
}

async fn access(State(controls): State<Controls>) -> Answer {
    to_json(&controls.log.entries())
}

async fn access_counts(State(controls): State<Controls>) -> Answer {
    to_json(&controls.log.counts())
}

async fn clear_access(State(controls): State<Controls>) -> StatusCode {
    controls.log.clear();
    StatusCode::NO_CONTENT
}

async fn exchanges(State(controls): State<Controls>) -> Answer {
    to_json(&controls.log.exchanges.all())
}

async fn keep_exchanges(State(controls): State<Controls>) -> StatusCode {
    controls.log.exchanges.keep();
    StatusCode::NO_CONTENT
}
