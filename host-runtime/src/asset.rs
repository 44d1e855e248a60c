//! A file that browsers load: its bytes, what they are, and their compressed form, which is made once and kept.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file that browsers load.
#[derive(Debug)]
pub struct Asset {
    bytes: Bytes,
    media_type: &'static str,
    gzip: OnceLock<Option<Bytes>>,
}

impl Asset {
    /// A file of a known kind; see [`media_type`].
    #[must_use]
    pub fn new(bytes: Bytes, media_type: &'static str) -> Self {
        Self {
            bytes,
            media_type,
            gzip: OnceLock::new(),
        }
    }

    /// As it is.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// For `Content-Type`.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// What [`Self::gzip`] answers, if it was asked before.
    #[must_use]
    pub fn known_gzip(&self) -> Option<Option<&Bytes>> {
        self.gzip.get().map(Option::as_ref)
    }

    /// Compressed, if that makes it smaller. The first call takes tens of milliseconds of a processor for a large script.
    pub fn gzip(&self) -> Option<&Bytes> {
        self.gzip.get_or_init(|| self.compressed()).as_ref()
    }

    fn compressed(&self) -> Option<Bytes> {
        let packed = ["image/", "font/"]
            .iter()
            .any(|kind| self.media_type.starts_with(kind))
            && self.media_type != "image/svg+xml";
        if packed {
            return None;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.bytes).ok()?;
        let compressed = encoder.finish().ok()?;
        (compressed.len() < self.bytes.len()).then(|| compressed.into())
    }
}

/// What a file of this name is; none: nothing that pages are made of. Documents are not: a page of the host's origin is the host's alone.
#[must_use]
pub fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        _ => return None,
    })
}

/// Whether a file may have this name: plain segments, none of which leads elsewhere or is hidden.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    name.len() <= 200
        && name.split('/').all(|segment| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_already_or_short_stays_as_it_is() {
        let script = Asset::new(Bytes::from(vec![b'x'; 1_000]), media_type("a.js").unwrap());
        assert!(script.gzip().is_some_and(|gzip| gzip.len() < 100));
        let short = Asset::new(Bytes::from_static(b"x"), media_type("a.js").unwrap());
        assert!(short.gzip().is_none());
        let font = Asset::new(Bytes::from(vec![0; 1_000]), media_type("a.woff2").unwrap());
        assert!(font.gzip().is_none());
    }

    #[test]
    fn documents_and_programs_are_no_assets() {
        for name in ["index.html", "a.wasm", "a.xml", "js", "a.JS"] {
            assert_eq!(media_type(name), None, "{name}");
        }
    }
}
