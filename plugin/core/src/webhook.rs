//! What providers tell of changes. It is answered at once, and only wakes the worker of an account that somebody was asked to watch: what
//! changed is asked for, never believed. So a forged, repeated, late or missing message does no harm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::accounts::poke;
use crate::oauth::{OAuthError, identity};
use crate::platform::{Level, Platform, StoreError};
use crate::settings::{self, ProviderKind};
use crate::store::rows::{Account, Subscription};
use crate::store::{accounts, subscriptions};
use crate::sync::push::digest;

/// Messages in one request; what is beyond is found by looking.
const MOST: usize = 1_000;

/// A request from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Incoming {
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer to a request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Plain text.
    pub body: String,
}

fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status,
        body: body.into(),
    }
}

/// Takes what a provider tells. `name` is the provider's.
pub async fn handle(platform: &impl Platform, name: &str, request: &Incoming) -> Answer {
    let outcome = match ProviderKind::from_name(name) {
        Some(ProviderKind::Google) => google(platform, request).await,
        Some(ProviderKind::Microsoft) => microsoft(platform, request).await,
        None => Ok(answer(404, "No webhook of this name is registered.")),
    };
    outcome.unwrap_or_else(|error| {
        platform.log(
            Level::Warn,
            "a provider's message was not taken",
            &[("provider", name), ("why", &error.to_string())],
        );
        // Said so, the provider tries again.
        answer(503, "Not now.")
    })
}

#[derive(Deserialize)]
struct Notifications {
    value: Vec<Notification>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Notification {
    subscription_id: String,
    client_state: Option<String>,
    lifecycle_event: Option<String>,
}

async fn microsoft(platform: &impl Platform, request: &Incoming) -> Result<Answer, StoreError> {
    let token = request
        .query
        .iter()
        .find(|(name, _)| name == "validationToken");
    if let Some((_, token)) = token {
        return Ok(answer(200, token));
    }
    let Ok(told) = serde_json::from_slice::<Notifications>(&request.body) else {
        return Ok(answer(400, "This is no list of change notifications."));
    };
    let told: Vec<Notification> = told.value.into_iter().take(MOST).collect();
    let mut ids: Vec<String> = told.iter().map(|one| one.subscription_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    for row in subscriptions::by_remote(platform, &ids).await? {
        let of_it = told
            .iter()
            .filter(|one| Some(&one.subscription_id) == row.remote.as_ref());
        // Digests are compared: how long that takes says nothing of the secret.
        let genuine: Vec<&Notification> = of_it
            .filter(|one| one.client_state.as_deref().map(digest) == row.secret)
            .collect();
        if genuine.is_empty() || row.secret.is_none() {
            continue;
        }
        let ending = |one: &&Notification| {
            matches!(
                one.lifecycle_event.as_deref(),
                Some("reauthorizationRequired" | "subscriptionRemoved")
            )
        };
        if genuine.iter().any(ending) {
            let again = Subscription {
                renew_at: 0,
                ..row.clone()
            };
            platform.apply(subscriptions::put(again)).await?;
        }
        if let Some(account) = accounts::get(platform, &row.account).await? {
            wake(platform, &account).await?;
        }
    }
    Ok(answer(202, ""))
}

#[derive(Deserialize)]
struct Envelope {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    email_address: String,
}

async fn google(platform: &impl Platform, request: &Incoming) -> Result<Answer, StoreError> {
    let settings = settings::provider(platform, ProviderKind::Google).await?;
    let header = request
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    let Some(token) = header.and_then(|(_, value)| value.strip_prefix("Bearer ")) else {
        return Ok(answer(401, "Messages have to be signed."));
    };
    let address = settings::push_address(&platform.public_origin(), ProviderKind::Google);
    match identity::verify_push(platform, token, &address, &settings.push_account).await {
        Ok(()) => {}
        Err(OAuthError::Store(error)) => return Err(error),
        Err(OAuthError::Wait { .. }) => return Ok(answer(503, "Not now.")),
        Err(_) => return Ok(answer(403, "This message is not signed as it has to be.")),
    }
    let changed = serde_json::from_slice::<Envelope>(&request.body)
        .ok()
        .and_then(|envelope| STANDARD.decode(envelope.message.data).ok())
        .and_then(|data| serde_json::from_slice::<Changed>(&data).ok());
    let Some(changed) = changed else {
        return Ok(answer(400, "This is no message of Gmail's."));
    };
    for account in accounts::all(platform).await? {
        let there = account.provider == ProviderKind::Google.name()
            && account.email.eq_ignore_ascii_case(&changed.email_address);
        if there && subscriptions::get(platform, &account.id).await?.is_some() {
            wake(platform, &account).await?;
        }
    }
    Ok(answer(200, ""))
}

/// Many messages are one look: a job that waits is not enqueued twice.
async fn wake(platform: &impl Platform, account: &Account) -> Result<(), StoreError> {
    if account.state != "active" || account.reconnect.is_some() {
        return Ok(());
    }
    poke(platform, account).await
}
