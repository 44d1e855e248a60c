//! "Verify setup": tries the saved settings of a provider against the provider, as far as that goes without a person.
//!
//! A made-up code is exchanged: a provider that knows the client and takes its secret complains about the code
//! (`invalid_grant`), any other complaint names the setting that is wrong. The consent page is asked for with the redirect URI, and
//! the API without a token, which a right address answers with 401.

use http::{Method, StatusCode};
use url::Url;

use super::texts::{Locale, Text};
use super::{Endpoints, ProviderKind, ProviderSettings, Secret, Section};
use crate::platform::{HttpError, Platform, Request, Response, StoreError};

/// How a step went; see `settings.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// One step, in the caller's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tried.
    pub title: String,
    /// How it went.
    pub outcome: Outcome,
    /// What to do about it; empty if there is nothing to do.
    pub detail: String,
}

/// What is known of a step.
type Finding = (Outcome, String);

/// Tries a provider's section; the section of synchronising has nothing to try.
pub async fn check(
    platform: &impl Platform,
    section: Section,
    locale: Locale,
) -> Result<Vec<Step>, StoreError> {
    let Section::Provider(kind) = section else {
        return Ok(Vec::new());
    };
    let settings = super::provider(platform, kind).await?;
    let secret = super::client_secret(platform, kind).await?;
    let endpoints = settings.endpoints(kind);
    let text = |text: Text| text.in_locale(locale);
    let skipped = || (Outcome::Skipped, text(Text::NoteSkipped));

    let network = network(platform, &endpoints, locale).await;
    let reached = network.0 == Outcome::Passed;
    let (client, accepted) = match secret {
        _ if !reached => (skipped(), skipped()),
        Some(secret) if !settings.client_id.is_empty() => {
            exchange(platform, &settings, &endpoints, &secret, locale).await
        }
        _ => ((Outcome::Failed, text(Text::FixFill)), skipped()),
    };
    let redirect = match platform.redirect_uri() {
        Some(uri) if client.0 == Outcome::Passed => {
            redirect(platform, &settings, &endpoints, &uri, locale).await
        }
        _ => skipped(),
    };
    let api = api(platform, kind, &endpoints, locale).await;
    let titles = [
        Text::StepNetwork,
        Text::StepClient,
        Text::StepSecret,
        Text::StepRedirect,
        Text::StepApi,
    ];
    let findings = [network, client, accepted, redirect, api];
    Ok(titles
        .into_iter()
        .zip(findings)
        .map(|(title, (outcome, detail))| Step {
            title: text(title),
            outcome,
            detail,
        })
        .collect())
}

async fn network(platform: &impl Platform, endpoints: &Endpoints, locale: Locale) -> Finding {
    match get(platform, &endpoints.keys).await {
        Ok(answer) if answer.status() == StatusCode::OK => (Outcome::Passed, String::new()),
        Ok(answer) => (
            Outcome::Failed,
            format!(
                "{} {} ({})",
                Text::FixNetwork.in_locale(locale),
                endpoints.keys,
                answer.status().as_u16()
            ),
        ),
        Err(error) => (Outcome::Failed, unreached(&error, &endpoints.keys, locale)),
    }
}

fn unreached(error: &HttpError, url: &str, locale: Locale) -> String {
    match error {
        HttpError::Denied(origin) => format!("{} {origin}", Text::FixGrant.in_locale(locale)),
        HttpError::Unreachable(reason) => {
            format!("{} {url} ({reason})", Text::FixNetwork.in_locale(locale))
        }
    }
}

