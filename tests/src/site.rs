//! A running host with the Email manager in it, seen through its API by the administrator who sets it up.
//!
//! Each part of the set-up is a method, because the demo, its check and the tests all do them, as a client of the API would.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client::Client;
use crate::json::{list, text};
use crate::programs::{ADMINISTRATOR, PASSWORD};
use crate::providers::Providers;

/// Where the providers send people back to; promised by the documentation.
pub const CALLBACK: &str = "/admin/settings/mail/oauth2";

/// Id and secret of the application that is registered at the fakes.
pub const APPLICATION: (&str, &str) = ("demo-client", "demo-secret");

/// Until an uploaded component is answered for.
const UPLOAD: Duration = Duration::from_secs(240);

/// See the module's documentation.
#[derive(Debug)]
pub struct Site {
    /// Not signed in until [`Site::sign_in_administrator`].
    pub administrator: Client,
    /// Control of the fakes.
    pub providers: Providers,
    /// The component that is installed.
    pub component: PathBuf,
}

impl Site {
    /// Everything that a first run needs, at once: the plugin enabled and set up for both providers.
    ///
    /// # Errors
    ///
    /// What the host refused.
    pub async fn set_up(&self) -> Result<()> {
        self.sign_in_administrator().await?;
        let id = self.add_plugin().await?;
        self.approve(&id).await?;
        self.enable(&id).await?;
        for provider in ["google", "microsoft"] {
            self.save_settings(&id, provider).await?;
        }
        Ok(())
    }

