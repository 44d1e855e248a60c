//! The shell: the one document that a browser is given wherever a person goes, and the files that it loads.
//!
//! It is built from `host-runtime/shell` and embedded; a host that is built unoptimised reads it from there instead, so that a developer sees a
//! change at once. The shell asks for everything else through the API, also whether anybody is signed in: the document is the same for all,
//! but for the nonce, which is all that lets a script or style of it run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rust_embed::RustEmbed;

use super::problem::{Kind, Problem, Result};
use super::request::Verbatim;
use super::{AppState, assets, oauth};
use crate::asset::{Asset, is_plain, media_type};
use crate::capability::routing::Target;

/// What stands in the document in place of the nonce.
const NONCE: &str = "__NONCE__";

/// The document.
const DOCUMENT: &str = "index.html";

/// Where the shell tells that linking an account failed.
pub(super) const FAILED: &str = "/oauth/failed";

/// Addresses that the shell shows by itself, each with all that lies below it.
const OWN: [&str; 7] = [
    "/plugins",
    "/settings",
    "/users",
    "/tokens",
    "/audit",
    "/sign-in",
    FAILED,
];

#[derive(RustEmbed)]
#[folder = "shell/dist"]
#[allow_missing = true]
struct Embedded;

/// Where the shell's files are.
pub(super) struct Shell {
    /// Read from here at every request, for whoever works on the shell.
    folder: Option<PathBuf>,
    kept: BTreeMap<String, Arc<Asset>>,
}

impl Shell {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        let mut kept = BTreeMap::new();
        if folder.is_none() && !cfg!(debug_assertions) {
            for name in Embedded::iter() {
                if let (Some(file), Some(media_type)) = (Embedded::get(&name), media_type(&name)) {
                    let asset = Asset::new(owned(file.data), media_type);
                    kept.insert(name.into_owned(), Arc::new(asset));
                }
            }
        }
        Self { folder, kept }
    }

    fn bytes(&self, name: &str) -> Option<Bytes> {
        match &self.folder {
            Some(folder) => std::fs::read(folder.join(name)).ok().map(Bytes::from),
            None => Embedded::get(name).map(|file| owned(file.data)),
        }
    }

    fn file(&self, name: &str) -> Option<Arc<Asset>> {
        let media_type = media_type(name).filter(|_| is_plain(name))?;
        if let Some(kept) = self.kept.get(name) {
            return Some(kept.clone());
        }
        let bytes = self.bytes(name)?;
        Some(Arc::new(Asset::new(bytes, media_type)))
    }

    /// Whether this host was built with a shell.
    pub(super) fn is_there(&self) -> bool {
        self.template().is_some()
    }

    /// None: this host was built without a shell.
    fn template(&self) -> Option<String> {
        String::from_utf8(self.bytes(DOCUMENT)?.into()).ok()
    }
}

fn owned(data: std::borrow::Cow<'static, [u8]>) -> Bytes {
    match data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    }
}

/// Whether a browser asks for a document to be shown.
pub(super) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
        && headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

/// Whether the shell or a plugin's pages show something at this address, whoever is signed in.
pub(super) fn shows(state: &AppState, path: &str) -> bool {
    let own = |own: &&str| {
        path.strip_prefix(*own)
            .is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    path == "/"
        || OWN.iter().any(own)
        || state
            .host()
            .plugins()
            .with_pages()
            .iter()
            .any(|running| running.pages().is_some_and(|pages| pages.claims(path)))
}

/// The document; none: this host was built without a shell.
pub(super) fn document(state: &AppState) -> Option<Response> {
    let template = state.shell().template()?;
    let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
    let mut response = Response::new(Body::from(template.replace(NONCE, &nonce)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    // A nonce is good for one document.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy(&nonce)).ok()?,
    );
    Some(response)
}

/// Scripts run by the nonce and by what they load themselves, which is how a plugin's module comes in. Style elements need the nonce; style
/// attributes are allowed, because lists that scroll place their rows by them. Frames show mail, and files that the browser made itself.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self' blob:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; object-src 'none'"
    )
}

/// `/shell/{file}`.
pub(super) async fn file(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let asset = state.shell().file(&name).ok_or_else(nothing)?;
    // The bundler puts a digest into the names of these.
    let cache = if name.starts_with("assets/") {
        assets::FOR_EVER
    } else {
        assets::FOR_AN_HOUR
    };
    assets::answer(asset, &headers, cache).await
}

/// Every address that no route takes: redirect URIs of plugins, addresses that the shell shows, and nothing.
pub(super) async fn fallback(State(state): State<AppState>, request: Request) -> Result<Response> {
    let path = request.uri().path();
    let callback = state
        .host()
        .routes()
        .find(path)
        .filter(|route| route.target == Target::OauthCallback);
    if let Some(route) = callback.filter(|_| *request.method() == Method::GET) {
        return oauth::callback(&state, &route.plugin, request).await;
    }
    if is_navigation(request.method(), request.headers())
        && !is_for_programs(path)
        && let Some(mut document) = document(&state)
    {
        if !shows(&state, path) {
            // The shell says so in the person's language, and waits for a plugin that is switched on again.
            *document.status_mut() = StatusCode::NOT_FOUND;
            document.extensions_mut().insert(Verbatim);
        }
        return Ok(document);
    }
    Err(nothing())
}

/// Whether nobody goes to what is below such an address, but programs and documents ask for it.
fn is_for_programs(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    matches!(first, Some("api" | "hooks" | "pages" | "shell"))
}

fn nothing() -> Problem {
    Problem::new(
        Kind::NotFound,
        "There is nothing at this address. The addresses of the API are listed in /api/openapi.json.",
    )
}
