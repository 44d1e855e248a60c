//! Graph's JSON. In a delta page a field that is missing has not changed.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Me {
    pub(super) display_name: Option<String>,
    pub(super) mail: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) user_principal_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) proxy_addresses: Vec<String>,
}

/// Something that may be malformed: read by itself, so that it doesn't take its page with it.
pub(super) type Raw = Box<RawValue>;

/// What it says which thing it is, if nothing else can be read of it.
pub(super) fn id_of(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(raw.get())
        .ok()
        .map(|found| found.id)
}

/// A page of things.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(super) value: Vec<T>,
    #[serde(rename = "@odata.nextLink", default)]
    pub(super) next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink", default)]
    pub(super) delta_link: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Folder {
    #[serde(rename = "@odata.type")]
    pub(super) kind: Option<String>,
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) display_name: String,
    pub(super) parent_folder_id: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) child_folder_count: u64,
    pub(super) total_item_count: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Category {
    #[serde(deserialize_with = "or_default")]
    pub(super) display_name: String,
    pub(super) color: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message {
    #[serde(rename = "@odata.etag")]
    pub(super) etag: Option<String>,
    #[serde(rename = "@removed")]
    pub(super) removed: Option<serde_json::Value>,
    pub(super) id: String,
    pub(super) conversation_id: Option<String>,
    pub(super) parent_folder_id: Option<String>,
    pub(super) categories: Option<Vec<String>>,
    pub(super) internet_message_id: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) internet_message_headers: Vec<Header>,
    pub(super) subject: Option<String>,
    pub(super) from: Option<Recipient>,
    pub(super) sender: Option<Recipient>,
    #[serde(deserialize_with = "or_default")]
    pub(super) to_recipients: Vec<Recipient>,
    #[serde(deserialize_with = "or_default")]
    pub(super) cc_recipients: Vec<Recipient>,
    #[serde(deserialize_with = "or_default")]
    pub(super) bcc_recipients: Vec<Recipient>,
    #[serde(deserialize_with = "or_default")]
    pub(super) reply_to: Vec<Recipient>,
    pub(super) sent_date_time: Option<String>,
    pub(super) received_date_time: Option<String>,
    pub(super) is_read: Option<bool>,
    pub(super) is_draft: Option<bool>,
    pub(super) importance: Option<String>,
    pub(super) flag: Option<Flag>,
    pub(super) body_preview: Option<String>,
    pub(super) body: Option<Body>,
    #[serde(deserialize_with = "or_default")]
    pub(super) attachments: Vec<Attachment>,
    #[serde(deserialize_with = "or_default")]
    pub(super) single_value_extended_properties: Vec<Property>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Recipient {
    pub(super) email_address: Option<EmailAddress>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EmailAddress {
    pub(super) name: Option<String>,
    pub(super) address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Flag {
    pub(super) flag_status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Body {
    pub(super) content_type: Option<String>,
    pub(super) content: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attachment {
    #[serde(rename = "@odata.type")]
    pub(super) kind: Option<String>,
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    pub(super) content_type: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) size: u64,
    #[serde(deserialize_with = "or_default")]
    pub(super) is_inline: bool,
    pub(super) content_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Property {
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) value: String,
}

/// `null` is as good as nothing.
fn or_default<'a, D: Deserializer<'a>, T: Deserialize<'a> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
