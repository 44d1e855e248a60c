//! AADSTS errors: on Microsoft's own page, as a redirect, and as the body of a token answer.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

use crate::pages::{self, Provider};

/// An error with its number.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) code: u32,
    pub(super) message: String,
    pub(super) status: StatusCode,
    pub(super) suberror: Option<&'static str>,
    pub(super) claims: Option<String>,
}

impl Refusal {
    pub(super) fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            error,
            code,
            message: message.into(),
            status: StatusCode::BAD_REQUEST,
            suberror: None,
            claims: None,
        }
    }

    /// Wrong secret, unknown application: the operator's fault, not the person's.
    pub(super) fn client(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::new("invalid_client", code, message)
        }
    }

    pub(super) fn grant(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_grant", code, message)
    }

    /// `AADSTS…: … Trace ID: …`
    pub(super) fn description(&self, now: u64) -> String {
        let time = timestamp(now);
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {time}",
            self.code,
            self.message,
            uuid::Uuid::new_v4(),
            uuid::Uuid::new_v4()
        )
    }

    /// The token endpoint's answer.
    pub(super) fn body(&self, now: u64) -> Response {
        let description = self.description(now);
        let id = |label: &str| {
            description
                .split_once(label)
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .unwrap_or_default()
                .to_owned()
        };
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": timestamp(now),
            "trace_id": id("Trace ID: "),
            "correlation_id": id("Correlation ID: "),
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(suberror) = self.suberror {
                object.insert("suberror".to_owned(), json!(suberror));
            }
            if let Some(claims) = &self.claims {
                object.insert("claims".to_owned(), json!(claims));
            }
        }
        (
            self.status,
            [(header::CACHE_CONTROL, "no-store")],
            axum::Json(body),
        )
            .into_response()
    }

    /// Shown to the person instead of a redirect.
    pub(super) fn page(&self, now: u64) -> Response {
        let page = pages::refused(
            Provider::Microsoft,
            "Sorry, but we\u{2019}re having trouble signing you in.",
            &self.description(now),
            "",
        );
        (StatusCode::BAD_REQUEST, page).into_response()
    }
}

/// `2026-10-01 08:00:00Z`
fn timestamp(now: u64) -> String {
    crate::microsoft::graph::time::date_time(now).replace('T', " ")
}
