//! An authenticated client: puts the access token on, refreshes it once when it is refused, and turns refusals into
//! [`ProviderError`]s with the provider's own table.

use std::future::Future;

use futures::StreamExt as _;
use futures::stream;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::{Budget, Spent};
use super::{ProviderError, Result};
use crate::oauth::{self, OAuthError};
use crate::platform::{HttpError, Platform, Request, Response};
use crate::settings::texts::Locale;
use crate::settings::{ProviderKind, Secret};
use crate::store::accounts;

/// How long to wait when nobody answers, in milliseconds.
const UNREACHABLE_MS: u64 = 15_000;

/// Turns a refusal into an error; the time is now, in milliseconds since the Unix epoch.
pub(super) type Classify = fn(&Response, u64) -> ProviderError;

/// What a request costs, by its method and address, in the provider's units.
pub(super) type Price = fn(&Method, &str) -> u64;

/// Whether a call without a whole answer may simply be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Free,
    Never,
}

/// A request to be made, possibly twice (a refused token).
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    repeat: Repeat,
    units: Option<u64>,
}

impl Call {
    pub(super) fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            repeat: Repeat::Free,
            units: None,
        }
    }

    pub(super) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn post(url: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, url).json(body)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub(super) fn body(mut self, media_type: impl Into<String>, body: Vec<u8>) -> Self {
        self.headers.push(("content-type", media_type.into()));
        self.body = body;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What it costs, if that is not to be seen from its address.
    pub(super) fn units(mut self, units: u64) -> Self {
        self.units = Some(units);
        self
    }

    /// Making it twice does harm: no whole answer is [`ProviderError::Unclear`].
    pub(super) fn once(mut self) -> Self {
        self.repeat = Repeat::Never;
        self
    }
}

/// A mailbox's client.
pub(super) struct Client<'a, P> {
    pub(super) platform: &'a P,
    pub(super) kind: ProviderKind,
    pub(super) account: String,
    pub(super) classify: Classify,
    pub(super) price: Price,
    pub(super) budgets: Budgets,
}

/// All that bounds what a mailbox may ask for.
pub(super) struct Budgets {
    /// The mailbox's own.
    pub(super) own: Budget,
    /// That of all mailboxes together, if there is one.
    pub(super) shared: Option<Budget>,
    /// Bytes put into the mailbox, if they are counted.
    pub(super) uploads: Option<Budget>,
}

/// A body of fewer bytes is sent even if there is no room for it: it is a mark or a move, and not an attachment.
const SMALL_BODY: u64 = 64 << 10;

impl Budgets {
    pub(super) fn patient(&self, patient: bool) {
        self.own.patient(patient);
        if let Some(shared) = &self.shared {
            shared.patient(patient);
        }
    }

    /// How many of these, one after the other, there is room for.
    pub(super) fn fitting(&self, units: impl Iterator<Item = u64> + Clone, now: u64) -> usize {
        let own = self.own.fitting(units.clone(), now);
        let shared = self.shared.as_ref();
        shared.map_or(own, |shared| shared.fitting(units, now).min(own))
    }

    /// When there will be room for these, if nothing else is spent; at least a moment from now.
    pub(super) fn room_at(&self, units: u64, now: u64) -> u64 {
        let own = self.own.room_at(units, now);
        let shared = self.shared.as_ref();
        shared.map_or(own, |shared| shared.room_at(units, now).max(own))
    }

    /// Spends all that a request costs, or nothing.
    fn spend(&self, units: u64, body: u64, now: u64) -> Result<()> {
        let uploads = self.uploads.as_ref();
        self.own.check(units, now)?;
        if let Some(shared) = &self.shared {
            shared.check(units, now)?;
        }
        if let Some(uploads) = uploads.filter(|_| body >= SMALL_BODY) {
            uploads.check(body, now)?;
        }
        self.own.note(units, now);
        if let Some(shared) = &self.shared {
            shared.note(units, now);
        }
        self.note_upload(body, now);
        Ok(())
    }

    fn note_upload(&self, body: u64, now: u64) {
        if let Some(uploads) = self.uploads.as_ref().filter(|_| body > 0) {
            uploads.note(body, now);
        }
    }

    /// What was spent, if there is something new.
    pub(super) fn spent(&self) -> Option<Spent> {
        let shared = self.shared.as_ref().map_or(0, Budget::take_fresh);
        let uploads = self.uploads.as_ref();
        let fresh = self.own.take_fresh() + uploads.map_or(0, Budget::take_fresh);
        (fresh > 0).then(|| Spent {
            units: self.own.spending(),
            uploaded: uploads.map(Budget::spending).unwrap_or_default(),
            shared,
        })
    }
}

