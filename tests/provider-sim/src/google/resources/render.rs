//! Messages as JSON, in the four formats.

use serde_json::{Value, json};

use super::super::Google;
use super::super::api::call::Call;
use super::super::api::error::{ApiError, ApiResult};
use super::super::api::methods::METADATA;
use super::super::mail::encode_into;
use super::super::mail::payload::{self, push_json_string};
use super::super::mailbox::{Entry, LabelKey, Mailbox, State, hex_id};

/// How much of a message is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    Minimal,
    /// Header fields: all, or those named.
    Metadata(Vec<String>),
    Full,
    Raw,
}

impl Format {
    /// From the query; `raw` only where the method has it.
    pub(crate) fn of(call: &Call, with_raw: bool) -> ApiResult<Self> {
        let format = match call.query("format").map(str::to_ascii_lowercase).as_deref() {
            None | Some("full" | "format_unspecified") => Format::Full,
            Some("minimal") => Format::Minimal,
            Some("metadata") => Format::Metadata(
                call.all("metadataHeaders")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
            Some("raw") if with_raw => Format::Raw,
            Some(other) => {
                return Err(ApiError::invalid(format!(
                    "Invalid value at 'format' (type.googleapis.com/google.gmail.v1.MessageFormat), \"{other}\""
                )));
            }
        };
        // The narrow scope alone: nothing wider was granted with it.
        let narrow = call.access.scopes.iter().all(|scope| {
            scope == METADATA || !scope.contains("mail.google.com") && !scope.contains("gmail.")
        });
        if call.has_scope(METADATA) && narrow {
            match format {
                Format::Full => {
                    return Err(ApiError::metadata_scope(
                        "Metadata scope doesn't allow format FULL",
                    ));
                }
                Format::Raw => {
                    return Err(ApiError::metadata_scope(
                        "Metadata scope doesn't allow format RAW",
                    ));
                }
                _ => {}
            }
        }
        Ok(format)
    }
}

/// Ids of labels, as clients know them.
pub(crate) fn label_ids(state: &State, keys: &[LabelKey]) -> Vec<String> {
    keys.iter()
        .map(|key| state.labels.id(*key).to_owned())
        .collect()
}

/// A message with the ids of its labels: all that rendering needs of the mailbox.
pub(crate) struct Shown {
    pub(crate) entry: Entry,
    pub(crate) labels: Vec<String>,
}

impl Shown {
    pub(crate) fn of(state: &State, entry: &Entry) -> Self {
        Self {
            labels: label_ids(state, &entry.labels),
            entry: entry.clone(),
        }
    }

    /// Id, thread and labels: what changes answer.
    pub(crate) fn brief(&self) -> Value {
        let mut value = json!({
            "id": hex_id(self.entry.body.id),
            "threadId": hex_id(self.entry.thread),
        });
        if let (false, Some(object)) = (self.labels.is_empty(), value.as_object_mut()) {
            object.insert("labelIds".to_owned(), self.labels.clone().into());
        }
        value
    }

    /// Appends the message as JSON.
    pub(crate) fn write(
        &self,
        google: &Google,
        mailbox: &Mailbox,
        format: &Format,
        out: &mut String,
    ) {
        let body = &self.entry.body;
        let id = hex_id(body.id);
        out.push_str("{\"id\":\"");
        out.push_str(&id);
        out.push_str("\",\"threadId\":\"");
        out.push_str(&hex_id(self.entry.thread));
        out.push('"');
        if !self.labels.is_empty() {
            out.push_str(",\"labelIds\":[");
            for (index, label) in self.labels.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_json_string(out, label);
            }
            out.push(']');
        }
        let attachment_id = |part: &str| google.attachments.issue(body.id, part);
        let rendered = match format {
            Format::Minimal => None,
            Format::Metadata(wanted) => {
                let raw = body.raw();
                body.head_from(&raw);
                Some(std::sync::Arc::new(payload::metadata(&raw, wanted)))
            }
            Format::Full => Some(mailbox.rendered.get(body.id, || {
                let raw = body.raw();
                body.head_from(&raw);
                payload::full(&raw)
            })),
            Format::Raw => {
                let raw = body.raw();
                body.head_from(&raw);
                out.push_str(",\"raw\":\"");
                encode_into(&raw, out);
                out.push('"');
                None
            }
        };
        let head = body.head();
        if !head.snippet.is_empty() {
            out.push_str(",\"snippet\":");
            push_json_string(out, &head.snippet);
        }
        if let Some(rendered) = rendered {
            out.push_str(",\"payload\":");
            rendered.write(out, attachment_id);
        }
        out.push_str(&format!(
            ",\"sizeEstimate\":{},\"historyId\":\"{}\",\"internalDate\":\"{}\"}}",
            head.size, self.entry.history, body.date
        ));
    }
}
