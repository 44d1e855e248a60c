//! Upload sessions: large files onto a draft, in order, to an address that is its own authorisation.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::MAX_BODY;
use super::attachments::{append, guess, take_quota, throttle_key};
use super::call::{Answer, Call, get as property};
use super::error::GraphError;
use super::messages::no_content;
use super::time::date_time;
use crate::RouteTemplate;
use crate::microsoft::letter::{Attachment, Kind};
use crate::microsoft::mailbox::ids;
use crate::microsoft::shared::Shared;

/// Largest file of an upload session.
const SESSION_LIMIT: u64 = 150 * 1024 * 1024;
/// Life of an upload session; uploads don't prolong it.
const SESSION_LIFE: u64 = 24 * 60 * 60 * 1000;

/// An upload session.
#[derive(Debug)]
pub(crate) struct Upload {
    person: String,
    message: u64,
    /// What will be attached, still without bytes.
    attachment: Attachment,
    size: u64,
    bytes: Vec<u8>,
    expires: u64,
    throttle_key: String,
}

/// `POST …/attachments/createUploadSession`
pub(crate) fn create_session(call: &Call) -> Answer {
    let (row, _) = call.message()?;
    if !row.draft {
        return Err(GraphError::bad(
            "ErrorInvalidRequest",
            "Attachments can be added to drafts only.",
        ));
    }
    let body = call.object()?;
    let item = property(&body, "AttachmentItem")
        .and_then(Value::as_object)
        .ok_or_else(|| GraphError::missing("AttachmentItem"))?;
    let text = |name: &str| {
        property(item, name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let size = property(item, "size")
        .and_then(Value::as_u64)
        .filter(|s| *s > 0)
        .ok_or_else(|| GraphError::missing("Size"))?;
    let name = text("name").ok_or_else(|| GraphError::missing("Name"))?;
    if text("attachmentType").is_none() {
        return Err(GraphError::missing("AttachmentType"));
    }
    if size > SESSION_LIMIT {
        return Err(GraphError::bad(
            "ErrorAttachmentSizeShouldNotBeExceeded",
            "The size of the attachment exceeds 150 MB.",
        ));
    }
    let expires = call.now + SESSION_LIFE;
    let token = uuid::Uuid::new_v4().simple().to_string();
    call.shared.uploads.lock().insert(
        token.clone(),
        Upload {
            person: call.person.account.address.clone(),
            message: row.key,
            attachment: Attachment {
                number: 0,
                kind: Kind::File,
                media_type: text("contentType").unwrap_or_else(|| guess(&name)),
                name,
                bytes: Bytes::new(),
                inline: property(item, "isInline")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                content_id: text("contentId"),
            },
            size,
            bytes: Vec::new(),
            expires,
            throttle_key: throttle_key(call),
        },
    );
    let body = json!({
        "@odata.context": call.odata_context("uploadSession"),
        "uploadUrl": format!("{}/upload/{token}", call.shared.context.base_url),
        "expirationDateTime": date_time(expires),
        "nextExpectedRanges": ["0-"],
    });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// `PUT`, `GET` and `DELETE` on the upload address, which is its own authorisation.
pub(crate) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let now = shared.now();
    let (parts, body) = request.into_parts();
    let answer = match axum::body::to_bytes(Body::new(body), MAX_BODY).await {
        Ok(bytes) => receive(&shared, &token, &parts.method, &parts.headers, &bytes, now),
        Err(_) => Err(GraphError::too_large()),
    };
    let mut response =
        answer.unwrap_or_else(|error| error.respond(now, &uuid::Uuid::new_v4().to_string(), None));
    response
        .extensions_mut()
        .insert(RouteTemplate("/upload/{session}"));
    response
}

fn receive(
    shared: &Arc<Shared>,
    token: &str,
    method: &http::Method,
    headers: &HeaderMap,
    bytes: &Bytes,
    now: u64,
) -> Answer {
    if headers.contains_key(header::AUTHORIZATION) {
        // Outlook's upload addresses carry their own authorisation and refuse another.
        return Err(GraphError::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAudience",
            "The audience claim value is invalid for the current resource.",
        ));
    }
    let mut uploads = shared.uploads.lock();
    let gone = || {
        GraphError::new(
            StatusCode::NOT_FOUND,
            "UploadSessionNotFound",
            "The upload session was not found or has expired.",
        )
    };
    let upload = uploads
        .get_mut(token)
        .filter(|u| u.expires > now)
        .ok_or_else(gone)?;
    let next = |u: &Upload| json!({"expirationDateTime": date_time(u.expires), "nextExpectedRanges": [u.bytes.len().to_string()]});
    if method == http::Method::DELETE {
        uploads.remove(token);
        return Ok(no_content());
    }
    if method == http::Method::GET {
        return Ok(axum::Json(next(upload)).into_response());
    }
    let range = headers
        .get(header::CONTENT_RANGE)
        .and_then(|v| v.to_str().ok())
        .and_then(content_range);
    let (start, end, total) = range.ok_or_else(|| {
        GraphError::bad(
            "InvalidContentRange",
            "The Content-Range header is missing or malformed.",
        )
    })?;
    if total != upload.size || end + 1 - start != bytes.len() as u64 {
        return Err(GraphError::bad(
            "InvalidContentRange",
            "The range doesn't fit the content or the size that was announced.",
        ));
    }
    if start != upload.bytes.len() as u64 {
        return Err(GraphError::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidContentRange",
            format!(
                "Upload ranges in order; the next expected byte is {}.",
                upload.bytes.len()
            ),
        ));
    }
    take_quota(shared, &upload.throttle_key, bytes.len(), now)?;
    upload.bytes.extend_from_slice(bytes);
    if (upload.bytes.len() as u64) < upload.size {
        return Ok(axum::Json(next(upload)).into_response());
    }
    let Some(upload) = uploads.remove(token) else {
        return Err(gone());
    };
    drop(uploads);
    finish(shared, upload, now)
}

/// `bytes a-b/total`
fn content_range(value: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end, total) = (start.parse().ok()?, end.parse().ok()?, total.parse().ok()?);
    (start <= end && end < total).then_some((start, end, total))
}

fn finish(shared: &Arc<Shared>, upload: Upload, now: u64) -> Answer {
    let person = shared
        .directory
        .find(&upload.person)
        .cloned()
        .ok_or_else(GraphError::item_not_found)?;
    let attachment = Attachment {
        bytes: Bytes::from(upload.bytes),
        ..upload.attachment
    };
    let (uid, appended) = shared.with(&person, |m| {
        let is_draft = m.messages.get(&upload.message).is_some_and(|r| r.draft);
        (
            m.uid,
            if is_draft {
                append(m, upload.message, attachment, now)
            } else {
                None
            },
        )
    });
    let (row, attachment) = appended.ok_or_else(GraphError::item_not_found)?;
    let message = ids::message(uid, row.key, row.instance, ids::IdKind::Mutable);
    let attachment = ids::attachment(
        uid,
        row.key,
        row.instance,
        attachment.number,
        ids::IdKind::Mutable,
    );
    let location = format!(
        "{}/v1.0/users('{}')/messages('{message}')/attachments('{attachment}')",
        shared.context.base_url, person.account.address
    );
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}
