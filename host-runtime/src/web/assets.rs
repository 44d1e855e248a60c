//! Files that browsers load, as answers: compressed where they may be, and kept by the browser as long as their address says.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use super::problem::{Problem, Result};
use crate::asset::Asset;

/// The address names the content: what it answers never changes.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The content may change with the next version of the host.
pub(super) const FOR_AN_HOUR: &str = "public, max-age=3600";

/// The answer to a browser that sent `asked`.
pub(super) async fn answer(
    asset: Arc<Asset>,
    asked: &HeaderMap,
    cache: &'static str,
) -> Result<Response> {
    let media_type = asset.media_type();
    let compressed = if takes_gzip(asked) {
        compressed(asset.clone()).await?
    } else {
        None
    };
    let encoded = compressed.is_some();
    let mut response = Response::new(Body::from(
        compressed.unwrap_or_else(|| asset.bytes().clone()),
    ));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// Compressing a large script takes its time, once: not on a thread that others wait for.
async fn compressed(asset: Arc<Asset>) -> Result<Option<Bytes>> {
    if let Some(known) = asset.known_gzip() {
        return Ok(known.cloned());
    }
    tokio::task::spawn_blocking(move || asset.gzip().cloned())
        .await
        .map_err(Problem::internal)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let refused = parts
                .filter_map(|part| part.strip_prefix("q="))
                .any(|quality| quality.parse() == Ok(0.0_f32));
            ["gzip", "*"].contains(&name) && !refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(takes("gzip, deflate, br, zstd"));
        assert!(takes("br;q=1.0, gzip;q=0.8"));
        assert!(!takes("br, gzip;q=0"));
        assert!(!takes("identity"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
