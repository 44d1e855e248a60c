//! What happens around every request: its id, its line in the log, its figures, the headers that every answer carries, and the
//! writing of problems. One layer, so that nothing can be answered without them.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument;

use super::AppState;
use super::pages;
use super::problem::{Kind, Problem};

/// The id of the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Marks an answer that a plugin wrote for a machine outside: its status and body go out as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbatim;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer.
pub(crate) async fn around(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id: Arc<str> = uuid::Uuid::now_v7().simple().to_string().into();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|p| p.as_str().to_owned());
    // Never the query: it may carry a provider's code or a signature.
    let path = request.uri().path().to_owned();
    let asked = Asked::of(&path, request.headers());
    let span = tracing::info_span!("request", request_id = %id, %method, path = %path);

    let mut response = next.run(request).instrument(span.clone()).await;
    if response.extensions().get::<Verbatim>().is_none()
        && (response.status().is_client_error() || response.status().is_server_error())
    {
        response = written(response, &id, asked);
    }
    dress(response.headers_mut(), &path, &id, state.secure());

    let status = response.status();
    let elapsed = started.elapsed();
    state.metrics().answered(
        &method,
        route.as_deref().unwrap_or("other"),
        status,
        elapsed,
    );
    let (status, elapsed_ms) = (status.as_u16(), elapsed.as_millis() as u64);
    span.in_scope(|| {
        if is_watching(&path) && response.status().is_success() {
            tracing::debug!(status, elapsed_ms, "answered");
        } else {
            tracing::info!(status, elapsed_ms, "answered");
        }
    });
    response
}

/// Asked every few seconds by whatever watches the host: only what goes wrong there is news.
fn is_watching(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// How an error is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Json,
    Html,
}

impl Asked {
    /// Pages for people are asked for by browsers, outside the API. A client that names JSON gets JSON everywhere.
    fn of(path: &str, headers: &HeaderMap) -> Self {
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !path.starts_with("/api/") && accept.contains("text/html") {
            Self::Html
        } else {
            Self::Json
        }
    }
}

/// The problem that a handler left, or one made from a bare status of some layer below.
fn written(mut response: Response, id: &str, asked: Asked) -> Response {
    let status = response.status();
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .unwrap_or_else(|| bare(status));
    let document = problem.document(id);
    let mut answer = match asked {
        Asked::Html => pages::problem(&document, "").into_response(),
        Asked::Json => match serde_json::to_vec(&document) {
            Ok(body) => {
                let mut answer = Response::new(Body::from(body));
                answer.headers_mut().insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/problem+json"),
                );
                answer
            }
            Err(_) => Response::new(Body::empty()),
        },
    };
    *answer.status_mut() = status;
    // What the layers below said beside the status: `Allow`, `Retry-After`, `Set-Cookie` …
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

fn bare(status: http::StatusCode) -> Problem {
    let kind = Kind::of_status(status);
    let detail = match kind {
        Kind::NotFound => {
            "There is nothing at this address. The addresses of the API are listed in /api/openapi.json."
        }
        Kind::MethodNotAllowed => {
            "This address exists, but not with this method. The Allow header names those it has."
        }
        Kind::TooLarge => "The body is larger than this address takes.",
        Kind::Internal => {
            "The host could not do this. Try again; if it stays so, give the request id to your administrator."
        }
        _ => "The request was refused. /api/openapi.json says what this address takes.",
    };
    Problem::new(kind, detail)
}

/// Headers of every answer. A handler that needs other ones sets them itself.
fn dress(headers: &mut HeaderMap, path: &str, id: &str, secure: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if path.starts_with("/api") {
        // Answers are about the person who asked; no cache on the way may keep them.
        set(header::CACHE_CONTROL, "no-store");
    }
    if secure {
        // Half a year, the least that preload lists and auditors accept.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=15768000");
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
}
