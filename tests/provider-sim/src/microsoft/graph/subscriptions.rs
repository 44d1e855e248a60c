//! Change notifications: the validation handshake, notifications, lifecycle events, expiry.
//!
//! Notifications leave as soon as a change is made, each batch of changes in a request of its own; a receiver that refuses them is
//! tried a few times and then told nothing more of that change, as a slow endpoint is with Graph.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, get as property};
use super::error::GraphError;
use super::messages::no_content;
use super::time::{date_time, parse};
use crate::microsoft::directory::Person;
use crate::microsoft::mailbox::ids::{self, IdKind};
use crate::microsoft::mailbox::{Event, Mailbox};
use crate::{AccessLog, Context, Exchange, Provider};

/// The live ceiling; the documentation says ten minutes more.
const MAX_MINUTES: u64 = 10_070;
/// Shorter wishes are raised to this.
const MIN_MINUTES: u64 = 45;
const MINUTE: u64 = 60_000;
/// Per mailbox.
const MAX_PER_MAILBOX: usize = 1_000;
const MAX_CLIENT_STATE: usize = 128;
/// Within which the handshake must be answered.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Attempts for one notification.
const ATTEMPTS: u32 = 3;
/// Properties with the addresses that are posted to.
const NOTIFICATION_URL: &str = "notificationUrl";
const LIFECYCLE_URL: &str = "lifecycleNotificationUrl";

#[derive(Debug, Clone)]
struct Subscription {
    id: String,
    owner: String,
    client: String,
    resource: String,
    /// None: all folders.
    folder: Option<u32>,
    immutable: bool,
    change_types: Vec<String>,
    url: String,
    lifecycle_url: Option<String>,
    client_state: Option<String>,
    expires: u64,
}

impl Subscription {
    /// The secret is only shown to whoever has just told it.
    fn show(&self, client_state: Option<&str>) -> Value {
        json!({
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.client,
            "changeType": self.change_types.join(","),
            "clientState": client_state,
            NOTIFICATION_URL: self.url,
            LIFECYCLE_URL: self.lifecycle_url,
            "expirationDateTime": date_time(self.expires),
            "creatorId": self.owner,
            "latestSupportedTlsVersion": "v1_2",
            "includeResourceData": null,
            "encryptionCertificate": null,
            "encryptionCertificateId": null,
            "notificationQueryOptions": null,
            "notificationUrlAppId": null,
        })
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    all: Mutex<HashMap<String, Subscription>>,
}

impl Subscriptions {
    /// Tells subscribers of a mailbox what happened there.
    pub(crate) fn tell(&self, person: &Arc<Person>, events: &[Event], context: &Context) {
        let mut all = self.all.lock();
        if all.is_empty() {
            return;
        }
        let now = context.clock.now();
        all.retain(|_, s| s.expires > now);
        let uid = ids_of(person);
        for subscription in all.values().filter(|s| s.owner == person.oid) {
            let value: Vec<Value> = events
                .iter()
                .filter(|e| {
                    subscription.folder.is_none_or(|f| f == e.folder)
                        && subscription.change_types.iter().any(|t| t == e.kind)
                })
                .map(|e| notification(subscription, person, uid, e))
                .collect();
            if !value.is_empty() {
                let body = json!({"value": value});
                send(&subscription.url, NOTIFICATION_URL, body, &context.log);
            }
        }
    }

