//! The token endpoint: codes and refresh tokens go in, tokens come out; refusals become typed.

use std::cell::RefCell;
use std::collections::HashMap;

use http::StatusCode;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::{OAuthError, Reason};
use crate::platform::{HttpError, Platform, Response};
use crate::provider::retry;
use crate::settings::{Endpoints, ProviderKind, Secret};

/// How long to wait when a provider is in trouble and doesn't say how long, in milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// What OpenID Connect and Google add to a token answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extra {
    id_token: Option<Secret>,
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for Extra {}

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// This host, as the provider knows it.
pub(super) struct Registered {
    pub(super) kind: ProviderKind,
    pub(super) client_id: String,
    pub(super) secret: Secret,
    pub(super) endpoints: Endpoints,
}

/// What a provider granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access: Secret,
    /// Seconds.
    pub(super) lives: u64,
    pub(super) refresh: Option<Secret>,
    /// Seconds; none: no end in sight.
    pub(super) refresh_lives: Option<u64>,
    /// None: exactly what was asked for.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) id_token: Option<Secret>,
}

impl From<Answer> for Granted {
    fn from(answer: Answer) -> Self {
        Self {
            access: Secret(answer.access_token().secret().clone()),
            // RFC 6749 leaves it out when it is "known"; an hour is what both providers give.
            lives: answer.expires_in().map_or(3600, |lives| lives.as_secs()),
            refresh: answer
                .refresh_token()
                .map(|token| Secret(token.secret().clone())),
            refresh_lives: answer.extra_fields().refresh_token_expires_in,
            // Some servers answer one string in a list, so split again.
            scopes: answer.scopes().map(|scopes| {
                scopes
                    .iter()
                    .flat_map(|scope| scope.split(' '))
                    .map(str::to_owned)
                    .collect()
            }),
            id_token: answer.extra_fields().id_token.clone(),
        }
    }
}

impl Registered {
    /// The library's client.
    pub(super) fn client(&self) -> Result<Client, OAuthError> {
        let wrong =
            |error: url::ParseError| OAuthError::Administrator(Reason::Endpoint(error.to_string()));
        Ok(oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.secret.0.clone()))
            // Both providers document the secret in the body.
            .set_auth_type(oauth2::AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(self.endpoints.authorize.clone()).map_err(wrong)?)
            .set_token_uri(TokenUrl::new(self.endpoints.token.clone()).map_err(wrong)?))
    }

    /// Turns a code into tokens.
    pub(super) async fn code(
        &self,
        platform: &impl Platform,
        code: &str,
        verifier: &Secret,
        redirect: &str,
    ) -> Result<Granted, OAuthError> {
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| OAuthError::BeginAgain(Reason::Redirect(error.to_string())))?;
        let client = self.client()?.set_redirect_uri(redirect);
        let sent = Sent::new(platform);
        let http = |request| sent.send(request);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.0.clone()));
        let answer = request.request_async(&http).await;
        answer
            .map(Granted::from)
            .map_err(|error| sent.refusal(self, &error, true))
    }

    /// Turns a refresh token into a new access token.
    pub(super) async fn refresh(
        &self,
        platform: &impl Platform,
        token: &Secret,
        scopes: &[String],
    ) -> Result<Granted, OAuthError> {
        let client = self.client()?;
        let sent = Sent::new(platform);
        let http = |request| sent.send(request);
        let token = RefreshToken::new(token.0.clone());
        let mut request = client.exchange_refresh_token(&token);
        if self.kind == ProviderKind::Microsoft {
            request = request.add_scopes(scopes.iter().cloned().map(Scope::new));
        }
        let answer = request.request_async(&http).await;
        answer
            .map(Granted::from)
            .map_err(|error| sent.refusal(self, &error, false))
    }
}

/// Sends for the library, and keeps the answer: its error type has no room for what the providers add to a refusal.
struct Sent<'a, P> {
    platform: &'a P,
    answer: RefCell<Option<Result<Response, HttpError>>>,
}

impl<'a, P: Platform> Sent<'a, P> {
    fn new(platform: &'a P) -> Self {
        Self {
            platform,
            answer: RefCell::new(None),
        }
    }

