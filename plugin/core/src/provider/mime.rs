//! A message to be sent, as RFC 5322.
//!
//! Written without its files, which stay in their blobs until a piece of the message is read: it may be larger than the plugin's memory.
//! Every writing of the same message gives the same bytes, so that an upload that broke off can be gone on with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
use super::{Address, Outgoing, OutgoingAttachment, ProviderError, RelationKind, Result, uploads};
use crate::content;
use crate::platform::{BlobError, Blobs};

/// Bytes of a file in one line, and characters of that line with its end.
const LINE: (u64, u64) = (57, 78);

/// A message that can be read piece by piece.
pub(super) struct Written(Vec<Piece>);

enum Piece {
    Text(Vec<u8>),
    /// A file's blob and its bytes, to be encoded.
    File(String, u64),
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(_, size) => {
                let (bytes, characters) = LINE;
                let rest = match size % bytes {
                    0 => 0,
                    rest => rest.div_ceil(3) * 4 + 2,
                };
                size / bytes * characters + rest
            }
        }
    }

    async fn read(
        &self,
        blobs: &impl Blobs,
        from: u64,
        most: u64,
    ) -> std::result::Result<Vec<u8>, BlobError> {
        let cut = |bytes: &[u8], from: u64| {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let cut = bytes.get(place(from)..place(from.saturating_add(most)));
            cut.unwrap_or_default().to_vec()
        };
        match self {
            Self::Text(text) => Ok(cut(text, from)),
            Self::File(blob, size) => {
                let (bytes, characters) = LINE;
                let (first, within) = (from / characters, from % characters);
                let start = first * bytes;
                let lines = within.saturating_add(most).div_ceil(characters);
                let length = lines.saturating_mul(bytes);
                let length = length.min(size.saturating_sub(start));
                let raw = content::load_part(blobs, blob, start, length).await?;
                let mut text = String::new();
                for line in raw.chunks(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                    STANDARD.encode_string(line, &mut text);
                    text.push_str("\r\n");
                }
                Ok(cut(text.as_bytes(), within))
            }
        }
    }
}

impl Written {
    /// Bytes of the whole.
    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(Piece::length).sum()
    }

    /// What tells it from every other message.
    pub(super) fn fingerprint(&self) -> String {
        uploads::fingerprint(self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_slice(),
            Piece::File(blob, _) => blob.as_bytes(),
        }))
    }

    /// At most that many bytes from there on.
    pub(super) async fn read(
        &self,
        blobs: &impl Blobs,
        from: u64,
        most: u64,
    ) -> std::result::Result<Vec<u8>, BlobError> {
        let (mut begin, mut read) = (0, Vec::new());
        for piece in &self.0 {
            let left = most - read.len() as u64;
            let at = from.saturating_sub(begin);
            if left > 0 && at < piece.length() {
                read.extend(piece.read(blobs, at, left).await?);
            }
            begin += piece.length();
        }
        Ok(read)
    }
}

/// Writes it with the marker and, for an answer, the threading fields.
pub(super) fn write(outgoing: &Outgoing) -> Result<Written> {
    let seconds = i64::try_from(outgoing.date / 1000).unwrap_or_default();
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
    let whole = builder
        .body(body(outgoing))
        .write_to_vec()
        .map_err(|error| ProviderError::Refused(error.to_string()))?;
    Ok(with_files(&whole, outgoing))
}

/// Stands for the bytes of the file with that number until they are read: nobody who writes can know the marker.
fn stand_in(outgoing: &Outgoing, number: usize) -> String {
    format!("file-{number}-of-{}", one_line(&outgoing.marker))
}

fn with_files(whole: &[u8], outgoing: &Outgoing) -> Written {
    let mut places: Vec<_> = (0..outgoing.attachments.len())
        .filter_map(|number| {
            let stand_in = stand_in(outgoing, number);
            let at = memchr::memmem::find(whole, stand_in.as_bytes())?;
            Some((at, at + stand_in.len(), outgoing.attachments.get(number)?))
        })
        .collect();
    places.sort_unstable_by_key(|(at, ..)| *at);
    let (mut pieces, mut from) = (Vec::new(), 0);
    let text = |from: usize, to: usize| Piece::Text(whole.get(from..to).unwrap_or_default().into());
    for (at, end, file) in places {
        pieces.push(text(from, at));
        pieces.push(Piece::File(file.blob.clone(), file.size));
        from = end;
    }
    pieces.push(text(from, whole.len()));
    Written(pieces)
}

