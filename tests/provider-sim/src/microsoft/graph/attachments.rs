//! Attachments of all three kinds; large files come by upload sessions (`uploads`).

use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::call::{Answer, Call, get as property};
use super::error::GraphError;
use super::json::Format;
use super::messages::no_content;
use super::replies::letter_of;
use super::{send, throttled};
use crate::microsoft::letter::{Attachment, Kind, Letter};
use crate::microsoft::mailbox::log::Fields;
use crate::microsoft::mailbox::message::Message;
use crate::microsoft::mailbox::{Mailbox, ids};
use crate::microsoft::shared::Shared;

/// From here on a file needs an upload session.
const DIRECT_LIMIT: usize = 3 * 1024 * 1024;
/// `GET …/attachments`
pub(crate) fn list(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    let letter = row.letter();
    let with_bytes = call
        .query
        .select
        .as_ref()
        .is_none_or(|s| s.contains("contentbytes"));
    let all: Vec<Value> = letter
        .attachments
        .iter()
        .map(|a| selected(call, format.attachment(&row, a, with_bytes, false)))
        .collect();
    let what = format!("messages('{}')/attachments", format.id(&row));
    Ok(
        axum::Json(json!({"@odata.context": call.odata_context(&what), "value": all}))
            .into_response(),
    )
}

fn selected(call: &Call, mut value: Value) -> Value {
    if let (Some(select), Some(object)) = (&call.query.select, value.as_object_mut()) {
        object.retain(|name, _| {
            name.starts_with('@') || name == "id" || select.contains(&name.to_ascii_lowercase())
        });
    }
    value
}

fn locate(
    call: &Call,
    row: &Message,
    letter: &Letter,
    format: &Format,
) -> Result<Attachment, GraphError> {
    let number = ids::parse_attachment(format.mailbox, row.key, call.param("attachment"))
        .ok_or_else(GraphError::malformed_id)?;
    letter
        .attachments
        .iter()
        .find(|a| a.number == number)
        .cloned()
        .ok_or_else(GraphError::item_not_found)
}

/// `GET …/attachments/{attachment}`
pub(crate) fn get(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    let attachment = locate(call, &row, &row.letter(), &format)?;
    let with_item = call
        .query
        .expand
        .as_deref()
        .is_some_and(|e| e.to_ascii_lowercase().contains("item"));
    let value = selected(call, format.attachment(&row, &attachment, true, with_item));
    Ok(call.entity(StatusCode::OK, "messages/attachments", value))
}

/// `GET …/attachments/{attachment}/$value`
pub(crate) fn raw(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    let attachment = locate(call, &row, &row.letter(), &format)?;
    let media_type = match attachment.kind {
        Kind::File => attachment.media_type.clone(),
        Kind::Item => "text/plain".to_owned(),
        Kind::Reference => {
            return Err(GraphError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "ErrorInvalidRequest",
                "A reference attachment has no content.",
            ));
        }
    };
    let media_type = http::HeaderValue::from_str(&media_type)
        .unwrap_or_else(|_| http::HeaderValue::from_static("application/octet-stream"));
    Ok(([(header::CONTENT_TYPE, media_type)], attachment.bytes).into_response())
}

