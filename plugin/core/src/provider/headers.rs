//! Header fields of mail as it really comes: encoded words, groups, missing and broken ones.

use mail_parser::{HeaderName, MessageParser};

use super::Address;

/// Carries [`super::Outgoing::marker`].
pub(super) const MARKER: &str = "X-Email-Manager-Key";

/// What a list of messages shows of a header.
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) subject: String,
    pub(super) from: Option<Address>,
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    pub(super) bcc: Vec<Address>,
    pub(super) reply_to: Vec<Address>,
    /// Milliseconds since the Unix epoch.
    pub(super) sent: Option<u64>,
    pub(super) message_id: Option<String>,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) marker: Option<String>,
}

/// Reads fields in any spelling, decoded or not.
pub(super) fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Headers {
    let value = |wanted: &str| {
        fields
            .clone()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let mut block = String::new();
    for (name, value) in fields.clone() {
        let known = ["subject", "from", "to", "cc", "bcc", "reply-to", "date"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        if known {
            block.push_str(name);
            block.push_str(": ");
            block.extend(value.chars().map(|c| {
                if c == '\r' || c == '\n' || c == '\0' {
                    ' '
                } else {
                    c
                }
            }));
            block.push_str("\r\n");
        }
    }
    block.push_str("\r\n");
    let parser = MessageParser::new()
        .with_address_headers()
        .with_date_headers()
        .header_text(HeaderName::Subject);
    let Some(parsed) = parser.parse_headers(block.as_bytes()) else {
        return Headers::default();
    };
    Headers {
        subject: parsed.subject().unwrap_or_default().trim().to_owned(),
        from: value("from")
            .and_then(named_like_an_address)
            .or_else(|| addresses(parsed.from()).into_iter().next()),
        to: addresses(parsed.to()),
        cc: addresses(parsed.cc()),
        bcc: addresses(parsed.bcc()),
        reply_to: addresses(parsed.reply_to()),
        sent: parsed
            .date()
            .filter(|date| date.is_valid())
            .and_then(|date| u64::try_from(date.to_timestamp()).ok())
            .map(|seconds| seconds * 1000),
        message_id: value("message-id").and_then(|text| ids(text).into_iter().next()),
        in_reply_to: value("in-reply-to").and_then(|text| ids(text).into_iter().next()),
        references: value("references").map(ids).unwrap_or_default(),
        marker: value(MARKER).map(|text| text.trim().to_owned()),
    }
}

/// An author whose name holds something like an address, once it is decoded: the address is what stands last, and the rest is only a name. A
/// parser of the raw field would take whatever the name says first for the sender.
fn named_like_an_address(value: &str) -> Option<Address> {
    let value = value.trim();
    let (name, email) = value.strip_suffix('>')?.rsplit_once('<')?;
    let name = name.trim();
    let name = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .map_or_else(
            || name.to_owned(),
            |name| name.replace("\\\"", "\"").replace("\\\\", "\\"),
        );
    let deceives = name.contains(['<', '@']) && !name.contains("=?");
    (deceives && !email.contains(char::is_whitespace)).then(|| Address {
        name,
        email: email.to_owned(),
    })
}

fn addresses(found: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    let Some(found) = found else {
        return Vec::new();
    };
    found
        .iter()
        .map(|address| Address {
            name: address.name().unwrap_or_default().trim().to_owned(),
            email: address.address().unwrap_or_default().trim().to_owned(),
        })
        .filter(|address| !address.name.is_empty() || !address.email.is_empty())
        .collect()
}

/// Message ids with their angle brackets, in order; what stands around them is left out.
pub(super) fn ids(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(after) = rest.get(start + 1..) else {
            break;
        };
        let Some(end) = after.find('>') else { break };
        let id: String = after
            .get(..end)
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        if !id.is_empty()
            && !found
                .iter()
                .any(|known| known.get(1..known.len() - 1) == Some(id.as_str()))
        {
            found.push(format!("<{id}>"));
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    if found.is_empty() && text.contains('@') && !text.trim().contains(char::is_whitespace) {
        // Some senders forget the brackets.
        found.push(format!("<{}>", text.trim()));
    }
    found
}

/// A file name that is safe to show and to save, never empty.
pub(super) fn file_name(name: &str, media_type: &str) -> String {
    let cleaned: String = name
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\' | '\u{202e}' | '\u{202d}') {
                '_'
            } else {
                c
            }
        })
        .collect();
    let cleaned = cleaned.trim().trim_start_matches('.');
    if !cleaned.is_empty() {
        return cleaned.to_owned();
    }
    let stem = match media_type.split('/').next().unwrap_or_default() {
        "image" => "image",
        "message" => "message",
        _ => "attachment",
    };
    let extension = match media_type {
        "message/rfc822" => "eml",
        "text/calendar" => "ics",
        "text/plain" => "txt",
        "text/html" => "html",
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pgp-signature" => "asc",
        _ => "bin",
    };
    format!("{stem}.{extension}")
}

