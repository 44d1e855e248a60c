//! The header block of a raw message, taken apart and put together without touching the body.

use bytes::Bytes;
use mail_parser::{Address, HeaderName, HeaderValue, MessageParser};

/// One field, as it stands.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    /// With name, folds and line end.
    raw: Vec<u8>,
}

/// A message whose header fields can be changed.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    fields: Vec<Field>,
    /// From the empty line on, that line included.
    body: Bytes,
}

impl Wire {
    pub(crate) fn parse(raw: &Bytes) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = 0;
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            let length = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or(rest);
            if matches!(line, b"\n" | b"\r\n") {
                break;
            }
            if matches!(line.first(), Some(b' ' | b'\t')) {
                if let Some(last) = fields.last_mut() {
                    last.raw.extend_from_slice(line);
                }
            } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
                let name = line.get(..colon).unwrap_or_default();
                fields.push(Field {
                    name: String::from_utf8_lossy(name).trim().to_owned(),
                    raw: line.to_vec(),
                });
            } else {
                // No header field: the body begins without an empty line.
                break;
            }
            at += length;
        }
        let body = raw.slice(at.min(raw.len())..);
        Self { fields, body }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields
            .retain(|field| !field.name.eq_ignore_ascii_case(name));
    }

    /// Replaces the first field of that name, where it stands, or appends; further ones are removed.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let field = Field {
            name: name.to_owned(),
            raw: format!("{name}: {value}\r\n").into_bytes(),
        };
        match self
            .fields
            .iter()
            .position(|old| old.name.eq_ignore_ascii_case(name))
        {
            Some(position) => {
                self.remove(name);
                let position = position.min(self.fields.len());
                self.fields.insert(position, field);
            }
            None => self.fields.push(field),
        }
    }

    /// Puts a trace field on top.
    pub(crate) fn prepend(&mut self, name: &str, value: &str) {
        self.fields.insert(
            0,
            Field {
                name: name.to_owned(),
                raw: format!("{name}: {value}\r\n").into_bytes(),
            },
        );
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let length = self
            .fields
            .iter()
            .map(|field| field.raw.len())
            .sum::<usize>();
        let mut raw = Vec::with_capacity(length + self.body.len() + 2);
        for field in &self.fields {
            raw.extend_from_slice(&field.raw);
        }
        if !matches!(self.body.first(), Some(b'\r' | b'\n')) {
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(&self.body);
        raw.into()
    }

    /// Header fields only, parsed.
    fn header(&self, name: HeaderName<'static>) -> Option<HeaderValue<'static>> {
        let mut head = Vec::new();
        for field in &self.fields {
            head.extend_from_slice(&field.raw);
        }
        head.extend_from_slice(b"\r\n");
        let message = MessageParser::new()
            .with_minimal_headers()
            .with_message_ids()
            .parse_headers(&head)?;
        message.header(name).cloned().map(HeaderValue::into_owned)
    }

    /// Lower-case addresses of every field of that name.
    pub(crate) fn addresses(&self, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        for field in self
            .fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name))
        {
            let mut head = field.raw.clone();
            head.extend_from_slice(b"\r\n");
            let parser = MessageParser::new().with_address_headers();
            let Some(message) = parser.parse_headers(&head) else {
                continue;
            };
            for header in message.headers() {
                all.extend(header.value.as_address().into_iter().flat_map(addresses_of));
            }
        }
        all
    }

    pub(crate) fn subject(&self) -> String {
        self.header(HeaderName::Subject)
            .and_then(|value| value.as_text().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Message-IDs in In-Reply-To and References, with angle brackets.
    pub(crate) fn references(&self) -> Vec<String> {
        [HeaderName::InReplyTo, HeaderName::References]
            .into_iter()
            .filter_map(|name| self.header(name))
            .flat_map(|value| ids_of(&value))
            .collect()
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn date(&self) -> Option<u64> {
        let value = self.header(HeaderName::Date)?;
        u64::try_from(value.as_datetime()?.to_timestamp())
            .ok()
            .map(|seconds| seconds * 1000)
    }
}

/// Lower-case addresses of one parsed field.
pub(crate) fn addresses_of(address: &Address<'_>) -> Vec<String> {
    address
        .iter()
        .filter_map(|one| one.address.as_deref())
        .map(str::to_lowercase)
        .collect()
}

/// Message-IDs with angle brackets.
pub(crate) fn ids_of(value: &HeaderValue<'_>) -> Vec<String> {
    let bracket = |id: &str| format!("<{id}>");
    match value {
        HeaderValue::Text(id) => vec![bracket(id)],
        HeaderValue::TextList(ids) => ids.iter().map(|id| bracket(id)).collect(),
        _ => Vec::new(),
    }
}

/// A subject without `Re:` and the like, folded for comparison.
pub(crate) fn base_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((prefix, after)) = rest.split_once(':') {
        let known = ["re", "fw", "fwd", "aw", "wg", "sv", "tr"];
        if !known.contains(&prefix.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use bytes::Bytes;

    use super::{Wire, base_subject};

    #[test]
    fn changes_fields_and_leaves_the_rest() {
        let raw = Bytes::from_static(
            b"To: a@x.example,\r\n \"B, b\" <B@x.example>\r\nBcc: c@x.example\r\nMessage-ID: <1@x>\r\n\r\nbody\r\nBcc: no",
        );
        let mut wire = Wire::parse(&raw);
        assert_eq!(wire.addresses("to"), ["a@x.example", "b@x.example"]);
        wire.remove("BCC");
        wire.set("message-id", "<2@y>");
        assert_eq!(
            wire.to_bytes(),
            "To: a@x.example,\r\n \"B, b\" <B@x.example>\r\nmessage-id: <2@y>\r\n\r\nbody\r\nBcc: no"
        );
    }

    #[test]
    fn replies_have_the_subject_of_what_they_answer() {
        assert_eq!(base_subject("Re: FWD:  Two  words"), "two words");
        assert_eq!(base_subject("Note: this"), "note: this");
    }
}
