//! Which origins a plugin may call.
//!
//! A policy on origins, not on URLs: scheme, host and port. A pattern is an exact host or `*.rest`, which stands for every
//! name below `rest` and not for `rest` itself. Patterns are parsed once, hosts are compared as whole labels, and an empty list
//! denies everything.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `https://host`, `https://host:port`, `https://*.rest` or the same with `http`.
///
/// ```
/// use host_runtime::egress::allow_list::Origin;
/// let pattern: Origin = "https://*.office.com".parse().unwrap();
/// let url = |s: &str| s.parse::<http::Uri>().unwrap();
/// assert!(pattern.covers(&url("https://outlook.office.com/api")));
/// assert!(!pattern.covers(&url("https://office.com.evil.example/")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    https: bool,
    host: HostPattern,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum HostPattern {
    Exact(String),
    /// The part behind `*.`.
    Below(String),
}

/// An origin that can't be granted, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{origin}` is no origin: {reason}")]
pub struct InvalidOrigin {
    /// As it was written.
    pub origin: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = |reason| InvalidOrigin {
            origin: text.to_owned(),
            reason,
        };
        let (https, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(invalid("it starts with neither https:// nor http://"));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err(invalid("it has no host"));
        }
        if rest.contains(['/', '?', '#', '@', ' ', '\\']) {
            return Err(invalid(
                "only scheme, host and port are granted, without path or user",
            ));
        }
        let (host, port) = split_port(rest).ok_or_else(|| invalid("its port is no number"))?;
        let port = port.unwrap_or(if https { 443 } else { 80 });
        let host = host.to_ascii_lowercase();
        let host = match host.strip_prefix("*.") {
            Some(below) if below.parse::<IpAddr>().is_ok() => {
                return Err(invalid("a wildcard needs a name, not an address"));
            }
            Some(below) if !below.contains('.') => {
                return Err(invalid("a wildcard needs at least two labels after `*.`"));
            }
            Some(below) => HostPattern::Below(below.to_owned()),
            None => HostPattern::Exact(host),
        };
        let (HostPattern::Exact(name) | HostPattern::Below(name)) = &host;
        if name.contains('*') {
            return Err(invalid(
                "`*` may only stand for the first label, as in https://*.example.com",
            ));
        }
        if !is_host(name) {
            return Err(invalid("its host has characters that no host name has"));
        }
        Ok(Self { https, host, port })
    }
}

/// `host:port`, `[v6]:port`, or either without a port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_v6 = text.rfind(']').map_or(0, |i| i + 1);
    match text.get(after_v6..)?.rsplit_once(':') {
        Some((before, port)) => {
            let host = text.get(..after_v6 + before.len())?;
            Some((host, Some(port.parse().ok()?)))
        }
        None => Some((text, None)),
    }
}

fn is_host(name: &str) -> bool {
    if let Some(v6) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return v6.parse::<std::net::Ipv6Addr>().is_ok();
    }
    name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

impl Origin {
    /// Whether a request to `uri` goes to this origin.
    pub fn covers(&self, uri: &http::Uri) -> bool {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return false,
        };
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        https == self.https
            && port == self.port
            && uri.host().is_some_and(|host| self.covers_host(host))
    }

    /// Whether this origin's host pattern names `host`.
    fn covers_host(&self, host: &str) -> bool {
        // A name may be written with the root's dot.
        let host = host.strip_suffix('.').unwrap_or(host);
        match &self.host {
            HostPattern::Exact(exact) => host.eq_ignore_ascii_case(exact),
            HostPattern::Below(below) => host
                .len()
                .checked_sub(below.len())
                .and_then(|at| host.split_at_checked(at))
                .is_some_and(|(label, rest)| {
                    label.len() > 1 && label.ends_with('.') && rest.eq_ignore_ascii_case(below)
                }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        match &self.host {
            HostPattern::Exact(host) => write!(f, "{scheme}://{host}")?,
            HostPattern::Below(below) => write!(f, "{scheme}://*.{below}")?,
        }
        if self.port == if self.https { 443 } else { 80 } {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;
    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

/// An origin that the administrator approved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OriginGrant {
    /// What may be called.
    pub origin: Origin,
    /// Whether it may lie in the host's own network: loopback and private addresses. Off for what manifests propose.
    #[serde(default)]
    pub internal: bool,
}

/// All origins that one plugin may call.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    grants: Vec<OriginGrant>,
}

impl AllowList {
    /// The granted origins; empty: nothing may be called.
    pub fn new(grants: Vec<OriginGrant>) -> Self {
        Self { grants }
    }

    /// Whether a request to `uri` may be sent.
    pub fn allows(&self, uri: &http::Uri) -> bool {
        self.grants.iter().any(|g| g.origin.covers(uri))
    }

    /// Whether `host` was granted as lying in the host's own network.
    pub fn is_internal(&self, host: &str) -> bool {
        self.grants
            .iter()
            .any(|g| g.internal && g.origin.covers_host(host))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn list(origins: &[&str]) -> AllowList {
        let grant = |o: &&str| OriginGrant {
            origin: o.parse().unwrap(),
            internal: false,
        };
        AllowList::new(origins.iter().map(grant).collect())
    }

    #[test]
    fn an_empty_list_denies_everything() {
        assert!(!list(&[]).allows(&"https://example.com/".parse().unwrap()));
    }

    #[test]
    fn scheme_host_and_port_must_match() {
        let list = list(&[
            "https://gmail.googleapis.com",
            "http://127.0.0.1:9000",
            "https://*.office.com",
        ]);
        for (uri, allowed) in [
            ("https://gmail.googleapis.com/gmail/v1", true),
            ("https://GMAIL.googleapis.com./gmail/v1", true),
            ("https://gmail.googleapis.com:443/", true),
            ("https://gmail.googleapis.com:8443/", false),
            ("http://gmail.googleapis.com/", false),
            ("https://gmail.googleapis.com.evil.example/", false),
            ("https://evil-gmail.googleapis.com/", false),
            ("http://127.0.0.1:9000/x", true),
            ("http://127.0.0.1:9001/x", false),
            ("http://localhost:9000/x", false),
            ("https://outlook.office.com/", true),
            ("https://a.b.office.com/", true),
            ("https://office.com/", false),
            ("https://.office.com/", false),
            ("https://notoffice.com/", false),
        ] {
            let Ok(parsed) = uri.parse() else {
                assert!(!allowed, "{uri}");
                continue;
            };
            assert_eq!(list.allows(&parsed), allowed, "{uri}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "gmail.googleapis.com",
            "ftp://example.com",
            "https://",
            "https://example.com/path",
            "https://user@example.com",
            "https://*.com",
            "https://*",
            "https://a.*.com",
            "https://*.127.0.0.1",
            "https://exa mple.com",
            "https://example.com:port",
            "https://example..com",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_written_as_it_is_read() {
        for text in [
            "https://example.com",
            "http://[::1]:8080",
            "https://*.example.com:8443",
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn only_what_was_granted_as_internal_is() {
        let internal = OriginGrant {
            origin: "http://localhost:9000".parse().unwrap(),
            internal: true,
        };
        let list = AllowList::new(vec![internal]);
        assert!(list.is_internal("localhost"));
        assert!(!list.is_internal("127.0.0.1"));
    }
}
