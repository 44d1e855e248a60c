//! Microsoft Graph v1.0, as far as mail needs it.
//!
//! Every request is checked here in Graph's order (token, path, person, scope, limits, size) and then given to its operation.

pub(crate) mod attachments;
pub(crate) mod batch;
pub(crate) mod bounce;
pub(crate) mod call;
pub(crate) mod compose;
pub(crate) mod delta;
pub(crate) mod error;
pub(crate) mod filter;
pub(crate) mod folders;
pub(crate) mod json;
pub(crate) mod messages;
pub(crate) mod patch;
pub(crate) mod query;
pub(crate) mod replies;
pub(crate) mod routes;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod settings;
pub(crate) mod subscriptions;
pub(crate) mod time;
pub(crate) mod uploads;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};

use self::call::{Answer, Call};
use self::error::GraphError;
use self::query::{Prefer, Query};
use self::routes::{Found, Handler, Missing, Need, Root};
use super::directory::Person;
use super::identity::{Access, bearer};
use super::shared::Shared;
use crate::{CallerAddress, Gate, InFlight, RouteTemplate};

/// Largest body of a request.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;

/// Answers everything below `/v1.0/`.
pub(crate) async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let now = shared.now();
    let request_id = uuid::Uuid::new_v4().to_string();
    let client_request_id = request
        .headers()
        .get("client-request-id")
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let prefer = Prefer::parse(request.headers());
    let mut template = None;
    let mut caller = None;
    let answer = answer(&shared, request, prefer, now, &mut template, &mut caller).await;
    let mut response = match answer {
        Ok(mut response) => {
            if let Some(value) = prefer
                .applied()
                .and_then(|v| HeaderValue::from_str(&v).ok())
            {
                response.headers_mut().insert("preference-applied", value);
            }
            response
        }
        Err(error) => error.respond(now, &request_id, client_request_id.as_deref()),
    };
    for (name, value) in [
        ("request-id", Some(request_id)),
        ("client-request-id", client_request_id),
    ] {
        if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(template) = template {
        response.extensions_mut().insert(RouteTemplate(template));
    }
    if let Some(caller) = caller {
        response.extensions_mut().insert(CallerAddress(caller));
    }
    response
}

async fn answer(
    shared: &Arc<Shared>,
    request: Request,
    prefer: Prefer,
    now: u64,
    template: &mut Option<&'static str>,
    caller_address: &mut Option<String>,
) -> Answer {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let below = path.strip_prefix("/v1.0").unwrap_or(&path);
    // Who is refused for a stale token asked for a known route all the same: the access log says which.
    let found = routes::find(&parts.method, below);
    *template = found
        .as_ref()
        .ok()
        .map(|found| found.route.template(&found.root));
    let token = authenticate(shared, &parts.headers, now)?;
    let Found {
        route,
        root,
        params,
    } = found.map_err(|missing| match missing {
        Missing::Segment(segment) => GraphError::no_resource(&segment),
        Missing::Method => GraphError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
    })?;
    let caller = shared
        .directory
        .find(&token.address)
        .cloned()
        .ok_or_else(|| invalid_token("Invalid token."))?;
    *caller_address = Some(caller.account.address.clone());
    let person = whose(shared, &caller, &root)?;
    check_scope(&token, route.need, !Arc::ptr_eq(&caller, &person))?;
    if person.account.without_mailbox && route.need != Need::User {
        return Err(GraphError::new(
            StatusCode::NOT_FOUND,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ));
    }
    let _in_flight = admit(shared, &token, &person, route.need, now)?;
    let body = axum::body::to_bytes(Body::new(body), MAX_BODY)
        .await
        .map_err(|_| GraphError::too_large())?;
    let call = Call {
        shared: Arc::clone(shared),
        caller,
        person,
        token,
        params,
        query: Arc::new(Query::parse(parts.uri.query())?),
        prefer,
        body,
        gate: parts.extensions.get::<Gate>().cloned(),
        headers: parts.headers,
        path,
        now,
    };
    match route.handler {
        Handler::Now(handler) => handler(&call),
        Handler::Later(handler) => handler(call).await,
    }
}

fn invalid_token(message: &str) -> GraphError {
    GraphError::new(
        StatusCode::UNAUTHORIZED,
        "InvalidAuthenticationToken",
        message,
    )
}

fn authenticate(
    shared: &Shared,
    headers: &http::HeaderMap,
    now: u64,
) -> Result<Access, GraphError> {
    let token = bearer(headers).ok_or_else(|| invalid_token("Access token is empty."))?;
    let access = shared.identity.access(token).ok_or_else(|| {
        invalid_token("CompactToken validation failed with reason code: 80049228.")
    })?;
    if access.revoked || access.expires <= now {
        return Err(invalid_token(
            "Lifetime validation failed, the token is expired.",
        ));
    }
    if let Some(claims) = shared.identity.challenge(&access) {
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
            STANDARD.encode(claims)
        );
        let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp";
        return Err(invalid_token(message).with(header::WWW_AUTHENTICATE, challenge));
    }
    Ok(access)
}

/// The mailbox that a path is about.
fn whose(shared: &Shared, caller: &Arc<Person>, root: &Root) -> Result<Arc<Person>, GraphError> {
    let Root::User(user) = root else {
        return Ok(Arc::clone(caller));
    };
    let person = shared.directory.find(user).ok_or_else(|| {
        GraphError::new(
            StatusCode::NOT_FOUND,
            "ErrorInvalidUser",
            format!("The requested user '{user}' is invalid."),
        )
    })?;
    Ok(Arc::clone(person))
}

fn check_scope(token: &Access, need: Need, shared: bool) -> Result<(), GraphError> {
    let any = need.scopes(shared);
    if any.is_empty() || any.iter().any(|s| token.has_scope(s)) {
        return Ok(());
    }
    Err(GraphError::access_denied())
}

/// Rights on foreign mailboxes, then Outlook's limits per application and mailbox.
fn admit(
    shared: &Shared,
    token: &Access,
    person: &Person,
    need: Need,
    now: u64,
) -> Result<Option<InFlight>, GraphError> {
    if !person.account.address.eq_ignore_ascii_case(&token.address)
        && !person.shared_with(&token.address)
    {
        return Err(GraphError::access_denied());
    }
    if need == Need::Nothing {
        return Ok(None);
    }
    let limits = shared.context.limits.read().clone();
    let key = format!("{}|{}", token.client, person.account.address);
    if let Some(limit) = limits.microsoft_requests_per_ten_minutes
        && let Err(until) = shared.requests.take(&key, 1, limit, now)
    {
        let message = "Application is over its RequestRate limit.";
        return Err(throttled(
            message,
            until.saturating_sub(now).div_ceil(1000).max(1),
        ));
    }
    match limits.microsoft_concurrent {
        Some(limit) => shared
            .concurrency
            .enter(&key, limit)
            .map(Some)
            // Exchange's own advice for this limit.
            .ok_or_else(|| throttled("Application is over its MailboxConcurrency limit.", 10)),
        None => Ok(None),
    }
}

/// 429; `after` in seconds.
pub(crate) fn throttled(message: &str, after: u64) -> GraphError {
    GraphError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "ApplicationThrottled",
        message,
    )
    .with(header::RETRY_AFTER, after.to_string())
}
