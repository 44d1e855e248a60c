//! Gmail's JSON. Empty lists, zeroes and `false` are left out by the server, and 64-bit numbers travel as text.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Profile {
    pub(super) email_address: String,
    pub(super) messages_total: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) history_id: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) thread_id: String,
    pub(super) label_ids: Vec<String>,
    pub(super) snippet: String,
    #[serde(deserialize_with = "number")]
    pub(super) internal_date: u64,
    pub(super) size_estimate: Option<u64>,
    pub(super) payload: Option<Part>,
    pub(super) raw: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Part {
    pub(super) part_id: String,
    pub(super) mime_type: String,
    pub(super) filename: String,
    pub(super) headers: Vec<Header>,
    pub(super) body: Body,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Body {
    pub(super) attachment_id: Option<String>,
    pub(super) size: u64,
    pub(super) data: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MessageList {
    pub(super) messages: Vec<Message>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LabelList {
    pub(super) labels: Vec<Label>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Label {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) color: Option<Color>,
    pub(super) messages_total: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Color {
    pub(super) background_color: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct History {
    pub(super) history: Vec<Record>,
    pub(super) next_page_token: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) history_id: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Record {
    pub(super) messages_added: Vec<Entry>,
    pub(super) messages_deleted: Vec<Entry>,
    pub(super) labels_added: Vec<Entry>,
    pub(super) labels_removed: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub(super) message: Message,
    pub(super) label_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) message: Message,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DraftList {
    pub(super) drafts: Vec<Draft>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SendAsList {
    pub(super) send_as: Vec<SendAs>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SendAs {
    pub(super) send_as_email: String,
    pub(super) display_name: String,
    pub(super) is_primary: bool,
    pub(super) is_default: bool,
    pub(super) verification_status: String,
}

/// A number, also as text.
pub(super) fn number<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Each message by itself, so that one that can't be read is only one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Thread<'a> {
    #[serde(borrow)]
    pub(super) messages: Vec<&'a RawValue>,
}
