//! The consent page and what follows from a click on it; and the administrator's consent.
//!
//! One form: an account (radio buttons), Accept and Cancel. A test drives it by posting the hidden `request`, `account` and
//! `decision` (`allow` or `deny`). All or nothing: Microsoft has no boxes to untick.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;

use super::refusal::Refusal;
use super::store::{CODE_LIFE, Code, Grant, Pending, random};
use super::{authorize, fits_tenant, is_sign_in, value};
use crate::microsoft::directory::Person;
use crate::microsoft::shared::Shared;
use crate::pages::{self, Provider, escape};
use crate::{Audience, ConsentPolicy};

/// Shows the page.
pub(super) fn page(shared: &Shared, pending: Pending, hint: Option<&str>) -> Response {
    let choices: Vec<&Arc<Person>> = shared.directory.people().collect();
    let hinted = hint.and_then(|h| shared.directory.find(h)).or_else(|| {
        choices
            .iter()
            .find(|p| fits_tenant(&pending.tenant, p))
            .copied()
    });
    let accounts: String = choices
        .iter()
        .map(|p| {
            let checked = hinted.is_some_and(|h| Arc::ptr_eq(h, p));
            pages::account(&p.account.name, &p.account.address, checked)
        })
        .collect();
    let wanted: String = pending
        .scopes
        .iter()
        .filter(|s| !is_sign_in(s) || *s == "offline_access")
        .map(|s| {
            format!(
                "<li class=\"scope\"><span class=\"dot\"></span><span>{}<small>{}</small></span></li>",
                describe(s),
                escape(s)
            )
        })
        .collect();
    let name = shared
        .context
        .clients
        .iter()
        .find(|c| c.id == pending.client)
        .map_or("An application", |c| c.name.as_str());
    let action = format!("/{}/oauth2/v2.0/consent", pending.tenant);
    let request = random("", 1);
    shared
        .identity
        .with(|i| i.pending.insert(request.clone(), pending));
    let body = format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"request\" value=\"{request}\">\
         <h1>Permissions requested</h1><p>by {name}</p>\
         <fieldset><legend>Pick an account</legend><div class=\"accounts\">{accounts}</div></fieldset>\
         <fieldset><legend>This app would like to</legend><ul class=\"scopes\">{wanted}</ul></fieldset>{decision}</form>",
        name = escape(name),
        decision = pages::decision("Accept"),
    );
    pages::page(Provider::Microsoft, "Sign in to your account", &body).into_response()
}

fn describe(scope: &str) -> &'static str {
    match scope {
        "Mail.ReadWrite" => "Read and write access to your mail",
        "Mail.Read" => "Read your mail",
        "Mail.Send" => "Send mail as you",
        "User.Read" => "View your basic profile",
        "MailboxSettings.Read" => "Read your mailbox settings",
        "offline_access" => "Maintain access to data you have given it access to",
        "Mail.ReadWrite.Shared" | "Mail.Read.Shared" => "Read mail you can access",
        "Mail.Send.Shared" => "Send mail on behalf of others or yourself",
        _ => "Use what this permission covers",
    }
}

pub(super) async fn decide(
    State(shared): State<Arc<Shared>>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let now = shared.now();
    let request = value(&form, "request").unwrap_or_default();
    let Some(pending) = shared.identity.with(|i| i.pending.remove(request)) else {
        return Refusal::new("invalid_request", 90_100, "This page has expired.").page(now);
    };
    let address = value(&form, "account").unwrap_or_default();
    let Some(person) = shared.directory.find(address).filter(|p| !p.is_shared()) else {
        return Refusal::new(
            "invalid_request",
            50_034,
            format!("The user account {address} does not exist in the directory."),
        )
        .page(now);
    };
    if let Some(refusal) = wrong_account(&shared, &pending, person) {
        return refusal.page(now);
    }
    if value(&form, "decision") != Some("allow") {
        return back(
            &pending,
            &Refusal::new(
                "access_denied",
                65_004,
                "User declined to consent to access the app.",
            ),
            now,
        );
    }
    let approved = shared.identity.with(|i| {
        i.approved
            .contains(&(pending.client.clone(), person.tid.clone()))
    });
    match person.account.consent {
        ConsentPolicy::AdminApproval if !approved => {
            let message = "The grant requires admin permission. An administrator of the organization must approve the application.";
            back(
                &pending,
                &Refusal::new("access_denied", 90_094, message),
                now,
            )
        }
        ConsentPolicy::StepUp => {
            let message = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.";
            back(
                &pending,
                &Refusal::new("interaction_required", 50_076, message),
                now,
            )
        }
        _ => grant(&shared, &pending, person, now),
    }
}

/// The account may not be used here: said on the page, nothing is sent back.
fn wrong_account(shared: &Shared, pending: &Pending, person: &Person) -> Option<Refusal> {
    let audience = shared
        .context
        .clients
        .iter()
        .find(|c| c.id == pending.client)
        .map(|c| &c.audience);
    let allowed = match audience {
        Some(Audience::Any) => true,
        Some(Audience::Organizations) => !person.personal(),
        Some(Audience::Consumers) => person.personal(),
        Some(Audience::Tenant(tenant)) => person.tid.eq_ignore_ascii_case(tenant),
        None => false,
    };
    if allowed && fits_tenant(&pending.tenant, person) {
        return authorize::unavailable(pending, person).map(|scope| {
            Refusal::new(
                "invalid_scope",
                70_011,
                format!("The scope {scope} is not available to personal Microsoft accounts."),
            )
        });
    }
    Some(Refusal::new(
        "invalid_request",
        50_020,
        format!(
            "User account '{}' from identity provider does not exist in tenant '{}' and cannot access the application.",
            person.account.address, pending.tenant
        ),
    ))
}

