//! One call of a method: authentication, scope, mailbox, parameters, quota, then the method.

use std::sync::Arc;
use std::time::Duration;

use axum::RequestPartsExt;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::MOST_BODY;
use super::error::{ApiError, ApiResult};
use super::fields::Mask;
use super::methods::Method;
use crate::google::mailbox::{Mailbox, parse_id};
use crate::google::oauth::grants::Access;
use crate::google::{Google, oauth};
use crate::{CallerAddress, InFlight};

/// What every method takes beside its own parameters.
const COMMON: [&str; 13] = [
    "$.xgafv",
    "$alt",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "upload_id",
    "uploadType",
    "upload_protocol",
];

/// Whose units are those of all mailboxes together; no address.
const PROJECT: &str = "";

/// A call that may be carried out.
pub(crate) struct Call {
    pub(crate) google: Arc<Google>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) access: Arc<Access>,
    /// Decoded.
    pub(crate) path: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    /// JSON; of an upload, its metadata.
    pub(crate) body: Bytes,
    /// The message of an upload.
    pub(crate) media: Option<Bytes>,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: u64,
}

/// What a method answers.
#[derive(Debug)]
pub(crate) enum Reply {
    Value(Value),
    /// JSON text, written for speed.
    Text(String),
    /// 204.
    Empty,
}

/// In the extensions of a batch part: was it among those that may run at once?
#[derive(Debug, Clone)]
pub(crate) struct Admission(pub(crate) Arc<Option<InFlight>>);

impl Call {
    pub(crate) fn parameter(&self, name: &str) -> &str {
        oauth::value(&self.path, name).unwrap_or_default()
    }

    /// A message or thread id of the path.
    pub(crate) fn id(&self, name: &str) -> ApiResult<u64> {
        parse_id(self.parameter(name)).ok_or_else(|| ApiError::invalid("Invalid id value"))
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        oauth::value(&self.query, name)
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn flag(&self, name: &str) -> ApiResult<bool> {
        match self.query(name) {
            None => Ok(false),
            Some(text) => text.to_ascii_lowercase().parse().map_err(|_| {
                ApiError::invalid(format!("Invalid value at '{name}' (TYPE_BOOL), \"{text}\""))
            }),
        }
    }

    /// `maxResults`: 1 to 500, more is taken as 500.
    pub(crate) fn max_results(&self) -> ApiResult<usize> {
        match self.query("maxResults") {
            None => Ok(100),
            Some(text) => {
                let number: usize = text.parse().map_err(|_| {
                    ApiError::invalid(format!(
                        "Invalid value at 'max_results' (TYPE_UINT32), \"{text}\""
                    ))
                })?;
                if number == 0 {
                    return Err(ApiError::invalid(
                        "Invalid value 'maxResults' must be at least 1",
                    ));
                }
                Ok(number.min(500))
            }
        }
    }

    /// The JSON body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> ApiResult<T> {
        let body: &[u8] = if self.body.is_empty() {
            b"{}"
        } else {
            &self.body
        };
        serde_json::from_slice(body).map_err(|error| {
            let text = error.to_string();
            let unknown = text
                .strip_prefix("unknown field `")
                .and_then(|rest| rest.split_once('`'));
            match unknown {
                Some((name, _)) => {
                    ApiError::bad_json(format!("Unknown name \"{name}\": Cannot find field."))
                }
                None => ApiError::bad_json(text),
            }
        })
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.access.scopes.iter().any(|granted| granted == scope)
    }
}

/// The token of a request, from where Google accepts it.
pub(crate) fn bearer(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned());
    }
    let query = query.filter(|query| query.contains("token="))?;
    let pairs = oauth::pairs(query);
    oauth::value(&pairs, "access_token")
        .or_else(|| oauth::value(&pairs, "oauth_token"))
        .map(str::to_owned)
}

/// Everything but the body has been looked at.
pub(crate) struct Admitted {
    pub(crate) google: Arc<Google>,
    pub(crate) method: &'static Method,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) access: Arc<Access>,
    pub(crate) path: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    running: Option<Arc<Option<InFlight>>>,
}

impl Admitted {
    /// No longer one of the running calls: goes on later.
    pub(crate) fn parked(mut self) -> Self {
        self.running = None;
        self
    }