/// Text in its charset. Providers convert to UTF-8, or don't: what is UTF-8 is taken as such, unless the declared charset hides other
/// letters behind ASCII bytes.
pub(super) fn decode_text(bytes: &[u8], charset: Option<&str>) -> String {
    let charset = charset
        .unwrap_or_default()
        .trim()
        .trim_matches('"')
        .to_ascii_lowercase();
    let stateful = (charset.starts_with("iso-2022") && bytes.contains(&0x1b))
        || charset == "utf-7"
        || charset == "hz-gb-2312"
        || charset.starts_with("utf-16");
    if !stateful && let Ok(text) = std::str::from_utf8(bytes) {
        return text.trim_start_matches('\u{feff}').to_owned();
    }
    match mail_parser::decoders::charsets::map::charset_decoder(charset.as_bytes()) {
        Some(decode) if !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii") => {
            decode(bytes)
        }
        // Mail that lies about its charset is mostly Western.
        _ if charset.starts_with("utf") => String::from_utf8_lossy(bytes).into_owned(),
        _ => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_that_looks_like_an_address_is_a_name() {
        let from = |value: &'static str| {
            let read = read([("From", value)].into_iter());
            read.from.map(|from| (from.name, from.email))
        };
        let stranger = |name: &str| Some((name.to_owned(), "stranger@evil.example".to_owned()));
        assert_eq!(
            from("Bank <service@bank.example> <stranger@evil.example>"),
            stranger("Bank <service@bank.example>")
        );
        assert_eq!(
            from("\"service@bank.example\" <stranger@evil.example>"),
            stranger("service@bank.example")
        );
        assert_eq!(
            from("service@bank.example <stranger@evil.example>"),
            stranger("service@bank.example")
        );
        assert_eq!(from("Ada <stranger@evil.example>"), stranger("Ada"));
    }

    #[test]
    fn broken_and_encoded_fields_are_read_as_far_as_they_go() {
        let fields = [
            ("subject", "=?utf-8?B?0J/RgNC40LLQtdGC?="),
            ("FROM", "Анна Петрова <anna@example.com>"),
            ("To", "undisclosed-recipients:;"),
            (
                "Cc",
                "=?koi8-r?B?6dfBzg==?= <ivan@example.com>, team: b@example.com, c@example.com;",
            ),
            ("Date", "not a date"),
            ("Message-Id", " <a b@x>"),
            ("In-Reply-To", "your message of <1@x> (Monday)"),
            ("References", "<1@x>\r\n <2@x> <1@x>"),
        ];
        let read = read(fields.into_iter());
        assert_eq!(read.subject, "Привет");
        assert_eq!(
            read.from,
            Some(Address {
                name: "Анна Петрова".into(),
                email: "anna@example.com".into()
            })
        );
        assert!(read.to.is_empty());
        assert_eq!(
            read.cc
                .iter()
                .map(|cc| cc.email.as_str())
                .collect::<Vec<_>>(),
            ["ivan@example.com", "b@example.com", "c@example.com"]
        );
        assert_eq!(read.cc[0].name, "Иван");
        assert_eq!(read.sent, None);
        assert_eq!(read.message_id.unwrap(), "<ab@x>");
        assert_eq!(read.in_reply_to.unwrap(), "<1@x>");
        assert_eq!(read.references, ["<1@x>", "<2@x>"]);
    }

    #[test]
    fn text_is_decoded_whether_or_not_the_provider_converted_it() {
        assert_eq!(
            decode_text("Привет".as_bytes(), Some("koi8-r")),
            "Привет",
            "converted already"
        );
        assert_eq!(
            decode_text(&[0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4], Some("KOI8-R")),
            "Привет"
        );
        assert_eq!(
            decode_text(b"\x1b$B$3$s\x1b(B", Some("iso-2022-jp")),
            "こん"
        );
        assert_eq!(decode_text(&[0x63, 0x61, 0x66, 0xe9], None), "café");
        assert_eq!(decode_text(b"ab\xff", Some("utf-8")), "ab\u{fffd}");
    }

    #[test]
    fn file_names_can_not_leave_their_folder() {
        assert_eq!(
            file_name("../../etc/passwd", "text/plain"),
            "_.._etc_passwd"
        );
        assert_eq!(file_name("", "image/png"), "image.png");
        assert_eq!(file_name("a\u{202e}gpj.exe", "x/y"), "a_gpj.exe");
    }
}
