//! Who asked what: the evidence that the official clients drove every route that the plugin uses, and how often.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use serde::Serialize;

use crate::{Exchanges, Provider};

/// Entries kept; older ones are dropped, their counts stay. Two rounds of 10,000 accounts are a few hundred bytes each for some 80,000.
pub const ENTRIES: usize = 500_000;

/// Set by a handler on its response where the router's own template is too coarse.
#[derive(Debug, Clone)]
pub struct RouteTemplate(pub &'static str);

/// Set by a handler on its response: the mailbox that the request was for.
#[derive(Debug, Clone)]
pub struct CallerAddress(pub String);

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Which side.
    pub provider: Provider,
    /// Upper case.
    pub method: String,
    /// Such as `/gmail/v1/users/{userId}/messages/{id}`; the path itself where nothing matched.
    pub route: String,
    /// As asked.
    pub path: String,
    /// Decoded pairs; secrets are blanked.
    pub query: Vec<(String, String)>,
    /// The mailbox behind the token.
    pub user: Option<String>,
    /// None: no answer was given.
    pub status: Option<u16>,
    /// A part of a batch request.
    pub part: bool,
    /// The fault that was applied.
    pub fault: Option<String>,
    /// Bytes of the answer if known beforehand.
    pub bytes: Option<u64>,
    /// `User-Agent`.
    pub agent: Option<String>,
}

/// How often a route was answered how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "as in `Access`")]
pub struct RouteCount {
    pub provider: Provider,
    pub method: String,
    pub route: String,
    pub status: Option<u16>,
    pub count: u64,
}

type CountKey = (Provider, String, String, Option<u16>);

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<Access>,
    counts: BTreeMap<CountKey, u64>,
}

/// Requests of both providers in the order of their answers.
#[derive(Debug, Default)]
pub struct AccessLog {
    inner: Mutex<Inner>,
    /// In full, if somebody wants that.
    pub exchanges: Exchanges,
}

impl AccessLog {
    /// Adds an entry.
    pub fn record(&self, access: Access) {
        let key = (
            access.provider,
            access.method.clone(),
            access.route.clone(),
            access.status,
        );
        let mut inner = self.inner.lock();
        *inner.counts.entry(key).or_default() += 1;
        if inner.entries.len() == ENTRIES {
            inner.entries.pop_front();
        }
        inner.entries.push_back(access);
    }

    /// The last [`ENTRIES`], oldest first.
    pub fn entries(&self) -> Vec<Access> {
        self.inner.lock().entries.iter().cloned().collect()
    }

    /// Numbers of answers by route and status, complete.
    pub fn counts(&self) -> Vec<RouteCount> {
        self.inner
            .lock()
            .counts
            .iter()
            .map(|((provider, method, route, status), count)| RouteCount {
                provider: *provider,
                method: method.clone(),
                route: route.clone(),
                status: *status,
                count: *count,
            })
            .collect()
    }

    /// How often this was asked, whatever the answer.
    pub fn count(&self, method: &str, route: &str) -> u64 {
        self.inner
            .lock()
            .counts
            .iter()
            .filter(|((_, m, r, _), _)| m == method && r == route)
            .map(|(_, count)| count)
            .sum()
    }

    /// Starts anew.
    pub fn clear(&self) {
        *self.inner.lock() = Inner::default();
    }
}

/// Query pairs fit for a log.
pub(crate) fn loggable_query(query: Option<&str>) -> Vec<(String, String)> {
    const SECRET: [&str; 6] = [
        "access_token",
        "client_secret",
        "code",
        "code_verifier",
        "oauth_token",
        "token",
    ];
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .map(|(name, value)| {
            let value = if SECRET.contains(&name.as_ref()) {
                "***".to_owned()
            } else {
                value.into_owned()
            };
            (name.into_owned(), value)
        })
        .collect()
}
