//! The consent page and what follows from a click on it.
//!
//! One form: an account (radio buttons), a box per scope that can be refused, Continue and Cancel. A test drives it by posting the
//! hidden `request`, `account`, `scope` (once per ticked box) and `decision` (`allow` or `deny`).

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;

use super::super::Google;
use super::authorize::{Pending, error_page, is_sign_in};
use super::grants::Consent;
use super::value;
use crate::pages::{self, Provider, escape};
use crate::{ConsentPolicy, ControlError};

pub(super) fn html(
    google: &Google,
    id: &str,
    client: &str,
    pending: &Pending,
    login_hint: Option<&str>,
) -> Html<String> {
    let accounts: Vec<_> = google.people().collect();
    let hinted = login_hint
        .and_then(|hint| {
            accounts.iter().find(|account| {
                account.address.eq_ignore_ascii_case(hint)
                    || super::subject(&account.address) == hint
            })
        })
        .or(accounts.first());
    let choices: String = accounts
        .iter()
        .map(|account| {
            let checked = hinted.is_some_and(|hinted| hinted.address == account.address);
            pages::account(&account.name, &account.address, checked)
        })
        .collect();
    let optional: Vec<&String> = pending
        .scopes
        .iter()
        .filter(|scope| !is_sign_in(scope))
        .collect();
    // With a single scope there is nothing to choose: it is allowed or denied with the whole.
    let boxes: String = optional
        .iter()
        .map(|scope| {
            let (kind, mark) = if optional.len() == 1 {
                ("hidden", "<span class=\"dot\"></span>")
            } else {
                ("checkbox", "")
            };
            format!(
                "<label class=\"scope\"><input type=\"{kind}\" name=\"scope\" value=\"{scope}\" checked>{mark}<span>{what}<small>{scope}</small></span></label>",
                scope = escape(scope),
                what = escape(describe(scope)),
            )
        })
        .collect();
    let body = format!(
        "<form method=\"post\" action=\"/signin/oauth/consent\"><input type=\"hidden\" name=\"request\" value=\"{id}\">\
         <h1>{client} wants access to your Google Account</h1>\
         <fieldset><legend>Choose an account</legend><div class=\"accounts\">{choices}</div></fieldset>\
         <fieldset><legend>Select what {client} can access</legend>{boxes}</fieldset>{decision}</form>",
        client = escape(client),
        decision = pages::decision("Continue"),
    );
    pages::page(Provider::Google, "Sign in", &body)
}

fn describe(scope: &str) -> &'static str {
    match scope.rsplit('/').next().unwrap_or_default() {
        "gmail.readonly" => "View your email messages and settings.",
        "gmail.modify" => "Read, compose, and send emails from your Gmail account.",
        "gmail.compose" => "Manage drafts and send emails.",
        "gmail.send" => "Send email on your behalf.",
        "gmail.labels" => "See and edit your email labels.",
        "gmail.metadata" => "View your email message metadata when the app is running.",
        "gmail.settings.basic" => {
            "See, edit, create, or change your email settings and filters in Gmail."
        }
        "" => "Read, compose, send, and permanently delete all your email from Gmail.",
        _ => "See and change what this scope covers.",
    }
}

pub(super) async fn decide(
    State(google): State<Arc<Google>>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let pending = value(&form, "request").and_then(|id| google.pending.lock().remove(id));
    let Some(pending) = pending else {
        return error_page(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "This page has expired.",
        );
    };
    let address = value(&form, "account").unwrap_or_default();
    let ticked: Vec<&str> = form
        .iter()
        .filter(|(name, _)| name == "scope")
        .map(|(_, scope)| scope.as_str())
        .collect();
    let allow = value(&form, "decision") == Some("allow");
    match settle(&google, &pending, address, Some(&ticked), allow) {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(Refusal::Page(status, error, description)) => error_page(status, error, description),
    }
}

/// No redirect: the person is told.
#[derive(Debug)]
pub(crate) enum Refusal {
    Page(StatusCode, &'static str, &'static str),
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        let Refusal::Page(_, error, description) = refusal;
        ControlError::Invalid(format!("{error}: {description}"))
    }
}

/// Where the browser goes after the decision. `ticked`: none means all.
pub(crate) fn settle(
    google: &Google,
    pending: &Pending,
    address: &str,
    ticked: Option<&[&str]>,
    allow: bool,
) -> Result<String, Refusal> {
    let broken = Refusal::Page(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        "The redirect URI is malformed.",
    );
    let Some(mailbox) = google.mailbox(address) else {
        return Err(Refusal::Page(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Couldn't find this Google Account.",
        ));
    };
    let account = &mailbox.account;
    match account.consent {
        ConsentPolicy::AdminApproval => {
            return Err(Refusal::Page(
                StatusCode::BAD_REQUEST,
                "admin_policy_enforced",
                "Your administrator must review and allow access before you can continue.",
            ));
        }
        ConsentPolicy::StepUp => {
            return Err(Refusal::Page(
                StatusCode::FORBIDDEN,
                "access_denied",
                "2-Step Verification is required for this account.",
            ));
        }
        ConsentPolicy::Ask => {}
    }
    if !allow {
        return pending.answer(&[("error", "access_denied")]).ok_or(broken);
    }
    let granted = |scope: &String| {
        is_sign_in(scope) || ticked.is_none_or(|ticked| ticked.contains(&scope.as_str()))
    };
    let mut scopes: Vec<String> = pending
        .scopes
        .iter()
        .filter(|s| granted(s))
        .cloned()
        .collect();
    if pending.include_granted {
        for earlier in google.grants.consented(&account.address, &pending.client) {
            if !scopes.contains(&earlier) {
                scopes.push(earlier);
            }
        }
    }
    let scope = scopes.join(" ");
    let code = google.grants.code(
        Consent {
            address: account.address.clone(),
            client: pending.client.clone(),
            redirect_uri: pending.redirect_uri.clone(),
            scopes,
            offline: pending.offline,
            anew: pending.anew,
            nonce: pending.nonce.clone(),
            challenge: pending.challenge.clone(),
        },
        google.context.clock.now(),
    );
    pending
        .answer(&[
            ("code", &code),
            ("scope", &scope),
            ("authuser", "0"),
            ("prompt", "consent"),
        ])
        .ok_or(broken)
}
