//! The few pages that the host writes itself: plain HTML without scripts, readable without style.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};

use super::problem::ProblemDocument;
use super::request::Verbatim;

/// Text as HTML text or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}code{{overflow-wrap:anywhere}}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>\n",
        title = escape(title)
    );
    let mut response = Html(html).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    );
    response
}

/// What runs here, and where its API is described.
pub(crate) fn root(version: &str) -> Response {
    page(
        "Plugin host",
        &format!(
            "<p>This is plugin-host {}. It runs plugins and serves what they bring through an HTTP API.</p>\
             <ul><li><a href=\"/api/openapi.json\">The API, as an OpenAPI document</a></li>\
             <li><a href=\"/healthz\">Is it alive?</a> <a href=\"/readyz\">Is it ready?</a> <a href=\"/metrics\">Figures</a></li></ul>\
             <p>Sign in with <code>POST /api/session</code>, or use an API token as <code>Authorization: Bearer</code>.</p>",
            escape(version)
        ),
    )
}

/// Where a browser ends when its account was not linked, with a way on. The answer goes out as it is.
pub(crate) fn failed(document: &ProblemDocument, next: &str) -> Response {
    let mut response = problem(
        document,
        &format!("<p><a href=\"{}\">Go on</a></p>", escape(next)),
    );
    *response.status_mut() =
        http::StatusCode::from_u16(document.status).unwrap_or(http::StatusCode::BAD_REQUEST);
    response.extensions_mut().insert(Verbatim);
    response
}

/// Where a browser ends after its account was linked, where there are no pages to go on to.
pub(crate) fn linked(next: &str) -> Response {
    page(
        "Done",
        &format!(
            "<p>The account is linked. You can close this window, or go on to <a href=\"{0}\">{0}</a>.</p>",
            escape(next)
        ),
    )
}

/// A problem for somebody who looks at it in a browser. `more` is HTML.
pub(crate) fn problem(document: &ProblemDocument, more: &str) -> Response {
    page(
        &document.title,
        &format!(
            "<p>{}</p>{more}<p><small>Problem <code>{}</code>, request <code>{}</code></small></p>",
            escape(&document.detail),
            escape(&document.r#type),
            escape(&document.request_id)
        ),
    )
}
