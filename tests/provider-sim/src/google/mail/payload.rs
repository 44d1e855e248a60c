//! The `payload` tree of a message, written straight into JSON text.
//!
//! Large texts are copied once, and attachment ids, which differ at each call, are left open, so that a rendered payload can be kept.

use mail_parser::{
    Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::encode_into;

/// Text bodies above this come by attachment id only, like files. Gmail does so for "large" bodies without saying how large.
const LARGE_TEXT: usize = 2 * 1024 * 1024;

/// A piece of rendered JSON.
#[derive(Debug)]
pub(crate) enum Piece {
    /// As it is.
    Text(Box<str>),
    /// The id of the attachment at this part id.
    Attachment(Box<str>),
}

/// A rendered payload whose attachment ids are still open.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    pieces: Vec<Piece>,
}

impl Rendered {
    /// Appends the JSON text, asking for an id for each attachment.
    pub(crate) fn write(&self, out: &mut String, mut attachment_id: impl FnMut(&str) -> String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Attachment(part) => out.push_str(&attachment_id(part)),
            }
        }
    }

    /// Bytes of memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) | Piece::Attachment(text) => text.len() + 32,
            })
            .sum()
    }
}

/// A part found by its id.
pub(crate) struct Found {
    /// Decoded.
    pub(crate) bytes: Vec<u8>,
}

fn parser() -> MessageParser {
    MessageParser::new()
        .with_mime_headers()
        .default_header_text()
}

/// The whole tree.
pub(crate) fn full(raw: &[u8]) -> Rendered {
    let mut writer = Writer::default();
    match parser().parse(raw) {
        Some(message) => writer.message(&message, raw, ""),
        None => writer
            .text
            .push_str(r#"{"partId":"","mimeType":"text/plain","filename":"","body":{"size":0}}"#),
    }
    writer.finish()
}

/// Header fields of the top only: all, or those named.
pub(crate) fn metadata(raw: &[u8], wanted: &[String]) -> Rendered {
    let mut writer = Writer::default();
    let message = parser().parse_headers(raw).unwrap_or_default();
    let root = message.parts.first();
    writer.text.push_str("{\"partId\":\"\",\"mimeType\":");
    writer.string(&root.map_or_else(|| "text/plain".to_owned(), media_type));
    writer.text.push(',');
    if let Some(root) = root {
        writer.headers(root, raw, wanted);
    }
    writer.text.pop();
    writer.text.push('}');
    writer.finish()
}

/// The part with this id, decoded.
pub(crate) fn part(raw: &[u8], id: &str) -> Option<Found> {
    let message = parser().parse(raw)?;
    find(&message, raw, id)
}

fn find(message: &Message<'_>, raw: &[u8], id: &str) -> Option<Found> {
    let mut part = message.parts.first()?;
    let mut steps = id.split('.').filter(|step| !step.is_empty()).peekable();
    while let Some(step) = steps.next() {
        let step: usize = step.parse().ok()?;
        match &part.body {
            PartType::Multipart(children) => {
                let child = *children.get(step)?;
                part = message.parts.get(usize::try_from(child).ok()?)?;
            }
            // A nested message is a part whose only child is the message's root.
            PartType::Message(nested) if step == 0 => {
                let rest: Vec<&str> = steps.collect();
                return find(nested, nested_raw(nested, part, raw), &rest.join("."));
            }
            _ => return None,
        }
    }
    Some(Found {
        bytes: contents(part, raw).to_vec(),
    })
}

/// The bytes that offsets within a nested message count in.
fn nested_raw<'a>(nested: &'a Message<'_>, part: &MessagePart<'_>, raw: &'a [u8]) -> &'a [u8] {
    match part.encoding {
        Encoding::None => raw,
        _ => nested.raw_message.as_ref(),
    }
}

fn contents<'a>(part: &'a MessagePart<'_>, raw: &'a [u8]) -> &'a [u8] {
    match (&part.body, part.encoding) {
        (PartType::Message(_), Encoding::None) => {
            let from = usize::try_from(part.offset_body).unwrap_or(usize::MAX);
            let to = usize::try_from(part.offset_end).unwrap_or(0);
            raw.get(from..to).unwrap_or_default()
        }
        _ => part.contents(),
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(content_type) => {
            let subtype = content_type.subtype().unwrap_or("plain");
            format!("{}/{subtype}", content_type.ctype()).to_lowercase()
        }
        None => match &part.body {
            PartType::Message(_) => "message/rfc822".to_owned(),
            PartType::Html(_) => "text/html".to_owned(),
            _ => "text/plain".to_owned(),
        },
    }
}

#[derive(Default)]
struct Writer {
    pieces: Vec<Piece>,
    text: String,
}

impl Writer {
    fn finish(mut self) -> Rendered {
        self.pieces.push(Piece::Text(self.text.into()));
        Rendered {
            pieces: self.pieces,
        }
    }

