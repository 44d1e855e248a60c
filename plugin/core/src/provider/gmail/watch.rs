//! Being told of changes: Gmail publishes to a Pub/Sub topic, which posts to us.

use serde::Deserialize;
use serde_json::json;

use super::{Gmail, wire};
use crate::platform::Platform;
use crate::provider::client::Call;
use crate::provider::{PushTarget, Result, Subscribed};

/// The answer of `users.watch`; the number travels as text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Watch {
    #[serde(deserialize_with = "wire::number")]
    expiration: u64,
}

impl<P: Platform> Gmail<'_, P> {
    /// Also what renews a watch.
    pub(super) async fn watch(&self, target: &PushTarget) -> Result<Subscribed> {
        let call = Call::post(self.url("watch"), &json!({"topicName": target.topic}));
        let watch: Watch = self.client.json(call).await?;
        Ok(Subscribed {
            id: None,
            expires: watch.expiration,
        })
    }

    pub(super) async fn stop_watching(&self) -> Result<()> {
        let call = Call::post(self.url("stop"), &json!({}));
        self.client.send(call).await.map(|_| ())
    }
}
