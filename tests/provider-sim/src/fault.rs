//! Misfortune on demand: which request, and what goes wrong with it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{ControlError, Provider};

/// How a `Retry-After` header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    /// No header.
    #[default]
    None,
    /// Seconds.
    Seconds(u32),
    /// An HTTP date that many seconds from now.
    Date(u32),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Answers this without carrying anything out.
    Answer {
        /// HTTP status.
        status: u16,
        /// None: the provider's own error body for that status.
        #[serde(default)]
        body: Option<serde_json::Value>,
        /// Waiting time to announce.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// The token is refused, as if it had expired this moment.
    Unauthorized,
    /// 502 with an HTML page, as from a proxy.
    HtmlBadGateway,
    /// The connection closes before an answer; nothing is carried out.
    DropConnection,
    /// The connection closes within the body of the true answer.
    DropMidBody,
    /// The true answer ends half way, with a matching Content-Length.
    TruncateBody,
    /// Waits on the simulator's clock, then goes on as usual.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Carried out at once; the connection closes instead of an answer.
    LoseAnswer,
    /// No answer; carried out that long after the client gave up.
    CarryOutLate {
        /// Milliseconds on the simulator's clock.
        after_ms: u64,
        /// The connection closes at once, as if something on the way had lost patience; otherwise it stays open until the client
        /// closes it.
        #[serde(default)]
        hang_up: bool,
    },
    /// The connection closes when half of the request's body has arrived, which is all that the provider gets of it.
    DropMidRequest,
}

/// Which requests an [`Action`] befalls. All given conditions must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// One side only.
    #[serde(default)]
    pub provider: Option<Provider>,
    /// Upper case.
    #[serde(default)]
    pub method: Option<String>,
    /// Regular expression searched in path and query.
    #[serde(default)]
    pub path: Option<String>,
    /// Mailbox behind the token.
    #[serde(default)]
    pub user: Option<String>,
    /// Lets that many matching requests pass first.
    #[serde(default)]
    pub skip: u64,
    /// Befalls that many, then is used up; none: until cleared.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens.
    pub action: Action,
}

impl Fault {
    /// Befalls every request.
    pub fn new(action: Action) -> Self {
        Self {
            provider: None,
            method: None,
            path: None,
            user: None,
            skip: 0,
            times: None,
            action,
        }
    }

    /// Befalls the next request only.
    pub fn once(action: Action) -> Self {
        Self::new(action).times(1)
    }

    /// One side only.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// One method only, and paths (with query) that this regular expression finds.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// One mailbox only.
    #[must_use]
    pub fn user(mut self, address: &str) -> Self {
        self.user = Some(address.to_owned());
        self
    }

    /// Lets that many pass first.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Befalls that many.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

/// What is known of a request before it is carried out.
pub(crate) struct Candidate<'a> {
    pub(crate) provider: Provider,
    pub(crate) method: &'a str,
    pub(crate) path_and_query: &'a str,
    pub(crate) user: Option<&'a str>,
}

struct Rule {
    id: u64,
    fault: Fault,
    path: Option<Regex>,
    seen: u64,
    applied: u64,
}

impl Rule {
    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let Fault {
            provider,
            method,
            user,
            ..
        } = &self.fault;
        provider.is_none_or(|provider| provider == candidate.provider)
            && method
                .as_deref()
                .is_none_or(|method| method.eq_ignore_ascii_case(candidate.method))
            && user
                .as_deref()
                .is_none_or(|user| candidate.user == Some(user))
            && self
                .path
                .as_ref()
                .is_none_or(|path| path.is_match(candidate.path_and_query))
    }
}

/// An injected fault and how often it was met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultState {
    /// For [`Faults::clear`].
    pub id: u64,
    /// As injected.
    pub fault: Fault,
    /// Requests that matched.
    pub seen: u64,
    /// Requests it befell.
    pub applied: u64,
}

/// All injected faults; the first that matches and is due wins.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    next: AtomicU64,
    late: AtomicUsize,
}

impl Faults {
    /// Adds a fault and answers its id.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] if the path is no regular expression.
    pub fn inject(&self, fault: Fault) -> Result<u64, ControlError> {
        let path = fault
            .path
            .as_deref()
            .map(Regex::new)
            .transpose()
            .map_err(|error| ControlError::Invalid(error.to_string()))?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.rules.lock().push(Rule {
            id,
            fault,
            path,
            seen: 0,
            applied: 0,
        });
        Ok(id)
    }

    /// Takes one fault away, or all.
    pub fn clear(&self, id: Option<u64>) {
        self.rules
            .lock()
            .retain(|rule| id.is_some_and(|id| id != rule.id));
    }

    /// What is injected, used-up ones included.
    pub fn list(&self) -> Vec<FaultState> {
        self.rules
            .lock()
            .iter()
            .map(|rule| FaultState {
                id: rule.id,
                fault: rule.fault.clone(),
                seen: rule.seen,
                applied: rule.applied,
            })
            .collect()
    }

    /// Requests that were given up and are yet to be carried out; see [`Action::CarryOutLate`].
    pub fn late(&self) -> usize {
        self.late.load(Ordering::SeqCst)
    }

    pub(crate) fn begin_late(&self) {
        self.late.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn end_late(&self) {
        self.late.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.lock().is_empty()
    }

    pub(crate) fn meet(&self, candidate: &Candidate<'_>) -> Option<Action> {
        let mut rules = self.rules.lock();
        for rule in rules.iter_mut().filter(|rule| rule.matches(candidate)) {
            rule.seen += 1;
            let due = rule.seen > rule.fault.skip
                && rule.fault.times.is_none_or(|times| rule.applied < times);
            if due {
                rule.applied += 1;
                return Some(rule.fault.action.clone());
            }
        }
        None
    }
}