    /// Carries the method out.
    pub(crate) fn run(self, body: Bytes, media: Option<Bytes>) -> Response {
        let address = self.access.address.clone();
        let method = self.method;
        let call = Call {
            now: self.google.context.clock.now(),
            google: self.google,
            mailbox: self.mailbox,
            access: self.access,
            path: self.path,
            query: self.query,
            body,
            media,
        };
        let mut response = match (method.run)(&call).and_then(|reply| finish(&call, reply)) {
            Ok(response) => response,
            Err(error) => error.into_response(),
        };
        response.extensions_mut().insert(CallerAddress(address));
        response
    }
}

fn finish(call: &Call, reply: Reply) -> ApiResult<Response> {
    let mask = call.query("fields").map(Mask::parse).transpose()?;
    let text = match (reply, mask) {
        (Reply::Empty, _) => return Ok(StatusCode::NO_CONTENT.into_response()),
        (Reply::Text(text), None) => text,
        (Reply::Value(value), None) => value.to_string(),
        (Reply::Value(value), Some(mask)) => mask.apply(value).to_string(),
        (Reply::Text(text), Some(mask)) => {
            let value = serde_json::from_str(&text).unwrap_or_default();
            mask.apply(value).to_string()
        }
    };
    Ok((
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        text,
    )
        .into_response())
}

/// Checks all that stands before the body.
pub(crate) async fn admit(
    google: Arc<Google>,
    method: &'static Method,
    parts: &mut http::request::Parts,
) -> ApiResult<Admitted> {
    let now = google.context.clock.now();
    let token = bearer(&parts.headers, parts.uri.query()).ok_or_else(ApiError::missing_token)?;
    let access = google
        .grants
        .access(&token, now)
        .ok_or_else(ApiError::bad_token)?;
    if !method
        .scopes
        .iter()
        .any(|scope| access.scopes.iter().any(|granted| granted == scope))
    {
        return Err(ApiError::insufficient_scope(method.rpc, method.scopes));
    }
    let path: Vec<(String, String)> = match parts.extract::<RawPathParams>().await {
        Ok(parameters) => parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => return Err(ApiError::invalid("Bad Request")),
    };
    let query = oauth::pairs(parts.uri.query().unwrap_or_default());
    if let Some((unknown, _)) = query.iter().find(|(name, _)| {
        !method.query.contains(&name.as_str()) && !COMMON.contains(&name.as_str())
    }) {
        return Err(ApiError::bad_json(format!(
            "Unknown name \"{unknown}\": Cannot bind query parameter. Field '{unknown}' could not be found in request message."
        )));
    }
    let user = oauth::value(&path, "userId").unwrap_or_default();
    let mailbox = google
        .mailbox(&access.address)
        .ok_or_else(ApiError::bad_token)?;
    if user != "me" && !mailbox.account.address.eq_ignore_ascii_case(user) {
        return Err(ApiError::delegation_denied(user));
    }
    if mailbox.account.without_mailbox {
        return Err(ApiError::failed_precondition("Mail service not enabled"));
    }
    let limits = google.context.limits.read().clone();
    let running = match (
        parts.extensions.get::<Admission>(),
        limits.google_concurrent,
    ) {
        (Some(Admission(admission)), Some(_)) if admission.is_none() => {
            return Err(ApiError::too_many_concurrent());
        }
        (Some(Admission(admission)), _) => Some(admission.clone()),
        (None, Some(limit)) => {
            let entered = google.concurrency.enter(&access.address, limit);
            Some(Arc::new(Some(
                entered.ok_or_else(ApiError::too_many_concurrent)?,
            )))
        }
        (None, None) => None,
    };
    if let Some(limit) = limits.google_units_per_minute {
        google
            .units
            .take(&access.address, method.units, limit, now)
            .map_err(|_| ApiError::units_exhausted("defaultPerMinutePerUser"))?;
    }
    if let Some(limit) = limits.google_project_units_per_minute {
        google
            .units
            .take(PROJECT, method.units, limit, now)
            .map_err(|_| ApiError::units_exhausted("defaultPerMinutePerProject"))?;
    }
    if limits.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(limits.latency_ms)).await;
    }
    Ok(Admitted {
        google,
        method,
        mailbox,
        access,
        path,
        query,
        running,
    })
}

/// A call by JSON.
pub(crate) async fn serve(
    google: Arc<Google>,
    method: &'static Method,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let admitted = match admit(google, method, &mut parts).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    match axum::body::to_bytes(body, MOST_BODY).await {
        Ok(body) => admitted.run(body, None),
        Err(_) => ApiError::too_large().into_response(),
    }
}
