//! Gmail's tree of parts becomes a neutral message. Whatever is broken in it, something readable comes out.

use mail_parser::{MessageParser, MimeHeaders as _, PartType};

use super::labels::{containers, light};
use super::messages::decode;
use super::wire::{Message, Part};
use crate::provider::headers::{self, decode_text, file_name};
use crate::provider::{ProviderError, RemoteAttachment, RemoteMessage, Result};

/// Deeper nesting is an attack, or an accident: what lies below is not looked at.
const DEEPEST: usize = 40;

/// Names the whole message where it is nothing but an attachment: its part id is empty.
const ROOT: &str = "root";

/// A message, and bodies that have to be fetched separately.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) message: RemoteMessage,
    pub(super) pending: Vec<Pending>,
}

/// A body that was too large for the message.
pub(super) struct Pending {
    pub(super) attachment: String,
    pub(super) html: bool,
    pub(super) charset: Option<String>,
}

/// Reads an answer of `messages.get`. What is no message says nothing of the message: it is asked for again.
pub(super) fn read(id: &str, body: &[u8]) -> Result<Parsed> {
    let message: Message = serde_json::from_slice(body).map_err(|error| {
        ProviderError::Refused(format!("Gmail's answer could not be read: {error}"))
    })?;
    Ok(convert(id, message))
}

/// Reads a message of a thread's answer; none: it can't be read, or does not say which it is.
pub(super) fn read_member(body: &str) -> Option<Parsed> {
    let message: Message = serde_json::from_str(body).ok()?;
    let id = message.id.clone();
    (!id.is_empty()).then(|| convert(&id, message))
}

fn convert(id: &str, message: Message) -> Parsed {
    let light = light(&message);
    let mut parsed = Parsed::default();
    let neutral = &mut parsed.message;
    neutral.id = id.to_owned();
    neutral.thread = if message.thread_id.is_empty() {
        id.to_owned()
    } else {
        message.thread_id
    };
    neutral.received = message.internal_date;
    neutral.size = message.size_estimate;
    neutral.read = light.read.unwrap_or(true);
    neutral.starred = light.starred.unwrap_or_default();
    neutral.draft = light.draft.unwrap_or_default();
    neutral.important = message.label_ids.iter().any(|label| label == "IMPORTANT");
    neutral.folders = containers(&message.label_ids);
    neutral.snippet = unescape(&message.snippet);
    let Some(root) = message.payload else {
        neutral.problem = Some("Gmail gave no contents".to_owned());
        return parsed;
    };
    let fields = headers::read(
        root.headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_str())),
    );
    neutral.subject = fields.subject;
    neutral.from = fields.from;
    neutral.to = fields.to;
    neutral.cc = fields.cc;
    neutral.bcc = fields.bcc;
    neutral.reply_to = fields.reply_to;
    neutral.sent = fields.sent;
    neutral.message_id = fields.message_id;
    neutral.in_reply_to = fields.in_reply_to;
    neutral.references = fields.references;
    neutral.marker = fields.marker;
    walk(&root, false, 0, &mut parsed);
    let html = parsed.message.html.clone().unwrap_or_default();
    for attachment in &mut parsed.message.attachments {
        let shown = attachment
            .content_id
            .as_ref()
            .is_some_and(|id| html.contains(&format!("cid:{id}")));
        attachment.inline = shown || (attachment.inline && attachment.content_id.is_some());
    }
    parsed
}

/// `alternative`: a sibling says the same in another form.
fn walk(part: &Part, alternative: bool, depth: usize, parsed: &mut Parsed) {
    let mime = part.mime_type.to_ascii_lowercase();
    if depth > DEEPEST {
        parsed.message.problem = Some("its parts are nested too deeply".to_owned());
        return;
    }
    if mime.starts_with("multipart/") && part.filename.is_empty() {
        for child in &part.parts {
            walk(child, mime == "multipart/alternative", depth + 1, parsed);
        }
        return;
    }
    let described = describe(part);
    let text = mime == "text/plain" || mime == "text/html" || mime.is_empty();
    // A message that is nothing but one text part may name a file and still be the text.
    if text && !described.attachment && part.filename.is_empty() {
        let html = mime == "text/html";
        match (&part.body.data, &part.body.attachment_id) {
            (Some(data), _) => match decode(data) {
                Some(bytes) => add_body(
                    &mut parsed.message,
                    html,
                    &bytes,
                    described.charset.as_deref(),
                ),
                None => {
                    parsed.message.problem =
                        Some("a part of the text could not be decoded".to_owned())
                }
            },
            (None, Some(attachment)) => parsed.pending.push(Pending {
                attachment: attachment.clone(),
                html,
                charset: described.charset,
            }),
            (None, None) => {}
        }
        return;
    }
    if alternative
        && part.body.size == 0
        && part.body.attachment_id.is_none()
        && part.parts.is_empty()
    {
        return;
    }
    let nested_subject = || {
        part.parts.first().and_then(|inner| {
            inner
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case("subject"))
        })
    };
    let name = if !part.filename.is_empty() {
        file_name(&part.filename, &mime)
    } else if mime == "message/rfc822" {
        nested_subject().map_or_else(
            || file_name("", &mime),
            |subject| file_name(&format!("{}.eml", subject.value.trim()), &mime),
        )
    } else {
        file_name("", &mime)
    };
    parsed.message.attachments.push(RemoteAttachment {
        id: if part.part_id.is_empty() {
            ROOT.to_owned()
        } else {
            part.part_id.clone()
        },
        name,
        media_type: if mime.contains('/') {
            mime
        } else {
            "application/octet-stream".to_owned()
        },
        size: part.body.size,
        inline: described.inline,
        content_id: described.content_id,
    });
}

