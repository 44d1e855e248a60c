//! The token endpoint: codes and refresh tokens for tokens.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::store::{ACCESS_LIFE, Access, Grant, REFRESH_LIFE, Refresh, random};
use super::{fits_tenant, is_sign_in, scopes, value};
use crate::Client;
use crate::microsoft::directory::Person;
use crate::microsoft::shared::Shared;

type Pairs = Vec<(String, String)>;

/// `POST /{tenant}/oauth2/v2.0/token`
pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Pairs>,
) -> Response {
    let now = shared.now();
    match exchange(&shared, &tenant, &headers, &form, now) {
        Ok(body) => (
            [
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ],
            axum::Json(body),
        )
            .into_response(),
        Err(refusal) => refusal.body(now),
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::new(
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{name}'."),
    )
}

fn exchange(
    shared: &Shared,
    tenant: &str,
    headers: &HeaderMap,
    form: &Pairs,
    now: u64,
) -> Result<Value, Refusal> {
    if !super::is_tenant(tenant) {
        return Err(Refusal::new(
            "invalid_request",
            90_002,
            format!("Tenant '{tenant}' not found."),
        ));
    }
    let client = authenticate(shared, headers, form, now)?;
    match value(form, "grant_type") {
        Some("authorization_code") => redeem(shared, tenant, client, form, now),
        Some("refresh_token") => refresh(shared, tenant, client, form, now),
        Some(other) => Err(Refusal::new(
            "unsupported_grant_type",
            70_003,
            format!("The app requested an unsupported grant type '{other}'."),
        )),
        None => Err(missing("grant_type")),
    }
}

/// The application, by form fields or by HTTP Basic.
fn authenticate<'a>(
    shared: &'a Shared,
    headers: &HeaderMap,
    form: &Pairs,
    now: u64,
) -> Result<&'a Client, Refusal> {
    let basic = basic(headers);
    let id = basic
        .as_ref()
        .map(|(id, _)| id.as_str())
        .or_else(|| value(form, "client_id"))
        .ok_or_else(|| missing("client_id"))?;
    let secret = basic
        .as_ref()
        .map(|(_, secret)| secret.as_str())
        .or_else(|| value(form, "client_secret"));
    let client = shared
        .context
        .clients
        .iter()
        .find(|c| c.id == id)
        .ok_or_else(|| Refusal {
            error: "unauthorized_client",
            ..Refusal::new(
                "unauthorized_client",
                700_016,
                format!("Application with identifier '{id}' was not found in the directory."),
            )
        })?;
    match (&client.secret, secret) {
        (None, None) => Ok(client),
        (None, Some(_)) => Err(Refusal::client(
            700_025,
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        )),
        (Some(_), None) => Err(Refusal::client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )),
        (Some(known), Some(given)) if known != given => {
            let message = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{id}'."
            );
            Err(Refusal::client(7_000_215, message))
        }
        _ if client.secret_expires.is_some_and(|e| e <= now) => Err(Refusal::client(
            7_000_222,
            format!("The provided client secret keys for app '{id}' are expired."),
        )),
        _ => Ok(client),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    Some((decode(id), decode(secret)))
}

fn redeem(
    shared: &Shared,
    tenant: &str,
    client: &Client,
    form: &Pairs,
    now: u64,
) -> Result<Value, Refusal> {
    let code = value(form, "code").ok_or_else(|| missing("code"))?;
    let found = shared.identity.with(|i| {
        let found = i.codes.get(code).cloned();
        // A code is spent by the first attempt that names it, whether or not that succeeds.
        if let Some(code) = i
            .codes
            .get_mut(code)
            .filter(|c| c.grant.client == client.id)
        {
            code.used = true;
        }
        found
    });
    let found = found
        .filter(|c| c.grant.client == client.id)
        .ok_or_else(|| {
            Refusal::grant(
                70_000,
                "The provided value for the input parameter 'code' is not valid.",
            )
        })?;
    if found.used {
        return Err(Refusal::grant(
            54_005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
        ));
    }
    if found.expires <= now {
        return Err(Refusal::grant(
            70_008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
        ));
    }
    if value(form, "redirect_uri") != Some(found.redirect_uri.as_str()) {
        return Err(Refusal::grant(
            50_011,
            "The redirect URI specified in the request does not match the one the code was issued for.",
        ));
    }
    check_verifier(found.challenge.as_ref(), value(form, "code_verifier"))?;
    issue(
        shared,
        tenant,
        &found.grant,
        form,
        found.nonce.as_deref(),
        now,
    )
}

fn check_verifier(
    challenge: Option<&(String, bool)>,
    verifier: Option<&str>,
) -> Result<(), Refusal> {
    let Some((challenge, hashed)) = challenge else {
        return Ok(());
    };
    let Some(verifier) = verifier else {
        return Err(Refusal::grant(
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request: it is missing.",
        ));
    };
    let made = if *hashed {
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
    } else {
        verifier.to_owned()
    };
    if made == *challenge {
        return Ok(());
    }
    Err(Refusal::grant(
        501_481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ))
}

fn refresh(
    shared: &Shared,
    tenant: &str,
    client: &Client,
    form: &Pairs,
    now: u64,
) -> Result<Value, Refusal> {
    let token = value(form, "refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let (found, generation) = shared.identity.with(|i| {
        let found = i.refresh.get(token).cloned();
        let generation = found.as_ref().map_or(0, |f| i.generation(&f.grant.address));
        (found, generation)
    });
    let found = found
        .filter(|r| r.grant.client == client.id)
        .ok_or_else(|| {
            Refusal::grant(
                9_002_313,
                "Invalid request. The refresh token is malformed or invalid.",
            )
        })?;
    if found.grant.generation != generation {
        return Err(Refusal::grant(
            50_173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
        ));
    }
    if found.expires <= now {
        return Err(Refusal::grant(
            700_082,
            "The refresh token has expired due to inactivity. The token was issued more than 90 days ago.",
        ));
    }
    issue(shared, tenant, &found.grant, form, None, now)
}