/// Findings about the client id and about its secret.
async fn exchange(
    platform: &impl Platform,
    settings: &ProviderSettings,
    endpoints: &Endpoints,
    secret: &Secret,
    locale: Locale,
) -> (Finding, Finding) {
    let text = |text: Text| text.in_locale(locale);
    let passed = || (Outcome::Passed, String::new());
    let redirect = platform.redirect_uri().unwrap_or_default();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", "0")
        .append_pair("redirect_uri", &redirect)
        .append_pair("client_id", &settings.client_id)
        .append_pair("client_secret", &secret.0)
        .append_pair("code_verifier", &"0".repeat(43))
        .finish();
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(&endpoints.token)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(body.into_bytes());
    let answer = match request.map_err(|error| HttpError::Unreachable(error.to_string())) {
        Ok(request) => platform.send_alone(request).await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return (
                (Outcome::Failed, unreached(&error, &endpoints.token, locale)),
                (Outcome::Skipped, text(Text::NoteSkipped)),
            );
        }
    };
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let word = |name: &str| {
        body.get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (error, description) = (word("error"), word("error_description"));
    // AADSTS700016: no such application in this tenant; 90002: no such tenant.
    let unknown = description.contains("AADSTS700016")
        || description.contains("AADSTS90002")
        || description.to_lowercase().contains("not found");
    match error.as_str() {
        "invalid_grant" | "invalid_request" | "redirect_uri_mismatch" if !unknown => {
            (passed(), passed())
        }
        "invalid_client" if !unknown => (passed(), (Outcome::Failed, text(Text::FixSecret))),
        "invalid_client" | "unauthorized_client" | "invalid_grant" | "invalid_request" => (
            (Outcome::Failed, text(Text::FixClient)),
            (Outcome::Skipped, text(Text::NoteSkipped)),
        ),
        _ => (
            (Outcome::Skipped, text(Text::NoteUnclear)),
            (Outcome::Skipped, text(Text::NoteUnclear)),
        ),
    }
}

async fn redirect(
    platform: &impl Platform,
    settings: &ProviderSettings,
    endpoints: &Endpoints,
    uri: &str,
    locale: Locale,
) -> Finding {
    let Ok(mut url) = Url::parse(&endpoints.authorize) else {
        return (Outcome::Failed, Text::ProblemUrl.in_locale(locale));
    };
    url.query_pairs_mut()
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", uri)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid email")
        .append_pair("state", "check")
        .append_pair(
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        )
        .append_pair("code_challenge_method", "S256");
    match get(platform, url.as_str()).await {
        Ok(answer) => {
            let location = answer
                .headers()
                .get("location")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let page = String::from_utf8_lossy(answer.body());
            let named = |text: &str| {
                text.contains("redirect_uri_mismatch")
                    || text.contains("AADSTS50011")
                    || text.contains("/oauth/error")
            };
            if named(location) || named(&page) || answer.status() == StatusCode::BAD_REQUEST {
                (
                    Outcome::Failed,
                    format!("{} {uri}", Text::FixRedirect.in_locale(locale)),
                )
            } else if answer.status().is_success() || answer.status().is_redirection() {
                (Outcome::Passed, String::new())
            } else {
                (Outcome::Skipped, Text::NoteUnclear.in_locale(locale))
            }
        }
        Err(error) => (
            Outcome::Failed,
            unreached(&error, &endpoints.authorize, locale),
        ),
    }
}

async fn api(
    platform: &impl Platform,
    kind: ProviderKind,
    endpoints: &Endpoints,
    locale: Locale,
) -> Finding {
    let url = match kind {
        ProviderKind::Google => format!("{}/gmail/v1/users/me/profile", endpoints.api),
        ProviderKind::Microsoft => format!("{}/me", endpoints.api),
    };
    match get(platform, &url).await {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            (Outcome::Passed, Text::NoteApi.in_locale(locale))
        }
        Ok(answer) => (
            Outcome::Failed,
            format!(
                "{} {}",
                Text::FixApi.in_locale(locale),
                answer.status().as_u16()
            ),
        ),
        Err(error) => (Outcome::Failed, unreached(&error, &url, locale)),
    }
}

async fn get(platform: &impl Platform, url: &str) -> Result<Response, HttpError> {
    let request: Request = http::Request::builder()
        .uri(url)
        .body(Vec::new())
        .map_err(|error| HttpError::Unreachable(error.to_string()))?;
    platform.send_alone(request).await
}
