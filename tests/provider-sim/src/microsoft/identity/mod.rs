//! Microsoft identity platform v2.0: authorize, token, keys, metadata, admin consent.

mod authorize;
mod consent;
mod metadata;
mod refusal;
mod store;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::{HeaderMap, header};

use super::directory::{CONSUMERS, Person};
use super::shared::Shared;

pub(crate) use store::{Access, Identity};

/// Scopes that only speak of who somebody is.
const SIGN_IN_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// Scopes that work accounts only can give.
const WORK_ONLY: &str = ".Shared";
/// What a Graph scope may be written with.
const GRAPH: &str = "https://graph.microsoft.com/";

/// All addresses below a tenant.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(authorize::authorize).post(authorize::authorize_form),
        )
        .route("/{tenant}/oauth2/v2.0/consent", post(consent::decide))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/{tenant}/oauth2/v2.0/logout", get(metadata::logout))
        .route("/{tenant}/v2.0/adminconsent", get(consent::admin_consent))
        .route(
            "/{tenant}/v2.0/adminconsent/decide",
            post(consent::admin_decide),
        )
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(metadata::configuration),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(metadata::keys))
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
        .filter(|t| !t.is_empty())
}

/// Short names of the wanted scopes, without repetition: `https://graph.microsoft.com/Mail.Send` is `Mail.Send`.
fn scopes(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for scope in text.split_whitespace() {
        let short = scope
            .strip_prefix(GRAPH)
            .or_else(|| scope.strip_prefix("https://graph.microsoft.us/"))
            .unwrap_or(scope);
        if !out.iter().any(|s| s.eq_ignore_ascii_case(short)) {
            out.push(short.to_owned());
        }
    }
    out
}

fn is_sign_in(scope: &str) -> bool {
    SIGN_IN_SCOPES.iter().any(|s| s.eq_ignore_ascii_case(scope))
}

/// May this account use this tenant's endpoint?
fn fits_tenant(tenant: &str, person: &Person) -> bool {
    match tenant {
        "common" => true,
        "organizations" => !person.personal(),
        "consumers" => person.personal(),
        id if id == CONSUMERS => person.personal(),
        id => person.tid.eq_ignore_ascii_case(id),
    }
}

/// Is this a tenant at all?
fn is_tenant(tenant: &str) -> bool {
    matches!(tenant, "common" | "organizations" | "consumers")
        || uuid::Uuid::parse_str(tenant).is_ok()
        || tenant.contains('.')
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, v)| v.as_str())
        .filter(|v| !v.is_empty())
}
