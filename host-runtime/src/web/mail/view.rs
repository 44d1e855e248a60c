//! One message as a document of its own.
//!
//! What strangers wrote never becomes part of a page of this host: it is a whole document, sanitised by the plugin, and served under a
//! policy that would hold even if the sanitising failed. `sandbox` gives it an origin of its own and no scripts; images come only
//! from our signed addresses; nothing else is loaded, sent or framed elsewhere.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::MailCaller;
use crate::bindings::mail::mailbox::Showing;
use crate::bindings::mail::types::Content;
use crate::web::AppState;
use crate::web::extract::{Path, Query};
use crate::web::pages::escape;
use crate::web::problem::{Problem, Result};
use crate::web::signed::{Grant, LIFETIME_MS, Purpose};

/// Where inline parts are served; see [`super::images`].
pub(crate) const INLINE: &str = "/api/mail/inline/";
/// Where remote images are served.
pub(crate) const REMOTE: &str = "/api/mail/remote/";

/// How a message is shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ViewParams {
    /// Show remote images, fetched through this host. Without it nothing is fetched, so that senders don't learn who reads when.
    #[serde(default)]
    remote: bool,
}

/// The message as an HTML document, to be shown in a sandboxed frame.
#[utoipa::path(
    get, path = "/api/mail/messages/{id}/view", tag = "mail",
    params(("id" = String, Path, description = "Message"), ViewParams),
    responses((status = 200, description = "A whole document under its own Content-Security-Policy", body = String, content_type = "text/html"))
)]
pub(super) async fn view(
    State(state): State<AppState>,
    caller: MailCaller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(params): Query<ViewParams>,
) -> Result<Response> {
    let end = state.now().saturating_add(LIFETIME_MS);
    let sign = |purpose| {
        state.signer().sign(&Grant {
            user: caller.user().to_owned(),
            purpose,
            end,
        })
    };
    let showing = Showing {
        allow_remote: params.remote,
        inline_prefix: format!(
            "{INLINE}{}/",
            sign(Purpose::Inline {
                message: id.clone()
            })?
        ),
        remote_prefix: format!("{REMOTE}{}?url=", sign(Purpose::Remote)?),
    };
    let content = caller.content(id, showing).await?;
    let origin = own_origin(&headers, state.public_origin());
    let mut response = Html(document(&content)).into_response();
    let policy = format!(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src {origin}{INLINE} {origin}{REMOTE}; \
         style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).map_err(Problem::internal)?,
    );
    headers.insert(
        header::X_FRAME_OPTIONS,
        HeaderValue::from_static("SAMEORIGIN"),
    );
    Ok(response)
}

/// The origin under which this browser sees us: a policy has to name it, because `'self'` means nothing in a sandbox.
fn own_origin(headers: &HeaderMap, public_origin: &str) -> String {
    let scheme = if public_origin.starts_with("https://") {
        "https"
    } else {
        "http"
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            // What is not plainly a host and port must not reach a header.
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b))
        });
    match host {
        Some(host) => format!("{scheme}://{host}"),
        None => public_origin.to_owned(),
    }
}

/// HTML as the plugin sanitised it, or the plain text with its quoted history folded away.
fn document(content: &Content) -> String {
    let body = match &content.html {
        Some(html) => html.clone(),
        None => {
            let cut = content
                .quoted_from
                .map(|at| at as usize)
                .and_then(|at| content.text.split_at_checked(at));
            match cut {
                Some((text, quoted)) => format!(
                    "<pre>{}</pre><details><summary>…</summary><pre>{}</pre></details>",
                    escape(text),
                    escape(quoted)
                ),
                None => format!("<pre>{}</pre>", escape(&content.text)),
            }
        }
    };
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\"><base target=\"_blank\">\
         <style>body{{margin:0;padding:8px;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere;background:#fff;color:#1a1a1a}}img{{max-width:100%;height:auto}}\
         pre{{white-space:pre-wrap;font:inherit;margin:0;unicode-bidi:plaintext}}</style></head><body dir=\"auto\">{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, quoted_from: Option<u32>) -> String {
        document(&Content {
            html: None,
            text: text.to_owned(),
            remote_blocked: 0,
            quoted_from,
        })
    }

    #[test]
    fn plain_text_stays_text_and_its_history_is_folded() {
        let shown = plain("<script>alert(1)</script>\n> old", Some(26));
        assert!(shown.contains("<pre>&lt;script&gt;alert(1)&lt;/script&gt;\n</pre><details><summary>…</summary><pre>&gt; old</pre></details>"), "{shown}");
        assert!(!shown.contains("<script"));
    }

    #[test]
    fn the_policy_names_the_host_that_the_browser_asked_and_nothing_odd() {
        let with = |host: &'static str| {
            HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))])
        };
        assert_eq!(
            own_origin(&with("127.0.0.1:8080"), "http://localhost:8080"),
            "http://127.0.0.1:8080"
        );
        assert_eq!(
            own_origin(&with("a; script-src *"), "https://mail.example.com"),
            "https://mail.example.com"
        );
        assert_eq!(
            own_origin(&with("mail.example.com"), "https://mail.example.com"),
            "https://mail.example.com"
        );
    }
}
