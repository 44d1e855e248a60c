//! `POST /batch/gmail/v1`: many calls in one `multipart/mixed` request, answered in any order.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::future::join_all;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use rand::seq::SliceRandom;

use super::MOST_BODY;
use super::call::{Admission, bearer};
use super::error::ApiError;
use crate::Gate;
use crate::google::{Google, oauth};

/// Calls in one batch.
const MOST_PARTS: usize = 100;

struct Part {
    content_id: Option<String>,
    request: Request,
}

pub(crate) async fn batch(State(google): State<Arc<Google>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(gate) = parts.extensions.get::<Gate>().cloned() else {
        return ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    };
    let boundary = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .filter(|value| value.to_ascii_lowercase().starts_with("multipart/mixed"))
        .and_then(boundary_of);
    let (Some(boundary), Ok(body)) = (boundary, axum::body::to_bytes(body, MOST_BODY).await) else {
        return ApiError::invalid("Failed to parse batch request, error: 0 items. Received batch body: (0) bytes redacted")
            .into_response();
    };
    let mut calls: Vec<Part> = Vec::new();
    for section in sections(&body, &boundary) {
        match part(&section, &parts) {
            Some(part) => calls.push(part),
            None => {
                return ApiError::invalid("Failed to parse batch request, error: Invalid part.")
                    .into_response();
            }
        }
    }
    if calls.is_empty() {
        return ApiError::invalid("The batch request contains no calls.").into_response();
    }
    if calls.len() > MOST_PARTS {
        return ApiError::invalid(format!(
            "The batch request could not be processed. The number of calls exceeds the limit of {MOST_PARTS}."
        ))
        .into_response();
    }
    admit_together(&google, &mut calls);
    // Each on a task of its own: rendering is work, and there may be more than one core to do it.
    let tasks = calls.into_iter().map(|call| {
        let gate = gate.clone();
        tokio::spawn(async move {
            let response = gate.part(call.request).await;
            (call.content_id, response)
        })
    });
    let mut answers: Vec<_> = join_all(tasks)
        .await
        .into_iter()
        .filter_map(Result::ok)
        .collect();
    answers.shuffle(&mut rand::rng());

    let boundary = format!("batch_{}", oauth::random_token(24));
    let mut out = Vec::new();
    for (content_id, response) in answers {
        write(&mut out, &boundary, content_id.as_deref(), response).await;
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (
        [(
            header::CONTENT_TYPE,
            format!("multipart/mixed; boundary={boundary}"),
        )],
        out,
    )
        .into_response()
}

/// Google starts all parts at once, so that those beyond the limit of concurrent calls are refused however quick the others are.
fn admit_together(google: &Google, calls: &mut [Part]) {
    let Some(limit) = google.context.limits.read().google_concurrent else {
        return;
    };
    for call in calls {
        let request = &mut call.request;
        let owner = bearer(request.headers(), request.uri().query())
            .and_then(|token| google.grants.owner(&token));
        if let Some(owner) = owner {
            let admission = Admission(Arc::new(google.concurrency.enter(&owner, limit)));
            request.extensions_mut().insert(admission);
        }
    }
}

/// Of a multipart content type.
pub(super) fn boundary_of(content_type: &str) -> Option<String> {
    content_type.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"').to_owned())
    })
}

/// Sections between boundary lines, without the line end that belongs to the boundary.
pub(super) fn sections(body: &Bytes, boundary: &str) -> Vec<Bytes> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or(rest);
        if let Some(after) = line.strip_prefix(delimiter.as_bytes()) {
            let closes = after.starts_with(b"--");
            if closes || after.iter().all(u8::is_ascii_whitespace) {
                if let Some(start) = start {
                    let section = body.slice(start..at);
                    let section = match section.as_ref() {
                        [.., b'\r', b'\n'] => section.slice(..section.len() - 2),
                        [.., b'\n'] => section.slice(..section.len() - 1),
                        _ => section,
                    };
                    found.push(section);
                }
                start = (!closes).then_some(at + length);
            }
        }
        at += length;
    }
    found
}

/// Header lines and what follows the empty line.
pub(super) fn split_head(bytes: &Bytes) -> (Vec<(String, String)>, Bytes) {
    let mut headers = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| end + 1);
        let line = String::from_utf8_lossy(rest.get(..length).unwrap_or(rest)).into_owned();
        at += length;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (headers, bytes.slice(at.min(bytes.len())..))
}

/// `application/http`: outer headers hold unless the part has its own.
fn part(section: &Bytes, outer: &http::request::Parts) -> Option<Part> {
    let (headers, rest) = split_head(section);
    let content_id = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-id"))
        .map(|(_, value)| value.clone());
    let line_end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let line = String::from_utf8_lossy(rest.get(..line_end)?).into_owned();
    let mut words = line.split_whitespace();
    let method = Method::from_bytes(words.next()?.as_bytes()).ok()?;
    // Some clients send the whole address; only the path counts.
    let target = words.next()?;
    let target = match target.split_once("://") {
        Some((_, after)) => after.get(after.find('/')?..)?,
        None => target,
    };
    let (headers, body) = split_head(&rest.slice((line_end + 1).min(rest.len())..));
    let mut request = Request::builder().method(method).uri(target);
    for name in [header::AUTHORIZATION, header::USER_AGENT] {
        let own = headers
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(name.as_str()));
        if let (Some(value), false) = (outer.headers.get(&name), own) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request = request.header(name, HeaderValue::from_str(&value).ok()?);
    }
    Some(Part {
        content_id,
        request: request.body(Body::from(body)).ok()?,
    })
}

async fn write(out: &mut Vec<u8>, boundary: &str, content_id: Option<&str>, response: Response) {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let mut head = format!("--{boundary}\r\nContent-Type: application/http\r\n");
    if let Some(id) = content_id {
        let inner = id.trim_start_matches('<').trim_end_matches('>');
        head.push_str(&format!("Content-ID: <response-{inner}>\r\n"));
    }
    head.push_str(&format!(
        "\r\nHTTP/1.1 {} {}\r\n",
        parts.status.as_u16(),
        parts.status.canonical_reason().unwrap_or_default()
    ));
    for (name, value) in &parts.headers {
        if let (Ok(value), true) = (value.to_str(), name != header::CONTENT_LENGTH) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&body);
    out.extend_from_slice(b"\r\n");
}
