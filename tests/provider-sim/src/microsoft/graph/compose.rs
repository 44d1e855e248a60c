//! Drafts: made from JSON or MIME, changed, and the rules for what a client may set.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

use super::attachments;
use super::call::{Answer, Call, find_folder, get as property};
use super::error::GraphError;
use super::patch::Patch;
use crate::microsoft::letter::{Address, Letter};
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::log::Fields;
use crate::microsoft::mailbox::message::{Flag, Message, Stored};

/// Headers that a client may set at once.
const MAX_HEADERS: usize = 5;

/// `POST /messages` and `POST /mailFolders/{folder}/messages`: a draft.
pub(crate) fn create(call: &Call) -> Answer {
    let folder_id = call.param("folder").to_owned();
    let (letter, patch, extended) = if call.content_type_is("text/plain") {
        (None, Patch::default(), Vec::new())
    } else {
        let body = call.object()?;
        (
            Some(letter(call, &body, new_letter(call))?),
            Patch::parse(&body)?,
            extended(&body)?,
        )
    };
    let raw = if letter.is_none() {
        Some(mime(&call.body)?)
    } else {
        None
    };
    let (row, format) = call.with(|m| -> Result<_, GraphError> {
        let folder = if folder_id.is_empty() {
            key::DRAFTS
        } else {
            find_folder(m, &folder_id)?
        };
        let mut row = match (letter, raw) {
            (Some(letter), _) => {
                let conversation = m.conversation_of(&letter);
                draft_row(letter, folder, conversation, call.now)
            }
            (None, raw) => m.arrive(raw.unwrap_or_default(), folder, call.now),
        };
        row.draft = true;
        row.read = true;
        if row.message_id.is_none() {
            row.message_id = Some(new_message_id(call));
        }
        patch.apply(&mut row);
        row.extended = extended;
        Ok((m.add(row), call.format(m.uid)))
    })?;
    Ok(call.entity(StatusCode::CREATED, "messages", format.message(&row)))
}

/// `PUT /messages/{message}/$value`: another MIME for a draft.
pub(crate) fn replace(call: &Call) -> Answer {
    let (row, _) = call.message()?;
    if !row.draft {
        return Err(GraphError::bad(
            "ErrorInvalidPropertySet",
            "Only the MIME content of drafts can be replaced.",
        ));
    }
    let raw = if call.body.starts_with(b"From") || call.body.contains(&b':') {
        call.body.clone()
    } else {
        mime(&call.body)?
    };
    let letter = Letter::parse(&raw);
    let (row, format) = call.with(|m| {
        let row = m.update(row.key, Fields::CONTENT, call.now, |row| {
            row.message_id = letter.message_id.or_else(|| row.message_id.take());
            row.content = Stored::Mime(crate::Content::Held(raw));
        });
        (row, call.format(m.uid))
    });
    let row = row.ok_or_else(GraphError::item_not_found)?;
    Ok(call.entity(StatusCode::OK, "messages", format.message(&row)))
}

/// The MIME in a text/plain body.
pub(crate) fn mime(body: &[u8]) -> Result<Bytes, GraphError> {
    let compact: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let raw = STANDARD.decode(compact).map_err(|_| {
        GraphError::bad(
            "ErrorMimeContentInvalidBase64String",
            "Invalid base64 string for MIME content.",
        )
    })?;
    if raw.is_empty() {
        return Err(GraphError::bad(
            "ErrorMimeContentInvalid",
            "The MIME content is invalid.",
        ));
    }
    Ok(Bytes::from(raw))
}

/// A row for a composed letter.
pub(crate) fn draft_row(letter: Letter, folder: u32, conversation: u64, now: u64) -> Message {
    Message {
        key: 0,
        instance: 0,
        folder,
        version: 0,
        created: now,
        modified: now,
        received: now,
        sent: None,
        read: true,
        flag: Flag::NotFlagged,
        categories: Vec::new(),
        importance: letter.importance,
        other: false,
        draft: true,
        conversation,
        message_id: letter.message_id.clone(),
        extended: Vec::new(),
        content: Stored::Letter(Arc::new(letter)),
    }
}

/// An empty letter of the mailbox's owner, with a Message-ID that it keeps when it is sent.
pub(crate) fn new_letter(call: &Call) -> Letter {
    let owner = &call.person.account;
    Letter {
        from: Some(Address {
            name: owner.name.clone(),
            address: owner.address.clone(),
        }),
        message_id: Some(new_message_id(call)),
        ..Letter::default()
    }
}

fn new_message_id(call: &Call) -> String {
    let domain = call
        .person
        .account
        .address
        .rsplit_once('@')
        .map_or("example.com", |(_, d)| d);
    format!(
        "<{}@{domain}>",
        uuid::Uuid::new_v4().simple().to_string().to_uppercase()
    )
}

/// The draft's letter with the properties of a PATCH.
pub(crate) fn amended(
    call: &Call,
    row: &Message,
    body: &Map<String, Value>,
) -> Result<Letter, GraphError> {
    let mut base = (*row.letter()).clone();
    if base.message_id.is_none() {
        base.message_id.clone_from(&row.message_id);
    }
    letter(call, body, base)
}