fn issue(
    shared: &Shared,
    tenant: &str,
    grant: &Grant,
    form: &Pairs,
    nonce: Option<&str>,
    now: u64,
) -> Result<Value, Refusal> {
    let person = shared.directory.find(&grant.address).ok_or_else(|| {
        Refusal::grant(50_034, "The user account does not exist in the directory.")
    })?;
    if !fits_tenant(tenant, person) {
        return Err(Refusal::new(
            "invalid_request",
            50_020,
            format!(
                "User account '{}' does not exist in tenant '{tenant}' and cannot access the application in that tenant.",
                grant.address
            ),
        ));
    }
    let wanted = value(form, "scope").map(scopes);
    let granted = match wanted {
        None => grant.scopes.clone(),
        Some(wanted) => narrowed(shared, grant, wanted)?,
    };
    let has = |scope: &str| grant.scopes.iter().any(|s| s.eq_ignore_ascii_case(scope));
    let access = random(
        if person.personal() {
            "EwB4A8l6BAAU"
        } else {
            "eyJ0eXAiOiJKV1QiLCJub25jZSI6"
        },
        30,
    );
    let refresh = has("offline_access").then(|| {
        random(
            if person.personal() {
                "M.C5_BAY."
            } else {
                "1.AXEA"
            },
            20,
        )
    });
    shared.identity.with(|i| {
        i.access.insert(
            access.clone(),
            Access {
                address: grant.address.clone(),
                client: grant.client.clone(),
                scopes: granted.iter().filter(|s| !is_sign_in(s)).cloned().collect(),
                expires: now + ACCESS_LIFE,
                revoked: false,
                cae: grant.cae,
                answered: grant.answered,
            },
        );
        if let Some(token) = &refresh {
            // The old one stays valid: Microsoft rotates without revoking.
            let refresh = Refresh {
                grant: grant.clone(),
                expires: now + REFRESH_LIFE,
            };
            i.refresh.insert(token.clone(), refresh);
        }
    });
    let mut body = json!({
        "token_type": "Bearer",
        "scope": shown(&granted, person),
        "expires_in": ACCESS_LIFE / 1000,
        "ext_expires_in": ACCESS_LIFE / 1000,
        "access_token": access,
    });
    if let Some(object) = body.as_object_mut() {
        if let Some(refresh) = refresh {
            object.insert("refresh_token".to_owned(), json!(refresh));
        }
        if has("openid") {
            object.insert(
                "id_token".to_owned(),
                json!(id_token(shared, person, grant, nonce, now)),
            );
        }
        if has("profile") || has("openid") {
            let info = json!({"uid": person.oid, "utid": person.tid});
            object.insert(
                "client_info".to_owned(),
                json!(URL_SAFE_NO_PAD.encode(info.to_string())),
            );
        }
    }
    Ok(body)
}

/// Wanted scopes, if all were consented to.
fn narrowed(shared: &Shared, grant: &Grant, wanted: Vec<String>) -> Result<Vec<String>, Refusal> {
    let consented = shared.identity.with(|i| {
        i.consents
            .get(&(grant.client.clone(), grant.address.clone()))
            .cloned()
            .unwrap_or_default()
    });
    let default = wanted.iter().any(|s| s.ends_with(".default"));
    if default {
        return Ok(grant.scopes.clone());
    }
    match wanted
        .iter()
        .find(|s| !is_sign_in(s) && !consented.contains(&s.to_lowercase()))
    {
        None => Ok(wanted),
        Some(scope) => Err(Refusal {
            suberror: Some("consent_required"),
            ..Refusal::grant(
                65_001,
                format!(
                    "The user or administrator has not consented to use the application with the scope '{scope}'. Send an interactive authorization request for this user and resource."
                ),
            )
        }),
    }
}

/// Without `offline_access`; with full names for personal accounts, as it is there.
fn shown(granted: &[String], person: &Person) -> String {
    granted
        .iter()
        .filter(|s| *s != "offline_access")
        .map(|s| {
            if person.personal() && !is_sign_in(s) {
                format!("{}{s}", super::GRAPH)
            } else {
                s.clone()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn id_token(
    shared: &Shared,
    person: &Person,
    grant: &Grant,
    nonce: Option<&str>,
    now: u64,
) -> String {
    let seconds = now / 1000;
    // Pairwise: another application sees another subject.
    let subject =
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{}|{}", grant.client, person.oid)));
    let mut claims = json!({
        "ver": "2.0",
        "iss": format!("{}/{}/v2.0", shared.context.base_url, person.tid),
        "sub": subject,
        "aud": grant.client,
        "exp": seconds + 3_600,
        "iat": seconds,
        "nbf": seconds,
        "tid": person.tid,
        "aio": random("", 1),
    });
    let has = |scope: &str| grant.scopes.iter().any(|s| s.eq_ignore_ascii_case(scope));
    if let Some(object) = claims.as_object_mut() {
        if has("profile") {
            object.insert("oid".to_owned(), json!(person.oid));
            object.insert("name".to_owned(), json!(person.account.name));
            object.insert(
                "preferred_username".to_owned(),
                json!(person.account.address),
            );
        }
        if has("email") {
            object.insert("email".to_owned(), json!(person.account.address));
        }
        if let Some(nonce) = nonce {
            object.insert("nonce".to_owned(), json!(nonce));
        }
    }
    shared.context.keys.sign(&claims)
}
