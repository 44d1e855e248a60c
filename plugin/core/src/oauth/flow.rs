//! From "link account" to a linked account.

use std::fmt;

use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde::{Deserialize, Serialize};

use super::exchange::{Registered, admin_consent};
use super::scope::{self, Feature};
use super::tokens::Grant;
use super::{Identity, OAuthError, Reason, identity};
use crate::platform::Platform;
use crate::settings::{self, ProviderKind, Secret};

/// What a flow is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// The account to be linked again, with the identity that it must be.
    pub account: Option<(String, String)>,
    /// The address of a mailbox that is shared with whoever signs in; none: their own.
    pub mailbox: Option<String>,
    /// The address to be offered for signing in.
    pub login_hint: Option<String>,
    /// Whatever the caller wants back at the end, such as the start date.
    pub options: Vec<(String, String)>,
}

impl Purpose {
    /// What tells an account from all others of the same host's user: who the person is, and which mailbox of theirs.
    #[must_use]
    pub fn identity(&self, subject: &str) -> String {
        match &self.mailbox {
            Some(mailbox) => format!("{subject} {mailbox}"),
            None => subject.to_owned(),
        }
    }
}

/// A flow that has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// The consent page.
    pub authorize_url: String,
    /// Kept by the host, encrypted, until the callback.
    pub flow: Vec<u8>,
}

impl fmt::Debug for Begun {
    /// Without the flow, which holds the PKCE verifier.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Begun")
            .field("authorize_url", &self.authorize_url)
            .finish_non_exhaustive()
    }
}

/// What the host keeps.
#[derive(Serialize, Deserialize)]
struct Flow {
    kind: ProviderKind,
    verifier: Secret,
    nonce: String,
    redirect: String,
    scopes: Vec<String>,
    purpose: Purpose,
}

/// Somebody consented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// At which provider.
    pub kind: ProviderKind,
    /// Who signed in.
    pub identity: Identity,
    /// Tokens; keep them with [`super::tokens::keep`].
    pub grant: Grant,
    /// What the settings want and the consent does not include.
    pub missing: Vec<Feature>,
    /// As given to [`begin`].
    pub purpose: Purpose,
}

impl Link {
    /// The mailbox's address.
    #[must_use]
    pub fn email(&self) -> &str {
        let mailbox = self.purpose.mailbox.as_deref();
        mailbox.unwrap_or(&self.identity.email)
    }
}

/// This host as the provider knows it, or [`OAuthError::NotConfigured`].
pub(super) async fn registered(
    platform: &impl Platform,
    kind: ProviderKind,
) -> Result<(Registered, settings::ProviderSettings), OAuthError> {
    let settings = settings::provider(platform, kind).await?;
    match settings::client_secret(platform, kind).await? {
        Some(secret) if !settings.client_id.is_empty() => {
            let registered = Registered {
                kind,
                client_id: settings.client_id.clone(),
                secret,
                endpoints: settings.endpoints(kind),
            };
            Ok((registered, settings))
        }
        _ => Err(OAuthError::NotConfigured(kind)),
    }
}

/// The address of the consent page. `state` is the host's.
pub async fn begin(
    platform: &impl Platform,
    kind: ProviderKind,
    purpose: Purpose,
    redirect: &str,
    state: &str,
) -> Result<Begun, OAuthError> {
    let (registered, settings) = registered(platform, kind).await?;
    let scopes = scope::requested(kind, &settings, purpose.mailbox.is_some());
    let redirect_url = RedirectUrl::new(redirect.to_owned())
        .map_err(|error| OAuthError::Administrator(Reason::Redirect(error.to_string())))?;
    let verifier = random_text(platform);
    let nonce = random_text(platform);
    let challenge =
        PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
    let client = registered.client()?.set_redirect_uri(redirect_url);
    let mut request = client
        .authorize_url(|| CsrfToken::new(state.to_owned()))
        .add_scopes(scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge)
        .add_extra_param("nonce", &nonce);
    request = match kind {
        // Only an explicit consent brings a refresh token each time.
        ProviderKind::Google => request
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent"),
        ProviderKind::Microsoft if purpose.login_hint.is_some() => {
            request.add_extra_param("response_mode", "query")
        }
        ProviderKind::Microsoft => request
            .add_extra_param("response_mode", "query")
            .add_extra_param("prompt", "select_account"),
    };
    if let Some(hint) = &purpose.login_hint {
        request = request.add_extra_param("login_hint", hint.clone());
    }
    let (url, _) = request.url();
    let flow = Flow {
        kind,
        verifier: Secret(verifier),
        nonce,
        redirect: redirect.to_owned(),
        scopes,
        purpose,
    };
    let flow = serde_json::to_vec(&flow)
        .map_err(|error| OAuthError::BeginAgain(Reason::Fault(error.to_string())))?;
    Ok(Begun {
        authorize_url: url.into(),
        flow,
    })
}

