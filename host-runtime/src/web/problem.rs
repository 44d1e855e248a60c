//! Problem documents (RFC 9457): the one shape of every error that a person or a program gets.
//!
//! A problem is named by what can be done about it. Its `type` is stable and listed here, in one table; `detail` is for people
//! and says what to do; `action` is the same for programs. Handlers return a [`Problem`]; the outermost layer
//! ([`super::request`]) adds the request id and writes JSON, or a small page where a browser asked for one.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of problems. The order is that of their statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request can't be read at all.
    MalformedRequest,
    /// `POST /api/mail/send` without an `Idempotency-Key`.
    IdempotencyKeyMissing,
    /// The provider sent the browser back with a `state` that is not (or no longer) one of ours.
    OauthState,
    /// The provider or the person refused the link; the plugin's words say why.
    OauthRefused,
    /// Nobody is signed in, or the session or token has expired.
    NotSignedIn,
    /// Name and password don't belong together.
    WrongCredentials,
    /// Signed in, but not allowed to.
    Denied,
    /// Only for administrators.
    AdministratorOnly,
    /// The password is asked for again.
    ConfirmationRequired,
    /// A page of another origin sent this write.
    CrossOrigin,
    /// A signed address has expired or was changed.
    LinkExpired,
    /// There is no such thing for this caller.
    NotFound,
    /// The plugin that serves this is not enabled.
    PluginDisabled,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// Changed or under way meanwhile.
    Conflict,
    /// The account has to be linked again.
    Reconnect,
    /// Only an administrator can mend it.
    AdministratorAction,
    /// The plugin asks for more than has been granted.
    GrantsRequired,
    /// Another enabled plugin already has this place.
    Taken,
    /// A body above its limit.
    TooLarge,
    /// A body of a kind that is not read here.
    UnsupportedMediaType,
    /// A `Range` outside the content.
    RangeNotSatisfiable,
    /// A field's content is wrong.
    InvalidField,
    /// The file is no WebAssembly component.
    NotAComponent,
    /// The component does not fit the contract.
    ContractMismatch,
    /// Too many tries.
    RateLimited,
    /// A fault of this host.
    Internal,
    /// The plugin failed.
    PluginFailed,
    /// Something outside was not reached.
    Unavailable,
    /// The host has no room for another call right now.
    Busy,
    /// Somebody asked to wait until a time.
    Waiting,
    /// The storage that was granted is used up.
    QuotaExceeded,
    /// The plugin took too long.
    PluginTimeout,
}

