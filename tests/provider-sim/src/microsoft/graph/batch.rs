//! `$batch`: up to twenty requests in one, four at a time, each through the gate like any other.

use std::collections::{HashMap, HashSet};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::error::GraphError;
use crate::Gate;

/// Requests in one batch.
const MAX_PARTS: usize = 20;
/// Outlook carries out so many of one mailbox at once.
const AT_ONCE: usize = 4;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    #[serde(default)]
    depends_on: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Batch {
    requests: Vec<Part>,
}

/// `POST /$batch`
pub(crate) fn run(call: Call) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let batch: Batch = call
            .json()
            .map_err(|_| GraphError::bad("BadRequest", "Invalid batch payload format."))?;
        check(&batch.requests)?;
        let Some(gate) = call.gate.clone() else {
            return Err(GraphError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "generalException",
                "There is no way to carry out the parts.",
            ));
        };
        let authorization = call.headers.get(header::AUTHORIZATION).cloned();
        let mut done: HashMap<String, u16> = HashMap::new();
        let mut responses: Vec<Reply> = Vec::new();
        let mut waiting = batch.requests;
        while !waiting.is_empty() {
            // Everything whose dependencies are done goes next; the others wait for another turn.
            let (ready, later): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|p| p.depends_on.iter().all(|d| done.contains_key(d)));
            waiting = later;
            let (failed, ready): (Vec<_>, Vec<_>) = ready.into_iter().partition(|p| {
                p.depends_on
                    .iter()
                    .any(|d| done.get(d).is_none_or(|s| !(200..300).contains(s)))
            });
            for part in failed {
                done.insert(part.id.clone(), 424);
                let message = "A request that this one depends on has failed.";
                responses.push(Reply::failure(part.id, 424, "FailedDependency", message));
            }
            let tasks = ready.into_iter().map(|part| {
                let id = part.id.clone();
                let task = tokio::spawn(one(gate.clone(), part, authorization.clone()));
                async move {
                    // A part that panics is this part's failure only.
                    task.await.unwrap_or_else(|_| {
                        Reply::failure(id, 500, "generalException", "The request failed.")
                    })
                }
            });
            let mut running = futures::stream::iter(tasks).buffer_unordered(AT_ONCE);
            while let Some(reply) = running.next().await {
                done.insert(reply.id.clone(), reply.status);
                responses.push(reply);
            }
        }
        Ok(axum::Json(Replies { responses }).into_response())
    })
}

#[derive(Serialize)]
struct Replies {
    responses: Vec<Reply>,
}

/// A part's answer; its body goes out as it came in.
#[derive(Serialize)]
struct Reply {
    id: String,
    status: u16,
    headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

impl Reply {
    fn failure(id: String, status: u16, code: &str, message: &str) -> Self {
        let mut headers = Map::new();
        headers.insert("Content-Type".to_owned(), json!("application/json"));
        let body = json!({"error": {"code": code, "message": message}});
        Self {
            id,
            status,
            headers,
            body: serde_json::value::to_raw_value(&body).ok(),
        }
    }
}

fn check(parts: &[Part]) -> Result<(), GraphError> {
    let bad = |message: String| Err(GraphError::bad("BadRequest", message));
    if parts.len() > MAX_PARTS {
        return bad(format!(
            "Number of batch request steps exceeds the maximum value of {MAX_PARTS}."
        ));
    }
    let mut ids = HashSet::new();
    for part in parts {
        if !ids.insert(part.id.as_str()) {
            return bad(format!(
                "Request Id '{}' has already been used in the batch.",
                part.id
            ));
        }
        let typed = part
            .headers
            .keys()
            .any(|n| n.eq_ignore_ascii_case("content-type"));
        if part.body.is_some() && !typed {
            return bad(format!(
                "Request '{}' has a body but no Content-Type header.",
                part.id
            ));
        }
    }
    // A dependency must stand before what depends on it, which also rules out circles.
    let mut seen = HashSet::new();
    for part in parts {
        if let Some(unknown) = part.depends_on.iter().find(|d| !seen.contains(d.as_str())) {
            return bad(format!(
                "Request '{}' depends on '{unknown}', which does not come before it.",
                part.id
            ));
        }
        seen.insert(part.id.as_str());
    }
    Ok(())
}

async fn one(gate: Gate, part: Part, authorization: Option<HeaderValue>) -> Reply {
    let Some(request) = request(&part, authorization) else {
        return Reply::failure(part.id, 400, "BadRequest", "Invalid batch request step.");
    };
    let response = gate.part(request).await;
    show(part.id, response).await
}

fn request(part: &Part, authorization: Option<HeaderValue>) -> Option<Request<Body>> {
    // Relative by the documentation; the official Python client sends whole addresses.
    let path = match part.url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => part.url.trim_start_matches('/'),
    };
    let path = path.strip_prefix("v1.0/").unwrap_or(path);
    // Clients may leave spaces and quotes as they are within the JSON.
    let path = path
        .replace(' ', "%20")
        .replace('"', "%22")
        .replace('<', "%3C")
        .replace('>', "%3E");
    let uri: http::Uri = format!("/v1.0/{path}").parse().ok()?;
    let body = match &part.body {
        None => Body::empty(),
        Some(Value::String(text)) => Body::from(text.clone()),
        Some(value) => Body::from(serde_json::to_vec(value).ok()?),
    };
    let mut request = Request::builder()
        .method(Method::from_bytes(part.method.to_uppercase().as_bytes()).ok()?)
        .uri(uri)
        .body(body)
        .ok()?;
    if let Some(authorization) = authorization {
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, authorization);
    }
    for (name, value) in &part.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    Some(request)
}

async fn show(id: String, response: Response) -> Reply {
    let (parts, body) = response.into_parts();
    let bytes = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let headers = parts
        .headers
        .iter()
        .filter(|(n, _)| **n != header::CONTENT_LENGTH)
        .filter_map(|(n, v)| Some((canonical(n.as_str()), json!(v.to_str().ok()?))))
        .collect();
    // What is no JSON comes as base64.
    let body = match String::from_utf8(bytes.to_vec()).map(RawValue::from_string) {
        _ if bytes.is_empty() => None,
        Ok(Ok(raw)) => Some(raw),
        _ => serde_json::value::to_raw_value(&STANDARD.encode(&bytes)).ok(),
    };
    Reply {
        id,
        status: parts.status.as_u16(),
        headers,
        body,
    }
}

/// `retry-after` as `Retry-After`.
fn canonical(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        })
        .collect::<Vec<_>>()
        .join("-")
}
