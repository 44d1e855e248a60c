//! Being told of changes: Graph posts to us. A subscription covers the whole mailbox, which delegated rights allow for the person's own
//! mailbox only.

use chrono::{DateTime, SecondsFormat};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Graph, delete, post, preferring};
use crate::platform::Platform;
use crate::provider::client::{Call, escape};
use crate::provider::mime::timestamp;
use crate::provider::{ProviderError, PushTarget, Result, Subscribed};

/// Asked for first, in minutes. The documentation says 10,080; the ceiling was seen lower, and a refusal names it.
const MINUTES: u64 = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    id: String,
    expiration_date_time: Option<String>,
}

impl<P: Platform> Graph<'_, P> {
    /// Renews the subscription with this id, or makes one.
    pub(super) async fn subscription(
        &self,
        target: &PushTarget,
        id: Option<&str>,
    ) -> Result<Subscribed> {
        match self.within(MINUTES, target, id).await {
            Err(ProviderError::Refused(reason)) => match ceiling(&reason) {
                Some(minutes) => self.within(minutes, target, id).await,
                None => Err(ProviderError::Refused(reason)),
            },
            answer => answer,
        }
    }

    async fn within(
        &self,
        minutes: u64,
        target: &PushTarget,
        id: Option<&str>,
    ) -> Result<Subscribed> {
        let now = self.client.platform.now();
        let end = now.saturating_add(minutes.saturating_mul(60_000));
        let end = i64::try_from(end)
            .ok()
            .and_then(DateTime::from_timestamp_millis)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true);
        if let Some(id) = id {
            let url = self.service(&format!("/subscriptions/{}", escape(id)));
            let call = Call::new(Method::PATCH, url).json(&json!({"expirationDateTime": end}));
            match self.client.json::<Answer>(preferring(call, None)).await {
                // It has ended, or was taken away: another one.
                Err(ProviderError::NotFound) => {}
                answer => return answer.map(|answer| told(answer, now, minutes)),
            }
        }
        let body = json!({
            "changeType": "created,updated,deleted",
            "resource": self.path("/messages"),
            "notificationUrl": target.address,
            "lifecycleNotificationUrl": target.address,
            "clientState": target.secret,
            "expirationDateTime": end,
        });
        let answer: Answer = self
            .client
            .json(post(self.service("/subscriptions"), &body))
            .await?;
        Ok(told(answer, now, minutes))
    }

    pub(super) async fn end_subscription(&self, id: &str) -> Result<()> {
        let call = delete(self.service(&format!("/subscriptions/{}", escape(id))));
        match self.client.send(call).await {
            Ok(_) | Err(ProviderError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn told(answer: Answer, now: u64, minutes: u64) -> Subscribed {
    let expires = answer.expiration_date_time.as_deref().and_then(timestamp);
    Subscribed {
        id: Some(answer.id).filter(|id| !id.is_empty()),
        expires: expires.unwrap_or(now.saturating_add(minutes.saturating_mul(60_000))),
    }
}

/// "… can only be N minutes in the future", less a minute for clocks that differ.
fn ceiling(reason: &str) -> Option<u64> {
    let before = reason.split(" minutes").next()?;
    let digits: String = before
        .rsplit(' ')
        .next()?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let minutes: u64 = digits.parse().ok()?;
    (1..MINUTES)
        .contains(&minutes)
        .then(|| minutes.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_ceiling() {
        let reason = "Subscription expiration can only be 4230 minutes in the future.";
        assert_eq!(ceiling(reason), Some(4_229));
        assert_eq!(ceiling("Subscription validation request failed."), None);
        assert_eq!(ceiling("It can only be 99999 minutes in the future."), None);
    }
}