#[derive(Default)]
struct Described {
    charset: Option<String>,
    attachment: bool,
    inline: bool,
    content_id: Option<String>,
}

/// What a part's own header fields say.
fn describe(part: &Part) -> Described {
    let wanted = ["content-type", "content-disposition", "content-id"];
    let mut block = String::new();
    for header in part.headers.iter().filter(|header| {
        wanted
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name))
    }) {
        block.push_str(&format!(
            "{}: {}\r\n",
            header.name,
            header.value.replace(['\r', '\n'], " ")
        ));
    }
    block.push_str("\r\n");
    let Some(parsed) = MessageParser::new()
        .with_mime_headers()
        .parse_headers(block.as_bytes())
    else {
        return Described::default();
    };
    let disposition = parsed.content_disposition();
    Described {
        charset: parsed
            .content_type()
            .and_then(|kind| kind.attribute("charset"))
            .map(str::to_owned),
        attachment: disposition
            .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment")),
        inline: disposition
            .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("inline")),
        content_id: parsed
            .content_id()
            .map(|id| id.trim_matches(['<', '>', ' ']).to_owned())
            .filter(|id| !id.is_empty()),
    }
}

/// Texts that follow each other are one.
pub(super) fn add_body(
    message: &mut RemoteMessage,
    html: bool,
    bytes: &[u8],
    charset: Option<&str>,
) {
    let text = decode_text(bytes, charset);
    let body = if html {
        &mut message.html
    } else {
        &mut message.text
    };
    match body {
        Some(known) => {
            known.push('\n');
            known.push_str(&text);
        }
        None => *body = Some(text),
    }
}

/// A part by its id.
pub(super) fn find<'a>(part: &'a Part, id: &str) -> Option<&'a Part> {
    if part.part_id == id || (part.part_id.is_empty() && id == ROOT) {
        return Some(part);
    }
    part.parts.iter().find_map(|child| find(child, id))
}

/// The bytes of a forwarded message, cut out of the whole: its id (`1.0`) is the way down the tree.
pub(super) fn nested(raw: &[u8], id: &str) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(raw)?;
    let mut here = message.parts.first()?;
    for step in id.split('.').filter(|step| *step != ROOT) {
        let step: usize = step.parse().ok()?;
        let PartType::Multipart(children) = &here.body else {
            return None;
        };
        here = message
            .parts
            .get(usize::try_from(*children.get(step)?).ok()?)?;
    }
    match &here.body {
        PartType::Message(inner) => Some(inner.raw_message().to_vec()),
        PartType::Text(text) | PartType::Html(text) => Some(text.as_bytes().to_vec()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(bytes.to_vec()),
        PartType::Multipart(_) => None,
    }
}