    /// The administrator whom the first start made.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn sign_in_administrator(&self) -> Result<()> {
        self.administrator.sign_in(ADMINISTRATOR, PASSWORD).await
    }

    /// Uploads the component; answers the plugin's id.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn add_plugin(&self) -> Result<String> {
        let plugin = self.upload(&self.component).await?.success()?;
        Ok(text(&plugin, "/id")?.to_owned())
    }

    /// Uploads any file as a plugin.
    ///
    /// # Errors
    ///
    /// If the file can't be read or the host gives no answer.
    pub async fn upload(&self, file: &Path) -> Result<crate::client::Answer> {
        let bytes = tokio::fs::read(file)
            .await
            .with_context(|| file.display().to_string())?;
        self.hand_over("/api/plugins", bytes.into()).await
    }

    async fn hand_over(
        &self,
        path: &str,
        component: bytes::Bytes,
    ) -> Result<crate::client::Answer> {
        self.administrator
            .send(reqwest::Method::POST, path, |request| {
                request
                    .header("content-type", "application/wasm")
                    // It is compiled before the answer: of all requests the one that takes long on a busy machine.
                    .timeout(UPLOAD)
                    .body(component)
            })
            .await
    }

    /// The id of the plugin that is there.
    ///
    /// # Errors
    ///
    /// If there is none, or the host gives no answer.
    pub async fn plugin(&self) -> Result<String> {
        let plugins = self.administrator.get("/api/plugins").await?.success()?;
        let plugin = list(&plugins, "/items")?.first();
        Ok(text(plugin.context("there is no plugin")?, "/id")?.to_owned())
    }

    /// Upgrades a plugin to this component.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn upgrade(&self, id: &str, component: bytes::Bytes) -> Result<()> {
        let path = format!("/api/plugins/{id}/upgrade");
        self.hand_over(&path, component).await?.success()?;
        Ok(())
    }

    /// Grants what the manifest asks for, and the fakes on this machine's own address, which are never granted by themselves.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn approve(&self, id: &str) -> Result<String> {
        let plugin = self
            .administrator
            .get(&format!("/api/plugins/{id}"))
            .await?
            .success()?;
        let mut grants = plugin
            .get("proposed_grants")
            .cloned()
            .context("the plugin proposes no grants")?;
        let origins = grants
            .get_mut("origins")
            .and_then(Value::as_array_mut)
            .context("the grants have no origins")?;
        for provider in ["google", "microsoft"] {
            let origin = self
                .providers
                .base(provider)?
                .origin()
                .ascii_serialization();
            origins.push(json!({ "origin": origin, "internal": true }));
        }
        let count = origins.len();
        self.administrator
            .put(&format!("/api/plugins/{id}/grants"), grants)
            .await?
            .success()?;
        Ok(format!("{count} origins"))
    }

    /// Enables the plugin.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn enable(&self, id: &str) -> Result<()> {
        self.administrator
            .post(&format!("/api/plugins/{id}/enable"), json!({}))
            .await?
            .success()?;
        Ok(())
    }

    /// Disables the plugin.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn disable(&self, id: &str) -> Result<()> {
        self.administrator
            .post(&format!("/api/plugins/{id}/disable"), json!({}))
            .await?
            .success()?;
        Ok(())
    }

    /// Fills in a provider's section: the registered application, and the fake's addresses in place of the provider's.
    ///
    /// # Errors
    ///
    /// If the host refuses, or the secret can be read back.
    pub async fn save_settings(&self, id: &str, provider: &str) -> Result<()> {
        let mut values = self.endpoints(provider)?;
        let map = values
            .as_object_mut()
            .context("the endpoints are no object")?;
        map.insert("client_id".to_owned(), APPLICATION.0.into());
        map.insert("client_secret".to_owned(), APPLICATION.1.into());
        self.save_values(id, provider, values).await?;
        let shown = self
            .administrator
            .get(&format!("/api/plugins/{id}/settings"))
            .await?;
        if String::from_utf8_lossy(&shown.body).contains(APPLICATION.1) {
            bail!("the client secret can be read back from the settings");
        }
        Ok(())
    }

    /// Saves some values of a section.
    ///
    /// # Errors
    ///
    /// If the host refuses, or one of the fields.
    pub async fn save_values(&self, id: &str, section: &str, values: Value) -> Result<()> {
        self.administrator
            .put(&format!("/api/plugins/{id}/settings/{section}"), values)
            .await?
            .success()?;
        Ok(())
    }

    /// Steps of "verify setup" that did not pass.
    ///
    /// # Errors
    ///
    /// If the host refuses to check.
    pub async fn verify(&self, id: &str, provider: &str) -> Result<Vec<Value>> {
        let checked = self
            .administrator
            .post(
                &format!("/api/plugins/{id}/settings/{provider}/check"),
                json!({}),
            )
            .await?
            .success()?;
        let steps = list(&checked, "/steps")?;
        Ok(steps
            .iter()
            .filter(|step| {
                step.get("outcome")
                    .is_none_or(|outcome| outcome != "passed")
            })
            .cloned()
            .collect())
    }

    /// A new person, signed in.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn member(&self, name: &str) -> Result<Client> {
        let email = format!("{name}@localhost");
        let person =
            json!({ "name": name, "email": email, "role": "member", "password": PASSWORD });
        self.administrator
            .post("/api/users", person)
            .await?
            .success()?;
        let member = self.administrator.stranger()?;
        member.sign_in(&email, PASSWORD).await?;
        Ok(member)
    }

    /// The addresses of a fake, as the settings name them.
    fn endpoints(&self, provider: &str) -> Result<Value> {
        let base = self.providers.base(provider)?;
        let at = |path: &str| base.join(path).map(|url| url.to_string());
        let bare = base.as_str().trim_end_matches('/');
        Ok(match provider {
            "google" => json!({
                "authorize_url": at("/o/oauth2/v2/auth")?,
                "token_url": at("/token")?,
                "revoke_url": at("/revoke")?,
                "userinfo_url": at("/v1/userinfo")?,
                "keys_url": at("/oauth2/v3/certs")?,
                "api_url": bare,
                // The fakes have no quota here, see `docs/decisions.md`.
                "units_per_minute": 100_000_000,
            }),
            "microsoft" => json!({ "authority_url": bare, "graph_url": bare }),
            other => bail!("there is no provider {other}"),
        })
    }
}
