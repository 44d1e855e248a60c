//! Watches and what Cloud Pub/Sub pushes for them, signed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api::error::{ApiError, ApiResult};
use super::mailbox::{LabelKey, Mailbox};
use super::oauth::ISSUER;
use crate::Keys;

/// Milliseconds between two events of one mailbox; what comes sooner is dropped.
const EVENT_MS: u64 = 1_000;

/// A push subscription of a topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// `projects/…/topics/…`.
    pub topic: String,
    /// Where messages are posted.
    pub endpoint: String,
    /// `aud` of the token; none: the endpoint.
    #[serde(default)]
    pub audience: Option<String>,
    /// `email` of the token.
    #[serde(default = "default_account")]
    pub service_account: String,
}

fn default_account() -> String {
    "push@sim.iam.gserviceaccount.example".to_owned()
}

/// A push that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// Pub/Sub's id of the message.
    pub message_id: String,
    /// Mailbox it is about.
    pub address: String,
    /// As announced.
    pub history_id: u64,
    /// None: nobody answered.
    pub status: Option<u16>,
}

/// A running watch.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) topic: String,
    pub(crate) labels: Vec<LabelKey>,
    pub(crate) exclude: bool,
    /// Milliseconds since the Unix epoch.
    pub(crate) expires: u64,
    pub(crate) last_history: u64,
    pub(crate) last_push: Option<u64>,
}

/// All watches and subscriptions.
pub(crate) struct Push {
    keys: Keys,
    watches: Mutex<HashMap<String, Watch>>,
    subscriptions: Mutex<HashMap<String, Subscription>>,
    delivered: Arc<Mutex<Vec<Delivered>>>,
    next: AtomicU64,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Push {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            watches: Mutex::default(),
            subscriptions: Mutex::default(),
            delivered: Arc::default(),
            next: AtomicU64::new(7_000_000_001),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) fn subscribe(&self, subscription: Subscription) {
        self.subscriptions
            .lock()
            .insert(subscription.topic.clone(), subscription);
    }

    /// # Errors
    /// 403 as from a topic that Gmail may not publish to, 400 while a watch of another topic runs.
    pub(crate) fn watch(&self, address: &str, watch: Watch, now: u64) -> ApiResult<()> {
        if !self.subscriptions.lock().contains_key(&watch.topic) {
            return Err(ApiError::forbidden(format!(
                "Error sending test message to Cloud PubSub {} : User not authorized to perform this action.",
                watch.topic
            )));
        }
        let mut watches = self.watches.lock();
        // The same topic again renews; an application may not have two.
        if watches
            .get(address)
            .is_some_and(|running| running.expires > now && running.topic != watch.topic)
        {
            return Err(ApiError::invalid(
                "Only one user push notification client allowed per developer (call /stop then try again)",
            ));
        }
        // One below: the first event is due whatever has happened.
        let last_history = watch.last_history.saturating_sub(1);
        watches.insert(
            address.to_owned(),
            Watch {
                last_history,
                ..watch
            },
        );
        Ok(())
    }

    pub(crate) fn stop(&self, address: &str) {
        self.watches.lock().remove(address);
    }

    /// A mailbox may have changed: pushes if its watch wants to know.
    pub(crate) fn changed(&self, mailbox: &Mailbox, now: u64) {
        let address = &mailbox.account.address;
        let mut watches = self.watches.lock();
        let Some(watch) = watches.get_mut(address) else {
            return;
        };
        if watch.expires <= now {
            watches.remove(address);
            return;
        }
        let state = mailbox.state.read();
        let latest = state.history.latest();
        if latest == watch.last_history || watch.last_push.is_some_and(|last| last + EVENT_MS > now)
        {
            return;
        }
        let first = watch.last_push.is_none();
        let wanted = first
            || watch.labels.is_empty()
            || state.history.after(watch.last_history).any(|record| {
                let carries = watch
                    .labels
                    .iter()
                    .any(|label| record.labels.contains(label));
                carries != watch.exclude
            });
        drop(state);
        if !wanted {
            return;
        }
        watch.last_history = latest;
        watch.last_push = Some(now);
        let topic = watch.topic.clone();
        drop(watches);
        self.send(&topic, address, latest, now, false);
    }

    /// Pushes the mailbox's present history id once more, or a message that Google has not signed. False: no watch.
    pub(crate) fn again(&self, mailbox: &Mailbox, now: u64, forged: bool) -> bool {
        let address = &mailbox.account.address;
        let topic = self
            .watches
            .lock()
            .get(address)
            .map(|watch| watch.topic.clone());
        let Some(topic) = topic else {
            return false;
        };
        let latest = mailbox.state.read().history.latest();
        self.send(&topic, address, latest, now, forged);
        true
    }

    pub(crate) fn delivered(&self) -> Vec<Delivered> {
        self.delivered.lock().clone()
    }

    fn send(&self, topic: &str, address: &str, history: u64, now: u64, forged: bool) {
        let Some(subscription) = self.subscriptions.lock().get(topic).cloned() else {
            return;
        };
        let message_id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let seconds = now / 1000;
        let claims = json!({
            "iss": ISSUER,
            "aud": subscription.audience.as_ref().unwrap_or(&subscription.endpoint),
            "azp": "113774264463038321964",
            "sub": "113774264463038321964",
            "email": subscription.service_account,
            "email_verified": true,
            "iat": seconds,
            "exp": seconds + 3600,
        });
        let token = if forged {
            self.keys.forge(&claims)
        } else {
            self.keys.sign(&claims)
        };
        let data = json!({"emailAddress": address, "historyId": history}).to_string();
        let published = i64::try_from(now)
            .ok()
            .and_then(chrono::DateTime::from_timestamp_millis)
            .unwrap_or_default()
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let envelope = json!({
            "message": {
                "data": STANDARD.encode(data),
                "messageId": message_id,
                "message_id": message_id,
                "publishTime": published,
                "publish_time": published,
            },
            "subscription": topic.replace("/topics/", "/subscriptions/"),
        });
        let request = Request::post(&subscription.endpoint)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "CloudPubSub-Google")
            .body(Full::new(Bytes::from(envelope.to_string())));
        let Ok(request) = request else {
            return;
        };
        let entry = Delivered {
            message_id,
            address: address.to_owned(),
            history_id: history,
            status: None,
        };
        let delivered = self.delivered.clone();
        let client = self.client.clone();
        // Library calls may come from outside a runtime; then there is nobody to carry the push.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let status = client
                    .request(request)
                    .await
                    .ok()
                    .map(|response| response.status().as_u16());
                delivered.lock().push(Delivered { status, ..entry });
            });
        }
    }
}