impl Kind {
    /// All of them, for the documentation and its test.
    pub const ALL: &'static [Self] = &[
        Self::MalformedRequest,
        Self::IdempotencyKeyMissing,
        Self::OauthState,
        Self::OauthRefused,
        Self::NotSignedIn,
        Self::WrongCredentials,
        Self::Denied,
        Self::AdministratorOnly,
        Self::ConfirmationRequired,
        Self::CrossOrigin,
        Self::LinkExpired,
        Self::NotFound,
        Self::PluginDisabled,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Reconnect,
        Self::AdministratorAction,
        Self::GrantsRequired,
        Self::Taken,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::InvalidField,
        Self::NotAComponent,
        Self::ContractMismatch,
        Self::RateLimited,
        Self::Internal,
        Self::PluginFailed,
        Self::Unavailable,
        Self::Busy,
        Self::Waiting,
        Self::QuotaExceeded,
        Self::PluginTimeout,
    ];

    /// Name in `type`, status, title and what to do.
    fn row(self) -> (&'static str, StatusCode, &'static str, Action) {
        use StatusCode as S;
        match self {
            Self::MalformedRequest => (
                "malformed-request",
                S::BAD_REQUEST,
                "The request can't be read",
                Action::FixRequest,
            ),
            Self::IdempotencyKeyMissing => (
                "idempotency-key-missing",
                S::BAD_REQUEST,
                "An Idempotency-Key header is needed",
                Action::FixRequest,
            ),
            Self::OauthState => (
                "oauth-state",
                S::BAD_REQUEST,
                "This sign-in can't be completed",
                Action::StartAgain,
            ),
            Self::OauthRefused => (
                "oauth-refused",
                S::BAD_REQUEST,
                "The account was not linked",
                Action::StartAgain,
            ),
            Self::NotSignedIn => (
                "not-signed-in",
                S::UNAUTHORIZED,
                "Sign in first",
                Action::SignIn,
            ),
            Self::WrongCredentials => (
                "wrong-credentials",
                S::UNAUTHORIZED,
                "Wrong name or password",
                Action::FixField,
            ),
            Self::Denied => (
                "denied",
                S::FORBIDDEN,
                "You may not do this",
                Action::AskAdministrator,
            ),
            Self::AdministratorOnly => (
                "administrator-only",
                S::FORBIDDEN,
                "Only for administrators",
                Action::AskAdministrator,
            ),
            Self::ConfirmationRequired => (
                "confirmation-required",
                S::FORBIDDEN,
                "Enter your password again",
                Action::ConfirmPassword,
            ),
            Self::CrossOrigin => (
                "cross-origin",
                S::FORBIDDEN,
                "The request came from another site",
                Action::FixRequest,
            ),
            Self::LinkExpired => (
                "link-expired",
                S::FORBIDDEN,
                "This address has expired",
                Action::Reload,
            ),
            Self::NotFound => (
                "not-found",
                S::NOT_FOUND,
                "There is no such thing",
                Action::FixRequest,
            ),
            Self::PluginDisabled => (
                "plugin-disabled",
                S::NOT_FOUND,
                "The plugin for this is not enabled",
                Action::AskAdministrator,
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "This address has no such method",
                Action::FixRequest,
            ),
            Self::Conflict => (
                "conflict",
                S::CONFLICT,
                "It was changed meanwhile",
                Action::Reload,
            ),
            Self::Reconnect => (
                "reconnect",
                S::CONFLICT,
                "The account must be linked again",
                Action::Reconnect,
            ),
            Self::AdministratorAction => (
                "administrator-action",
                S::CONFLICT,
                "An administrator must act",
                Action::AskAdministrator,
            ),
            Self::GrantsRequired => (
                "grants-required",
                S::CONFLICT,
                "The plugin's grants must be approved first",
                Action::ApproveGrants,
            ),
            Self::Taken => (
                "taken",
                S::CONFLICT,
                "Another plugin has this place",
                Action::FixRequest,
            ),
            Self::TooLarge => (
                "too-large",
                S::PAYLOAD_TOO_LARGE,
                "The body is too large",
                Action::FixRequest,
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "This kind of body is not read here",
                Action::FixRequest,
            ),
            Self::RangeNotSatisfiable => (
                "range-not-satisfiable",
                S::RANGE_NOT_SATISFIABLE,
                "The range lies outside the content",
                Action::FixRequest,
            ),
            Self::InvalidField => (
                "invalid-field",
                S::UNPROCESSABLE_ENTITY,
                "A field is wrong",
                Action::FixField,
            ),
            Self::NotAComponent => (
                "not-a-component",
                S::UNPROCESSABLE_ENTITY,
                "The file is no WebAssembly component",
                Action::FixRequest,
            ),
            Self::ContractMismatch => (
                "contract-mismatch",
                S::UNPROCESSABLE_ENTITY,
                "The component does not fit this host",
                Action::FixRequest,
            ),
            Self::RateLimited => (
                "rate-limited",
                S::TOO_MANY_REQUESTS,
                "Too many tries",
                Action::Wait,
            ),
            Self::Internal => (
                "internal",
                S::INTERNAL_SERVER_ERROR,
                "The host failed",
                Action::Retry,
            ),
            Self::PluginFailed => (
                "plugin-failed",
                S::BAD_GATEWAY,
                "The plugin failed",
                Action::Retry,
            ),
            Self::Unavailable => (
                "unavailable",
                S::SERVICE_UNAVAILABLE,
                "Something needed was not reached",
                Action::Retry,
            ),
            Self::Busy => (
                "busy",
                S::SERVICE_UNAVAILABLE,
                "The host is busy",
                Action::Retry,
            ),
            Self::Waiting => (
                "waiting",
                S::SERVICE_UNAVAILABLE,
                "Wait before the next try",
                Action::Wait,
            ),
            Self::QuotaExceeded => (
                "quota-exceeded",
                S::INSUFFICIENT_STORAGE,
                "The granted storage is used up",
                Action::AskAdministrator,
            ),
            Self::PluginTimeout => (
                "plugin-timeout",
                S::GATEWAY_TIMEOUT,
                "The plugin took too long",
                Action::Retry,
            ),
        }
    }

    /// The last part of `type`.
    pub fn slug(self) -> &'static str {
        self.row().0
    }

    /// The response's status.
    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// What to say about a bare status that some layer below answered.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::NotSignedIn,
            StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::RangeNotSatisfiable,
            StatusCode::UNPROCESSABLE_ENTITY => Self::InvalidField,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Busy,
            s if s.is_client_error() => Self::MalformedRequest,
            _ => Self::Internal,
        }
    }
}