    fn string(&mut self, text: &str) {
        push_json_string(&mut self.text, text);
    }

    fn attachment(&mut self, part: &str) {
        let before = std::mem::take(&mut self.text);
        self.pieces.push(Piece::Text(before.into()));
        self.pieces.push(Piece::Attachment(part.into()));
    }

    fn message(&mut self, message: &Message<'_>, raw: &[u8], id: &str) {
        if let Some(root) = message.parts.first() {
            self.part(message, root, raw, id);
        }
    }

    fn part(&mut self, message: &Message<'_>, part: &MessagePart<'_>, raw: &[u8], id: &str) {
        let media_type = media_type(part);
        let file_name = part.attachment_name().unwrap_or_default();
        self.text.push_str("{\"partId\":");
        self.string(id);
        self.text.push_str(",\"mimeType\":");
        self.string(&media_type);
        self.text.push_str(",\"filename\":");
        self.string(file_name);
        self.text.push(',');
        self.headers(part, raw, &[]);
        self.body(part, raw, id, file_name);
        self.children(message, part, raw, id);
        self.text.push('}');
    }

    fn body(&mut self, part: &MessagePart<'_>, raw: &[u8], id: &str, file_name: &str) {
        let contents = contents(part, raw);
        let in_line = match &part.body {
            PartType::Multipart(_) => {
                self.text.push_str("\"body\":{\"size\":0}");
                return;
            }
            PartType::Text(_) | PartType::Html(_) => {
                file_name.is_empty() && contents.len() <= LARGE_TEXT
            }
            _ => false,
        };
        self.text.push_str("\"body\":{");
        if !in_line {
            self.text.push_str("\"attachmentId\":\"");
            self.attachment(id);
            self.text.push_str("\",");
        }
        self.text.push_str("\"size\":");
        self.text.push_str(&contents.len().to_string());
        if in_line && !contents.is_empty() {
            self.text.push_str(",\"data\":\"");
            encode_into(contents, &mut self.text);
            self.text.push('"');
        }
        self.text.push('}');
    }

    fn children(&mut self, message: &Message<'_>, part: &MessagePart<'_>, raw: &[u8], id: &str) {
        let child_id = |index: usize| {
            if id.is_empty() {
                index.to_string()
            } else {
                format!("{id}.{index}")
            }
        };
        match &part.body {
            PartType::Multipart(children) if !children.is_empty() => {
                self.text.push_str(",\"parts\":[");
                for (index, child) in children.iter().enumerate() {
                    let child = usize::try_from(*child).unwrap_or(usize::MAX);
                    if let Some(child) = message.parts.get(child) {
                        if index > 0 {
                            self.text.push(',');
                        }
                        self.part(message, child, raw, &child_id(index));
                    }
                }
                self.text.push(']');
            }
            PartType::Message(nested) => {
                self.text.push_str(",\"parts\":[");
                self.message(nested, nested_raw(nested, part, raw), &child_id(0));
                self.text.push(']');
            }
            _ => {}
        }
    }

    /// With a comma at the end, or nothing.
    fn headers(&mut self, part: &MessagePart<'_>, raw: &[u8], wanted: &[String]) {
        let mut first = true;
        for header in &part.headers {
            let name = name_as_sent(header, raw);
            if !wanted.is_empty() && !wanted.iter().any(|want| want.eq_ignore_ascii_case(&name)) {
                continue;
            }
            self.text
                .push_str(if first { "\"headers\":[" } else { "," });
            first = false;
            self.text.push_str("{\"name\":");
            self.string(&name);
            self.text.push_str(",\"value\":");
            let value = match header.value.as_text() {
                Some(id) if header.name == HeaderName::ContentId => format!("<{id}>"),
                Some(text) => text.to_owned(),
                None => unfolded(header, raw),
            };
            self.string(&value);
            self.text.push('}');
        }
        if !first {
            self.text.push_str("],");
        }
    }
}

/// In the sender's own casing.
fn name_as_sent(header: &mail_parser::Header<'_>, raw: &[u8]) -> String {
    let from = usize::try_from(header.offset_field).unwrap_or(usize::MAX);
    let to = usize::try_from(header.offset_start).unwrap_or(0);
    let name = raw
        .get(from..to.saturating_sub(1))
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .filter(|name| name.eq_ignore_ascii_case(header.name.as_str()));
    name.unwrap_or_else(|| header.name.as_str().to_owned())
}

fn unfolded(header: &mail_parser::Header<'_>, raw: &[u8]) -> String {
    let from = usize::try_from(header.offset_start).unwrap_or(usize::MAX);
    let to = usize::try_from(header.offset_end).unwrap_or(0);
    let value = String::from_utf8_lossy(raw.get(from..to).unwrap_or_default());
    value
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// Appends a JSON string.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    match serde_json::to_string(text) {
        Ok(json) => out.push_str(&json),
        Err(_) => out.push_str("\"\""),
    }
}
