//! The token and revocation endpoints.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::Google;
use super::grants::{ACCESS_SECONDS, Consent, Dead, Issued};
use super::{ISSUER, claims, pairs, value};
use crate::Client;

/// A refusal of the token endpoint.
#[derive(Debug)]
struct TokenError {
    status: StatusCode,
    error: &'static str,
    description: String,
    subtype: Option<&'static str>,
}

impl TokenError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            subtype: None,
        }
    }

    fn bad(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, description)
    }
}

impl From<Dead> for TokenError {
    fn from(dead: Dead) -> Self {
        Self {
            subtype: dead.subtype,
            ..Self::bad("invalid_grant", dead.description)
        }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error, "error_description": self.description});
        if let (Some(subtype), Some(body)) = (self.subtype, body.as_object_mut()) {
            body.insert("error_subtype".to_owned(), subtype.into());
        }
        (
            self.status,
            [(
                header::CACHE_CONTROL,
                "no-cache, no-store, max-age=0, must-revalidate",
            )],
            Json(body),
        )
            .into_response()
    }
}

pub(super) async fn token(
    State(google): State<Arc<Google>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match exchange(&google, &headers, &body) {
        Ok((body, address)) => {
            let mut response = (
                [(
                    header::CACHE_CONTROL,
                    "no-cache, no-store, max-age=0, must-revalidate",
                )],
                Json(body),
            )
                .into_response();
            response
                .extensions_mut()
                .insert(crate::CallerAddress(address));
            response
        }
        Err(error) => error.into_response(),
    }
}

fn exchange(
    google: &Google,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Value, String), TokenError> {
    let form = pairs(&String::from_utf8_lossy(body));
    let client = client(google, headers, &form)?;
    let now = google.context.clock.now();
    let issued = match value(&form, "grant_type") {
        Some("authorization_code") => {
            let code = value(&form, "code").ok_or_else(|| {
                TokenError::bad("invalid_request", "Missing required parameter: code")
            })?;
            google.grants.redeem(code, client.testing, now, |consent| {
                check_code(&form, &client, consent)
            })?
        }
        Some("refresh_token") => {
            let token = value(&form, "refresh_token").ok_or_else(|| {
                TokenError::bad(
                    "invalid_request",
                    "Missing required parameter: refresh_token",
                )
            })?;
            let scopes = value(&form, "scope")
                .map(|scope| scope.split_whitespace().map(str::to_owned).collect());
            google.grants.refresh(token, &client.id, scopes, now)?
        }
        Some(other) => {
            return Err(TokenError::bad(
                "unsupported_grant_type",
                format!("Invalid grant_type: {other}"),
            ));
        }
        None => {
            return Err(TokenError::bad(
                "invalid_request",
                "Missing required parameter: grant_type",
            ));
        }
    };
    let address = issued.address.clone();
    Ok((answer(google, &client, issued, now), address))
}

/// Secret in the form or as HTTP basic authentication.
fn client(
    google: &Google,
    headers: &HeaderMap,
    form: &[(String, String)],
) -> Result<Client, TokenError> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| STANDARD.decode(value).ok())
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|value| {
            let (id, secret) = value.split_once(':')?;
            let plain = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            Some((plain(id), plain(secret)))
        });
    let (id, secret) = match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (
            value(form, "client_id").map(str::to_owned),
            value(form, "client_secret").map(str::to_owned),
        ),
    };
    let id = id.ok_or_else(|| {
        TokenError::bad(
            "invalid_request",
            "Could not determine client ID from request.",
        )
    })?;
    let client = google.client(&id).ok_or_else(|| {
        TokenError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The OAuth client was not found.",
        )
    })?;
    match (&client.secret, secret) {
        (Some(_), None) => Err(TokenError::bad(
            "invalid_request",
            "client_secret is missing.",
        )),
        (Some(known), Some(given)) if *known != given => Err(TokenError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The provided client secret is invalid.",
        )),
        _ => Ok(client.clone()),
    }
}

fn check_code(
    form: &[(String, String)],
    client: &Client,
    consent: &Consent,
) -> Result<(), TokenError> {
    if consent.client != client.id {
        return Err(TokenError::bad("invalid_grant", "Bad Request"));
    }
    if value(form, "redirect_uri") != Some(consent.redirect_uri.as_str()) {
        return Err(TokenError::bad("redirect_uri_mismatch", "Bad Request"));
    }
    let verifier = value(form, "code_verifier");
    match (&consent.challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(TokenError::bad(
            "invalid_grant",
            "code_verifier or verifier is not needed.",
        )),
        (Some(_), None) => Err(TokenError::bad("invalid_grant", "Missing code verifier.")),
        (Some((challenge, method)), Some(verifier)) => {
            let answer = match method.as_str() {
                "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
                _ => verifier.to_owned(),
            };
            if answer == *challenge {
                Ok(())
            } else {
                Err(TokenError::bad("invalid_grant", "Invalid code verifier."))
            }
        }
    }
}

fn answer(google: &Google, client: &Client, issued: Issued, now: u64) -> Value {
    let mut body = json!({
        "access_token": issued.access_token,
        "expires_in": ACCESS_SECONDS,
        "scope": issued.scopes.join(" "),
        "token_type": "Bearer",
    });
    let account = google.mailbox(&issued.address);
    if let Some(object) = body.as_object_mut() {
        if let Some(token) = issued.refresh_token {
            object.insert("refresh_token".to_owned(), token.into());
        }
        if let Some(seconds) = issued.refresh_expires_in {
            object.insert("refresh_token_expires_in".to_owned(), seconds.into());
        }
        if issued.scopes.iter().any(|scope| scope == "openid")
            && let Some(mailbox) = account
        {
            let mut claims = claims(&mailbox.account, &issued.scopes);
            if let Some(claims) = claims.as_object_mut() {
                let hash = Sha256::digest(issued.access_token.as_bytes());
                claims.insert("iss".to_owned(), ISSUER.into());
                claims.insert("azp".to_owned(), client.id.clone().into());
                claims.insert("aud".to_owned(), client.id.clone().into());
                claims.insert("iat".to_owned(), (now / 1000).into());
                claims.insert("exp".to_owned(), (now / 1000 + 3600).into());
                let half = hash.get(..16).unwrap_or_default();
                claims.insert("at_hash".to_owned(), URL_SAFE_NO_PAD.encode(half).into());
                if let Some(nonce) = issued.nonce {
                    claims.insert("nonce".to_owned(), nonce.into());
                }
            }
            object.insert(
                "id_token".to_owned(),
                google.context.keys.sign(&claims).into(),
            );
        }
    }
    body
}

pub(super) async fn revoke(
    State(google): State<Arc<Google>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let mut form = pairs(&String::from_utf8_lossy(&body));
    form.extend(pairs(query.as_deref().unwrap_or_default()));
    match value(&form, "token") {
        Some(token) if google.grants.revoke(token) => Json(json!({})).into_response(),
        Some(_) => TokenError::bad("invalid_token", "Token expired or revoked").into_response(),
        None => {
            TokenError::bad("invalid_request", "Missing required parameter: token").into_response()
        }
    }
}
