//! Writes RFC 5322 messages: header folding, RFC 2047 words, transfer encodings, nested multiparts.
//!
//! A writer of our own, because the corpus needs what libraries rightly refuse to produce: legacy charsets, and malformed mail.

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Charset of a text part or of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "names of charsets")]
pub enum Charset {
    Utf8,
    Windows1251,
    Windows1252,
    Windows1255,
    Windows1256,
    Koi8R,
    Gb18030,
    Iso2022Jp,
}

impl Charset {
    /// As written into `charset=`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1251 => "windows-1251",
            Self::Windows1252 => "windows-1252",
            Self::Windows1255 => "windows-1255",
            Self::Windows1256 => "windows-1256",
            Self::Koi8R => "koi8-r",
            Self::Gb18030 => "gb18030",
            Self::Iso2022Jp => "iso-2022-jp",
        }
    }

    fn encoding(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Windows1251 => encoding_rs::WINDOWS_1251,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
            Self::Windows1255 => encoding_rs::WINDOWS_1255,
            Self::Windows1256 => encoding_rs::WINDOWS_1256,
            Self::Koi8R => encoding_rs::KOI8_R,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Iso2022Jp => encoding_rs::ISO_2022_JP,
        }
    }

    /// This charset if it can express all of the text, else UTF-8: header fields have no character references.
    fn for_header(self, text: &str) -> Self {
        if self.encoding().encode(text).2 {
            Self::Utf8
        } else {
            self
        }
    }

    /// The text in this charset; what it cannot express becomes a numeric character reference.
    pub fn encode(self, text: &str) -> Vec<u8> {
        /// From two-byte characters back to ASCII.
        const TO_ASCII: &[u8] = b"\x1b(B";
        if self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        let mut out = Vec::with_capacity(text.len());
        // Escape sequence of the state that ISO-2022-JP is in; other charsets have none.
        let mut state: &[u8] = TO_ASCII;
        ENCODED.with_borrow_mut(|known| {
            for c in text.chars() {
                if c.is_ascii() && self != Self::Iso2022Jp {
                    out.extend(u8::try_from(c));
                    continue;
                }
                let bytes = known.entry((self, c)).or_insert_with(|| {
                    self.encoding()
                        .encode(c.encode_utf8(&mut [0; 4]))
                        .0
                        .into_owned()
                });
                let whole = bytes.as_slice();
                match whole
                    .strip_suffix(TO_ASCII)
                    .and_then(|b| b.split_at_checked(3))
                {
                    Some((escape, body)) if self == Self::Iso2022Jp => {
                        if state != escape {
                            out.extend_from_slice(escape);
                            state = if escape == b"\x1b$B" {
                                b"\x1b$B"
                            } else {
                                b"\x1b(J"
                            };
                        }
                        out.extend_from_slice(body);
                    }
                    _ => {
                        if state != TO_ASCII {
                            out.extend_from_slice(TO_ASCII);
                            state = TO_ASCII;
                        }
                        out.extend_from_slice(whole);
                    }
                }
            }
        });
        if state != TO_ASCII {
            out.extend_from_slice(TO_ASCII);
        }
        out
    }
}

thread_local! {
    /// `encoding_rs` searches its tables from end to end for each character it encodes; the corpus knows a few hundred.
    static ENCODED: RefCell<HashMap<(Charset, char), Vec<u8>>> = RefCell::default();
}

/// Content-Transfer-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of RFC 2045")]
pub enum Transfer {
    SevenBit,
    EightBit,
    QuotedPrintable,
    Base64,
}

impl Transfer {
    fn label(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }
}

/// A MIME part.
#[derive(Debug, Clone)]
pub enum Part {
    /// Headers and the encoded body.
    Leaf {
        /// Name and value, already folded.
        headers: Vec<(&'static str, String)>,
        /// As it goes over the wire.
        body: Vec<u8>,
    },
    /// `multipart/<subtype>`.
    Multi {
        /// Such as `mixed` or `report; report-type=delivery-status`.
        subtype: &'static str,
        /// In order.
        parts: Vec<Part>,
    },
}

impl Part {
    /// A text part; `subtype` may carry parameters.
    pub fn text(subtype: &str, charset: Charset, transfer: Transfer, text: &str) -> Self {
        let bytes = charset.encode(text);
        Self::Leaf {
            headers: vec![
                (
                    "Content-Type",
                    format!("text/{subtype}; charset={}", charset.label()),
                ),
                ("Content-Transfer-Encoding", transfer.label().to_owned()),
            ],
            body: encode(transfer, &bytes),
        }
    }

    /// A file to be downloaded.
    pub fn attachment(name: &str, media_type: &str, bytes: &[u8]) -> Self {
        let file = file_name(name);
        Self::Leaf {
            headers: vec![
                (
                    "Content-Type",
                    format!(
                        "{media_type};\r\n name=\"{}\"",
                        encoded(name, Charset::Utf8, 70)
                    ),
                ),
                (
                    "Content-Disposition",
                    format!("attachment;\r\n {file}; size={}", bytes.len()),
                ),
                ("Content-Transfer-Encoding", "base64".to_owned()),
            ],
            body: encode(Transfer::Base64, bytes),
        }
    }

