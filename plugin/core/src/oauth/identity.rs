//! Who signed in: reads an identity token and holds it against the provider's keys.
//!
//! Accounts are keyed on `sub` (Google) or `tid` and `oid` (Microsoft), never on an address, which may change hands.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use rsa::{BigUint, RsaPublicKey};
use serde::{Deserialize, Serialize};

use super::exchange::Registered;
use super::flow::registered;
use super::{OAuthError, Reason};
use crate::platform::{HttpError, Platform};
use crate::settings::{ProviderKind, Secret};
use crate::store::keys;

/// Clocks may differ by this much, in seconds.
const SKEW_S: u64 = 300;
/// Google's keys for messages of Pub/Sub are asked for again after this time, in milliseconds; Google keeps each for days.
const KEYS_MS: u64 = 3_600_000;
/// `tid` of all personal Microsoft accounts.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Who a mailbox belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Never changes and is never reused.
    pub subject: String,
    /// May change.
    pub email: String,
    /// Empty if the provider doesn't tell.
    pub name: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: u64,
    nonce: String,
    sub: String,
    tid: String,
    oid: String,
    email: String,
    preferred_username: String,
    name: String,
    email_verified: bool,
}

/// One client, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

fn untrusted(why: impl Into<String>) -> OAuthError {
    OAuthError::Untrusted(why.into())
}

/// Checks signature, issuer, audience, time and nonce, and answers who it is.
pub(super) async fn verify(
    platform: &impl Platform,
    registered: &Registered,
    tenant: &str,
    token: &Secret,
    nonce: &str,
) -> Result<Identity, OAuthError> {
    let keys = keys(platform, registered).await?;
    let claims = signed_claims(&token.0, &keys)?;
    let ours = match &claims.aud {
        Audience::One(audience) => *audience == registered.client_id,
        Audience::Many(audiences) => audiences.contains(&registered.client_id),
    };
    if !ours {
        return Err(untrusted("it is meant for another application"));
    }
    if claims.exp + SKEW_S <= platform.now() / 1000 {
        return Err(untrusted("it has expired"));
    }
    if claims.nonce != nonce {
        return Err(untrusted("it belongs to another sign-in"));
    }
    issuer(registered, tenant, &claims)?;
    identity(registered.kind, claims)
}

async fn keys(platform: &impl Platform, registered: &Registered) -> Result<Vec<Key>, OAuthError> {
    let document = key_document(platform, registered).await?;
    let url = &registered.endpoints.keys;
    parsed(&document).ok_or_else(|| untrusted(format!("no keys at {url}")))
}

fn parsed(document: &[u8]) -> Option<Vec<Key>> {
    let keys: Keys = serde_json::from_slice(document).ok()?;
    Some(keys.keys)
}

async fn key_document(
    platform: &impl Platform,
    registered: &Registered,
) -> Result<Vec<u8>, OAuthError> {
    let url = &registered.endpoints.keys;
    let wait = |why: String| OAuthError::Wait {
        until: platform.now() + 10_000,
        reason: Reason::KeysUnreadable {
            provider: registered.kind.name(),
            why,
        },
    };
    let request = http::Request::get(url)
        .body(Vec::new())
        .map_err(|error| OAuthError::Administrator(Reason::Endpoint(format!("{url}: {error}"))))?;
    let answer = match platform.send_alone(request).await {
        Ok(answer) if answer.status().is_success() => answer,
        Ok(answer) => {
            return Err(wait(format!("HTTP {}", answer.status().as_u16())));
        }
        Err(HttpError::Denied(origin)) => {
            return Err(OAuthError::Administrator(Reason::NotGranted(origin)));
        }
        Err(HttpError::Unreachable(reason)) => {
            return Err(wait(reason));
        }
    };
    Ok(answer.into_body())
}

/// Checks what Cloud Pub/Sub signs a message with: by Google, for `audience`, as `account`.
///
/// Anybody can post, so that keys are asked for once an hour, and of what is no such token not at all.
pub(crate) async fn verify_push(
    platform: &impl Platform,
    token: &str,
    audience: &str,
    account: &str,
) -> Result<(), OAuthError> {
    let (registered, _) = registered(platform, ProviderKind::Google).await?;
    let now = platform.now();
    let known = keys::get(platform, ProviderKind::Google.name()).await?;
    let fresh = known
        .as_ref()
        .is_some_and(|row| now < row.fetched.saturating_add(KEYS_MS));
    let claims = match known
        .as_ref()
        .and_then(|row| parsed(row.document.as_bytes()))
    {
        Some(known) if fresh => signed_claims(token, &known)?,
        _ => {
            signature_of(token)?;
            let document = key_document(platform, &registered).await?;
            let found = parsed(&document).ok_or_else(|| untrusted("there are no keys"))?;
            let text = String::from_utf8_lossy(&document).into_owned();
            platform
                .apply(keys::put(ProviderKind::Google.name(), text, now))
                .await?;
            signed_claims(token, &found)?
        }
    };
    let ours = match &claims.aud {
        Audience::One(told) => told == audience,
        Audience::Many(told) => told.iter().any(|told| told == audience),
    };
    if !ours {
        return Err(untrusted("it is meant for another address"));
    }
    if claims.exp + SKEW_S <= now / 1000 {
        return Err(untrusted("it has expired"));
    }
    if account.is_empty() || claims.email != account || !claims.email_verified {
        return Err(untrusted("it is signed for another account"));
    }
    issuer(&registered, "", &claims)
}

