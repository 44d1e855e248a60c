//! Google's OAuth 2.0 and OpenID Connect: the consent page, tokens, revocation, who one is.

mod authorize;
mod consent;
pub(crate) mod grants;
mod token;

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Google;
use crate::{Account, ControlError};

pub(crate) use authorize::Pending;

/// What issues id tokens, whatever the address of the simulator: clients compare it to the letter.
pub(crate) const ISSUER: &str = "https://accounts.google.com";

pub(crate) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/o/oauth2/v2/auth", get(authorize::page))
        .route("/o/oauth2/auth", get(authorize::page))
        .route("/signin/oauth/consent", post(consent::decide))
        .route("/token", post(token::token))
        .route("/revoke", post(token::revoke).get(token::revoke))
        .route("/oauth2/v3/certs", get(certificates))
        .route("/v1/userinfo", get(user_info).post(user_info))
        .route("/oauth2/v3/userinfo", get(user_info))
        .route("/.well-known/openid-configuration", get(metadata))
}

/// 21 digits, the same for the same address.
pub(crate) fn subject(address: &str) -> String {
    let hash = Sha256::digest(address.to_lowercase().as_bytes());
    let number = hash
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("1{number:020}")
}

/// Unguessable, `bytes` strong.
pub(crate) fn random_token(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    rand::Rng::fill(&mut rand::rng(), buffer.as_mut_slice());
    URL_SAFE_NO_PAD.encode(buffer)
}

/// Pairs of a form or query, in order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// The first value of a name; empty counts as missing.
pub(crate) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// What an id token and the user info endpoint say, as far as the scopes allow.
pub(crate) fn claims(account: &Account, scopes: &[String]) -> Value {
    let mut claims = json!({"sub": subject(&account.address)});
    let allowed = |scope: &str| scopes.iter().any(|granted| granted == scope);
    let Some(object) = claims.as_object_mut() else {
        return claims;
    };
    if allowed("email") {
        object.insert("email".to_owned(), account.address.clone().into());
        object.insert("email_verified".to_owned(), true.into());
    }
    if allowed("profile") {
        let (given, family) = account.name.split_once(' ').unwrap_or((&account.name, ""));
        object.insert("name".to_owned(), account.name.clone().into());
        object.insert("given_name".to_owned(), given.into());
        object.insert("family_name".to_owned(), family.into());
    }
    if let Some(domain) = &account.tenant {
        object.insert("hd".to_owned(), domain.clone().into());
    }
    claims
}

async fn certificates(State(google): State<Arc<Google>>) -> Response {
    let cache = HeaderValue::from_static("public, max-age=19432, must-revalidate, no-transform");
    (
        [(header::CACHE_CONTROL, cache)],
        Json(google.context.keys.jwks()),
    )
        .into_response()
}

async fn user_info(
    State(google): State<Arc<Google>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let token = super::api::call::bearer(&headers, query.as_deref());
    let access = token.and_then(|token| google.grants.access(&token, google.context.clock.now()));
    let account = access
        .as_ref()
        .and_then(|access| google.mailbox(&access.address));
    match (access, account) {
        (Some(access), Some(mailbox)) if access.scopes.iter().any(|scope| scope == "openid") => {
            let mut response = Json(claims(&mailbox.account, &access.scopes)).into_response();
            response
                .extensions_mut()
                .insert(crate::CallerAddress(access.address.clone()));
            response
        }
        _ => (
            StatusCode::UNAUTHORIZED,
            [(
                header::WWW_AUTHENTICATE,
                "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
            )],
            Json(json!({"error": "invalid_request", "error_description": "Invalid Credentials"})),
        )
            .into_response(),
    }
}

async fn metadata(State(google): State<Arc<Google>>) -> Json<Value> {
    let base = &google.context.base_url;
    Json(json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "revocation_endpoint": format!("{base}/revoke"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    }))
}

/// From an authorize address to where the browser ends up, without a browser. `scopes`: those ticked; none means all.
pub(crate) fn walk_through(
    google: &Google,
    url: &str,
    address: &str,
    scopes: Option<&[String]>,
    allow: bool,
) -> Result<String, ControlError> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let (pending, _) = authorize::check(google, query)
        .map_err(|refused| ControlError::Invalid(refused.to_string()))?;
    let ticked: Option<Vec<&str>> =
        scopes.map(|scopes| scopes.iter().map(String::as_str).collect());
    Ok(consent::settle(
        google,
        &pending,
        address,
        ticked.as_deref(),
        allow,
    )?)
}
