//! Bodies: made ready to be kept, and ready to be shown. Mail is hostile until proven otherwise; see [`sanitise`].

pub mod quote;
pub mod sanitise;
pub mod text;

use crate::model::{Content, Showing};
use crate::platform::{BlobError, Blobs};
use crate::provider::{RemoteAttachment, RemoteMessage};
use crate::store::commit::Arrived;

/// A body above this many bytes goes into a blob: a row must stay far below the 1 MiB at which a page of rows ends.
const ROW_BYTES: usize = 384 << 10;

/// Of a long text, this much is searched.
const SEARCHED: usize = 128 << 10;

/// Longest piece that a blob takes at once.
const CHUNK: usize = 1 << 20;

/// Stores bytes as a blob.
pub(crate) async fn store(platform: &impl Blobs, bytes: &[u8]) -> Result<String, BlobError> {
    let upload = platform.create().await?;
    let mut offset = 0;
    for chunk in bytes.chunks(CHUNK) {
        offset = platform.append(&upload, offset, chunk.to_vec()).await?;
    }
    platform.finish(&upload).await
}

/// Reads a whole blob.
pub(crate) async fn load(platform: &impl Blobs, blob: &str) -> Result<Vec<u8>, BlobError> {
    let size = platform.size(blob).await?;
    load_part(platform, blob, 0, size).await
}

/// Reads that many bytes of a blob.
pub(crate) async fn load_part(
    platform: &impl Blobs,
    blob: &str,
    from: u64,
    length: u64,
) -> Result<Vec<u8>, BlobError> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    while (bytes.len() as u64) < length {
        let at = bytes.len() as u64;
        let most = (length - at).min(CHUNK as u64);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let chunk = platform.read(blob, from + at, most).await?;
        if chunk.is_empty() {
            return Err(BlobError::Other("a blob is shorter than it says".into()));
        }
        bytes.extend(chunk);
    }
    Ok(bytes)
}

/// Takes a message's body out of it, as it is kept.
pub(crate) async fn arrive(
    platform: &impl Blobs,
    mut message: RemoteMessage,
) -> Result<Arrived, BlobError> {
    let html = message.html.take().filter(|html| !html.trim().is_empty());
    let plain = message.text.take().filter(|text| !text.trim().is_empty());
    let text = plain.unwrap_or_else(|| html.as_deref().map(text::of_html).unwrap_or_default());
    // The store keeps texts, and a text holds no NUL.
    let text = if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    };
    if message.snippet.is_empty() {
        message.snippet = text::snippet(&text);
    }
    if text.len() + html.as_ref().map_or(0, String::len) <= ROW_BYTES {
        return Ok(Arrived {
            message,
            text,
            html,
            whole: None,
        });
    }
    let whole =
        serde_json::to_vec(&(&text, &html)).map_err(|error| BlobError::Other(error.to_string()))?;
    let whole = store(platform, &whole).await?;
    let end = text.floor_char_boundary(SEARCHED.min(text.len()));
    let beginning = text.get(..end).unwrap_or_default().to_owned();
    Ok(Arrived {
        message,
        text: beginning,
        html: None,
        whole: Some(whole),
    })
}

/// A body as a person sees it.
#[must_use]
pub fn show(
    text: String,
    html: Option<&str>,
    attachments: &[RemoteAttachment],
    showing: &Showing,
) -> Content {
    let quoted_from = quote::begins(&text).and_then(|at| u32::try_from(at).ok());
    let Some(html) = html else {
        return Content {
            html: None,
            text,
            remote_blocked: 0,
            quoted_from,
        };
    };
    let clean = sanitise::clean(html, attachments, showing);
    Content {
        html: Some(clean.html),
        text,
        remote_blocked: clean.blocked,
        quoted_from,
    }
}
