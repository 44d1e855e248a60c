//! Rows and letters as Graph's JSON.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::query::Query;
use super::time::date_time;
use crate::microsoft::letter::{Address, Attachment, Kind, Letter, html};
use crate::microsoft::mailbox::ids::{self, IdKind};
use crate::microsoft::mailbox::log::Fields;
use crate::microsoft::mailbox::message::{Message, Stored};

/// Properties for which the content must be looked into.
const FROM_CONTENT: &[&str] = &[
    "subject",
    "body",
    "bodypreview",
    "from",
    "sender",
    "torecipients",
    "ccrecipients",
    "bccrecipients",
    "replyto",
    "hasattachments",
    "sentdatetime",
    "internetmessageheaders",
    "uniquebody",
    "meetingmessagetype",
    "isreadreceiptrequested",
    "isdeliveryreceiptrequested",
];
/// Properties that are only given when selected.
const ONLY_SELECTED: &[&str] = &["internetmessageheaders", "uniquebody"];

/// How messages are to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) mailbox: u64,
    pub(crate) ids: IdKind,
    pub(crate) text_body: bool,
    pub(crate) query: Arc<Query>,
}

impl Format {
    fn wants(&self, property: &str) -> bool {
        match &self.query.select {
            Some(select) => select.contains(property),
            None => !ONLY_SELECTED.contains(&property),
        }
    }

    fn needs_content(&self) -> bool {
        let expands = self.expands_attachments()
            || self.expanded_properties().iter().any(|p| needs_letter(p));
        expands
            || match &self.query.select {
                Some(select) => FROM_CONTENT.iter().any(|p| select.contains(*p)),
                None => true,
            }
    }

    fn expands_attachments(&self) -> bool {
        self.query
            .expand
            .as_deref()
            .is_some_and(|e| e.to_ascii_lowercase().contains("attachments"))
    }

