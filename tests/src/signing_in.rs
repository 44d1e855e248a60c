//! Signs in at a fake without the plugin, as a desktop application would: for the official libraries and for the peer of the speed
//! comparison.

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

use crate::consent::Person;
use crate::json::text;
use crate::programs::Simulator;

/// Nobody listens there: the browser stops before it gets there.
pub const NOWHERE: &str = "http://127.0.0.1:9/back";

/// An access token for the main mailbox, from a simulator for which [`NOWHERE`] or any loopback address is registered.
///
/// # Errors
///
/// If the fake refuses.
pub async fn access_token(simulator: &Simulator, provider: &str) -> Result<String> {
    let base = simulator.providers.base(provider)?;
    let (authorize, token, scope) = match provider {
        // Everything, because a client library also tries to delete for ever.
        "google" => (
            "/o/oauth2/v2/auth",
            "/token",
            "openid email https://mail.google.com/",
        ),
        _ => (
            "/common/oauth2/v2.0/authorize",
            "/common/oauth2/v2.0/token",
            "openid profile email offline_access User.Read Mail.ReadWrite Mail.Send Mail.ReadWrite.Shared Mail.Send.Shared MailboxSettings.Read",
        ),
    };
    let mut url = base.join(authorize)?;
    url.query_pairs_mut().extend_pairs([
        ("client_id", "demo-client"),
        ("redirect_uri", NOWHERE),
        ("response_type", "code"),
        ("scope", scope),
        ("state", "s"),
    ]);
    let browser = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let person = Person::willing(simulator.providers.address(provider)?);
    let back = person.visit(&browser, url.as_str(), NOWHERE).await?;
    let code = Url::query_pairs(&back)
        .find(|(name, _)| name == "code")
        .context("the provider sent no code back")?
        .1
        .into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", NOWHERE),
        ("client_id", "demo-client"),
        ("client_secret", "demo-secret"),
        ("scope", scope),
    ];
    let answer = browser
        .post(base.join(token)?)
        .form(&form)
        .send()
        .await?
        .bytes()
        .await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    Ok(text(&answer, "/access_token")?.to_owned())
}