/// Of several parts. The boundary is that of no part within: it has the marker and the depth in it.
fn multipart<'a>(kind: &str, outgoing: &Outgoing, parts: Vec<MimePart<'a>>) -> MimePart<'a> {
    let boundary = format!("{kind}-{}", one_line(&outgoing.marker));
    let kind = ContentType::new(format!("multipart/{kind}")).attribute("boundary", boundary);
    MimePart::new(kind, parts)
}

/// Text and HTML side by side, inline images with the HTML, attachments after.
fn body(outgoing: &Outgoing) -> MimePart<'_> {
    let text = |text: &str| MimePart::new("text/plain", text.to_owned());
    let files = outgoing.attachments.iter().enumerate();
    let (inline, attached): (Vec<_>, Vec<_>) = files
        .map(|(number, file)| (file, stand_in(outgoing, number)))
        .partition(|(file, _)| file.content_id.is_some() && outgoing.html.is_some());
    let html = outgoing.html.as_deref().map(|html| {
        let html = MimePart::new("text/html", html.to_owned());
        if inline.is_empty() {
            return html;
        }
        let parts =
            std::iter::once(html).chain(inline.iter().map(|(file, bytes)| part(file, bytes, true)));
        multipart("related", outgoing, parts.collect())
    });
    let shown = match (outgoing.text.as_deref(), html) {
        (Some(plain), Some(html)) => multipart("alternative", outgoing, vec![text(plain), html]),
        (None, Some(html)) => html,
        (plain, None) => text(plain.unwrap_or_default()),
    };
    if attached.is_empty() {
        return shown;
    }
    let parts = std::iter::once(shown).chain(
        attached
            .iter()
            .map(|(file, bytes)| part(file, bytes, false)),
    );
    multipart("mixed", outgoing, parts.collect())
}

fn part<'a>(attachment: &'a OutgoingAttachment, bytes: &str, inline: bool) -> MimePart<'a> {
    let media_type = if attachment.media_type.contains('/') {
        one_line(&attachment.media_type)
    } else {
        "application/octet-stream".to_owned()
    };
    let name = file_name(&attachment.name, &media_type);
    let part = MimePart::new(media_type, bytes.as_bytes().to_vec()).transfer_encoding("base64");
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
    use crate::testing::{Memory, TestClock};

    fn file(
        host: &Memory,
        name: &str,
        content_id: Option<&str>,
        bytes: &[u8],
    ) -> OutgoingAttachment {
        OutgoingAttachment {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            content_id: content_id.map(str::to_owned),
            blob: host.blob(bytes),
            size: bytes.len() as u64,
        }
    }

    #[tokio::test]
    async fn what_is_written_is_read_back_and_nothing_typed_becomes_a_header() {
        let host = Memory::new(&TestClock::at(0));
        let attachment =
            |name: &str, content_id: Option<&str>| file(&host, name, content_id, &[0, 255, 10, 13]);
        let outgoing = Outgoing {
            marker: "m1".to_owned(),
            date: 1_790_841_600_000,
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
        let raw = write(&outgoing)
            .unwrap()
            .read(&host, 0, u64::MAX)
            .await
            .unwrap();
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

    /// However a message is cut, and whenever it is written, its bytes are the same.
    #[tokio::test]
    async fn a_message_read_in_pieces_is_the_same_as_read_at_once() {
        let host = Memory::new(&TestClock::at(0));
        let sizes = [0, 1, 56, 57, 58, 5_000];
        let files = sizes.map(|size| file(&host, "f", None, &vec![7; size]));
        let outgoing = Outgoing {
            marker: "m1".to_owned(),
            text: Some("file-0-of-m2".to_owned()),
            attachments: files.to_vec(),
            ..Outgoing::default()
        };
        let whole = write(&outgoing)
            .unwrap()
            .read(&host, 0, u64::MAX)
            .await
            .unwrap();
        let written = write(&outgoing).unwrap();
        assert_eq!(written.length(), whole.len() as u64);
        for piece in [1, 77, 78, 79, 1_000] {
            let mut read = Vec::new();
            while (read.len() as u64) < written.length() {
                read.extend(written.read(&host, read.len() as u64, piece).await.unwrap());
            }
            assert!(read == whole, "in pieces of {piece} bytes");
        }
        let parsed = MessageParser::default().parse(&whole).unwrap();
        let received: Vec<_> = parsed
            .attachments()
            .map(|part| part.contents().len())
            .collect();
        assert_eq!(received, sizes);
    }
}
