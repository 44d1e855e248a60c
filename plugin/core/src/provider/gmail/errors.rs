//! What Gmail's refusals mean.

use serde::Deserialize;

use crate::platform::Response;
use crate::provider::{ProviderError, retry};

/// Gmail's quota counts by the minute, so that asking again sooner than this is seldom worth it, in milliseconds.
const QUOTA_MS: u64 = 10_000;
/// After a fault of the server, in milliseconds.
const FAULT_MS: u64 = 5_000;

/// Why a request is refused that is one of too many at once.
pub(super) const CROWDED: &str = "Gmail answers only so many requests at a time";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Fault,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    message: String,
    errors: Vec<Detail>,
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: String,
}

/// By status and reason.
pub(super) fn classify(answer: &Response, now: u64) -> ProviderError {
    let envelope: Envelope = serde_json::from_slice(answer.body()).unwrap_or_default();
    let Fault {
        message,
        errors,
        status,
    } = envelope.error;
    let reason = errors
        .first()
        .map(|detail| detail.reason.as_str())
        .unwrap_or_default();
    let wait = |default: u64, why: &str| ProviderError::Wait {
        until: retry::after(answer, now).unwrap_or(now + default),
        reason: why.to_owned(),
    };
    match (answer.status().as_u16(), reason) {
        (401, _) => ProviderError::Unauthorized,
        (403, "insufficientPermissions") => ProviderError::MissingScope(
            "a right that this needs; link the account again and allow it".to_owned(),
        ),
        (403, _) if status == "PERMISSION_DENIED" && message.to_lowercase().contains("scope") => {
            ProviderError::MissingScope(
                "a right that this needs; link the account again and allow it".to_owned(),
            )
        }
        (429, _) if message.to_lowercase().contains("concurrent") => wait(1_000, CROWDED),
        (429, _) | (403, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded") => {
            wait(QUOTA_MS, "Gmail limits the rate of requests")
        }
        (403, "dailyLimitExceeded" | "dailyLimitExceededUnreg") => {
            wait(3_600_000, "the project's daily Gmail quota is used up")
        }
        (403, "accessNotConfigured" | "SERVICE_DISABLED") => ProviderError::Administrator(
            "enable the Gmail API for the Google Cloud project of the client ID".to_owned(),
        ),
        (403, "domainPolicy") => ProviderError::Administrator(
            "the organisation's policy does not allow this application to use Gmail".to_owned(),
        ),
        (400, "failedPrecondition") if message.to_lowercase().contains("mail service") => {
            ProviderError::Administrator("this Google account has no Gmail mailbox".to_owned())
        }
        (404 | 410, _) => ProviderError::NotFound,
        (400, _) if message.to_lowercase().contains("invalid id value") => ProviderError::NotFound,
        (409 | 412, _) => ProviderError::Conflict,
        (408 | 500..=599, _) => wait(
            FAULT_MS,
            &format!("Gmail is in trouble (HTTP {})", answer.status().as_u16()),
        ),
        (code, _) => ProviderError::Refused(if message.is_empty() {
            format!("Gmail answered HTTP {code}")
        } else {
            message
        }),
    }
}
