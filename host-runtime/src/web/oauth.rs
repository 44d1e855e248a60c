//! OAuth flows, as far as they are the host's: `state`, the redirect URI, and the browser that must come back.
//!
//! `state` is random, used once, good for ten minutes, and bound to plugin, person and session. A browser shows its session with the cookie it
//! has anyway. A program with an API token has none, so that the request that begins a flow sets a cookie of its own ([`FLOW`]) for the
//! client that drives the consent page; the token itself does as well. Without either, whoever got hold of a `state` could link their
//! account to somebody else, or the reverse.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use host_store::{FlowError, NewFlow, Notice, OauthFlow, User};
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Principal, Signed, Via, signed};
use super::cookies::{self, FLOW};
use super::extract::{Json, Path};
use super::plugin_errors::{self, Context};
use super::plugins::sentence;
use super::problem::{Kind, Problem, ProblemDocument, Result};
use super::request::RequestId;
use super::signed::{Grant, Purpose};
use super::{AppState, pages, shell};
use crate::bindings::types::Error as Refusal;
use crate::plugin::pages::index::Place;
use crate::plugin::typed::PluginError;

/// As long as `state` lives.
const FLOW_SECONDS: u64 = 600;

/// A flow that began.
pub(crate) struct Begun {
    pub(crate) authorize_url: String,
    /// For clients without a session.
    pub(crate) cookie: Option<[(HeaderName, HeaderValue); 1]>,
}

/// Begins a flow of `plugin` for somebody.
pub(crate) async fn begin(
    state: &AppState,
    principal: &Principal,
    plugin: &str,
    provider: &str,
    options: Vec<(String, String)>,
) -> Result<Begun> {
    let binding = principal.binding()?;
    let runs = state.host().plugin(plugin)?;
    let redirect_uri = state
        .host()
        .routes()
        .redirect_uri(plugin)
        .ok_or_else(|| Problem::new(Kind::AdministratorAction, "The plugin has no redirect URI: its path was not granted. An administrator can grant it."))?;
    let secret = state.store().oauth_flows().new_state()?;
    let context = Context {
        what: "provider or account",
        plugin,
        now: state.now(),
    };
    let begun = runs
        .begin_oauth(
            &principal.caller(),
            provider.to_owned(),
            options,
            redirect_uri,
            secret.clone(),
        )
        .await
        .map_err(|error| plugin_errors::problem(error, &context))?;
    let flow = NewFlow {
        plugin: plugin.to_owned(),
        user: principal.user.id.clone(),
        session: binding.clone(),
        provider: provider.to_owned(),
        flow: begun.flow,
    };
    state.store().oauth_flows().store(&secret, flow).await?;
    let cookie = match principal.via {
        Via::Token { .. } => {
            let grant = Grant {
                user: principal.user.id.clone(),
                purpose: Purpose::Flow { binding },
                end: state.now().saturating_add(FLOW_SECONDS * 1000),
            };
            Some(cookies::set(
                state.cookie_name(FLOW),
                &state.signer().sign(&grant)?,
                FLOW_SECONDS,
                state.secure(),
            ))
        }
        _ => None,
    };
    Ok(Begun {
        authorize_url: begun.authorize_url,
        cookie,
    })
}

/// Where a flow ended, for a client that asked for JSON.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Completed {
    /// A path of this host to go on to.
    next: String,
}

