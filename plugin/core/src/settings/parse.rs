//! What people type into fields, and what is wrong with it.

use chrono::NaiveDate;
use url::Url;

use super::texts::Text;

/// A choice as the form spells it.
pub(super) fn spelled(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A choice by its spelling.
pub(super) fn chosen<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Text> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Text::ProblemChoice)
}

/// Text without spaces, as ids and secrets are.
pub(super) fn no_spaces(text: &str) -> Result<&str, Text> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(Text::ProblemSpaces)
    } else {
        Ok(text)
    }
}

/// A day; empty: none.
pub(super) fn date(text: &str) -> Result<Option<NaiveDate>, Text> {
    if text.is_empty() {
        return Ok(None);
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(Some)
        .map_err(|_| Text::ProblemDate)
}

/// A tenant's name, ID or domain.
pub(super) fn tenant(text: &str) -> Result<String, Text> {
    let good = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let known = matches!(text, "common" | "organizations" | "consumers");
    if good && (known || text.contains(['-', '.'])) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Text::ProblemTenant)
    }
}

/// A Pub/Sub topic; empty: none.
pub(super) fn topic(text: &str) -> Result<String, Text> {
    let parts: Vec<&str> = no_spaces(text)?.split('/').collect();
    match parts.as_slice() {
        [""] => Ok(String::new()),
        ["projects", project, "topics", topic] if !project.is_empty() && !topic.is_empty() => {
            Ok(text.to_owned())
        }
        _ => Err(Text::ProblemTopic),
    }
}

/// A path of this host.
pub(super) fn path(text: &str) -> Result<(), Text> {
    let good = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['?', '#', '\\'])
        && no_spaces(text).is_ok();
    if good { Ok(()) } else { Err(Text::ProblemPath) }
}

/// An address to which tokens may be sent: encrypted, or on this machine.
pub(super) fn address(text: &str) -> Result<(), Text> {
    let url = Url::parse(text).map_err(|_| Text::ProblemUrl)?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || url.host().is_none() {
        return Err(Text::ProblemUrl);
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err(Text::ProblemHttps),
        _ => Err(Text::ProblemUrl),
    }
}

/// Domains, separated by whatever people separate them with.
pub(super) fn domains(text: &str) -> Result<Vec<String>, Text> {
    let mut found = Vec::new();
    for domain in text
        .split([',', ';', ' ', '\n'])
        .map(|domain| domain.trim().trim_start_matches('@').to_lowercase())
    {
        if domain.is_empty() || found.contains(&domain) {
            continue;
        }
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !domain.contains('.') || !domain.split('.').all(label) {
            return Err(Text::ProblemDomain);
        }
        found.push(domain);
    }
    Ok(found)
}