/// Back to the application with a code.
pub(super) fn grant(shared: &Shared, pending: &Pending, person: &Person, now: u64) -> Response {
    let address = person.account.address.clone();
    let code = random(if person.personal() { "M.C5" } else { "1.AX" }, 6);
    shared.identity.with(|i| {
        let consent = i
            .consents
            .entry((pending.client.clone(), address.clone()))
            .or_default();
        consent.extend(pending.scopes.iter().map(|s| s.to_lowercase()));
        let answered = if pending.answers_challenge {
            i.challenged(&address)
        } else {
            0
        };
        let grant = Grant {
            generation: i.generation(&address),
            address,
            client: pending.client.clone(),
            scopes: pending.scopes.clone(),
            cae: pending.cae,
            answered,
        };
        i.codes.insert(
            code.clone(),
            Code {
                grant,
                redirect_uri: pending.redirect_uri.clone(),
                challenge: pending.challenge.clone(),
                nonce: pending.nonce.clone(),
                expires: now + CODE_LIFE,
                used: false,
            },
        );
    });
    let session = uuid::Uuid::new_v4().to_string();
    answer(pending, &[("code", &code), ("session_state", &session)])
}

/// Back to the application with an error.
pub(super) fn back(pending: &Pending, refusal: &Refusal, now: u64) -> Response {
    let description = refusal.description(now);
    let mut pairs = vec![
        ("error", refusal.error),
        ("error_description", description.as_str()),
    ];
    if refusal.code == 65_004 {
        pairs.push(("error_subcode", "cancel"));
    }
    answer(pending, &pairs)
}

fn answer(pending: &Pending, pairs: &[(&str, &str)]) -> Response {
    let state = pending.state.as_deref().map(|s| ("state", s));
    let pairs: Vec<(&str, &str)> = pairs.iter().copied().chain(state).collect();
    if pending.form_post {
        let inputs: String = pairs
            .iter()
            .map(|(n, v)| {
                format!(
                    "<input type=\"hidden\" name=\"{n}\" value=\"{}\">",
                    escape(v)
                )
            })
            .collect();
        let html = format!(
            "<!DOCTYPE html><html><body onload=\"document.forms[0].submit()\"><form method=\"post\" action=\"{}\">{inputs}<noscript><button>Continue</button></noscript></form></body></html>",
            escape(&pending.redirect_uri)
        );
        return Html(html).into_response();
    }
    redirect(&pending.redirect_uri, &pairs)
}

fn redirect(to: &str, pairs: &[(&str, &str)]) -> Response {
    match url::Url::parse(to) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs);
            Redirect::to(url.as_str()).into_response()
        }
        Err(_) => (StatusCode::BAD_REQUEST, "The redirect URI is malformed.").into_response(),
    }
}

/// `/{tenant}/v2.0/adminconsent`: a page of its own, for administrators.
pub(super) async fn admin_consent(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let now = shared.now();
    let Some(client) = value(&pairs, "client_id")
        .and_then(|id| shared.context.clients.iter().find(|c| c.id == id))
    else {
        return Refusal::new(
            "unauthorized_client",
            700_016,
            "The application was not found in the directory.",
        )
        .page(now);
    };
    let redirect_uri = value(&pairs, "redirect_uri").unwrap_or_default();
    if !client.allows_redirect(redirect_uri) {
        return Refusal::new(
            "invalid_request",
            50_011,
            format!("The redirect URI '{redirect_uri}' does not match."),
        )
        .page(now);
    }
    let hidden: String = pairs
        .iter()
        .map(|(n, v)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escape(n),
                escape(v)
            )
        })
        .collect();
    let body = format!(
        "<form method=\"post\" action=\"/{}/v2.0/adminconsent/decide\">{hidden}<h1>Permissions requested</h1><p>{}: review for your organization</p>{}</form>",
        escape(&tenant),
        escape(&client.name),
        pages::decision("Accept"),
    );
    pages::page(Provider::Microsoft, "Permissions requested", &body).into_response()
}

pub(super) async fn admin_decide(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let now = shared.now();
    let Some(client) =
        value(&form, "client_id").and_then(|id| shared.context.clients.iter().find(|c| c.id == id))
    else {
        return Refusal::new(
            "unauthorized_client",
            700_016,
            "The application was not found in the directory.",
        )
        .page(now);
    };
    let redirect_uri = value(&form, "redirect_uri").unwrap_or_default();
    if !client.allows_redirect(redirect_uri) {
        return Refusal::new(
            "invalid_request",
            50_011,
            format!("The redirect URI '{redirect_uri}' does not match."),
        )
        .page(now);
    }
    let tenant = match tenant.as_str() {
        "common" | "organizations" => crate::microsoft::directory::DEFAULT_TENANT.to_owned(),
        _ => tenant,
    };
    let state = value(&form, "state").unwrap_or_default();
    if value(&form, "decision") != Some("allow") {
        let description = Refusal::new(
            "access_denied",
            65_004,
            "The administrator declined to consent.",
        )
        .description(now);
        return redirect(
            redirect_uri,
            &[
                ("error", "access_denied"),
                ("error_description", &description),
                ("state", state),
            ],
        );
    }
    shared
        .identity
        .with(|i| i.approved.insert((client.id.clone(), tenant.clone())));
    redirect(
        redirect_uri,
        &[
            ("admin_consent", "True"),
            ("tenant", &tenant),
            ("state", state),
        ],
    )
}
