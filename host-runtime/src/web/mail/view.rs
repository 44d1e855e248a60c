//! One message as a document of its own.
//!
//! What strangers wrote never becomes part of a page of this host: it is a whole document, sanitised by the plugin, and served under a
//! policy that would hold even if the sanitising failed. `sandbox` gives it an origin of its own and no scripts; images come only
//! from our signed addresses; nothing else is loaded, sent or framed elsewhere.
//!
//! A page that frames a message can't look into it, so it can't know how tall it is. It may ask for `measured`: then one script may run,
//! [`SCRIPT`], which says so. The policy names it by its hash and no other: whatever a message brings, even a copy of a nonce, can't
//! run, and without an origin, network or top window there would be nothing to reach.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
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

/// Tells the framing page how tall the message is; runs in it as it stands here.
const SCRIPT: &str = include_str!("view.js");

/// [`SCRIPT`] as a policy names it.
static SCRIPT_HASH: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(SCRIPT))));

/// How a message is shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ViewParams {
    /// Show remote images, fetched through this host. Without it nothing is fetched, so that senders don't learn who reads when.
    #[serde(default)]
    remote: bool,
    /// Let the document tell the page that frames it how tall it is (`postMessage` of `{view: "height", height}`) and which keys are pressed in it
    /// (`{view: "key", …}`). The frame then needs `sandbox="allow-scripts"`; scripts of the message run in no case.
    #[serde(default)]
    measured: bool,
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
    let mut response = Html(document(&content, params.measured)).into_response();
    let policy = policy(&origin, params.measured);
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

/// What the document may do, whatever it contains.
fn policy(origin: &str, measured: bool) -> String {
    let (sandbox, scripts) = if measured {
        (" allow-scripts", SCRIPT_HASH.as_str())
    } else {
        ("", "'none'")
    };
    format!(
        "sandbox allow-popups allow-popups-to-escape-sandbox{sandbox}; default-src 'none'; script-src {scripts}; img-src data: {origin}{INLINE} {origin}{REMOTE}; \
         style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
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
fn document(content: &Content, measured: bool) -> String {
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
    // Before the message, so that nothing in it can come between.
    let script = if measured {
        format!("<script>{SCRIPT}</script>")
    } else {
        String::new()
    };
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\"><base target=\"_blank\">\
         <style>body{{margin:0;padding:8px;display:flow-root;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere;background:#fff;color:#1a1a1a}}img{{max-width:100%;height:auto}}\
         pre{{white-space:pre-wrap;font:inherit;margin:0;unicode-bidi:plaintext}}\
         summary{{display:inline-block;padding:0 10px;border-radius:8px;background:#eceef2;color:#444;font:11px/18px system-ui,sans-serif;letter-spacing:1px;cursor:pointer;list-style:none}}</style>{script}</head><body dir=\"auto\">{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, quoted_from: Option<u32>) -> String {
        document(
            &Content {
                html: None,
                text: text.to_owned(),
                remote_blocked: 0,
                quoted_from,
            },
            false,
        )
    }

    #[test]
    fn plain_text_stays_text_and_its_history_is_folded() {
        let shown = plain("<script>alert(1)</script>\n> old", Some(26));
        assert!(shown.contains("<pre>&lt;script&gt;alert(1)&lt;/script&gt;\n</pre><details><summary>…</summary><pre>&gt; old</pre></details>"), "{shown}");
        assert!(!shown.contains("<script"));
    }

    #[test]
    fn one_script_may_run_if_it_is_asked_for_and_no_other() {
        let quiet = policy("https://mail.example", false);
        assert!(
            quiet.contains("script-src 'none'") && !quiet.contains("allow-scripts"),
            "{quiet}"
        );
        let measured = policy("https://mail.example", true);
        let scripts: Vec<&str> = measured
            .split(';')
            .filter_map(|directive| directive.trim().strip_prefix("script-src "))
            .collect();
        let hash = STANDARD.encode(Sha256::digest(SCRIPT));
        assert_eq!(scripts, [format!("'sha256-{hash}'")]);
        assert!(
            !measured.contains("allow-same-origin") && !measured.contains("allow-top"),
            "{measured}"
        );

        let hostile = Content {
            html: Some("<p>x</p>".into()),
            text: String::new(),
            remote_blocked: 0,
            quoted_from: None,
        };
        let shown = document(&hostile, true);
        assert_eq!(shown.matches("<script").count(), 1);
        // What is hashed is what stands between the tags, to the byte; and it must not end them itself.
        assert!(shown.contains(&format!("<script>{SCRIPT}</script></head>")));
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains('\r'));
        assert!(!document(&hostile, false).contains("<script"));
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