/// `base` with the properties of a message in JSON.
pub(crate) fn letter(
    call: &Call,
    body: &Map<String, Value>,
    mut base: Letter,
) -> Result<Letter, GraphError> {
    if let Some(subject) = property(body, "subject") {
        base.subject = subject.as_str().unwrap_or_default().to_owned();
    }
    if let Some(content) = property(body, "body").and_then(Value::as_object) {
        set_body(&mut base, content)?;
    }
    for (name, list) in [
        ("toRecipients", &mut base.to),
        ("ccRecipients", &mut base.cc),
        ("bccRecipients", &mut base.bcc),
        ("replyTo", &mut base.reply_to),
    ] {
        if let Some(value) = property(body, name) {
            *list = recipients(value)?;
        }
    }
    if let Some(from) = property(body, "from").filter(|v| !v.is_null()) {
        base.from = Some(recipient(from)?);
    }
    if let Some(sender) = property(body, "sender").filter(|v| !v.is_null()) {
        base.sender = Some(recipient(sender)?);
    }
    if let Some(id) = property(body, "internetMessageId").and_then(Value::as_str) {
        base.message_id = Some(id.to_owned());
    }
    if let Some(importance) = property(body, "importance").and_then(Value::as_str) {
        base.importance =
            crate::microsoft::mailbox::message::Importance::named(importance).unwrap_or_default();
    }
    if let Some(wanted) = property(body, "isReadReceiptRequested").and_then(Value::as_bool) {
        base.read_receipt = wanted;
    }
    if let Some(wanted) = property(body, "isDeliveryReceiptRequested").and_then(Value::as_bool) {
        base.delivery_receipt = wanted;
    }
    if let Some(headers) = property(body, "internetMessageHeaders").and_then(Value::as_array) {
        base.headers = own_headers(headers)?;
    }
    if let Some(list) = property(body, "attachments").and_then(Value::as_array) {
        for value in list {
            let number = base.next_attachment();
            let object = value.as_object().ok_or_else(GraphError::not_json)?;
            base.attachments
                .push(attachments::from_json(call, object, number)?);
        }
    }
    Ok(base)
}

pub(crate) fn set_body(base: &mut Letter, content: &Map<String, Value>) -> Result<(), GraphError> {
    let text = property(content, "content")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let kind = property(content, "contentType")
        .and_then(Value::as_str)
        .unwrap_or("text");
    match kind.to_ascii_lowercase().as_str() {
        "html" => {
            base.html = Some(text);
            base.text = None;
        }
        "text" => {
            base.html = None;
            base.text = Some(text);
        }
        other => {
            return Err(GraphError::bad(
                "RequestBodyRead",
                format!(
                    "Cannot convert the literal '{other}' to the expected type 'microsoft.graph.bodyType'."
                ),
            ));
        }
    }
    Ok(())
}

fn own_headers(headers: &[Value]) -> Result<Vec<(String, String)>, GraphError> {
    if headers.len() > MAX_HEADERS {
        return Err(GraphError::bad(
            "InvalidInternetMessageHeaderCollection",
            format!(
                "Maximum number of headers in one message should be less than or equal to {MAX_HEADERS}."
            ),
        ));
    }
    headers
        .iter()
        .map(|h| {
            let text = |name: &str| {
                h.get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let name = text("name");
            if !name.to_ascii_lowercase().starts_with("x-") {
                return Err(GraphError::bad(
                    "InvalidInternetMessageHeader",
                    format!(
                        "The internet message header name '{name}' should start with 'x-' or 'X-'."
                    ),
                ));
            }
            Ok((name, text("value")))
        })
        .collect()
}

/// One recipient in JSON.
pub(crate) fn recipient(value: &Value) -> Result<Address, GraphError> {
    let email = value
        .as_object()
        .and_then(|o| property(o, "emailAddress"))
        .and_then(Value::as_object);
    let text = |name: &str| {
        email
            .and_then(|e| property(e, name))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let address = text("address");
    if address.contains(['\r', '\n', '<', '>']) || !address.is_empty() && !address.contains('@') {
        return Err(invalid_recipients());
    }
    let name = text("name");
    Ok(Address {
        name: if name.is_empty() {
            address.clone()
        } else {
            name
        },
        address,
    })
}

pub(crate) fn recipients(value: &Value) -> Result<Vec<Address>, GraphError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(recipient)
        .collect()
}

/// 400 `ErrorInvalidRecipients`.
pub(crate) fn invalid_recipients() -> GraphError {
    GraphError::bad(
        "ErrorInvalidRecipients",
        "At least one recipient isn't valid.",
    )
}

/// `singleValueExtendedProperties` in JSON.
pub(crate) fn extended(body: &Map<String, Value>) -> Result<Vec<(String, String)>, GraphError> {
    let list = property(body, "singleValueExtendedProperties")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter()
        .map(|p| {
            let text = |name: &str| p.get(name).and_then(Value::as_str).map(str::to_owned);
            match (text("id"), text("value")) {
                (Some(id), Some(value)) => Ok((id, value)),
                _ => Err(GraphError::bad(
                    "ErrorInvalidProperty",
                    "The extended property needs an id and a value.",
                )),
            }
        })
        .collect()
}
