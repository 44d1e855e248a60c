//! What Graph's refusals mean.

use serde::Deserialize;

use crate::platform::Response;
use crate::provider::{ProviderError, retry};

/// When a throttled answer doesn't say how long, in milliseconds.
const THROTTLED_MS: u64 = 10_000;
/// After a fault of the server, in milliseconds.
const FAULT_MS: u64 = 5_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Fault,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    code: String,
    message: String,
}

/// By status and code.
pub(super) fn classify(answer: &Response, now: u64) -> ProviderError {
    let Envelope {
        error: Fault { code, message },
    } = serde_json::from_slice(answer.body()).unwrap_or_default();
    let wait = |default: u64, why: &str| ProviderError::Wait {
        until: retry::after(answer, now).unwrap_or(now + default),
        reason: why.to_owned(),
    };
    let is = |known: &[&str]| known.iter().any(|known| code.eq_ignore_ascii_case(known));
    match answer.status().as_u16() {
        _ if is(&["syncStateNotFound", "resyncRequired", "SyncStateInvalid"]) => {
            ProviderError::CursorLost
        }
        401 => ProviderError::Unauthorized,
        _ if is(&[
            "MailboxNotEnabledForRESTAPI",
            "MailboxNotSupportedForRESTAPI",
        ]) =>
        {
            ProviderError::Administrator(
                "this Microsoft account has no mailbox that Graph can reach".to_owned(),
            )
        }
        _ if is(&["ErrorSendAsDenied"]) => ProviderError::Refused(
            "You may not send as this address: ask the Microsoft 365 administrator of your organisation for the right \"Send as\", then send it again"
                .to_owned(),
        ),
        _ if is(&["ErrorInvalidUser"]) => ProviderError::NoAccess,
        _ if is(&["ErrorQuotaExceeded"]) => {
            ProviderError::Refused("the mailbox is full".to_owned())
        }
        403 if is(&[
            "ErrorAccessDenied",
            "AccessDenied",
            "Authorization_RequestDenied",
        ]) =>
        {
            ProviderError::MissingScope(
                "a right that this needs; link the account again and allow it".to_owned(),
            )
        }
        _ if is(&[
            "ErrorItemNotFound",
            "ErrorInvalidIdMalformed",
            "ErrorInvalidMailboxItemId",
            "ResourceNotFound",
        ]) =>
        {
            ProviderError::NotFound
        }
        404 => ProviderError::NotFound,
        410 => ProviderError::CursorLost,
        409 | 412 => ProviderError::Conflict,
        // A failed dependency was not carried out.
        424 => wait(1_000, "another request of the batch failed"),
        429 | 509 => wait(THROTTLED_MS, "Microsoft limits the rate of requests"),
        408 | 500..=599 => wait(
            FAULT_MS,
            &format!(
                "Microsoft is in trouble (HTTP {})",
                answer.status().as_u16()
            ),
        ),
        status => ProviderError::Refused(if message.is_empty() {
            format!("Microsoft answered HTTP {status} {code}")
        } else {
            message
        }),
    }
}

/// The same in a mailbox that is shared with the person: it is closed to them as a whole, or open.
pub(super) fn classify_shared(answer: &Response, now: u64) -> ProviderError {
    match classify(answer, now) {
        ProviderError::MissingScope(_) | ProviderError::Administrator(_) => ProviderError::NoAccess,
        error => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_throttled_answer_says_when_to_come_back() {
        let body = r#"{"error":{"code":"ApplicationThrottled","message":"Application is over its MailboxConcurrency limit.","innerError":{}}}"#;
        let answer = http::Response::builder()
            .status(429)
            .header("Retry-After", "12")
            .body(body.into())
            .unwrap();
        assert!(matches!(
            classify(&answer, 1000),
            ProviderError::Wait { until: 13_000, .. }
        ));
    }

    #[test]
    fn every_form_of_a_lost_cursor_is_known() {
        for (status, code) in [
            (410, "x"),
            (400, "SyncStateNotFound"),
            (404, "resyncRequired"),
        ] {
            let answer = http::Response::builder()
                .status(status)
                .body(format!(r#"{{"error":{{"code":"{code}"}}}}"#).into())
                .unwrap();
            assert_eq!(classify(&answer, 0), ProviderError::CursorLost);
        }
    }
}
