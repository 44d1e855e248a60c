//! The authorize endpoint: checks the request and shows the consent page.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use url::Url;

use super::super::Google;
use super::{consent, pairs, random_token, value};
use crate::pages::{self, Provider};

/// A request to authorize that waits for a decision.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) offline: bool,
    pub(crate) anew: bool,
    pub(crate) include_granted: bool,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<(String, String)>,
}

impl Pending {
    /// The redirect with these parameters and the state.
    pub(crate) fn answer(&self, parameters: &[(&str, &str)]) -> Option<String> {
        let mut url = Url::parse(&self.redirect_uri).ok()?;
        {
            let mut query = url.query_pairs_mut();
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.extend_pairs(parameters);
        }
        Some(url.into())
    }
}

/// Sign-in scopes are granted with the account; they have no box to tick.
pub(crate) fn is_sign_in(scope: &str) -> bool {
    matches!(
        scope,
        "openid"
            | "email"
            | "profile"
            | "https://www.googleapis.com/auth/userinfo.email"
            | "https://www.googleapis.com/auth/userinfo.profile"
    )
}

/// A scope as responses name it.
fn canonical(scope: &str) -> String {
    match scope {
        "https://www.googleapis.com/auth/userinfo.email" => "email".to_owned(),
        "https://www.googleapis.com/auth/userinfo.profile" => "profile".to_owned(),
        other => other.to_owned(),
    }
}

/// Shown on a page, never sent to the application.
#[derive(Debug, thiserror::Error)]
#[error("{error}: {description}")]
pub(crate) struct Refused {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Refused {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
        }
    }

    fn bad(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, description)
    }
}

/// Checks a request to authorize; answers it with the application's name.
pub(crate) fn check(google: &Google, query: &str) -> Result<(Pending, String), Refused> {
    let parameters = pairs(query);
    let get = |name: &str| value(&parameters, name).map(str::to_owned);
    let missing = |name| {
        Refused::bad(
            "invalid_request",
            format!("Missing required parameter: {name}"),
        )
    };
    let client = get("client_id")
        .and_then(|id| google.client(&id))
        .ok_or_else(|| {
            Refused::new(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "The OAuth client was not found.",
            )
        })?;
    let redirect_uri = get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    if !client.allows_redirect(&redirect_uri) {
        return Err(Refused::bad(
            "redirect_uri_mismatch",
            format!(
                "This app sent an invalid request: register the redirect URI in the Google Cloud Console. \
                 redirect_uri={redirect_uri}"
            ),
        ));
    }
    if get("response_type").as_deref() != Some("code") {
        return Err(Refused::bad(
            "unsupported_response_type",
            "Only response_type=code is offered here.",
        ));
    }
    let scopes: Vec<String> = get("scope")
        .unwrap_or_default()
        .split_whitespace()
        .map(canonical)
        .collect();
    if scopes.is_empty() {
        return Err(missing("scope"));
    }
    if let Some(unknown) = scopes.iter().find(|scope| !is_known(scope)) {
        return Err(Refused::bad(
            "invalid_scope",
            format!("Some requested scopes were invalid. {{invalid=[{unknown}]}}"),
        ));
    }
    let challenge = get("code_challenge").map(|challenge| {
        let method = get("code_challenge_method").unwrap_or_else(|| "plain".to_owned());
        (challenge, method)
    });
    if challenge
        .as_ref()
        .is_some_and(|(_, method)| !matches!(method.as_str(), "S256" | "plain"))
    {
        return Err(Refused::bad(
            "invalid_request",
            "Invalid code challenge method.",
        ));
    }
    let prompt = get("prompt").unwrap_or_default();
    let pending = Pending {
        client: client.id.clone(),
        redirect_uri,
        scopes,
        state: get("state"),
        offline: get("access_type").as_deref() == Some("offline"),
        anew: prompt.split_whitespace().any(|word| word == "consent"),
        include_granted: get("include_granted_scopes").as_deref() == Some("true"),
        nonce: get("nonce"),
        challenge,
    };
    Ok((pending, client.name.clone()))
}

pub(super) async fn page(State(google): State<Arc<Google>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let (pending, client) = match check(&google, &query) {
        Ok(checked) => checked,
        Err(refused) => return error_page(refused.status, refused.error, &refused.description),
    };
    let parameters = pairs(&query);
    if value(&parameters, "prompt") == Some("none") {
        return match pending.answer(&[("error", "interaction_required")]) {
            Some(url) => Redirect::to(&url).into_response(),
            None => StatusCode::BAD_REQUEST.into_response(),
        };
    }
    let id = random_token(18);
    let hint = value(&parameters, "login_hint");
    let page = consent::html(&google, &id, &client, &pending, hint);
    google.pending.lock().insert(id, pending);
    page.into_response()
}

fn is_known(scope: &str) -> bool {
    is_sign_in(scope)
        || scope == "https://mail.google.com/"
        || scope.starts_with("https://www.googleapis.com/auth/")
}

/// Google shows these to the person; nothing goes back to the application.
pub(super) fn error_page(status: StatusCode, error: &str, description: &str) -> Response {
    let page = pages::refused(
        Provider::Google,
        "Access blocked: Authorization Error",
        description,
        &format!("Error {}: {error}", status.as_u16()),
    );
    (status, page).into_response()
}
