//! Dates as Graph writes and reads them.

use chrono::{DateTime, Utc};

/// `2026-10-01T08:00:00Z` for milliseconds since the Unix epoch.
pub(crate) fn date_time(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::<Utc>::from_timestamp_millis)
        .map(|d| d.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// Milliseconds since the Unix epoch; a day alone counts from its midnight in UTC.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let ms = match DateTime::parse_from_rfc3339(text) {
        Ok(d) => d.timestamp_millis(),
        Err(_) => chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .or_else(|| {
                chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .ok()?
                    .and_hms_opt(0, 0, 0)
            })?
            .and_utc()
            .timestamp_millis(),
    };
    u64::try_from(ms).ok()
}