    /// Ids in `$expand=singleValueExtendedProperties($filter=id eq '…' or id eq '…')`.
    fn expanded_properties(&self) -> Vec<String> {
        let Some(expand) = self.query.expand.as_deref() else {
            return Vec::new();
        };
        if !expand
            .to_ascii_lowercase()
            .contains("singlevalueextendedproperties")
        {
            return Vec::new();
        }
        expand
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    /// The message's id in the form that was asked for.
    pub(crate) fn id(&self, row: &Message) -> String {
        ids::message(self.mailbox, row.key, row.instance, self.ids)
    }

    /// The whole message (as far as selected).
    pub(crate) fn message(&self, row: &Message) -> Value {
        let letter = self.needs_content().then(|| row.letter());
        let mut out = Map::new();
        let kind = match letter.as_ref().and_then(|l| l.meeting.as_ref()) {
            Some(meeting) if meeting.kind == "meetingRequest" => {
                "#microsoft.graph.eventMessageRequest"
            }
            Some(_) => "#microsoft.graph.eventMessage",
            None => "#microsoft.graph.message",
        };
        out.insert("@odata.type".to_owned(), json!(kind));
        out.insert("@odata.etag".to_owned(), json!(etag(row)));
        out.insert("id".to_owned(), json!(self.id(row)));
        self.row(row, &mut out);
        if let Some(letter) = &letter {
            self.content(row, letter, &mut out);
        }
        let expanded = self.expanded_properties();
        if !expanded.is_empty() {
            let values: Vec<Value> = expanded
                .iter()
                .filter_map(|id| {
                    extended(row, letter.as_deref(), id)
                        .map(|value| json!({"id": id, "value": value}))
                })
                .collect();
            if !values.is_empty() {
                out.insert(
                    "singleValueExtendedProperties".to_owned(),
                    Value::Array(values),
                );
            }
        }
        Value::Object(out)
    }

    /// What a delta page tells of an update that left the content alone.
    pub(crate) fn partial(&self, row: &Message, fields: Fields) -> Value {
        let mut out = Map::new();
        out.insert("@odata.type".to_owned(), json!("#microsoft.graph.message"));
        out.insert("@odata.etag".to_owned(), json!(etag(row)));
        out.insert("id".to_owned(), json!(self.id(row)));
        let mut all = Map::new();
        self.row(row, &mut all);
        let told = [
            (Fields::READ, "isRead"),
            (Fields::FLAG, "flag"),
            (Fields::CATEGORIES, "categories"),
            (Fields::IMPORTANCE, "importance"),
            (Fields::INFERENCE, "inferenceClassification"),
        ];
        for (field, name) in told {
            if fields.has(field)
                && let Some(value) = all.remove(name)
            {
                out.insert(name.to_owned(), value);
            }
        }
        if let Some(folder) = all.remove("parentFolderId") {
            out.insert("parentFolderId".to_owned(), folder);
        }
        Value::Object(out)
    }

    fn row(&self, row: &Message, out: &mut Map<String, Value>) {
        let mut put = |property: &str, value: &dyn Fn() -> Value| {
            if self.wants(&property.to_ascii_lowercase()) {
                out.insert(property.to_owned(), value());
            }
        };
        put("createdDateTime", &|| json!(date_time(row.created)));
        put("lastModifiedDateTime", &|| json!(date_time(row.modified)));
        put("changeKey", &|| json!(change_key(row)));
        put("categories", &|| json!(row.categories));
        put("receivedDateTime", &|| json!(date_time(row.received)));
        put("internetMessageId", &|| json!(row.message_id));
        put("importance", &|| json!(row.importance.name()));
        put("parentFolderId", &|| {
            json!(ids::folder(self.mailbox, row.folder))
        });
        put("conversationId", &|| {
            json!(ids::conversation(self.mailbox, row.conversation))
        });
        put("conversationIndex", &|| json!(conversation_index(row)));
        put("isRead", &|| json!(row.read));
        put("isDraft", &|| json!(row.draft));
        put("webLink", &|| {
            json!(format!(
                "https://outlook.office365.com/owa/?ItemID={}&exvsurl=1&viewmodel=ReadMessageItem",
                self.id(row)
            ))
        });
        put("inferenceClassification", &|| {
            json!(if row.other { "other" } else { "focused" })
        });
        put("flag", &|| json!({"flagStatus": row.flag.name()}));
    }

    fn content(&self, row: &Message, letter: &Letter, out: &mut Map<String, Value>) {
        let mut put = |property: &str, value: &dyn Fn() -> Value| {
            if self.wants(&property.to_ascii_lowercase()) {
                out.insert(property.to_owned(), value());
            }
        };
        let sent = row.sent.or(letter.date).unwrap_or(row.received);
        put("sentDateTime", &|| json!(date_time(sent)));
        put("hasAttachments", &|| json!(letter.has_attachments()));
        put("subject", &|| json!(letter.subject));
        put("bodyPreview", &|| json!(letter.preview()));
        put("isDeliveryReceiptRequested", &|| {
            if row.draft {
                Value::Bool(letter.delivery_receipt)
            } else {
                Value::Null
            }
        });
        put("isReadReceiptRequested", &|| json!(letter.read_receipt));
        put("sender", &|| {
            recipient(letter.sender.as_ref().or(letter.from.as_ref()))
        });
        put("from", &|| recipient(letter.from.as_ref()));
        put("toRecipients", &|| recipients(&letter.to));
        put("ccRecipients", &|| recipients(&letter.cc));
        put("bccRecipients", &|| recipients(&letter.bcc));
        put("replyTo", &|| recipients(&letter.reply_to));
        put("body", &|| self.body(row, letter, false));
        put("uniqueBody", &|| self.body(row, letter, true));
        put("internetMessageHeaders", &|| {
            json!(
                letter
                    .headers
                    .iter()
                    .map(|(n, v)| json!({"name": n, "value": v}))
                    .collect::<Vec<_>>()
            )
        });
        if let Some(meeting) = &letter.meeting {
            put("meetingMessageType", &|| json!(meeting.kind));
            put("type", &|| json!("singleInstance"));
            put("isOutOfDate", &|| json!(false));
            put("isAllDay", &|| json!(meeting.all_day));
            put("isDelegated", &|| json!(false));
            put(
                "startDateTime",
                &|| json!({"dateTime": format!("{}.0000000", meeting.start), "timeZone": "UTC"}),
            );
            put(
                "endDateTime",
                &|| json!({"dateTime": format!("{}.0000000", meeting.end), "timeZone": "UTC"}),
            );
            put(
                "location",
                &|| json!({"displayName": meeting.location, "locationType": "default"}),
            );
        }
        if self.expands_attachments() {
            let slim = self.query.expand.as_deref().is_some_and(|e| {
                e.to_ascii_lowercase().contains("$select")
                    && !e.to_ascii_lowercase().contains("contentbytes")
            });
            let all: Vec<Value> = letter
                .attachments
                .iter()
                .map(|a| self.attachment(row, a, !slim, false))
                .collect();
            out.insert("attachments".to_owned(), Value::Array(all));
        }
    }

    fn body(&self, row: &Message, letter: &Letter, unique: bool) -> Value {
        // A draft is given as it was written; everything else as HTML unless the client prefers text.
        let composed_as_text = matches!(row.content, Stored::Letter(_)) && letter.html.is_none();
        if self.text_body || composed_as_text {
            let text = match (&letter.html, unique) {
                (Some(markup), true) => html::to_text(&html::unique(markup)),
                _ => letter.plain(),
            };
            return json!({"contentType": "text", "content": text});
        }
        let markup = match (&letter.html, &letter.text) {
            (Some(markup), _) if unique => html::unique(&html::cleaned(markup)),
            (Some(markup), _) => html::cleaned(markup),
            (None, Some(text)) => html::from_text(text),
            (None, None) => String::new(),
        };
        json!({"contentType": "html", "content": markup})
    }

    /// An attachment's metadata, with its content if wanted.
    pub(crate) fn attachment(
        &self,
        row: &Message,
        a: &Attachment,
        with_bytes: bool,
        with_item: bool,
    ) -> Value {
        let mut out = Map::new();
        let kind = match a.kind {
            Kind::File => "#microsoft.graph.fileAttachment",
            Kind::Item => "#microsoft.graph.itemAttachment",
            Kind::Reference => "#microsoft.graph.referenceAttachment",
        };
        let media_type = match a.kind {
            Kind::Item => Value::Null,
            _ => json!(a.media_type),
        };
        out.insert("@odata.type".to_owned(), json!(kind));
        if a.kind == Kind::File {
            out.insert("@odata.mediaContentType".to_owned(), media_type.clone());
        }
        out.insert(
            "id".to_owned(),
            json!(ids::attachment(
                self.mailbox,
                row.key,
                row.instance,
                a.number,
                self.ids
            )),
        );
        out.insert(
            "lastModifiedDateTime".to_owned(),
            json!(date_time(row.modified)),
        );
        out.insert("name".to_owned(), json!(a.name));
        out.insert("contentType".to_owned(), media_type);
        // What the store adds to the payload.
        out.insert("size".to_owned(), json!(a.bytes.len() + 178));
        out.insert("isInline".to_owned(), json!(a.inline));
        if a.kind == Kind::File {
            out.insert("contentId".to_owned(), json!(a.content_id));
            out.insert("contentLocation".to_owned(), Value::Null);
            if with_bytes {
                out.insert("contentBytes".to_owned(), json!(STANDARD.encode(&a.bytes)));
            }
        }
        if a.kind == Kind::Item && with_item {
            out.insert("item".to_owned(), self.nested(row, &a.bytes));
        }
        Value::Object(out)
    }

    fn nested(&self, row: &Message, raw: &[u8]) -> Value {
        let letter = Letter::parse(raw);
        let sent = letter.date.unwrap_or(row.received);
        let mut out = Map::new();
        out.insert("@odata.type".to_owned(), json!("#microsoft.graph.message"));
        out.insert("id".to_owned(), json!(""));
        out.insert("internetMessageId".to_owned(), json!(letter.message_id));
        out.insert("receivedDateTime".to_owned(), json!(date_time(sent)));
        let whole = Self {
            query: Arc::default(),
            ..self.clone()
        };
        whole.content(row, &letter, &mut out);
        out.insert("sentDateTime".to_owned(), json!(date_time(sent)));
        Value::Object(out)
    }
}

fn needs_letter(property: &str) -> bool {
    property.eq_ignore_ascii_case("String 0x007D")
}

/// An extended property: stored ones, and those of MAPI that every message has.
fn extended(row: &Message, letter: Option<&Letter>, id: &str) -> Option<String> {
    if let Some((_, value)) = row
        .extended
        .iter()
        .find(|(i, _)| super::filter::same_property(i, id))
    {
        return Some(value.clone());
    }
    match id.to_ascii_lowercase().as_str() {
        "string 0x007d" => letter.filter(|l| !l.headers.is_empty()).map(|l| {
            l.headers
                .iter()
                .map(|(n, v)| format!("{n}: {v}\r\n"))
                .collect()
        }),
        "integer 0x0e08" | "long 0x0e08" => Some(row.raw().len().to_string()),
        "integer 0x0e07" => Some((u8::from(row.read) | u8::from(row.draft) << 3).to_string()),
        "string 0x1035" => row.message_id.clone(),
        _ => None,
    }
}

/// `@odata.etag`.
pub(crate) fn etag(row: &Message) -> String {
    format!("W/\"{}\"", change_key(row))
}

fn change_key(row: &Message) -> String {
    let mut bytes = vec![9, 0, 0, 0, 22, 0, 0, 0];
    bytes.extend_from_slice(&row.version.to_be_bytes());
    STANDARD.encode(bytes)
}

fn conversation_index(row: &Message) -> String {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&row.received.to_be_bytes());
    bytes.extend_from_slice(&row.conversation.to_be_bytes());
    bytes.resize(22, 0);
    STANDARD.encode(bytes)
}

/// A recipient, or null.
pub(crate) fn recipient(address: Option<&Address>) -> Value {
    address.map_or(
        Value::Null,
        |a| json!({"emailAddress": {"name": a.name, "address": a.address}}),
    )
}

fn recipients(all: &[Address]) -> Value {
    Value::Array(all.iter().map(|a| recipient(Some(a))).collect())
}

/// An opaque token that carries a value.
pub(crate) fn seal(value: &impl serde::Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// What an opaque token carries.
pub(crate) fn unseal<T: serde::de::DeserializeOwned>(token: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