/// An attachment in JSON.
pub(crate) fn from_json(
    call: &Call,
    object: &Map<String, Value>,
    number: u64,
) -> Result<Attachment, GraphError> {
    let text = |name: &str| {
        property(object, name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let kind = text("@odata.type").unwrap_or_default();
    let name = text("name").ok_or_else(|| GraphError::missing("Name"))?;
    let (kind, bytes, media_type) = match kind.trim_start_matches('#').to_ascii_lowercase().as_str()
    {
        "microsoft.graph.itemattachment" => {
            let item = property(object, "item")
                .and_then(Value::as_object)
                .ok_or_else(|| GraphError::missing("Item"))?;
            let letter = super::compose::letter(call, item, Letter::default())?;
            (
                Kind::Item,
                letter.to_mime(false),
                "message/rfc822".to_owned(),
            )
        }
        "microsoft.graph.referenceattachment" => {
            (Kind::Reference, Bytes::new(), "text/uri-list".to_owned())
        }
        "microsoft.graph.fileattachment" => {
            let encoded =
                text("contentBytes").ok_or_else(|| GraphError::missing("ContentBytes"))?;
            let bytes = STANDARD.decode(encoded).map_err(|_| {
                GraphError::bad(
                    "RequestBodyRead",
                    "Cannot convert the literal to the expected type 'Edm.Binary'.",
                )
            })?;
            (
                Kind::File,
                Bytes::from(bytes),
                text("contentType")
                    .filter(|t| !t.is_empty())
                    .unwrap_or_else(|| guess(&name)),
            )
        }
        other => {
            return Err(GraphError::bad(
                "BadRequest",
                format!("The type '{other}' is no attachment; @odata.type is needed."),
            ));
        }
    };
    Ok(Attachment {
        number,
        kind,
        name,
        media_type,
        bytes,
        inline: property(object, "isInline")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        content_id: text("contentId"),
    })
}

pub(super) fn guess(name: &str) -> String {
    match name
        .rsplit_once('.')
        .map(|(_, e)| e.to_ascii_lowercase())
        .as_deref()
    {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("pdf") => "application/pdf",
        Some("txt") => "text/plain",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
    .to_owned()
}

fn attach(
    call: &Call,
    attachment: Attachment,
) -> Result<(Arc<Message>, Format, Attachment), GraphError> {
    let (row, format) = call.message()?;
    if !row.draft {
        return Err(GraphError::bad(
            "ErrorInvalidRequest",
            "Attachments can be added to drafts only.",
        ));
    }
    let (row, attachment) = call
        .with(|m| append(m, row.key, attachment, call.now))
        .ok_or_else(GraphError::item_not_found)?;
    Ok((row, format, attachment))
}

/// Adds an attachment to a draft under the lock, so that none is lost to another request.
pub(super) fn append(
    m: &mut Mailbox,
    message: u64,
    mut attachment: Attachment,
    now: u64,
) -> Option<(Arc<Message>, Attachment)> {
    let row = m.update(message, Fields::CONTENT, now, |row| {
        let mut letter = letter_of(row);
        attachment.number = letter.next_attachment();
        letter.attachments.push(attachment.clone());
        row.content = send::stored(letter);
    })?;
    Some((row, attachment))
}

/// `POST …/attachments`
pub(crate) fn add(call: &Call) -> Answer {
    let attachment = from_json(call, &call.object()?, 0)?;
    if attachment.bytes.len() > DIRECT_LIMIT {
        return Err(GraphError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "ErrorMessageSizeExceeded",
            "The file is too large to be attached at once: use an upload session.",
        ));
    }
    upload_quota(call, attachment.bytes.len())?;
    let (row, format, attachment) = attach(call, attachment)?;
    Ok(call.entity(
        StatusCode::CREATED,
        "messages/attachments",
        format.attachment(&row, &attachment, true, false),
    ))
}

pub(super) fn throttle_key(call: &Call) -> String {
    format!("{}|{}", call.token.client, call.person.account.address)
}

fn upload_quota(call: &Call, bytes: usize) -> Result<(), GraphError> {
    take_quota(&call.shared, &throttle_key(call), bytes, call.now)
}

pub(super) fn take_quota(
    shared: &Shared,
    key: &str,
    bytes: usize,
    now: u64,
) -> Result<(), GraphError> {
    let limit = shared
        .context
        .limits
        .read()
        .microsoft_upload_per_five_minutes;
    match limit.map(|limit| shared.uploaded.take(key, bytes as u64, limit, now)) {
        Some(Err(until)) => Err(throttled(
            "Application is over its UploadVolume limit.",
            until.saturating_sub(now).div_ceil(1000).max(1),
        )),
        _ => Ok(()),
    }
}

/// `DELETE …/attachments/{attachment}`
pub(crate) fn remove(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    let gone = locate(call, &row, &row.letter(), &format)?;
    let without = |row: &mut Message| {
        let mut letter = letter_of(row);
        letter.attachments.retain(|a| a.number != gone.number);
        row.content = send::stored(letter);
    };
    call.with(|m| m.update(row.key, Fields::CONTENT, call.now, without))
        .ok_or_else(GraphError::item_not_found)?;
    Ok(no_content())
}
