//! Bytes on their way to a person: ranges, file names, and media types that a browser can't be tricked with.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::problem::{Kind, Problem, Result};

/// What is sent, without its bytes.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// As the sender wrote it.
    pub(crate) name: String,
    /// As the sender wrote it.
    pub(crate) media_type: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Changes when the bytes do; for `ETag`.
    pub(crate) tag: String,
    /// Shown instead of saved, if its type allows.
    pub(crate) inline: bool,
}

/// A part of the content: first byte and number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// Types that a browser shows without running anything and without guessing.
const SHOWN: [&str; 8] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "text/plain",
    "application/pdf",
];

impl File {
    /// Which bytes are asked for; none: all. Several ranges at once are answered with the whole content, as RFC 9110 allows.
    pub(crate) fn span(&self, headers: &HeaderMap) -> Result<Option<Span>> {
        let Some(range) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()) else {
            return Ok(None);
        };
        if let Some(condition) = headers.get(header::IF_RANGE)
            && condition.as_bytes() != self.etag().as_bytes()
        {
            return Ok(None);
        }
        let Some(spec) = range
            .strip_prefix("bytes=")
            .filter(|spec| !spec.contains(','))
        else {
            return Ok(None);
        };
        let Some((first, last)) = spec.trim().split_once('-') else {
            return Ok(None);
        };
        let outside = || {
            Problem::new(
                Kind::RangeNotSatisfiable,
                format!(
                    "The file has {} bytes. Ask for a range within them, or for all.",
                    self.size
                ),
            )
        };
        let (start, end) = match (first, last) {
            ("", suffix) => match suffix.parse::<u64>() {
                Ok(0) => return Err(outside()),
                Ok(n) => (self.size.saturating_sub(n), self.size),
                Err(_) => return Ok(None),
            },
            (first, last) => {
                let Ok(first) = first.parse::<u64>() else {
                    return Ok(None);
                };
                let end = match last {
                    "" => self.size,
                    last => match last.parse::<u64>() {
                        Ok(last) if last >= first => last.saturating_add(1).min(self.size),
                        _ => return Ok(None),
                    },
                };
                (first, end)
            }
        };
        if start >= end {
            Err(outside())
        } else {
            Ok(Some(Span {
                start,
                length: end - start,
            }))
        }
    }

    fn etag(&self) -> String {
        format!(
            "\"{}\"",
            self.tag
                .chars()
                .filter(|c| c.is_ascii_graphic() && *c != '"')
                .collect::<String>()
        )
    }

    fn shown(&self) -> bool {
        self.inline && SHOWN.contains(&self.media_type.to_ascii_lowercase().as_str())
    }

    /// `bytes` are those of `span`, or all.
    pub(crate) fn response<S, E>(&self, span: Option<Span>, bytes: S) -> Response
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
        E: Into<axum::BoxError>,
    {
        let mut response = Response::new(Body::from_stream(bytes));
        let length = span.map_or(self.size, |span| span.length);
        if let Some(span) = span {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(
                response.headers_mut(),
                header::CONTENT_RANGE,
                &format!(
                    "bytes {}-{}/{}",
                    span.start,
                    span.start + span.length - 1,
                    self.size
                ),
            );
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        set(headers, header::ETAG, &self.etag());
        describe(headers, &self.name, &self.media_type, self.shown());
        response
    }
}

/// Bytes that are made while they are sent, so that nobody knows their number: to be saved, without ranges.
pub(crate) fn made_on_the_way<S, E>(name: &str, media_type: &str, bytes: S) -> Response
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError>,
{
    let mut response = Response::new(Body::from_stream(bytes));
    describe(response.headers_mut(), name, media_type, false);
    response
}