/// What the callback brought. `query` is without `state`, which the host has checked. Stores nothing.
pub async fn complete(
    platform: &impl Platform,
    flow: &[u8],
    query: &[(String, String)],
) -> Result<Link, OAuthError> {
    let flow: Flow =
        serde_json::from_slice(flow).map_err(|_| OAuthError::BeginAgain(Reason::UnknownSignIn))?;
    let (registered, settings) = registered(platform, flow.kind).await?;
    let parameter = |name: &str| {
        query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    if let Some(error) = parameter("error") {
        return Err(declined(
            &registered,
            error,
            parameter("error_description").unwrap_or_default(),
            platform.now(),
        ));
    }
    let code = parameter("code").ok_or(OAuthError::BeginAgain(Reason::NoCode))?;
    let granted = registered
        .code(platform, code, &flow.verifier, &flow.redirect)
        .await?;
    let id_token = granted
        .id_token
        .as_ref()
        .ok_or_else(|| OAuthError::Untrusted("there is none".to_owned()))?;
    let identity = identity::verify(
        platform,
        &registered,
        settings.tenant(),
        id_token,
        &flow.nonce,
    )
    .await?;
    if let Some((_, known)) = &flow.purpose.account
        && *known != flow.purpose.identity(&identity.subject)
    {
        return Err(OAuthError::OtherIdentity(identity.email));
    }
    let policy = settings::sync(platform).await?;
    let mut addresses = std::iter::once(&identity.email).chain(&flow.purpose.mailbox);
    if let Some(foreign) = addresses.find(|email| !policy.allows(email)) {
        return Err(OAuthError::DomainNotAllowed(foreign.clone()));
    }
    let scopes = granted.scopes.clone().unwrap_or(flow.scopes);
    let shared = flow.purpose.mailbox.is_some();
    let allows = |feature: &Feature| scope::allows(flow.kind, &scopes, *feature, shared);
    if !allows(&Feature::Read) {
        return Err(OAuthError::MissingScope(vec![scope::scope_for(
            flow.kind,
            &settings,
            Feature::Read,
            shared,
        )]));
    }
    if granted.refresh.is_none() {
        return Err(OAuthError::BeginAgain(Reason::NoLastingAccess));
    }
    let missing = scope::wanted_features(&settings)
        .into_iter()
        .filter(|feature| !allows(feature))
        .collect();
    let grant = Grant::new(granted, scopes, shared, platform.now());
    Ok(Link {
        kind: flow.kind,
        identity,
        grant,
        missing,
        purpose: flow.purpose,
    })
}

/// Refusals that come with the callback.
fn declined(registered: &Registered, error: &str, description: &str, now: u64) -> OAuthError {
    let provider = registered.kind.name();
    let text = description
        .lines()
        .next()
        .unwrap_or_default()
        .split(" Trace ID")
        .next()
        .unwrap_or_default();
    let said = match (error, text) {
        (error, "") => error.to_owned(),
        (error, text) => format!("{error}: {text}"),
    };
    if description.contains("AADSTS90094")
        || description.contains("AADSTS65001")
        || description.contains("AADSTS900941")
    {
        return OAuthError::Administrator(admin_consent(registered));
    }
    match error {
        "access_denied" => OAuthError::Declined,
        "consent_required" => OAuthError::Administrator(admin_consent(registered)),
        "interaction_required" | "login_required" => {
            OAuthError::BeginAgain(Reason::SignInAgain(said))
        }
        "temporarily_unavailable" | "server_error" => OAuthError::Wait {
            until: now + 30_000,
            reason: Reason::Unavailable { provider, said },
        },
        "admin_policy_enforced" | "org_internal" => OAuthError::Administrator(Reason::Policy(said)),
        "unauthorized_client"
        | "invalid_client"
        | "invalid_scope"
        | "invalid_request"
        | "redirect_uri_mismatch" => {
            OAuthError::Administrator(Reason::RequestRefused { provider, said })
        }
        _ => OAuthError::BeginAgain(Reason::Odd { provider, said }),
    }
}

/// 32 random bytes as text: enough for a verifier and for a nonce.
fn random_text(platform: &impl Platform) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    platform.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