/// Gmail's snippets are escaped for HTML.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, from) = rest.split_at(start);
        plain.push_str(before);
        let entity = from
            .get(1..)
            .and_then(|after| after.split_once(';'))
            .filter(|(name, _)| name.len() <= 8);
        let character = entity.and_then(|(name, _)| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (character, entity) {
            (Some(character), Some((_, after))) => {
                plain.push(character);
                rest = after;
            }
            _ => {
                plain.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use base64::Engine as _;
    use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;

    fn part(id: &str, mime: &str, headers: &[(&str, &str)], more: Value) -> Value {
        let headers: Vec<Value> = headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let mut part = json!({"partId": id, "mimeType": mime, "filename": "", "headers": headers, "body": {"size": 0}});
        for (name, value) in more.as_object().unwrap() {
            part[name] = value.clone();
        }
        part
    }

    fn parsed(payload: Value) -> Parsed {
        let message = json!({"id": "19aa", "threadId": "19a0", "labelIds": ["INBOX", "UNREAD", "Label_1"], "snippet": "Tom &amp; Jerry&#39;s &lt;3 &unknown; & co",
            "historyId": "9021", "internalDate": "1790841600000", "sizeEstimate": 1000, "payload": payload});
        read("19aa", message.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_tree_of_parts_is_sorted_into_text_images_and_attachments() {
        let text = |id, mime, data: String| {
            part(
                id,
                mime,
                &[("Content-Type", &format!("{mime}; charset=\"UTF-8\""))],
                json!({"body": {"size": 5, "data": data}}),
            )
        };
        let alternative = part(
            "0.0",
            "multipart/alternative",
            &[],
            json!({"parts": [
                text("0.0.0", "text/plain", URL_SAFE.encode("Grüße")),
                text("0.0.1", "text/html", URL_SAFE_NO_PAD.encode("<p>Grüße <img src=\"cid:logo@x\"></p>")),
            ]}),
        );
        let image = part(
            "0.1",
            "image/png",
            &[
                ("content-id", "<logo@x>"),
                ("Content-Disposition", "inline"),
            ],
            json!({"body": {"size": 9, "attachmentId": "A1"}}),
        );
        let file = part(
            "1",
            "application/pdf",
            &[("Content-Disposition", "attachment; filename=x.pdf")],
            json!({"filename": "x/y.pdf", "body": {"size": 7, "attachmentId": "A2"}}),
        );
        let nested = part(
            "2",
            "message/rfc822",
            &[],
            json!({"body": {"size": 70}, "parts": [
                part("2.0", "text/plain", &[("Subject", "Old news")], json!({"body": {"size": 3, "data": "YWJj"}})),
            ]}),
        );
        let root = part(
            "",
            "multipart/mixed",
            &[
                ("Subject", "Hello"),
                ("From", "A <a@x>"),
                ("Date", "Thu, 01 Oct 2026 08:00:00 +0000"),
            ],
            json!({"parts": [
                part("0", "multipart/related", &[], json!({"parts": [alternative, image]})), file, nested,
            ]}),
        );
        let Parsed { message, pending } = parsed(root);
        assert!(pending.is_empty());
        assert_eq!(
            (message.thread.as_str(), message.received, message.sent),
            ("19a0", 1_790_841_600_000, Some(1_790_841_600_000))
        );
        assert_eq!(
            (message.read, message.folders.as_slice()),
            (false, ["INBOX".to_owned(), "Label_1".to_owned()].as_slice())
        );
        assert_eq!(message.snippet, "Tom & Jerry's <3 &unknown; & co");
        assert_eq!(message.text.as_deref(), Some("Grüße"));
        assert!(message.html.unwrap().contains("Grüße"));
        let shown: Vec<(&str, &str, bool)> = message
            .attachments
            .iter()
            .map(|a| (a.id.as_str(), a.name.as_str(), a.inline))
            .collect();
        assert_eq!(
            shown,
            [
                ("0.1", "image.png", true),
                ("1", "x_y.pdf", false),
                ("2", "Old news.eml", false)
            ]
        );
        assert_eq!(message.problem, None);
    }

    #[test]
    fn a_large_body_is_fetched_and_a_single_attachment_is_one() {
        let large = parsed(part(
            "",
            "text/html",
            &[("Content-Type", "text/html; charset=koi8-r")],
            json!({"body": {"size": 9_000_000, "attachmentId": "B"}}),
        ));
        assert_eq!(large.pending.len(), 1);
        assert_eq!(
            (large.pending[0].html, large.pending[0].charset.as_deref()),
            (true, Some("koi8-r"))
        );
        let file = parsed(part(
            "",
            "application/pdf",
            &[],
            json!({"filename": "scan.pdf", "body": {"size": 5, "attachmentId": "C"}}),
        ));
        assert_eq!(file.message.attachments[0].id, ROOT);
    }

    #[test]
    fn what_makes_no_sense_is_kept_with_its_problem() {
        assert!(matches!(
            read("1", b"<html>"),
            Err(ProviderError::Refused(_))
        ));
        let no_payload = read("1", br#"{"id":"1","labelIds":["INBOX"]}"#)
            .unwrap()
            .message;
        assert_eq!(
            (no_payload.thread.as_str(), no_payload.problem.is_some()),
            ("1", true)
        );
        let undecodable = parsed(part(
            "",
            "text/plain",
            &[("Subject", "s")],
            json!({"body": {"size": 1, "data": "***"}}),
        ))
        .message;
        assert_eq!(
            (undecodable.subject.as_str(), undecodable.problem.is_some()),
            ("s", true)
        );
        let mut deep = part("0", "text/plain", &[], json!({}));
        for _ in 0..60 {
            deep = part("0", "multipart/mixed", &[], json!({"parts": [deep]}));
        }
        assert!(parsed(deep).message.problem.is_some());
    }
}