impl<P: Platform> Client<'_, P> {
    /// Makes the call; the answer's status is a success.
    pub(super) async fn send(&self, call: Call) -> Result<Response> {
        let units = call
            .units
            .unwrap_or_else(|| (self.price)(&call.method, &call.url));
        let body = call.body.len() as u64;
        self.budgets.spend(units, body, self.platform.now())?;
        let token = self.token(None).await?;
        let mut answer = self.exchange(&call, Some(&token)).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.budgets.note_upload(body, self.platform.now());
            let fresh = self.token(Some(&token)).await?;
            answer = self.exchange(&call, Some(&fresh)).await?;
        }
        let now = self.platform.now();
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED => Err(ProviderError::Unauthorized),
            status if status.is_server_error() && call.repeat == Repeat::Never => Err(
                ProviderError::Unclear(format!("the provider answered HTTP {}", status.as_u16())),
            ),
            _ => Err((self.classify)(&answer, now)),
        }
    }

    /// Makes the call without an access token, to an address that is its own authorisation; the answer may be a refusal.
    pub(super) async fn send_bare(&self, call: Call) -> Result<Response> {
        let body = call.body.len() as u64;
        self.budgets.spend(0, body, self.platform.now())?;
        self.exchange(&call, None).await
    }

    /// What a refusal means.
    pub(super) fn refusal(&self, answer: &Response) -> ProviderError {
        (self.classify)(answer, self.platform.now())
    }

    /// Makes the call and reads its JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let repeat = call.repeat;
        let answer = self.send(call).await?;
        serde_json::from_slice(answer.body())
            .map_err(|error| self.garbled(repeat, &error.to_string()))
    }

    /// Gets a new access token although the one that is kept has not expired.
    pub(super) async fn renew(&self) -> Result<()> {
        let rejected = self.token(None).await?;
        self.token(Some(&rejected)).await.map(|_| ())
    }

    async fn token(&self, rejected: Option<&Secret>) -> Result<Secret> {
        match oauth::tokens::access(self.platform, self.kind, &self.account, rejected).await {
            Ok(token) => Ok(token),
            Err(error) => {
                let locale = owner_locale(self.platform, &self.account).await;
                Err(token_error(error, self.platform.now(), locale))
            }
        }
    }

    async fn exchange(&self, call: &Call, token: Option<&Secret>) -> Result<Response> {
        let builder = http::Request::builder()
            .method(call.method.clone())
            .uri(&call.url)
            .header("accept", "application/json");
        let builder = token.into_iter().fold(builder, |builder, token| {
            builder.header("authorization", format!("Bearer {}", token.0))
        });
        let builder = call.headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(*name, value)
        });
        let request: Request = builder
            .body(call.body.clone())
            .map_err(|error| ProviderError::Refused(format!("no such request: {error}")))?;
        self.platform
            .send(request)
            .await
            .map_err(|error| match error {
                HttpError::Denied(origin) => ProviderError::Administrator(format!(
                    "grant the plugin access to {origin} in the plugin manager"
                )),
                HttpError::Unreachable(reason) => self.garbled(call.repeat, &reason),
            })
    }

    /// There was no whole answer.
    fn garbled(&self, repeat: Repeat, reason: &str) -> ProviderError {
        match repeat {
            Repeat::Never => ProviderError::Unclear(reason.to_owned()),
            Repeat::Free => ProviderError::Wait {
                until: self.platform.now() + UNREACHABLE_MS,
                reason: format!("{} gave no whole answer: {reason}", self.kind.name()),
            },
        }
    }
}

/// The host could not read or keep something.
pub(super) fn unavailable(now: u64, error: &impl std::fmt::Display) -> ProviderError {
    ProviderError::Wait {
        until: now + 1_000,
        reason: error.to_string(),
    }
}

/// The language of whoever reads why their account does not go on.
async fn owner_locale(platform: &impl Platform, account: &str) -> Locale {
    match accounts::get(platform, account).await {
        Ok(Some(account)) => Locale::of_user(platform, &account.user),
        _ => Locale::English,
    }
}

fn token_error(error: OAuthError, now: u64, locale: Locale) -> ProviderError {
    let text = error.in_locale(locale);
    match error {
        OAuthError::Wait { until, .. } => ProviderError::Wait {
            until,
            reason: text,
        },
        OAuthError::Administrator(_) | OAuthError::NotConfigured(_) => {
            ProviderError::Administrator(text)
        }
        OAuthError::MissingScope(scopes) => ProviderError::MissingScope(scopes.join(", ")),
        OAuthError::Store(_) => unavailable(now, &text),
        _ => ProviderError::Reconnect(text),
    }
}

/// Runs all, at most `at_once` at a time, and answers in their order.
pub(super) async fn together<F: Future>(
    work: impl IntoIterator<Item = F>,
    at_once: usize,
) -> Vec<F::Output> {
    stream::iter(work).buffered(at_once).collect().await
}

/// A piece of a path or of a query, percent-encoded. `$`, `,`, `(`, `)`, `'`, `/`, `:` stay for the sake of whoever reads a log.
pub(super) fn escape(text: &str) -> String {
    const KEEP: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'$')
        .remove(b',')
        .remove(b'(')
        .remove(b')')
        .remove(b'\'')
        .remove(b':');
    percent_encoding::utf8_percent_encode(text, KEEP).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Quota, Spending};

    fn budget(units: u64) -> Budget {
        let quota = Quota {
            units,
            window_ms: 60_000,
        };
        Budget::new(quota, Spending::default())
    }

    /// Of what is refused nothing is counted, or each try would bring the next one further away.
    #[test]
    fn what_has_no_room_in_one_budget_costs_nothing_in_the_others() {
        let budgets = Budgets {
            own: budget(100),
            shared: Some(budget(100)),
            uploads: Some(budget(2 * SMALL_BODY)),
        };
        assert_eq!(budgets.spend(1, 2 * SMALL_BODY, 0), Ok(()));
        let spent = |budgets: &Budgets| budgets.spent().map(|spent| spent.shared);
        assert_eq!(spent(&budgets), Some(1));
        let refused = budgets.spend(1, SMALL_BODY, 500);
        assert!(matches!(refused, Err(ProviderError::Paced { .. })));
        assert_eq!(spent(&budgets), None);
        assert_eq!(budgets.spend(1, 1, 500), Ok(()), "too little to wait for");
    }
}