    /// Sends a lifecycle event to the subscriptions of a mailbox; answers how many were told.
    pub(crate) fn lifecycle(&self, person: &Person, event: &str, context: &Context) -> usize {
        let mut all = self.all.lock();
        let mut told = 0;
        for s in all.values().filter(|s| s.owner == person.oid) {
            if let Some(url) = &s.lifecycle_url {
                let body = json!({"value": [{
                    "subscriptionId": s.id,
                    "subscriptionExpirationDateTime": date_time(s.expires),
                    "tenantId": person.tid,
                    "clientState": s.client_state,
                    "lifecycleEvent": event,
                }]});
                send(url, LIFECYCLE_URL, body, &context.log);
                told += 1;
            }
        }
        if event == "subscriptionRemoved" {
            all.retain(|_, s| s.owner != person.oid);
        }
        told
    }
}

fn ids_of(person: &Person) -> u64 {
    person.mailbox.lock().uid
}

fn notification(s: &Subscription, person: &Person, uid: u64, event: &Event) -> Value {
    let kind = if s.immutable {
        IdKind::Immutable
    } else {
        IdKind::Mutable
    };
    let id = ids::message(uid, event.key, event.instance, kind);
    let resource = format!("Users/{}/Messages/{id}", person.id());
    json!({
        "subscriptionId": s.id,
        "subscriptionExpirationDateTime": date_time(s.expires),
        "changeType": event.kind,
        "tenantId": person.tid,
        "clientState": s.client_state,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Message",
            "@odata.id": resource,
            "@odata.etag": format!("W/\"{:x}\"", event.version),
            "id": id,
        },
    })
}

/// Posts without waiting; on a thread without a runtime nothing is sent.
fn send(url: &str, property: &'static str, body: Value, log: &Arc<AccessLog>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    let (url, log) = (url.to_owned(), Arc::clone(log));
    runtime.spawn(async move {
        for attempt in 0..ATTEMPTS {
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            let bytes = Bytes::from(body.to_string());
            let Ok((status, _)) = post(&url, "application/json", bytes).await else {
                continue;
            };
            if log.exchanges.are_wanted() {
                log.exchanges.add(Exchange {
                    provider: Provider::Microsoft,
                    method: "POST".to_owned(),
                    route: property.to_owned(),
                    query: Vec::new(),
                    status: status.as_u16(),
                    request: Some(body.clone()),
                    answer: None,
                });
            }
            if status.is_success() {
                return;
            }
        }
        tracing::debug!(url, "a notification was given up");
    });
}

async fn post(url: &str, content_type: &str, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(url)
        .header(http::header::CONTENT_TYPE, content_type)
        .body(Full::new(body))?;
    let response = tokio::time::timeout(HANDSHAKE, client.request(request)).await??;
    let status = response.status();
    let body = tokio::time::timeout(HANDSHAKE, Body::new(response.into_body()).collect())
        .await??
        .to_bytes();
    Ok((status, body))
}

/// The address must answer with the decoded token, as plain text, within ten seconds.
async fn handshake(url: &str) -> Result<(), GraphError> {
    let failed = |why: &str| {
        GraphError::bad(
            "InvalidRequest",
            format!("Subscription validation request failed. {why}"),
        )
    };
    let token = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {}",
        uuid::Uuid::new_v4()
    );
    let mut address =
        url::Url::parse(url).map_err(|_| failed("The notification address is no URL."))?;
    address
        .query_pairs_mut()
        .append_pair("validationToken", &token);
    match post(address.as_str(), "text/plain; charset=utf-8", Bytes::new()).await {
        Ok((status, body)) if status == StatusCode::OK && body == token.as_bytes() => Ok(()),
        Ok((status, _)) if status != StatusCode::OK => Err(failed(&format!(
            "Notification endpoint returned {}.",
            status.as_u16()
        ))),
        Ok(_) => Err(failed("Must respond with the validation token.")),
        Err(_) => Err(failed(
            "The notification endpoint could not be reached in time.",
        )),
    }
}

/// What was asked for.
struct Wish {
    resource: String,
    url: String,
    lifecycle_url: Option<String>,
    change_types: Vec<String>,
    client_state: Option<String>,
    expires: u64,
}