/// The redirect URI of `plugin`, which the provider sends a browser to with a code or an error.
///
/// A browser never stays there: the address in its bar, its history and its bookmarks would hold the code and the `state`. It goes on to where
/// the plugin says, or to the same address with nothing but the number of the problem.
pub(super) async fn callback(state: &AppState, plugin: &str, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    if !shell::is_navigation(&parts.method, &parts.headers) {
        return completed(state, plugin, &parts, query).await;
    }
    if let [(name, id)] = query.as_slice()
        && name == PROBLEM
    {
        return told(state, plugin, id).await;
    }
    let problem = match completed(state, plugin, &parts, query).await {
        Ok(done) => return Ok(done),
        Err(problem) => problem,
    };
    let id = request_id(&parts);
    let notice = Notice {
        plugin: plugin.to_owned(),
        problem: serde_json::to_string(&problem.document(&id)).map_err(Problem::internal)?,
    };
    state
        .store()
        .notices()
        .keep(&id, &notice, NOTICE_LIFETIME_MS)
        .await?;
    // The shell tells it in the person's language.
    let teller = if state.shell().is_there() {
        shell::FAILED
    } else {
        parts.uri.path()
    };
    Ok(Redirect::to(&format!("{teller}?{PROBLEM}={id}")).into_response())
}

/// Long enough to read it, reload it and ask somebody.
const NOTICE_LIFETIME_MS: u64 = 10 * 60 * 1000;

/// The parameter that holds the id of the request that failed.
const PROBLEM: &str = "problem";

/// The problem that a browser was sent on with, and a way on.
async fn told(state: &AppState, plugin: &str, id: &str) -> Result<Response> {
    let problem = match state.store().notices().get(id).await? {
        Some(notice) => document(&notice)?,
        None => forgotten().document(id),
    };
    let next = main_page(state, plugin).unwrap_or_else(|| "/".to_owned());
    Ok(pages::failed(&problem, &next))
}

fn document(notice: &Notice) -> Result<ProblemDocument> {
    serde_json::from_str(&notice.problem).map_err(Problem::internal)
}

fn forgotten() -> Problem {
    Problem::new(
        Kind::OauthState,
        "What went wrong here is no longer known. Begin linking the account again.",
    )
}

/// Where somebody goes who uses this plugin.
fn main_page(state: &AppState, plugin: &str) -> Option<String> {
    let running = state.host().plugins().running(plugin).ok()?;
    let mut entries = running.pages()?.index.entries.iter();
    let main = entries.find(|entry| entry.place == Place::Main)?;
    Some(main.path.clone())
}

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(failure))
}

/// A flow that failed while a browser was at the redirect URI.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OauthFailure {
    problem: ProblemDocument,
    /// A path of this host to go on to.
    next: String,
}

/// What went wrong, by the `problem` that a browser was sent on with. It is known for ten minutes.
#[utoipa::path(get, path = "/api/oauth/failures/{id}", tag = "session", params(("id" = String, Path)), responses((status = 200, description = "The problem", body = OauthFailure)))]
async fn failure(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Signed(_principal): Signed,
) -> Result<Json<OauthFailure>> {
    let notice = state.store().notices().get(&id).await?;
    let notice = notice.ok_or_else(|| {
        Problem::new(
            Kind::NotFound,
            "What went wrong here is no longer known. Begin linking the account again.",
        )
    })?;
    Ok(Json(OauthFailure {
        problem: document(&notice)?,
        next: main_page(&state, &notice.plugin).unwrap_or_else(|| "/".to_owned()),
    }))
}

fn request_id(parts: &Parts) -> Arc<str> {
    parts
        .extensions
        .get::<RequestId>()
        .map_or_else(|| Arc::from(""), |id| id.0.clone())
}

