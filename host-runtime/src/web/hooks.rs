//! Requests from outside for plugins: `/hooks/{plugin}/{name}`. Whether one is genuine only the plugin can know; the host bounds its size
//! and keeps what a plugin must not see (cookies) and must not say (cookies, security headers) out of it.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::AppState;
use super::extract::Path;
use super::plugin_errors::{self, Context};
use super::problem::{Kind, Problem, Result};
use super::request::{RequestId, Verbatim};
use crate::bindings::plugin::webhook;

/// The contract's.
const LARGEST_BODY: usize = 1 << 20;

/// What a plugin may say about its answer.
const SAID: [HeaderName; 3] = [
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::CONTENT_LANGUAGE,
];

pub(super) fn route() -> MethodRouter<AppState> {
    axum::routing::get(hook).post(hook)
}

async fn hook(
    State(state): State<AppState>,
    Path((plugin, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response> {
    if !state.host().routes().has_webhook(&plugin, &name) {
        return Err(Problem::not_found("hook"));
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map_err(
            |error| match error.downcast_ref::<http_body_util::LengthLimitError>() {
                Some(_) => Problem::new(Kind::TooLarge, "A hook takes at most 1 MiB."),
                None => Problem::new(
                    Kind::MalformedRequest,
                    "The body did not arrive whole. Send it again.",
                ),
            },
        )?
        .to_bytes();
    let id = parts
        .extensions
        .get::<RequestId>()
        .map_or_else(String::new, |id| id.0.to_string());
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| **name != header::COOKIE)
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let delivered = webhook::Request {
        method: parts.method.as_str().to_owned(),
        query,
        headers,
        body: body.into(),
    };
    let runs = state.host().plugin(&plugin)?;
    let context = Context {
        what: "hook",
        plugin: &plugin,
        now: state.now(),
    };
    let answer = runs
        .handle_webhook(id, name, delivered)
        .await
        .map_err(|error| plugin_errors::problem(error, &context))?;
    response(answer)
}

fn response(answer: webhook::Response) -> Result<Response> {
    // 1xx would not end the exchange, 3xx would send the caller on in our name.
    let status = StatusCode::from_u16(answer.status)
        .ok()
        .filter(|status| !status.is_informational() && !status.is_redirection())
        .ok_or_else(|| {
            Problem::new(
                Kind::PluginFailed,
                "The plugin answered with a status that a hook can't have.",
            )
        })?;
    let mut response = Response::new(Body::from(Bytes::from(answer.body)));
    *response.status_mut() = status;
    for (name, value) in answer.headers {
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) else {
            continue;
        };
        if SAID.contains(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    response.extensions_mut().insert(Verbatim);
    Ok(response)
}