impl Wish {
    fn parse(body: &Map<String, Value>, now: u64) -> Result<Self, GraphError> {
        let text = |name: &str| {
            property(body, name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let need = |name: &str| {
            text(name).ok_or_else(|| {
                GraphError::bad(
                    "InvalidRequest",
                    format!("The property '{name}' is required."),
                )
            })
        };
        let change_types: Vec<String> = need("changeType")?
            .split(',')
            .map(|t| t.trim().to_lowercase())
            .collect();
        if let Some(wrong) = change_types
            .iter()
            .find(|t| !matches!(t.as_str(), "created" | "updated" | "deleted"))
        {
            return Err(GraphError::bad(
                "InvalidRequest",
                format!("Invalid change type '{wrong}'."),
            ));
        }
        let client_state = text("clientState");
        if client_state
            .as_ref()
            .is_some_and(|s| s.chars().count() > MAX_CLIENT_STATE)
        {
            return Err(GraphError::bad(
                "InvalidRequest",
                format!("clientState has more than {MAX_CLIENT_STATE} characters."),
            ));
        }
        let url = need(NOTIFICATION_URL)?;
        for url in std::iter::once(&url).chain(text(LIFECYCLE_URL).iter()) {
            let parsed = url::Url::parse(url).ok();
            let loopback = parsed
                .as_ref()
                .and_then(url::Url::host_str)
                .is_some_and(|h| matches!(h, "localhost" | "127.0.0.1" | "[::1]"));
            if !loopback && parsed.is_none_or(|u| u.scheme() != "https") {
                return Err(GraphError::bad(
                    "InvalidRequest",
                    "The notification URL must be an HTTPS URL.",
                ));
            }
        }
        Ok(Self {
            resource: need("resource")?,
            url,
            lifecycle_url: text(LIFECYCLE_URL),
            change_types,
            client_state,
            expires: expiry(body, now)?,
        })
    }
}

fn expiry(body: &Map<String, Value>, now: u64) -> Result<u64, GraphError> {
    let wanted = property(body, "expirationDateTime")
        .and_then(Value::as_str)
        .and_then(parse);
    let wanted = wanted.ok_or_else(|| {
        GraphError::bad(
            "InvalidRequest",
            "The property 'expirationDateTime' is required.",
        )
    })?;
    if wanted > now + MAX_MINUTES * MINUTE {
        return Err(GraphError::bad(
            "ExtensionError",
            format!("Subscription expiration can only be {MAX_MINUTES} minutes in the future."),
        ));
    }
    if wanted <= now {
        return Err(GraphError::bad(
            "InvalidRequest",
            "The expiration date is in the past.",
        ));
    }
    Ok(wanted.max(now + MIN_MINUTES * MINUTE))
}

/// The folder that a resource is about; none: all. Own mailboxes only.
fn target(resource: &str, person: &Person, m: &Mailbox) -> Result<Option<u32>, GraphError> {
    let refused = || {
        GraphError::new(
            StatusCode::FORBIDDEN,
            "ExtensionError",
            "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied.]",
        )
    };
    let path = resource
        .trim_start_matches('/')
        .trim_start_matches("v1.0/")
        .replace("('", "/")
        .replace("')", "");
    let parts: Vec<&str> = path
        .split('?')
        .next()
        .unwrap_or_default()
        .split('/')
        .filter(|p| !p.is_empty())
        .collect();
    let rest = match parts.as_slice() {
        [me, rest @ ..] if me.eq_ignore_ascii_case("me") => rest,
        [users, name, rest @ ..] if users.eq_ignore_ascii_case("users") => {
            if !person.owns(name) && *name != person.oid && *name != person.id() {
                return Err(refused());
            }
            rest
        }
        _ => return Err(GraphError::bad("InvalidRequest", "Unsupported resource.")),
    };
    match rest {
        [messages] if messages.eq_ignore_ascii_case("messages") => Ok(None),
        [folders, id, messages]
            if folders.eq_ignore_ascii_case("mailFolders")
                && messages.eq_ignore_ascii_case("messages") =>
        {
            super::call::find_folder(m, id).map(Some)
        }
        _ => Err(GraphError::bad("InvalidRequest", "Unsupported resource.")),
    }
}

/// `POST /subscriptions`
pub(crate) fn create(call: Call) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let wish = Wish::parse(&call.object()?, call.now)?;
        let folder = call.with(|m| target(&wish.resource, &call.person, m))?;
        let count = call
            .shared
            .subscriptions
            .all
            .lock()
            .values()
            .filter(|s| s.owner == call.person.oid)
            .count();
        if count >= MAX_PER_MAILBOX {
            return Err(GraphError::new(
                StatusCode::FORBIDDEN,
                "ExtensionError",
                "The subscription limit of the mailbox is reached.",
            ));
        }
        handshake(&wish.url).await?;
        if let Some(url) = &wish.lifecycle_url {
            handshake(url).await?;
        }
        let subscription = Subscription {
            id: uuid::Uuid::new_v4().to_string(),
            owner: call.person.oid.clone(),
            client: call.token.client.clone(),
            resource: wish.resource,
            folder,
            immutable: call.prefer.ids == IdKind::Immutable,
            change_types: wish.change_types,
            url: wish.url,
            lifecycle_url: wish.lifecycle_url,
            client_state: wish.client_state,
            expires: wish.expires,
        };
        let shown = subscription.show(subscription.client_state.as_deref());
        call.shared
            .subscriptions
            .all
            .lock()
            .insert(subscription.id.clone(), subscription);
        Ok(entity(&call, StatusCode::CREATED, shown))
    })
}

