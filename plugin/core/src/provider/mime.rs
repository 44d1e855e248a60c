//! A message to be sent, as RFC 5322.

use chrono::DateTime;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Header;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

use super::headers::{MARKER, file_name};
use super::{Address, Outgoing, OutgoingAttachment, ProviderError, RelationKind, Result};

/// Writes it with the marker and, for an answer, the threading fields. `now`: milliseconds since the Unix epoch.
pub(super) fn write(outgoing: &Outgoing, now: u64) -> Result<Vec<u8>> {
    let seconds = i64::try_from(now / 1000).unwrap_or_default();
    let mut builder = MessageBuilder::new()
        .date(Date::new(seconds))
        .message_id(message_id(outgoing))
        .subject(Text::new(one_line(&outgoing.subject)))
        .header(
            MARKER,
            HeaderType::Raw(Raw::new(one_line(&outgoing.marker))),
        );
    if let Some(from) = &outgoing.from {
        builder = builder.from(address(from));
    }
    for (name, people) in [
        ("To", &outgoing.to),
        ("Cc", &outgoing.cc),
        ("Bcc", &outgoing.bcc),
    ] {
        if !people.is_empty() {
            builder = builder.header(
                name,
                HeaderType::Address(Header::new_list(people.iter().map(address).collect())),
            );
        }
    }
    if let Some(relation) = outgoing
        .relation
        .as_ref()
        .filter(|relation| relation.kind != RelationKind::Forward)
        && let Some(original) = &relation.message_id
    {
        let references = relation
            .references
            .iter()
            .filter(|id| *id != original)
            .chain(std::iter::once(original));
        builder = builder.in_reply_to(bare(original)).header(
            "References",
            HeaderType::MessageId(MessageId::new_list(references.map(|id| bare(id)))),
        );
    }
    builder
        .body(body(outgoing))
        .write_to_vec()
        .map_err(|error| ProviderError::Refused(error.to_string()))
}

/// Text and HTML side by side, inline images with the HTML, attachments after.
fn body(outgoing: &Outgoing) -> MimePart<'_> {
    let text = |text: &str| MimePart::new("text/plain", text.to_owned());
    let (inline, attached): (Vec<_>, Vec<_>) = outgoing
        .attachments
        .iter()
        .partition(|attachment| attachment.content_id.is_some() && outgoing.html.is_some());
    let html = outgoing.html.as_deref().map(|html| {
        let html = MimePart::new("text/html", html.to_owned());
        if inline.is_empty() {
            return html;
        }
        let parts = std::iter::once(html)
            .chain(inline.iter().map(|attachment| part(attachment, true)))
            .collect::<Vec<_>>();
        MimePart::new("multipart/related", parts)
    });
    let shown = match (outgoing.text.as_deref(), html) {
        (Some(plain), Some(html)) => {
            MimePart::new("multipart/alternative", vec![text(plain), html])
        }
        (None, Some(html)) => html,
        (plain, None) => text(plain.unwrap_or_default()),
    };
    if attached.is_empty() {
        return shown;
    }
    let parts = std::iter::once(shown)
        .chain(attached.iter().map(|attachment| part(attachment, false)))
        .collect::<Vec<_>>();
    MimePart::new("multipart/mixed", parts)
}

fn part(attachment: &OutgoingAttachment, inline: bool) -> MimePart<'_> {
    let media_type = if attachment.media_type.contains('/') {
        one_line(&attachment.media_type)
    } else {
        "application/octet-stream".to_owned()
    };
    let name = file_name(&attachment.name, &media_type);
    let part = MimePart::new(media_type, attachment.bytes.clone());
    match attachment.content_id.as_deref().filter(|_| inline) {
        Some(id) => {
            let disposition = ContentType::new("inline").attribute("filename", name);
            part.header("Content-Disposition", disposition)
                .cid(one_line(id))
        }
        None => part.attachment(name),
    }
}

/// The recipient's side of threading; Gmail replaces it, others keep it.
fn message_id(outgoing: &Outgoing) -> String {
    let domain = outgoing
        .from
        .as_ref()
        .and_then(|from| from.email.rsplit_once('@'))
        .map_or("localhost", |(_, domain)| domain);
    format!("{}@{}", one_line(&outgoing.marker), one_line(domain))
}

fn address(address: &Address) -> Header<'static> {
    let name = one_line(&address.name);
    Header::new_address(
        if name.is_empty() { None } else { Some(name) },
        one_line(&address.email),
    )
}

fn bare(id: &str) -> String {
    one_line(id).trim_matches(['<', '>']).to_owned()
}

/// Nothing a person typed may begin another header field.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// RFC 3339 with milliseconds, or without, as milliseconds since the Unix epoch.
pub(super) fn timestamp(text: &str) -> Option<u64> {
    u64::try_from(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use mail_parser::{MessageParser, MimeHeaders as _};

    use super::*;
    use crate::provider::Relation;

    #[test]
    fn what_is_written_is_read_back_and_nothing_typed_becomes_a_header() {
        let attachment = |name: &str, content_id: Option<&str>| OutgoingAttachment {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            content_id: content_id.map(str::to_owned),
            bytes: vec![0, 255, 10, 13],
        };
        let outgoing = Outgoing {
            marker: "m1".to_owned(),
            from: Some(Address {
                name: "Ада\r\nBcc: eve@x".to_owned(),
                email: "ada@x.example".to_owned(),
            }),
            to: vec![Address {
                name: String::new(),
                email: "b@x.example\r\nX-Evil: 1".to_owned(),
            }],
            subject: "Привет\r\nX-Evil: 2".to_owned(),
            html: Some("<p>да <img src='cid:i1'></p>".to_owned()),
            text: Some("да".to_owned()),
            attachments: vec![attachment("i.png", Some("i1")), attachment("б/а.png", None)],
            relation: Some(Relation {
                kind: RelationKind::Reply,
                id: "1".to_owned(),
                thread: "1".to_owned(),
                message_id: Some("<b@y>".to_owned()),
                references: vec!["<a@y>".to_owned(), "<b@y>".to_owned()],
            }),
            ..Outgoing::default()
        };
        let raw = write(&outgoing, 1_790_841_600_000).unwrap();
        let read = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(read.subject(), Some("Привет  X-Evil: 2"));
        assert!(read.header("X-Evil").is_none() && read.bcc().is_none());
        assert_eq!(read.header_raw(MARKER).map(str::trim), Some("m1"));
        assert_eq!(read.message_id(), Some("m1@x.example"));
        assert_eq!(read.in_reply_to().as_text(), Some("b@y"));
        let references = read.references().as_text_list().unwrap().to_vec();
        assert_eq!(references, ["a@y", "b@y"]);
        assert_eq!(read.date().unwrap().to_timestamp(), 1_790_841_600);
        assert_eq!(read.body_text(0).unwrap().trim(), "да");
        assert!(read.body_html(0).unwrap().contains("cid:i1"));
        let attached: Vec<_> = read.attachments().collect();
        let names: Vec<_> = attached.iter().map(|part| part.attachment_name()).collect();
        assert_eq!(names, [Some("i.png"), Some("б_а.png")]);
        assert!(
            attached
                .iter()
                .all(|part| part.contents() == [0, 255, 10, 13])
        );
        assert_eq!(attached.first().unwrap().content_id(), Some("i1"));
    }
}