async fn completed(
    state: &AppState,
    plugin: &str,
    parts: &Parts,
    mut query: Vec<(String, String)>,
) -> Result<Response> {
    let mut secret = None;
    query.retain_mut(|(name, value)| {
        let is_state = name == "state";
        if is_state {
            secret = Some(std::mem::take(value));
        }
        !is_state
    });
    let secret = secret.ok_or_else(|| {
        Problem::new(
            Kind::OauthState,
            "The provider sent no `state` back. Begin linking the account again.",
        )
    })?;
    let (flow, principal) = taken(state, parts, plugin, &secret).await?;
    let plugin = state.host().plugin(&flow.plugin)?;
    let next = plugin
        .complete_oauth(&principal.caller(), flow.flow, query)
        .await
        .map_err(|error| refused(error, &flow.plugin, state.now()))?;
    // A plugin's word leads within this host only: `//evil.example` and `/\evil.example` are other hosts to a browser.
    let next = if next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
    {
        next
    } else {
        "/".to_owned()
    };
    let accept = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let forget = cookies::clear(state.cookie_name(FLOW), state.secure());
    Ok(
        if accept.contains("application/json") && !accept.contains("text/html") {
            (forget, Json(Completed { next })).into_response()
        } else if state.shell().is_there()
            && shell::shows(state, next.split(['?', '#']).next().unwrap_or_default())
        {
            (forget, Redirect::to(&next)).into_response()
        } else {
            // No page of the plugin to go on to: say that it is done.
            (forget, pages::linked(&next)).into_response()
        },
    )
}

/// Uses `state` up, for whichever of the browser's proofs it is bound to.
async fn taken(
    state: &AppState,
    parts: &Parts,
    plugin: &str,
    secret: &str,
) -> Result<(OauthFlow, Principal)> {
    let mut proofs: Vec<(Principal, String)> = Vec::new();
    if let Some(principal) = signed(parts, state).await? {
        let binding = principal.binding()?;
        proofs.push((principal, binding));
    }
    if let Some((principal, binding)) = flow_cookie(state, parts).await? {
        proofs.push((principal, binding));
    }
    let mut last = FlowError::Foreign;
    for (principal, binding) in proofs {
        match state
            .store()
            .oauth_flows()
            .take(secret, plugin, &principal.user.id, &binding)
            .await
        {
            Ok(flow) => return Ok((flow, principal)),
            Err(FlowError::Store(error)) => return Err(error.into()),
            Err(error) => last = error,
        }
    }
    let detail = match last {
        FlowError::Unknown => {
            "This sign-in was not begun here, or long ago. Begin linking the account again."
        }
        FlowError::Expired => {
            "This sign-in took longer than ten minutes. Begin linking the account again."
        }
        FlowError::Used => {
            "This sign-in was completed before. If the account is not in your list, begin linking it again."
        }
        FlowError::Foreign | FlowError::Store(_) => {
            "This sign-in was begun by somebody else or in another browser. Begin linking the account again, and stay in the same browser."
        }
    };
    Err(Problem::new(Kind::OauthState, detail))
}

/// Whoever began with a token and let this cookie be set.
async fn flow_cookie(state: &AppState, parts: &Parts) -> Result<Option<(Principal, String)>> {
    let Some(value) = cookies::get(&parts.headers, state.cookie_name(FLOW)) else {
        return Ok(None);
    };
    let Ok(Grant {
        user,
        purpose: Purpose::Flow { binding },
        ..
    }) = state.signer().check(&value, state.now())
    else {
        return Ok(None);
    };
    let Some(user) = state
        .store()
        .users()
        .get(&user)
        .await?
        .filter(|user: &User| !user.disabled)
    else {
        return Ok(None);
    };
    let request = request_id(parts);
    let via = Via::Token {
        id: String::new(),
        admin: false,
    };
    Ok(Some((Principal { user, via, request }, binding)))
}

/// The provider's or the plugin's no, in words for the person at the consent page.
fn refused(error: PluginError, plugin: &str, now: u64) -> Problem {
    match error {
        PluginError::Refused(
            Refusal::Invalid((_, reason)) | Refusal::Conflict(reason) | Refusal::Other(reason),
        ) => Problem::new(Kind::OauthRefused, sentence(&reason)),
        PluginError::Refused(Refusal::Denied) => Problem::new(
            Kind::OauthRefused,
            "The consent was denied, so that nothing was linked. Begin again if that was not meant.",
        ),
        other => plugin_errors::problem(
            other,
            &Context {
                what: "account",
                plugin,
                now,
            },
        ),
    }
}
