//! Errors in the shapes of Google's API front end.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What every 401 and scope error announces.
const REALM: &str = "Bearer realm=\"https://accounts.google.com/\"";

/// A refused call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    status: StatusCode,
    reason: &'static str,
    domain: &'static str,
    /// Canonical code, such as `NOT_FOUND`.
    canonical: &'static str,
    message: Box<str>,
    /// Differs from `message` in a few old errors.
    short: Option<&'static str>,
    /// The `Authorization` header is to blame.
    by_authorization: bool,
    details: Option<Box<Value>>,
    challenge: Option<Box<str>>,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(
        status: StatusCode,
        reason: &'static str,
        canonical: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            reason,
            domain: "global",
            canonical,
            message: message.into().into(),
            short: None,
            by_authorization: false,
            details: None,
            challenge: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalidArgument",
            "INVALID_ARGUMENT",
            message,
        )
    }

    pub(crate) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "failedPrecondition",
            "FAILED_PRECONDITION",
            message,
        )
    }

    /// A body that is no JSON, or has what the method does not know.
    pub(crate) fn bad_json(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "badRequest",
            "INVALID_ARGUMENT",
            format!("Invalid JSON payload received. {}", message.into()),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "notFound",
            "NOT_FOUND",
            "Requested entity was not found.",
        )
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "aborted", "ABORTED", message)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "uploadTooLarge",
            "INVALID_ARGUMENT",
            "The request's size is larger than the allowed limit.",
        )
    }

    pub(crate) fn delegation_denied(address: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "PERMISSION_DENIED",
            format!("Delegation denied for {address}"),
        )
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "PERMISSION_DENIED",
            message,
        )
    }

    pub(crate) fn missing_token() -> Self {
        Self {
            short: Some("Login Required."),
            by_authorization: true,
            details: Some(error_info(
                "CREDENTIALS_MISSING",
                &json!({"service": "gmail.googleapis.com"}),
            )),
            challenge: Some(REALM.into()),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "required",
                "UNAUTHENTICATED",
                "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other \
                 valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            )
        }
    }

    pub(crate) fn bad_token() -> Self {
        Self {
            short: Some("Invalid Credentials"),
            by_authorization: true,
            challenge: Some(format!("{REALM}, error=\"invalid_token\"").into()),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "authError",
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                 authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            )
        }
    }

    pub(crate) fn insufficient_scope(method: &str, scopes: &[&str]) -> Self {
        Self {
            short: Some("Insufficient Permission"),
            details: Some(error_info(
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                &json!({"service": "gmail.googleapis.com", "method": method}),
            )),
            challenge: Some(
                format!(
                    "{REALM}, error=\"insufficient_scope\", scope=\"{}\"",
                    scopes.join(" ")
                )
                .into(),
            ),
            ..Self::new(
                StatusCode::FORBIDDEN,
                "insufficientPermissions",
                "PERMISSION_DENIED",
                "Request had insufficient authentication scopes.",
            )
        }
    }

    /// The metadata scope forbids more than the method's scope list says.
    pub(crate) fn metadata_scope(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "PERMISSION_DENIED",
            message,
        )
    }

    /// The minute's units are used up.
    pub(crate) fn units_exhausted(limit: &str) -> Self {
        Self {
            domain: "usageLimits",
            details: Some(error_info(
                "RATE_LIMIT_EXCEEDED",
                &json!({
                    "service": "gmail.googleapis.com",
                    "quota_metric": "gmail.googleapis.com/default",
                    "quota_limit": limit,
                }),
            )),
            ..Self::new(
                StatusCode::FORBIDDEN,
                "rateLimitExceeded",
                "PERMISSION_DENIED",
                "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service \
                 'gmail.googleapis.com' for consumer 'project_number:1'.",
            )
        }
    }

    pub(crate) fn too_many_concurrent() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rateLimitExceeded",
            "RESOURCE_EXHAUSTED",
            "Too many concurrent requests for user",
        )
    }

    /// The day's sending is used up; `until` in milliseconds since the Unix epoch stands in the message only.
    pub(crate) fn sending_exhausted(until: u64) -> Self {
        let until = i64::try_from(until)
            .ok()
            .and_then(chrono::DateTime::from_timestamp_millis)
            .unwrap_or_default();
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rateLimitExceeded",
            "RESOURCE_EXHAUSTED",
            format!(
                "User-rate limit exceeded.  Retry after {}",
                until.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
            ),
        )
    }

    /// For injected faults.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::bad_token(),
            403 => Self {
                domain: "usageLimits",
                ..Self::new(
                    status,
                    "userRateLimitExceeded",
                    "PERMISSION_DENIED",
                    "User Rate Limit Exceeded",
                )
            },
            404 => Self::not_found(),
            429 => Self::new(
                status,
                "rateLimitExceeded",
                "RESOURCE_EXHAUSTED",
                "Resource has been exhausted (e.g. check quota).",
            ),
            503 => Self::new(
                status,
                "backendError",
                "UNAVAILABLE",
                "The service is currently unavailable.",
            ),
            500..=599 => Self::new(
                status,
                "backendError",
                "INTERNAL",
                "Internal error encountered.",
            ),
            _ => Self::new(status, "badRequest", "INVALID_ARGUMENT", "Bad Request"),
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut first = json!({
            "message": self.short.unwrap_or(&self.message),
            "domain": self.domain,
            "reason": self.reason,
        });
        if let (true, Some(first)) = (self.by_authorization, first.as_object_mut()) {
            first.insert("location".to_owned(), "Authorization".into());
            first.insert("locationType".to_owned(), "header".into());
        }
        let mut error = json!({
            "code": self.status.as_u16(),
            "message": self.message,
            "errors": [first],
            "status": self.canonical,
        });
        if let (Some(details), Some(error)) = (&self.details, error.as_object_mut()) {
            error.insert("details".to_owned(), json!([details]));
        }
        json!({"error": error})
    }
}

fn error_info(reason: &str, metadata: &Value) -> Box<Value> {
    Box::new(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": metadata,
    }))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body())).into_response();
        if let Some(challenge) = self
            .challenge
            .as_deref()
            .and_then(|challenge| HeaderValue::from_str(challenge).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
