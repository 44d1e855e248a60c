//! The host's cookies: read by name, written with everything that keeps them where they belong.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Who is signed in.
pub(crate) const SESSION: &str = "plugin_host_session";
/// Which API token began an OAuth flow in this browser.
pub(crate) const FLOW: &str = "plugin_host_flow";

/// The value of a cookie.
pub(crate) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .filter(|value| !value.is_empty())
}

/// A cookie to be set.
///
/// `Lax`, not `Strict`: a provider's redirect back to this host has to carry it. Without `Domain`, so that no other host of the domain
/// gets it.
pub(crate) fn set(
    name: &str,
    value: &str,
    max_age_seconds: u64,
    secure: bool,
) -> [(HeaderName, HeaderValue); 1] {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}"
    );
    // Names and values are made by this host of characters that headers take.
    [(
        header::SET_COOKIE,
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("")),
    )]
}

/// A cookie to be forgotten.
pub(crate) fn clear(name: &str, secure: bool) -> [(HeaderName, HeaderValue); 1] {
    set(name, "", 0, secure)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = HeaderMap::from_iter([(
            header::COOKIE,
            HeaderValue::from_static("a=1; plugin_host_session=xyz=; b"),
        )]);
        assert_eq!(get(&headers, SESSION).as_deref(), Some("xyz="));
        assert_eq!(get(&headers, "plugin_host"), None);
    }

    #[test]
    fn what_is_set_stays_out_of_scripts_and_foreign_posts() {
        let [(_, plain)] = set(SESSION, "x", 60, false);
        assert_eq!(
            plain,
            "plugin_host_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
        let [(_, secure)] = set(SESSION, "x", 60, true);
        assert!(secure.to_str().is_ok_and(|v| v.ends_with("; Secure")));
    }
}
