//! Messages as media: in one piece, with metadata, or resumable in chunks.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method as Verb, StatusCode, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;

use super::MOST_BODY;
use super::batch::{boundary_of, sections, split_head};
use super::call::{Admitted, admit};
use super::error::ApiError;
use super::methods::Method;
use crate::google::{Google, oauth};

/// Chunks but the last must be a multiple of this; of a broken one, whole multiples are kept.
const CHUNK: usize = 256 * 1024;

/// Life of an upload that is not finished, in milliseconds: a week.
const LIFE_MS: u64 = 7 * 24 * 3_600_000;

/// An upload in progress.
struct Session {
    /// Milliseconds since the Unix epoch.
    expires: u64,
    admitted: Admitted,
    metadata: Bytes,
    total: Option<usize>,
    received: Vec<u8>,
}

/// All uploads in progress.
#[derive(Default)]
pub(crate) struct Uploads {
    sessions: Mutex<HashMap<String, Session>>,
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn upload_id(uri: &http::Uri) -> Option<String> {
    let pairs = oauth::pairs(uri.query().unwrap_or_default());
    oauth::value(&pairs, "upload_id").map(str::to_owned)
}

/// A new upload.
pub(crate) async fn begin(
    google: Arc<Google>,
    method: &'static Method,
    request: Request,
) -> Response {
    if request.method() == Verb::PUT && upload_id(request.uri()).is_some() {
        return resume(google, method, request).await;
    }
    let base = google.context.base_url.clone();
    let (mut parts, body) = request.into_parts();
    let admitted = match admit(google.clone(), method, &mut parts).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    let Ok(body) = axum::body::to_bytes(body, MOST_BODY).await else {
        return ApiError::too_large().into_response();
    };
    let content_type = text(&parts.headers, "content-type").to_owned();
    let protocol = oauth::value(&admitted.query, "uploadType")
        .or_else(|| oauth::value(&admitted.query, "upload_protocol"))
        .unwrap_or_default()
        .to_owned();
    match protocol.as_str() {
        "resumable" => {
            let total = text(&parts.headers, "x-upload-content-length").parse().ok();
            if total.is_some_and(|total: usize| total > limit(method)) {
                return ApiError::too_large().into_response();
            }
            let id = oauth::random_token(32);
            let location = format!(
                "{base}{}?uploadType=resumable&upload_id={id}",
                parts.uri.path()
            );
            google.uploads.sessions.lock().insert(
                id.clone(),
                Session {
                    expires: google.context.clock.now() + LIFE_MS,
                    admitted: admitted.parked(),
                    metadata: body,
                    total,
                    received: Vec::new(),
                },
            );
            (
                [
                    (header::LOCATION.as_str(), location),
                    ("x-guploader-uploadid", id),
                ],
                StatusCode::OK,
            )
                .into_response()
        }
        "multipart" => match multipart(&content_type, &body) {
            Some((metadata, media)) => finish(admitted, metadata, media),
            None => ApiError::invalid("Bad content: a multipart/related body with a JSON part and a message/rfc822 part is expected.")
                .into_response(),
        },
        _ => {
            if !content_type.starts_with("message/") {
                return ApiError::invalid(format!(
                    "Media type '{content_type}' is not supported. Valid media types: [message/*]"
                ))
                .into_response();
            }
            finish(admitted, Bytes::new(), body)
        }
    }
}

fn limit(method: &Method) -> usize {
    method.upload.unwrap_or(MOST_BODY)
}

fn finish(admitted: Admitted, metadata: Bytes, media: Bytes) -> Response {
    if media.len() > limit(admitted.method) {
        return ApiError::too_large().into_response();
    }
    admitted.run(metadata, Some(media))
}

fn multipart(content_type: &str, body: &Bytes) -> Option<(Bytes, Bytes)> {
    let boundary = boundary_of(content_type)?;
    let mut parts = sections(body, &boundary).into_iter();
    let (_, metadata) = split_head(&parts.next()?);
    let (_, media) = split_head(&parts.next()?);
    Some((metadata, media))
}

/// `bytes 0-99/200`, `bytes 0-99/*`, `bytes */200`, `bytes */*`.
struct ContentRange {
    first: Option<usize>,
    total: Option<usize>,
}

fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let range = text(headers, "content-range").strip_prefix("bytes ")?;
    let (range, total) = range.split_once('/')?;
    let first = match range {
        "*" => None,
        range => Some(range.split_once('-')?.0.parse().ok()?),
    };
    Some(ContentRange {
        first,
        total: total.parse().ok(),
    })
}

/// The next chunk of an upload, or a question how far it got.
pub(crate) async fn resume(
    google: Arc<Google>,
    _method: &'static Method,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let range = content_range(&parts.headers);
    let asks_only = range.as_ref().is_some_and(|range| range.first.is_none());
    let first = range.as_ref().and_then(|range| range.first).unwrap_or(0);
    let Some(id) = upload_id(&parts.uri) else {
        return ApiError::not_found().into_response();
    };
    {
        let mut sessions = google.uploads.sessions.lock();
        let now = google.context.clock.now();
        let Some(session) = sessions
            .get_mut(&id)
            .filter(|session| session.expires > now)
        else {
            return ApiError::not_found().into_response();
        };
        session.total = range
            .as_ref()
            .and_then(|range| range.total)
            .or(session.total);
        if asks_only || range.is_none() {
            session.keep_whole_chunks();
        }
        if first > session.received.len() {
            return ApiError::invalid("Invalid request. There were gaps in the uploaded bytes.")
                .into_response();
        }
    }
    if !asks_only {
        let whole = google.uploads.receive(&id, first, body).await;
        if range.is_none() && whole {
            // The whole message in one go.
            if let Some(session) = google.uploads.sessions.lock().get_mut(&id) {
                session.total = Some(session.received.len());
            }
        }
    }
    let mut sessions = google.uploads.sessions.lock();
    let complete = sessions
        .get(&id)
        .is_some_and(|session| session.total == Some(session.received.len()));
    if complete && let Some(session) = sessions.remove(&id) {
        drop(sessions);
        return finish(session.admitted, session.metadata, session.received.into());
    }
    let kept = sessions.get_mut(&id).map_or(0, Session::keep_whole_chunks);
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if kept > 0
        && let Ok(range) = format!("bytes=0-{}", kept - 1).parse()
    {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}

impl Session {
    fn keep_whole_chunks(&mut self) -> usize {
        if self.total != Some(self.received.len()) {
            let kept = self.received.len() / CHUNK * CHUNK;
            self.received.truncate(kept);
        }
        self.received.len()
    }
}

impl Uploads {
    /// Stores what arrives as it arrives, because a client that goes away takes this call with it. Bytes sent again are the same
    /// bytes. Answers whether the body came to its end.
    async fn receive(&self, id: &str, first: usize, mut body: Body) -> bool {
        let mut at = first;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return false;
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if let Some(session) = self.sessions.lock().get_mut(id) {
                let known = session.received.len().saturating_sub(at);
                session
                    .received
                    .extend_from_slice(data.get(known..).unwrap_or_default());
            }
            at += data.len();
        }
        true
    }
}