/// What all files have in common.
fn describe(headers: &mut HeaderMap, name: &str, media_type: &str, shown: bool) {
    set(headers, header::CONTENT_TYPE, &safe_media_type(media_type));
    let kind = if shown { "inline" } else { "attachment" };
    set(
        headers,
        header::CONTENT_DISPOSITION,
        &disposition(kind, name),
    );
    // Whatever the bytes are, they are not a page of this host.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'self'"),
    );
    headers.insert(
        header::X_FRAME_OPTIONS,
        HeaderValue::from_static("SAMEORIGIN"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A media type that is one, without parameters that could confuse; `text` is read as UTF-8 only if it says so itself.
fn safe_media_type(given: &str) -> String {
    let essence = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match essence.split_once('/') {
        // Types that a browser would run as a page are not passed on, sandbox or not.
        Some((_, "html" | "xhtml+xml" | "xml" | "svg+xml" | "javascript" | "ecmascript")) => {
            "application/octet-stream".to_owned()
        }
        Some((kind, subtype)) if token(kind) && token(subtype) => essence,
        _ => "application/octet-stream".to_owned(),
    }
}

/// Which picture these bytes begin, among those that a browser shows without running anything.
pub(crate) fn image_type(beginning: &[u8]) -> Option<&'static str> {
    let has = |at: usize, bytes: &[u8]| {
        beginning
            .get(at..)
            .is_some_and(|rest| rest.starts_with(bytes))
    };
    [
        ("image/png", has(0, b"\x89PNG\r\n\x1a\n")),
        ("image/jpeg", has(0, b"\xff\xd8\xff")),
        ("image/gif", has(0, b"GIF87a") || has(0, b"GIF89a")),
        ("image/webp", has(0, b"RIFF") && has(8, b"WEBP")),
        ("image/avif", has(4, b"ftypavif") || has(4, b"ftypavis")),
        ("image/bmp", has(0, b"BM")),
    ]
    .into_iter()
    .find_map(|(kind, so)| so.then_some(kind))
}

/// RFC 8187's `attr-char` are those left alone.
const ATTR: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b',')
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'{')
    .add(b'}');

/// RFC 6266: a plain name for old clients, the real one beside it. Characters that change how a name reads (path separators,
/// controls, direction marks: `exe.pdf` for `fdp.exe`) are left out.
fn disposition(kind: &str, name: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '/' | '\\' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .take(200)
        .collect();
    let name = match name.trim_matches(['.', ' ']) {
        "" => "file",
        name => name,
    };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii() && !matches!(c, '"' | '%') {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!(
        "{kind}; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, ATTR)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn file() -> File {
        File {
            name: "a.txt".into(),
            media_type: "text/plain".into(),
            size: 10,
            tag: "t".into(),
            inline: false,
        }
    }

    fn span(range: &str) -> Result<Option<Span>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(range).unwrap());
        file().span(&headers)
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (range, expected) in [
            ("bytes=0-0", (0, 1)),
            ("bytes=4-", (4, 6)),
            ("bytes=-3", (7, 3)),
            ("bytes=-30", (0, 10)),
            ("bytes=8-99", (8, 2)),
        ] {
            assert_eq!(
                span(range).unwrap(),
                Some(Span {
                    start: expected.0,
                    length: expected.1
                }),
                "{range}"
            );
        }
        for ignored in ["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "bytes=x-y"] {
            assert_eq!(span(ignored).unwrap(), None, "{ignored}");
        }
        for outside in ["bytes=10-", "bytes=-0"] {
            assert_eq!(
                span(outside).unwrap_err().kind(),
                Kind::RangeNotSatisfiable,
                "{outside}"
            );
        }
    }

    #[test]
    fn a_name_keeps_its_letters_and_loses_its_tricks() {
        assert_eq!(
            disposition("attachment", "отчёт \"1\".pdf"),
            "attachment; filename=\"_____ _1_.pdf\"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82%20%221%22.pdf"
        );
        assert_eq!(
            disposition("attachment", "../..\\\r\nx\u{202e}fdp.exe"),
            "attachment; filename=\"xfdp.exe\"; filename*=UTF-8''xfdp.exe"
        );
        assert_eq!(
            disposition("attachment", "..."),
            "attachment; filename=\"file\"; filename*=UTF-8''file"
        );
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x20ftypavif", Some("image/avif")),
            (b"RIFF\x10\0\0\0WAVE", None),
            (b"<svg xmlns=", None),
            (b"", None),
        ] {
            assert_eq!(image_type(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_type_that_would_run_is_only_ever_saved() {
        for dangerous in [
            "text/html",
            "image/svg+xml",
            "TEXT/HTML; charset=utf-8",
            "text/javascript",
            "nonsense",
            "a/b\r\nx",
        ] {
            assert_eq!(
                safe_media_type(dangerous),
                "application/octet-stream",
                "{dangerous}"
            );
        }
        assert_eq!(safe_media_type("Image/PNG; name=x"), "image/png");
    }
}
