//! Asking the provider to tell of changes. What it tells is only a hint that makes an account be looked at sooner: looking at the interval
//! goes on, so that nothing depends on a message that may come late, twice or never.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{Fault, Worker};
use crate::platform::{Level, Platform};
use crate::provider::{Provider, ProviderError, PushTarget};
use crate::settings::{self, ProviderKind};
use crate::store::rows::Subscription;
use crate::store::subscriptions;

/// Renewed this long before it ends, in milliseconds; a Gmail watch, as Google advises, every day.
const EARLY: u64 = 12 * 3_600_000;
const DAY: u64 = 24 * 3_600_000;
/// Tried again after a refusal, in milliseconds.
const LATER: u64 = 3_600_000;

/// What of a secret is kept: enough to know it again.
pub(crate) fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// Begins or renews a subscription, or ends one that is not wanted any more.
    pub(super) async fn subscribe(&mut self) -> Result<(), Fault> {
        let mut known = subscriptions::get(self.platform, &self.account.id).await?;
        let Some((target, place)) = self.target().await? else {
            return self.end(known).await;
        };
        let elsewhere = |row: &&Subscription| {
            row.secret.is_some() && row.place.as_deref() != Some(place.as_str())
        };
        if let Some(row) = known.as_ref().filter(elsewhere) {
            // Renewing it would not move it, and Gmail has no second one beside it.
            let ended = self.mailbox.unsubscribe(row.remote.as_deref()).await;
            self.passed(ended).await?;
            known = None;
        }
        let now = self.now();
        // The secret is the provider's to repeat: a renewed subscription keeps the one that it began with.
        let kept = known
            .as_ref()
            .and_then(|row| row.remote.clone().zip(row.secret.clone()));
        let (id, secret) = match kept {
            Some((id, secret)) => (Some(id), secret),
            None => (None, digest(&target.secret)),
        };
        let row = match self.mailbox.subscribe(&target, id.as_deref()).await {
            Ok(made) => Subscription {
                account: self.account.id.clone(),
                secret: Some(if made.id == id {
                    secret
                } else {
                    digest(&target.secret)
                }),
                remote: made.id,
                renew_at: made
                    .expires
                    .saturating_sub(EARLY)
                    .min(now + DAY)
                    .max(now + 60_000),
                problem: None,
                place: Some(place),
            },
            Err(error) => {
                let problem = error.to_string();
                self.passed(Err(error)).await?;
                Subscription {
                    account: self.account.id.clone(),
                    secret: known.as_ref().and_then(|row| row.secret.clone()),
                    remote: known.and_then(|row| row.remote),
                    renew_at: now + LATER,
                    problem: Some(problem),
                    place: Some(place),
                }
            }
        };
        self.platform.apply(subscriptions::put(row)).await?;
        Ok(())
    }

    /// Push is off, or can't be had for this mailbox.
    async fn end(&self, known: Option<Subscription>) -> Result<(), Fault> {
        let made = known.as_ref().filter(|row| row.secret.is_some());
        if let Some(row) = made {
            let ended = self.mailbox.unsubscribe(row.remote.as_deref()).await;
            self.passed(ended).await?;
        }
        let writes = if settings::sync(self.platform).await?.push {
            // It may be set up later.
            subscriptions::put(Subscription {
                account: self.account.id.clone(),
                remote: None,
                secret: None,
                renew_at: self.now() + LATER,
                problem: None,
                place: None,
            })
        } else {
            vec![subscriptions::delete(&self.account.id)]
        };
        self.platform.apply(writes).await?;
        Ok(())
    }

    /// What stops everything stops this, too; that push can't be had stops nothing.
    async fn passed(&self, outcome: crate::provider::Result<()>) -> Result<(), Fault> {
        match outcome {
            Err(
                error @ (ProviderError::Wait { .. }
                | ProviderError::Paced { .. }
                | ProviderError::Unauthorized
                | ProviderError::Reconnect(_)),
            ) => Err(error.into()),
            Err(error) => {
                self.platform.log(
                    Level::Warn,
                    "the provider does not tell of changes",
                    &[("account", &self.account.id), ("why", &error.to_string())],
                );
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What is to be asked for, and where that tells. None: push is off, or not set up for this provider, or the mailbox is a shared one, of
    /// which Graph does not tell.
    async fn target(&self) -> Result<Option<(PushTarget, String)>, Fault> {
        let Some(kind) = ProviderKind::from_name(&self.account.provider) else {
            return Ok(None);
        };
        if self.account.mailbox.is_some() {
            return Ok(None);
        }
        let topic = settings::provider(self.platform, kind).await?.push_topic;
        let wanted = settings::sync(self.platform).await?.push;
        if !wanted || (kind == ProviderKind::Google && topic.is_empty()) {
            return Ok(None);
        }
        let mut random = [0; 24];
        self.platform.fill(&mut random);
        let target = PushTarget {
            address: settings::push_address(&self.platform.public_origin(), kind),
            topic,
            secret: URL_SAFE_NO_PAD.encode(random),
        };
        let place = match kind {
            ProviderKind::Google => target.topic.clone(),
            ProviderKind::Microsoft => target.address.clone(),
        };
        Ok(Some((target, place)))
    }
}
