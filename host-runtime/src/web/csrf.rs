//! Whether a write comes from a page of this host.
//!
//! Browsers attach the session cookie to requests that other sites start, so a write that relies on it must show where it comes from.
//! Every browser of this decade says so in `Sec-Fetch-Site`, every browser at all in the `Origin` of a write; a request without
//! either comes from no page. A bearer token is never attached by itself and needs no such check.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use super::AppState;
use super::problem::{Kind, Problem};

/// The layer, for everything under `/api`.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // Outside the API nothing is done on the word of a cookie; web hooks come from anywhere.
    let harmless = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) || !request.uri().path().starts_with("/api");
    let bearer = request.headers().contains_key(header::AUTHORIZATION);
    if harmless || bearer || own_page(request.headers(), state.public_origin()) {
        next.run(request).await
    } else {
        Problem::new(
            Kind::CrossOrigin,
            format!("Writes are taken from pages of {} only. If that is where you are, public_origin is set wrong; programs use an API token.", state.public_origin()),
        )
        .into_response()
    }
}

fn own_page(headers: &HeaderMap, public_origin: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if headers.contains_key("sec-fetch-site")
        && !matches!(text("sec-fetch-site"), Some("same-origin" | "none"))
    {
        return false;
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    // The Host header is the browser's own word, not the page's: it can't be made to agree with a foreign origin.
    origin == public_origin
        || text("host").is_some_and(|host| {
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
                == Some(host)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn allowed(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        own_page(&headers, "https://mail.example.com")
    }

    #[test]
    fn only_pages_of_this_host_and_programs_write() {
        assert!(allowed(&[]));
        assert!(allowed(&[
            ("origin", "https://mail.example.com"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(allowed(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!allowed(&[("origin", "https://evil.example")]));
        assert!(!allowed(&[
            ("origin", "null"),
            ("host", "mail.example.com")
        ]));
        assert!(!allowed(&[("sec-fetch-site", "same-site")]));
        assert!(!allowed(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://mail.example.com")
        ]));
        assert!(!allowed(&[
            ("origin", "https://mail.example.com.evil.example"),
            ("host", "mail.example.com")
        ]));
    }
}
