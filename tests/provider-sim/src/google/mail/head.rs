//! What lists, searches and threading need to know of a message, read once from its raw bytes.

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders, PartType};

use super::escape_html;
use super::wire::{addresses_of, ids_of};

/// Characters of a snippet; Gmail's are about that long.
const SNIPPET: usize = 190;

/// Names and addresses of one header field, folded for searching, such as `ada lovelace <ada@example.com>`.
pub(crate) type Who = String;

/// A message at a glance.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) subject: String,
    pub(crate) from: Who,
    pub(crate) to: Who,
    pub(crate) cc: Who,
    pub(crate) bcc: Who,
    /// With angle brackets.
    pub(crate) message_id: Option<String>,
    /// In-Reply-To and References, with angle brackets.
    pub(crate) references: Vec<String>,
    /// `List-ID`, folded.
    pub(crate) list: String,
    /// `Delivered-To`, folded.
    pub(crate) delivered_to: String,
    /// Of attachments, folded.
    pub(crate) file_names: Vec<String>,
    /// HTML-escaped.
    pub(crate) snippet: String,
    /// Bytes of the raw message.
    pub(crate) size: u64,
}

impl Head {
    pub(crate) fn read(raw: &[u8]) -> Self {
        let size = raw.len() as u64;
        let Some(message) = MessageParser::default().parse(raw) else {
            return Self {
                size,
                ..Self::default()
            };
        };
        let text_of = |name: &'static str| {
            message
                .header(HeaderName::Other(name.into()))
                .and_then(|value| value.as_text())
                .unwrap_or_default()
                .trim()
                .to_lowercase()
        };
        Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            from: who(message.from()),
            to: who(message.to()),
            cc: who(message.cc()),
            bcc: who(message.bcc()),
            message_id: message.message_id().map(|id| format!("<{id}>")),
            references: [message.in_reply_to(), message.references()]
                .into_iter()
                .flat_map(ids_of)
                .collect(),
            list: message
                .list_id()
                .as_text()
                .map(str::to_lowercase)
                .or_else(|| message.list_id().as_address().map(|a| who(Some(a))))
                .unwrap_or_default(),
            delivered_to: text_of("Delivered-To"),
            file_names: message
                .attachments()
                .filter_map(|part| part.attachment_name())
                .map(str::to_lowercase)
                .collect(),
            snippet: snippet(&message),
            size,
        }
    }
}

fn who(address: Option<&mail_parser::Address<'_>>) -> Who {
    let Some(address) = address else {
        return String::new();
    };
    let mut all = Vec::new();
    for one in address.iter() {
        let name = one.name.as_deref().unwrap_or_default();
        let mail = one.address.as_deref().unwrap_or_default();
        all.push(format!("{name} <{mail}>").to_lowercase());
    }
    if all.is_empty() {
        all = addresses_of(address);
    }
    all.join(", ")
}

fn snippet(message: &Message<'_>) -> String {
    let text = message.body_text(0).unwrap_or_default();
    let mut short = String::new();
    for word in text.split_whitespace() {
        if short.chars().count() + word.chars().count() > SNIPPET {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    escape_html(&short)
}

/// All text of a message, folded, for searching words in it.
pub(crate) fn searchable(raw: &[u8]) -> String {
    let Some(message) = MessageParser::default().parse(raw) else {
        return String::new();
    };
    let mut text = String::new();
    for part in &message.parts {
        match &part.body {
            PartType::Text(body) => text.push_str(body),
            PartType::Html(body) => {
                text.push_str(&mail_parser::decoders::html::html_to_text(body));
            }
            _ => continue,
        }
        text.push('\n');
    }
    text.to_lowercase()
}