/// `@odata.context`: subscriptions are below no person.
fn context(call: &Call, what: &str) -> String {
    format!("{}/v1.0/$metadata#{what}", call.shared.context.base_url)
}

fn entity(call: &Call, status: StatusCode, mut shown: Value) -> axum::response::Response {
    if let Some(object) = shown.as_object_mut() {
        let context = context(call, "subscriptions/$entity");
        object.insert("@odata.context".to_owned(), json!(context));
    }
    (status, axum::Json(shown)).into_response()
}

fn not_there() -> GraphError {
    GraphError::new(
        StatusCode::NOT_FOUND,
        "ResourceNotFound",
        "The object was not found.",
    )
}

/// Works on a live subscription of the caller.
fn with<T>(
    call: &Call,
    work: impl FnOnce(&mut Subscription) -> Result<T, GraphError>,
) -> Result<T, GraphError> {
    let mut all = call.shared.subscriptions.all.lock();
    all.retain(|_, s| s.expires > call.now);
    let found = all
        .get_mut(call.param("subscription"))
        .filter(|s| s.owner == call.person.oid && s.client == call.token.client);
    work(found.ok_or_else(not_there)?)
}

/// `GET /subscriptions`
pub(crate) fn list(call: &Call) -> Answer {
    let mut all = call.shared.subscriptions.all.lock();
    all.retain(|_, s| s.expires > call.now);
    let value: Vec<Value> = all
        .values()
        .filter(|s| s.owner == call.person.oid && s.client == call.token.client)
        .map(|s| s.show(None))
        .collect();
    let context = context(call, "subscriptions");
    Ok(axum::Json(json!({"@odata.context": context, "value": value})).into_response())
}

/// `GET /subscriptions/{subscription}`
pub(crate) fn get(call: &Call) -> Answer {
    let shown = with(call, |s| Ok(s.show(None)))?;
    Ok(entity(call, StatusCode::OK, shown))
}

/// `PATCH /subscriptions/{subscription}`: another expiry, nothing else.
pub(crate) fn renew(call: &Call) -> Answer {
    let body = call.object()?;
    let expires = expiry(&body, call.now)?;
    if property(&body, LIFECYCLE_URL).is_some() {
        return Err(GraphError::bad(
            "InvalidRequest",
            "lifecycleNotificationUrl can't be changed.",
        ));
    }
    let shown = with(call, |s| {
        s.expires = expires;
        Ok(s.show(None))
    })?;
    Ok(entity(call, StatusCode::OK, shown))
}

/// `POST /subscriptions/{subscription}/reauthorize`
pub(crate) fn reauthorize(call: &Call) -> Answer {
    with(call, |_| Ok(()))?;
    Ok(no_content())
}

/// `DELETE /subscriptions/{subscription}`
pub(crate) fn delete(call: &Call) -> Answer {
    with(call, |_| Ok(()))?;
    call.shared
        .subscriptions
        .all
        .lock()
        .remove(call.param("subscription"));
    Ok(no_content())
}
