//! The authorize endpoint: checks the application's request before anybody is asked anything.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::consent;
use super::refusal::Refusal;
use super::store::Pending;
use super::{WORK_ONLY, is_sign_in, is_tenant, scopes, value};
use crate::Audience;
use crate::microsoft::directory::Person;
use crate::microsoft::shared::Shared;

pub(super) async fn authorize(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    begin(&shared, &tenant, &pairs)
}

pub(super) async fn authorize_form(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    begin(&shared, &tenant, &pairs)
}

fn begin(shared: &Shared, tenant: &str, pairs: &[(String, String)]) -> Response {
    let now = shared.now();
    // Until the redirect address is known to be the application's, errors are shown and not sent anywhere.
    let pending = match check(shared, tenant, pairs) {
        Ok(pending) => pending,
        Err(refusal) => return refusal.page(now),
    };
    if let Err(refusal) = check_request(&pending, pairs) {
        return consent::back(&pending, &refusal, now);
    }
    let hint = value(pairs, "login_hint");
    let hinted = hint
        .and_then(|h| shared.directory.find(h))
        .filter(|p| super::fits_tenant(tenant, p));
    if value(pairs, "prompt") == Some("none") {
        return silent(shared, &pending, hinted, now);
    }
    consent::page(shared, pending, hint)
}

fn check(shared: &Shared, tenant: &str, pairs: &[(String, String)]) -> Result<Pending, Refusal> {
    let invalid = |code: u32, message: String| Refusal::new("invalid_request", code, message);
    if !is_tenant(tenant) {
        return Err(invalid(
            900_023,
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            ),
        ));
    }
    let id = value(pairs, "client_id").ok_or_else(|| {
        invalid(
            900_144,
            "The request body must contain the following parameter: 'client_id'.".to_owned(),
        )
    })?;
    let client = shared
        .context
        .clients
        .iter()
        .find(|c| c.id == id)
        .ok_or_else(|| {
            Refusal::new(
                "unauthorized_client",
                700_016,
                format!("Application with identifier '{id}' was not found in the directory."),
            )
        })?;
    let redirect_uri = value(pairs, "redirect_uri").unwrap_or_default();
    if !client.allows_redirect(redirect_uri) {
        return Err(invalid(
            50_011,
            format!(
                "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for the application '{id}'."
            ),
        ));
    }
    match &client.audience {
        Audience::Tenant(own) if matches!(tenant, "common" | "organizations" | "consumers") => {
            return Err(invalid(
                50_194,
                format!(
                    "Application '{id}' is not configured as a multi-tenant application. Usage of the /{tenant} endpoint is not supported for such apps. Use a tenant-specific endpoint, such as {own}."
                ),
            ));
        }
        Audience::Consumers if tenant == "organizations" => {
            return Err(invalid(
                50_020,
                "The application takes personal accounts only.".to_owned(),
            ));
        }
        Audience::Organizations if tenant == "consumers" => {
            return Err(invalid(
                50_020,
                "The application takes work and school accounts only.".to_owned(),
            ));
        }
        _ => {}
    }
    let challenge = value(pairs, "code_challenge").map(|c| {
        (
            c.to_owned(),
            value(pairs, "code_challenge_method").is_some_and(|m| m.eq_ignore_ascii_case("S256")),
        )
    });
    let claims = value(pairs, "claims").unwrap_or_default();
    Ok(Pending {
        tenant: tenant.to_owned(),
        client: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: value(pairs, "state").map(str::to_owned),
        scopes: scopes(value(pairs, "scope").unwrap_or_default()),
        nonce: value(pairs, "nonce").map(str::to_owned),
        challenge,
        form_post: value(pairs, "response_mode") == Some("form_post"),
        cae: claims.contains("xms_cc") && claims.contains("cp1"),
        answers_challenge: claims.contains("nbf") || claims.contains("acrs"),
    })
}

fn check_request(pending: &Pending, pairs: &[(String, String)]) -> Result<(), Refusal> {
    let invalid = |code: u32, message: &str| Err(Refusal::new("invalid_request", code, message));
    if value(pairs, "response_type") != Some("code") {
        return Err(Refusal::new(
            "unsupported_response_type",
            700_054,
            "The response_type is not enabled for the application: only 'code' is.",
        ));
    }
    if pending.scopes.is_empty() {
        return invalid(
            900_144,
            "The request body must contain the following parameter: 'scope'.",
        );
    }
    if let Some(foreign) = pending
        .scopes
        .iter()
        .find(|s| s.contains("://") && !s.ends_with("/.default"))
    {
        return Err(Refusal::new(
            "invalid_scope",
            70_011,
            format!(
                "The provided value for the input parameter 'scope' is not valid. The scope {foreign} does not exist."
            ),
        ));
    }
    Ok(())
}

/// `prompt=none`: a code if the person needn't be asked, else an error.
fn silent(shared: &Shared, pending: &Pending, hinted: Option<&Arc<Person>>, now: u64) -> Response {
    let Some(person) = hinted else {
        let refusal = Refusal::new(
            "login_required",
            50_058,
            "A silent sign-in request was sent but no user is signed in.",
        );
        return consent::back(pending, &refusal, now);
    };
    let address = &person.account.address;
    let consented = shared.identity.with(|i| {
        i.consents
            .get(&(pending.client.clone(), address.clone()))
            .is_some_and(|all| {
                pending
                    .scopes
                    .iter()
                    .all(|s| is_sign_in(s) || all.contains(&s.to_lowercase()))
            })
    });
    if !consented {
        let message = "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.";
        return consent::back(
            pending,
            &Refusal::new("consent_required", 65_001, message),
            now,
        );
    }
    consent::grant(shared, pending, person, now)
}

/// Scopes that this account cannot give at all.
pub(super) fn unavailable(pending: &Pending, person: &Person) -> Option<String> {
    pending
        .scopes
        .iter()
        .find(|s| person.personal() && s.ends_with(WORK_ONLY))
        .cloned()
}
