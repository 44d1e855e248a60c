//! What Gmail counts for a request, in quota units of projects made since May 2026, which are those that a new installation has.

use http::Method;

use crate::provider::budget::Quota;
use crate::settings::ProviderSettings;

/// Per person and minute, for a new project; an older one has 15,000.
pub const UNITS_PER_MINUTE: u32 = 6_000;

/// Of all people together and per minute, for a whole Google Cloud project.
pub const PROJECT_UNITS_PER_MINUTE: u32 = 1_200_000;

/// That of all people together is never less than that of one.
pub(in crate::provider) fn project_quota(settings: &ProviderSettings) -> Quota {
    let person = settings.units_per_minute.unwrap_or(UNITS_PER_MINUTE);
    let project = settings.project_units_per_minute;
    quota(project.unwrap_or(PROJECT_UNITS_PER_MINUTE).max(person))
}

pub(in crate::provider) fn quota(units_per_minute: u32) -> Quota {
    Quota {
        units: units_per_minute.into(),
        window_ms: 60_000,
    }
}

/// A whole message, in any format.
pub(super) const MESSAGE: u64 = 20;
/// A whole thread, however many messages it has.
pub(super) const THREAD: u64 = 40;

/// By method and path or address.
pub(super) fn of(method: &Method, url: &str) -> u64 {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let below = path.split_once("/users/me/").map_or("", |(_, below)| below);
    let parts: Vec<&str> = below.split('/').collect();
    let reads = *method == Method::GET;
    match parts.as_slice() {
        ["profile"] => 1,
        ["labels", ..] | ["settings", ..] if reads => 1,
        ["history"] => 2,
        ["messages" | "drafts"] if reads => 5,
        ["threads"] if reads => 10,
        ["threads", _] if reads => THREAD,
        ["messages", _, "attachments", _] | ["messages" | "drafts", _] if reads => MESSAGE,
        ["messages", "batchModify" | "batchDelete"] | ["stop"] => 50,
        ["messages" | "drafts", "send"] | ["watch"] => 100,
        ["messages" | "threads", _, "trash"] => 20,
        ["threads", _, "modify"] => 10,
        ["messages", _] if *method == Method::DELETE => 10,
        ["threads", _] if *method == Method::DELETE => 20,
        ["drafts", _] if *method == Method::PUT => 15,
        ["drafts", ..] => 10,
        // Modify, untrash, writes to labels; and what is not known costs something.
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_its_price() {
        let base = "https://gmail.googleapis.com/gmail/v1/users/me/";
        let get = |path: &str| of(&Method::GET, &format!("{base}{path}"));
        let post = |path: &str| of(&Method::POST, &format!("{base}{path}"));
        assert_eq!(get("messages?maxResults=500"), 5);
        assert_eq!(get("messages/19aa?format=full"), 20);
        assert_eq!(get("messages/19aa/attachments/x"), 20);
        assert_eq!(get("threads/19aa?format=full"), 40);
        assert_eq!(get("history?startHistoryId=1"), 2);
        assert_eq!(get("labels/INBOX"), 1);
        assert_eq!(post("messages/batchModify"), 50);
        assert_eq!(post("messages/19aa/modify"), 5);
        assert_eq!(post("messages/19aa/trash"), 20);
        assert_eq!(post("drafts"), 10);
        assert_eq!(post("drafts/send"), 100);
        let upload =
            "https://gmail.googleapis.com/upload/gmail/v1/users/me/drafts?uploadType=multipart";
        assert_eq!(of(&Method::POST, upload), 10);
        assert_eq!(of(&Method::DELETE, &format!("{base}drafts/r1")), 10);
    }
}
