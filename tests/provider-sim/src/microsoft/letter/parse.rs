//! RFC 5322 into a [`Letter`].

use bytes::Bytes;
use mail_parser::{
    HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::{Address, Attachment, Kind, Letter, Meeting};
use crate::microsoft::mailbox::message::Importance;

impl Letter {
    /// Whatever the bytes are, something can be read of them.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(raw) else {
            return Self {
                text: Some(String::from_utf8_lossy(raw).into_owned()),
                ..Self::default()
            };
        };
        Self::of(&message)
    }

    fn of(message: &Message<'_>) -> Self {
        let list =
            |value: Option<&mail_parser::Address<'_>>| value.map(addresses).unwrap_or_default();
        let mut letter = Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            from: list(message.from()).into_iter().next(),
            sender: list(message.sender()).into_iter().next(),
            to: list(message.to()),
            cc: list(message.cc()),
            bcc: list(message.bcc()),
            reply_to: list(message.reply_to()),
            message_id: message.message_id().map(|id| format!("<{id}>")),
            in_reply_to: ids(message.in_reply_to()).into_iter().next(),
            references: ids(message.references()),
            date: message
                .date()
                .filter(|d| d.is_valid())
                .and_then(|d| u64::try_from(d.to_timestamp()).ok())
                .map(|seconds| seconds * 1000),
            headers: headers(message),
            ..Self::default()
        };
        letter.importance = importance(&letter.headers);
        letter.read_receipt = letter
            .headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("Disposition-Notification-To"));
        letter.bodies(message);
        letter.files(message);
        letter
    }

    fn bodies(&mut self, message: &Message<'_>) {
        let mut html = String::new();
        for part in message.html_bodies() {
            match &part.body {
                PartType::Html(text) => html.push_str(text),
                PartType::Text(text) if !html.is_empty() => {
                    super::html::escape_into(text, &mut html)
                }
                _ => {}
            }
        }
        let mut text = String::new();
        for part in message.text_bodies() {
            if let PartType::Text(piece) = &part.body {
                text.push_str(piece);
            }
        }
        self.html = (!html.is_empty()).then_some(html);
        self.text = (!text.is_empty()).then_some(text);
    }

    fn files(&mut self, message: &Message<'_>) {
        for (number, part) in message.attachments().enumerate() {
            let media_type = media_type(part);
            if media_type == "text/calendar" && self.meeting.is_none() {
                let method = part
                    .content_type()
                    .and_then(|t| t.attribute("method"))
                    .unwrap_or("REQUEST");
                // Exchange turns the invitation itself into the event; it is no attachment.
                self.meeting = Some(meeting(&String::from_utf8_lossy(part.contents()), method));
                continue;
            }
            let nested = part.message();
            let content_id = part
                .content_id()
                .map(|id| id.trim_matches(['<', '>']).to_owned());
            let by_disposition = part
                .content_disposition()
                .is_some_and(mail_parser::ContentType::is_inline);
            let shown = content_id.as_ref().is_some_and(|id| {
                self.html
                    .as_ref()
                    .is_some_and(|h| h.contains(&format!("cid:{id}")))
            });
            let name = part
                .attachment_name()
                .map(str::to_owned)
                .unwrap_or_else(|| match nested {
                    Some(inner) => inner.subject().unwrap_or("Untitled").to_owned(),
                    None => format!("ATT{:05}", number + 1),
                });
            self.attachments.push(Attachment {
                number: number as u64 + 1,
                kind: if nested.is_some() {
                    Kind::Item
                } else {
                    Kind::File
                },
                name,
                media_type,
                bytes: Bytes::copy_from_slice(part.contents()),
                inline: shown || by_disposition && content_id.is_some(),
                content_id,
            });
        }
    }
}

fn addresses(list: &mail_parser::Address<'_>) -> Vec<Address> {
    list.iter()
        .map(|a| {
            let address = a.address().unwrap_or_default().to_owned();
            Address {
                name: a.name().map_or_else(|| address.clone(), str::to_owned),
                address,
            }
        })
        .collect()
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![format!("<{id}>")],
        HeaderValue::TextList(all) => all.iter().map(|id| format!("<{id}>")).collect(),
        _ => Vec::new(),
    }
}

/// Unfolded; as Exchange shows them in `internetMessageHeaders`.
fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    let raw = message.raw_message();
    message
        .headers()
        .iter()
        .map(|h| {
            let range = h.offset_start() as usize..h.offset_end() as usize;
            let value = String::from_utf8_lossy(raw.get(range).unwrap_or_default()).into_owned();
            let mut unfolded = String::with_capacity(value.len());
            for line in value.lines() {
                if !unfolded.is_empty() {
                    unfolded.push(' ');
                }
                unfolded.push_str(line.trim());
            }
            let name = match &h.name {
                HeaderName::Other(name) => name.to_string(),
                known => known.as_str().to_owned(),
            };
            (name, unfolded)
        })
        .collect()
}

fn importance(headers: &[(String, String)]) -> Importance {
    let value = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.trim())
    };
    match (value("Importance"), value("X-Priority")) {
        (Some(name), _) => Importance::named(name).unwrap_or_default(),
        (None, Some(p)) if p.starts_with(['1', '2']) => Importance::High,
        (None, Some(p)) if p.starts_with(['4', '5']) => Importance::Low,
        _ => Importance::Normal,
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(
        || match part.body {
            PartType::Message(_) => "message/rfc822".to_owned(),
            _ => "application/octet-stream".to_owned(),
        },
        |t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or("octet-stream")).to_lowercase(),
    )
}

fn meeting(calendar: &str, method: &str) -> Meeting {
    let unfolded = calendar.replace("\r\n ", "").replace("\n ", "");
    let mut out = Meeting {
        kind: match method.to_uppercase().as_str() {
            "CANCEL" => "meetingCancelled",
            "REPLY" => "meetingAccepted",
            _ => "meetingRequest",
        },
        ..Meeting::default()
    };
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        match name.split(';').next().unwrap_or_default() {
            "DTSTART" => {
                out.all_day = value.len() == 8;
                out.start = time(value);
            }
            "DTEND" => out.end = time(value),
            "LOCATION" => value.clone_into(&mut out.location),
            _ => {}
        }
    }
    out
}

/// `20261001T080000Z` as `2026-10-01T08:00:00`.
fn time(value: &str) -> String {
    let digits: String = value
        .chars()
        .filter(char::is_ascii_digit)
        .chain("00000000000000".chars())
        .take(14)
        .collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or("00").to_owned();
    format!(
        "{}-{}-{}T{}:{}:{}",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..12),
        part(12..14)
    )
}