    async fn send(&self, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, HttpError> {
        let answer = self.platform.send_alone(request).await;
        self.answer.replace(Some(answer.clone()));
        answer
    }

    fn refusal(
        &self,
        registered: &Registered,
        error: &dyn std::error::Error,
        first: bool,
    ) -> OAuthError {
        let now = self.platform.now();
        match self.answer.take() {
            Some(Ok(answer)) => refusal(registered, &answer, now, first),
            Some(Err(HttpError::Denied(origin))) => {
                OAuthError::Administrator(Reason::NotGranted(origin))
            }
            Some(Err(HttpError::Unreachable(why))) => OAuthError::Wait {
                until: now + PATIENCE_MS,
                reason: Reason::Unreachable {
                    provider: registered.kind.name(),
                    why,
                },
            },
            None => OAuthError::Wait {
                until: now + PATIENCE_MS,
                reason: Reason::Fault(error.to_string()),
            },
        }
    }
}

/// A refusal as the token endpoint words it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
    error_subtype: String,
    error_codes: Vec<u64>,
    suberror: String,
    #[serde(flatten)]
    _more: HashMap<String, serde_json::Value>,
}

/// What a refused exchange asks for. `first`: a code was exchanged, so that "sign in again" means "begin again".
fn refusal(registered: &Registered, answer: &Response, now: u64, first: bool) -> OAuthError {
    let refusal: Refusal = serde_json::from_slice(answer.body()).unwrap_or_default();
    let provider = registered.kind.name();
    let code = |codes: &[u64]| refusal.error_codes.iter().any(|code| codes.contains(code));
    // The first sentence is for people; what follows names traces.
    let said = refusal
        .error_description
        .lines()
        .next()
        .unwrap_or_default()
        .split(" Trace ID")
        .next()
        .unwrap_or_default()
        .to_owned();
    let again = |reason: Reason| {
        if first {
            OAuthError::BeginAgain(reason)
        } else {
            OAuthError::Reconnect(reason)
        }
    };
    let administrator = OAuthError::Administrator;
    match refusal.error.as_str() {
        "invalid_client" | "unauthorized_client" if code(&[7_000_222]) => {
            administrator(Reason::SecretExpired(provider))
        }
        "invalid_client" | "unauthorized_client" => {
            administrator(Reason::SecretRefused { provider, said })
        }
        "redirect_uri_mismatch" => administrator(Reason::RedirectUnknown { provider, said }),
        "invalid_grant" | "consent_required" if code(&[90_094]) => {
            administrator(admin_consent(registered))
        }
        "invalid_grant" => again(dead_grant(&refusal, said)),
        "interaction_required" | "consent_required" | "login_required" => {
            again(Reason::SignInAgain(said))
        }
        "admin_policy_enforced" | "org_internal" => administrator(Reason::Policy(said)),
        "invalid_scope" | "invalid_request" if !answer.status().is_server_error() => {
            administrator(Reason::RequestRefused { provider, said })
        }
        _ => {
            let until = retry::after(answer, now).unwrap_or(now + PATIENCE_MS);
            let reason = match answer.status() {
                StatusCode::TOO_MANY_REQUESTS => Reason::Limited(provider),
                status => Reason::NoToken {
                    provider,
                    said: format!(
                        "HTTP {}{}{said}",
                        status.as_u16(),
                        if said.is_empty() { "" } else { ": " }
                    ),
                },
            };
            OAuthError::Wait { until, reason }
        }
    }
}

fn dead_grant(refusal: &Refusal, said: String) -> Reason {
    let rapt = matches!(
        refusal.error_subtype.as_str(),
        "invalid_rapt" | "rapt_required"
    );
    if rapt {
        return Reason::SessionControl;
    }
    if refusal.suberror == "bad_token" {
        return Reason::GrantEnded(String::new());
    }
    Reason::GrantEnded(said)
}

/// Where an administrator of the mailbox's organisation approves this application.
pub(super) fn admin_consent(registered: &Registered) -> Reason {
    let authority = registered
        .endpoints
        .authority
        .as_deref()
        .unwrap_or_default();
    let id: String =
        url::form_urlencoded::byte_serialize(registered.client_id.as_bytes()).collect();
    Reason::AdminConsent(format!(
        "{authority}/organizations/v2.0/adminconsent?client_id={id}"
    ))
}
