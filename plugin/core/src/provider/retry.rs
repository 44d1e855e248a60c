//! When a provider wants to be asked again.

use chrono::DateTime;

use crate::platform::Response;

/// Longest wait that an answer may ask for, in milliseconds: a wrong date must not silence an account for ever.
const LONGEST_MS: u64 = 24 * 3_600_000;

/// Milliseconds since the Unix epoch, from `Retry-After` (seconds or a date) or from Gmail's "Retry after" in the message. None:
/// the answer doesn't say.
pub fn after(answer: &Response, now: u64) -> Option<u64> {
    let header = answer
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    header
        .and_then(|text| after_text(text, now))
        .or_else(|| after_message(&String::from_utf8_lossy(answer.body()), now))
}

/// A `Retry-After` field.
pub fn after_text(text: &str, now: u64) -> Option<u64> {
    let text = text.trim();
    let until = match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => now.saturating_add((seconds * 1000.0).ceil() as u64),
        Ok(_) => now,
        Err(_) => {
            u64::try_from(DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis()).ok()?
        }
    };
    Some(until.clamp(now, now + LONGEST_MS))
}

/// "… Retry after 2026-10-01T08:00:00.000Z" in an error message.
fn after_message(text: &str, now: u64) -> Option<u64> {
    let start = text.to_ascii_lowercase().find("retry after ")?;
    let rest = text.get(start + "retry after ".len()..)?;
    let word = rest
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | ')' | ','))
        .next()?
        .trim_end_matches('.');
    let until = u64::try_from(DateTime::parse_from_rfc3339(word).ok()?.timestamp_millis()).ok()?;
    Some(until.clamp(now, now + LONGEST_MS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const NOW: u64 = 1_790_841_600_000; // 2026-10-01T08:00:00Z

    #[test]
    fn every_way_of_saying_when_is_understood() {
        let answer = |header: Option<&str>, body: &str| {
            let builder = http::Response::builder().status(429);
            let builder = header.into_iter().fold(builder, |builder, value| {
                builder.header("Retry-After", value)
            });
            builder.body(body.as_bytes().to_vec()).unwrap()
        };
        assert_eq!(after(&answer(Some("12"), ""), NOW), Some(NOW + 12_000));
        assert_eq!(after(&answer(Some("0"), ""), NOW), Some(NOW));
        assert_eq!(
            after(&answer(Some("Thu, 01 Oct 2026 08:00:30 GMT"), ""), NOW),
            Some(NOW + 30_000)
        );
        assert_eq!(
            after(&answer(Some("Thu, 01 Oct 2020 08:00:30 GMT"), ""), NOW),
            Some(NOW),
            "in the past: at once"
        );
        assert_eq!(
            after(&answer(Some("99999999"), ""), NOW),
            Some(NOW + LONGEST_MS)
        );
        let message = r#"{"error":{"message":"User-rate limit exceeded.  Retry after 2026-10-01T08:00:05.000Z"}}"#;
        assert_eq!(after(&answer(None, message), NOW), Some(NOW + 5_000));
        assert_eq!(after(&answer(None, "<html>"), NOW), None);
        assert_eq!(after(&answer(Some("soon"), ""), NOW), None);
    }
}
