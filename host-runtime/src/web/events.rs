//! What happened, as server-sent events: a page that listens need not ask again and again.
//!
//! An event's id is its place in the table of events, so that a browser that was cut off says `Last-Event-ID` and misses nothing. If it was
//! away for too long, the first event is `resync`: read everything anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _};
use host_store::Subscription;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::Signed;
use super::extract::Query;
use super::problem::{Kind, Problem, Result};

/// Proxies close a connection on which nothing comes for a minute.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a browser waits before it connects again, in milliseconds.
const RETRY: Duration = Duration::from_secs(2);
/// A person with a page in each of some windows; more is a mistake of a page.
const STREAMS_PER_PERSON: usize = 20;
/// After this time the session is looked at again: somebody who signed out hears nothing more.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventParams {
    /// The same as the header `Last-Event-ID`, for clients that can't set one.
    last_event_id: Option<i64>,
}

/// Your events, as they happen.
///
/// Each has an id, its topic as the event's name (such as `threads.changed`), and a JSON document as data. `resync` says that some were missed.
#[utoipa::path(
    get, path = "/api/events", tag = "events", params(EventParams, ("Last-Event-ID" = Option<i64>, Header, description = "Go on after this event")),
    responses((status = 200, description = "A stream that does not end by itself", body = String, content_type = "text/event-stream"))
)]
async fn events(
    State(state): State<AppState>,
    Signed(principal): Signed,
    headers: HeaderMap,
    Query(params): Query<EventParams>,
) -> Result<Response> {
    let user = principal.user.id.clone();
    let place = Place::take(&state, &user)?;
    let header = headers
        .get("last-event-id")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    let subscription = state
        .store()
        .events()
        .subscribe(&user, header.or(params.last_event_id))
        .await?;
    let missed = subscription.missed();
    let first = Event::default().retry(RETRY).comment("listening");
    let resync = missed.then(|| Event::default().event("resync").data("{}"));
    let stopping = state.stopping().clone();
    let recheck = still_signed_in(state.clone(), principal);
    let stream = futures::stream::iter(std::iter::once(first).chain(resync))
        .chain(heard(subscription))
        .map(move |event| {
            // Held as long as the stream.
            let _ = &place;
            Ok::<_, Infallible>(event)
        })
        .take_until(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = recheck => {}
            }
        });
    let mut response = Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response();
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

fn heard(subscription: Subscription) -> impl Stream<Item = Event> {
    futures::stream::unfold(subscription, |mut subscription| async move {
        match subscription.next().await {
            Ok(event) => {
                let sent = Event::default()
                    .id(event.id.to_string())
                    .event(event.topic)
                    .data(event.payload);
                Some((sent, subscription))
            }
            Err(error) => {
                // The browser comes back by itself and goes on at the same place.
                tracing::warn!(%error, "an event stream ended");
                None
            }
        }
    })
}

/// Ends when whoever listens is no longer signed in.
async fn still_signed_in(state: AppState, principal: super::auth::Principal) {
    use super::auth::Via;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let there = match &principal.via {
            Via::Session { token, .. } => state
                .store()
                .sessions()
                .get(token)
                .await
                .map(|session| session.is_some()),
            Via::Token { id, .. } => state
                .store()
                .api_tokens()
                .list(&principal.user.id)
                .await
                .map(|tokens| tokens.iter().any(|token| token.id == *id)),
            Via::Control => Ok(true),
        };
        if matches!(there, Ok(false)) {
            return;
        }
    }
}

/// One of the streams that a person may have open.
struct Place {
    state: AppState,
    user: Arc<str>,
}

impl Place {
    fn take(state: &AppState, user: &str) -> Result<Self> {
        let mut open = state.streams();
        let count = open.entry(user.to_owned()).or_default();
        if *count >= STREAMS_PER_PERSON {
            return Err(Problem::new(
                Kind::RateLimited,
                "Too many pages of yours listen already. Close some.",
            )
            .retry_after(60));
        }
        *count += 1;
        state
            .metrics()
            .event_streams
            .fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            state: state.clone(),
            user: user.into(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.state.streams();
        if let Some(count) = open.get_mut(&*self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&*self.user);
            }
        }
        self.state
            .metrics()
            .event_streams
            .fetch_sub(1, Ordering::Relaxed);
    }
}