    /// An image shown in the HTML by `cid:`.
    pub fn inline(name: &str, media_type: &str, content_id: &str, bytes: &[u8]) -> Self {
        Self::Leaf {
            headers: vec![
                ("Content-Type", format!("{media_type}; name=\"{name}\"")),
                ("Content-ID", format!("<{content_id}>")),
                (
                    "Content-Disposition",
                    format!("inline; filename=\"{name}\""),
                ),
                ("Content-Transfer-Encoding", "base64".to_owned()),
            ],
            body: encode(Transfer::Base64, bytes),
        }
    }

    /// A part as it is: `message/rfc822`, `text/calendar`, `message/delivery-status` …
    pub fn plain(content_type: &str, body: &[u8]) -> Self {
        Self::Leaf {
            headers: vec![("Content-Type", content_type.to_owned())],
            body: body.to_vec(),
        }
    }

    /// `multipart/<subtype>` of these parts.
    pub fn multi(subtype: &'static str, parts: Vec<Part>) -> Self {
        Self::Multi { subtype, parts }
    }

    /// Appends the part, its own headers first.
    pub fn write(&self, out: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
        match self {
            Self::Leaf { headers, body } => {
                for (name, value) in headers {
                    header(out, name, value);
                }
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(body);
                if !body.ends_with(b"\r\n") {
                    out.extend_from_slice(b"\r\n");
                }
            }
            Self::Multi { subtype, parts } => {
                let boundary = format!("=_{:016x}{:08x}", rng.random::<u64>(), rng.random::<u32>());
                header(
                    out,
                    "Content-Type",
                    &format!("multipart/{subtype};\r\n boundary=\"{boundary}\""),
                );
                out.extend_from_slice(b"\r\n");
                for part in parts {
                    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                    part.write(out, rng);
                }
                out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            }
        }
    }
}

/// Appends one header line; `value` is already encoded and folded.
pub fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A mailbox for an address header.
pub fn mailbox(name: &str, address: &str, charset: Charset) -> String {
    if name.is_empty() {
        address.to_owned()
    } else if name.is_ascii() {
        format!("\"{name}\" <{address}>")
    } else {
        format!("{} <{address}>", encoded(name, charset, 0))
    }
}

/// Unstructured header text: as it is when ASCII, else RFC 2047 words of at most 75 characters, folded. `used` is what stands
/// before it on the line.
pub fn encoded(text: &str, charset: Charset, used: usize) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let charset = charset.for_header(text);
    // 75 characters of an encoded word, less `=?charset?B?` and `?=`; four characters carry three bytes.
    let room = (75 - charset.label().len() - 7) / 4 * 3;
    let first = room.saturating_sub(used.min(40) / 4 * 3).max(12);
    let mut words = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        piece.push(c);
        let limit = if words.is_empty() { first } else { room };
        // The longest form of one more character (an escape sequence there and back) must still fit.
        if charset.encode(&piece).len() + 8 > limit {
            words.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        words.push(piece);
    }
    words
        .iter()
        .map(|w| {
            format!(
                "=?{}?B?{}?=",
                charset.label(),
                STANDARD.encode(charset.encode(w))
            )
        })
        .collect::<Vec<_>>()
        .join("\r\n ")
}

fn file_name(name: &str) -> String {
    if name.is_ascii() {
        format!("filename=\"{name}\"")
    } else {
        let mut value = String::new();
        for b in name.bytes() {
            if b.is_ascii_alphanumeric() || b".-_".contains(&b) {
                value.push(char::from(b));
            } else {
                value.push_str(&format!("%{b:02X}"));
            }
        }
        format!("filename*=UTF-8''{value}")
    }
}

/// The body in a transfer encoding, lines ended by CRLF.
pub fn encode(transfer: Transfer, bytes: &[u8]) -> Vec<u8> {
    match transfer {
        Transfer::SevenBit | Transfer::EightBit => crlf(bytes),
        Transfer::QuotedPrintable => quoted_printable(bytes),
        Transfer::Base64 => {
            let flat = STANDARD.encode(bytes);
            let mut out = Vec::with_capacity(flat.len() + flat.len() / 38 + 2);
            for line in flat.as_bytes().chunks(76) {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
            out
        }
    }
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 40);
    let mut last = 0;
    for &b in bytes {
        if b == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(b);
        last = b;
    }
    out
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut out = String::with_capacity(bytes.len() * 2);
    let mut column = 0;
    let mut rest = bytes.iter().copied().peekable();
    while let Some(b) = rest.next() {
        if b == b'\r' && rest.peek() == Some(&b'\n') {
            continue;
        }
        if b == b'\n' {
            out.push_str("\r\n");
            column = 0;
            continue;
        }
        let at_end = matches!(rest.peek(), None | Some(b'\n' | b'\r'));
        let literal = (33..=126).contains(&b) && b != b'=' || (b == b' ' || b == b'\t') && !at_end;
        let width = if literal { 1 } else { 3 };
        if column + width > 75 {
            out.push_str("=\r\n");
            column = 0;
        }
        if literal {
            out.push(char::from(b));
        } else {
            out.push('=');
            out.push(HEX.get(usize::from(b >> 4)).copied().unwrap_or('0'));
            out.push(HEX.get(usize::from(b & 15)).copied().unwrap_or('0'));
        }
        column += width;
    }
    out.into_bytes()
}

/// A Date header's value for milliseconds since the Unix epoch.
pub fn date(ms: u64) -> String {
    chrono::DateTime::<chrono::Utc>::from_timestamp_millis(i64::try_from(ms).unwrap_or(i64::MAX))
        .map(|d| d.to_rfc2822())
        .unwrap_or_default()
}