/// The claims, if one of the keys signed them.
fn signed_claims(token: &str, keys: &[Key]) -> Result<Claims, OAuthError> {
    let Signed {
        header,
        signed,
        payload,
        signature,
    } = signature_of(token)?;
    let candidates = keys
        .iter()
        .filter(|key| key.kty == "RSA" && (header.kid.is_none() || key.kid == header.kid));
    let verified = candidates.filter_map(public_key).any(|key| {
        VerifyingKey::<Sha256>::new(key)
            .verify(signed.as_bytes(), &signature)
            .is_ok()
    });
    if !verified {
        return Err(untrusted("none of the provider's keys signed it"));
    }
    serde_json::from_slice(&payload).map_err(|_| malformed())
}

/// A token, taken apart and not believed yet.
struct Signed<'a> {
    header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Signature,
}

fn malformed() -> OAuthError {
    untrusted("it is malformed")
}

fn signature_of(token: &str) -> Result<Signed<'_>, OAuthError> {
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
    let bytes = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part.trim_end_matches('='))
            .map_err(|_| malformed())
    };
    let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| malformed())?;
    // Never what the token would like: `none` and shared keys are not for identity.
    if header.alg != "RS256" {
        return Err(untrusted(format!("it is signed with {}", header.alg)));
    }
    let signature = Signature::try_from(bytes(signature)?.as_slice()).map_err(|_| malformed())?;
    Ok(Signed {
        header,
        signed,
        payload: bytes(payload)?,
        signature,
    })
}

fn public_key(key: &Key) -> Option<RsaPublicKey> {
    let number = |text: &str| {
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .ok()
            .map(|bytes| BigUint::from_bytes_be(&bytes))
    };
    RsaPublicKey::new(number(&key.n)?, number(&key.e)?).ok()
}

fn issuer(registered: &Registered, tenant: &str, claims: &Claims) -> Result<(), OAuthError> {
    let wrong = || untrusted(format!("it was issued by {}", claims.iss));
    match registered.kind {
        ProviderKind::Google => {
            let known = ["https://accounts.google.com", "accounts.google.com"]
                .contains(&claims.iss.as_str());
            // A test double issues in its own name; the administrator chose it.
            let double = url::Url::parse(&registered.endpoints.authorize)
                .is_ok_and(|url| url.origin().ascii_serialization() == claims.iss);
            if known || double {
                Ok(())
            } else {
                Err(wrong())
            }
        }
        ProviderKind::Microsoft => {
            let authority = registered
                .endpoints
                .authority
                .as_deref()
                .unwrap_or_default();
            let expected = |base: &str| format!("{base}/{}/v2.0", claims.tid);
            if claims.tid.is_empty()
                || (claims.iss != expected(authority)
                    && claims.iss != expected("https://login.microsoftonline.com"))
            {
                return Err(wrong());
            }
            let fits = match tenant {
                "common" => true,
                "organizations" => claims.tid != PERSONAL,
                "consumers" => claims.tid == PERSONAL,
                // A domain names a tenant whose id only the provider knows; its endpoint lets nobody else in.
                domain if domain.contains('.') => true,
                id => claims.tid == id,
            };
            if fits {
                Ok(())
            } else {
                Err(untrusted("the account belongs to another tenant"))
            }
        }
    }
}

fn identity(kind: ProviderKind, claims: Claims) -> Result<Identity, OAuthError> {
    let subject = match kind {
        ProviderKind::Google => claims.sub,
        ProviderKind::Microsoft if claims.oid.is_empty() => String::new(),
        ProviderKind::Microsoft => format!("{}+{}", claims.tid, claims.oid),
    };
    if subject.is_empty() {
        return Err(untrusted("it does not say who signed in"));
    }
    let email = if claims.email.is_empty() {
        claims.preferred_username
    } else {
        claims.email
    };
    Ok(Identity {
        subject,
        email,
        name: claims.name,
    })
}
