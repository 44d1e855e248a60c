//! Graph's errors, in Graph's shape.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

impl GraphError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn item_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ErrorItemNotFound",
            "The specified object was not found in the store.",
        )
    }

    pub(crate) fn malformed_id() -> Self {
        Self::bad("ErrorInvalidIdMalformed", "Id is malformed.")
    }

    pub(crate) fn access_denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "ErrorAccessDenied",
            "Access is denied. Check credentials and try again.",
        )
    }

    pub(crate) fn not_json() -> Self {
        Self::bad(
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )
    }

    pub(crate) fn missing(property: &str) -> Self {
        Self::bad(
            "ErrorInvalidRequest",
            format!("The request is missing a required property: {property}."),
        )
    }

    pub(crate) fn no_resource(segment: &str) -> Self {
        Self::bad(
            "BadRequest",
            format!("Resource not found for the segment '{segment}'."),
        )
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request content exceeds the maximum size of 4 MB. Use an upload session for larger attachments.",
        )
    }

    pub(crate) fn conflict() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
        )
    }

    /// The answer; `now` in milliseconds since the Unix epoch.
    pub(crate) fn respond(
        &self,
        now: u64,
        request_id: &str,
        client_request_id: Option<&str>,
    ) -> Response {
        let body = error_json(
            &self.code,
            &self.message,
            now,
            request_id,
            client_request_id.unwrap_or(request_id),
        );
        let mut response = (self.status, axum::Json(body)).into_response();
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name.clone(), value);
            }
        }
        if self.status == StatusCode::UNAUTHORIZED
            && !response.headers().contains_key(header::WWW_AUTHENTICATE)
        {
            let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"";
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
    }
}

/// An error body.
pub(crate) fn error_json(
    code: &str,
    message: &str,
    now: u64,
    request_id: &str,
    client_request_id: &str,
) -> serde_json::Value {
    json!({"error": {
        "code": code,
        "message": message,
        "innerError": {
            "date": super::time::date_time(now).trim_end_matches('Z'),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
    }})
}