/// What the caller can do about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The same request may succeed later; `Retry-After` says when, if it is known.
    Retry,
    /// Not before `retry_at`.
    Wait,
    /// Read again, then decide.
    Reload,
    /// Begin what was begun once more, from its start.
    StartAgain,
    /// `POST /api/mail/accounts/{id}/reconnect` with the id in `account`.
    Reconnect,
    /// `POST /api/session`.
    SignIn,
    /// `POST /api/session/confirm`, then the same request.
    ConfirmPassword,
    /// Change the field named in `field` or those in `errors`.
    FixField,
    /// Another request.
    FixRequest,
    /// `PUT /api/plugins/{id}/grants`, then the same request.
    ApproveGrants,
    /// Somebody with more rights must act; `detail` says how.
    AskAdministrator,
}

/// One field's mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldError {
    /// The field's name, as the request or the settings section spells it.
    pub field: String,
    /// What is wrong with it, for a person.
    pub message: String,
}

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    /// Apart, so that a result with a problem in it stays small.
    more: Box<More>,
}

/// What only some problems say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    field: Option<String>,
    errors: Vec<FieldError>,
    account: Option<String>,
    retry_at: Option<u64>,
    retry_after: Option<u64>,
}

/// Answer of a handler.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// `detail` is a sentence for a person that says what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            more: Box::default(),
        }
    }

    /// A mistake in one field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        let mut problem = Self::new(Kind::InvalidField, message.clone());
        problem.more.errors.push(FieldError {
            field: field.clone(),
            message,
        });
        problem.more.field = Some(field);
        problem
    }

    /// Mistakes in several fields.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(
            Kind::InvalidField,
            errors
                .iter()
                .map(|e| e.message.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        );
        problem.more.field = errors.first().map(|e| e.field.clone());
        problem.more.errors = errors;
        problem
    }

    /// Nothing there, or somebody else's: the two can't be told apart.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            format!("There is no such {what}, or it isn't yours. Check the address."),
        )
    }

    /// A fault of this host. The cause goes to the log, never to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "a request failed inside the host");
        Self::new(
            Kind::Internal,
            "The host could not do this. Try again; if it stays so, give the request id to your administrator.",
        )
    }

    /// Says which account it is about.
    pub fn about_account(mut self, id: impl Into<String>) -> Self {
        self.more.account = Some(id.into());
        self
    }

    /// Says when to come back, in milliseconds since the Unix epoch; `now` likewise.
    pub fn retry_at(mut self, at: u64, now: u64) -> Self {
        self.more.retry_at = Some(at);
        self.more.retry_after = Some(at.saturating_sub(now).div_ceil(1000).max(1));
        self
    }

    /// Says when to come back, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.more.retry_after = Some(seconds);
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The document that goes out.
    pub(crate) fn document(&self, request_id: &str) -> ProblemDocument {
        let (slug, status, title, action) = self.kind.row();
        ProblemDocument {
            r#type: format!("{TYPE_PREFIX}{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            action,
            request_id: request_id.to_owned(),
            field: self.more.field.clone(),
            errors: (!self.more.errors.is_empty()).then(|| self.more.errors.clone()),
            account: self.more.account.clone(),
            retry_at: self.more.retry_at,
        }
    }
}

/// What stands before a problem's name in `type`.
pub const TYPE_PREFIX: &str = "urn:plugin-host:problem:";

/// Every error of this API, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
#[serde(deny_unknown_fields)]
pub struct ProblemDocument {
    /// Stable; `urn:plugin-host:problem:` and a name.
    #[schema(pattern = "^urn:plugin-host:problem:[a-z-]+$")]
    pub r#type: String,
    /// The kind of problem in a few words; the same for every problem of this type.
    pub title: String,
    /// The response's status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened and what to do, for a person.
    pub detail: String,
    /// What to do, for a program.
    pub action: Action,
    /// Also in the `X-Request-Id` header and in the host's log.
    pub request_id: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// All fields at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
    /// The account that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Not before this time, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<u64>,
}

impl IntoResponse for Problem {
    /// An empty response that carries the problem; [`super::request`] writes it out.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        if let Some(seconds) = self.more.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_unique_and_details_say_something() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|k| k.slug()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(
            Kind::ALL
                .iter()
                .all(|k| k.status().is_client_error() || k.status().is_server_error())
        );
    }

    #[test]
    fn a_time_to_wait_is_given_in_both_spellings() {
        let problem = Problem::new(Kind::Waiting, "Wait.").retry_at(10_500, 9_000);
        assert_eq!(problem.document("r").retry_at, Some(10_500));
        assert_eq!(problem.into_response().headers()[header::RETRY_AFTER], "2");
    }
}
