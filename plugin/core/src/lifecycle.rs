//! What the plugin is, what it asks for, and what happens when it is enabled or removed.

use crate::platform::{Job, Platform, Priority, StoreError, Value, Write};
use crate::settings::texts::Locale;
use crate::settings::{self, ProviderKind, REDIRECT_PATH};
use crate::store::column::Column;
use crate::store::{accounts, queues, schema, subscriptions};
use crate::{accounts as linked, jobs};

/// See `lifecycle.manifest`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Manifest {
    pub id: &'static str,
    pub title: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    pub origins: Vec<&'static str>,
    pub paths: Vec<&'static str>,
    pub pages: bool,
    pub storage_bytes: u64,
    pub memory_bytes: u64,
    pub call_seconds: u32,
    /// Kind and seconds.
    pub schedules: Vec<(&'static str, u32)>,
}

/// The manifest.
#[must_use]
pub fn describe() -> Manifest {
    Manifest {
        id: "email-manager",
        title: "Email manager",
        version: env!("CARGO_PKG_VERSION"),
        description: "Gmail and Outlook in the platform: synchronised, searchable, read, managed and sent.",
        origins: vec![
            "https://accounts.google.com",
            "https://oauth2.googleapis.com",
            "https://openidconnect.googleapis.com",
            "https://www.googleapis.com",
            "https://gmail.googleapis.com",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com",
            // Upload sessions of large attachments.
            "https://outlook.office.com",
            "https://*.office.com",
        ],
        paths: vec![REDIRECT_PATH],
        pages: true,
        // 100,000 messages of 60 kB with their index, for a few people.
        storage_bytes: 20 << 30,
        // A page of large messages decoded several times over.
        memory_bytes: 256 << 20,
        call_seconds: 60,
        schedules: vec![(jobs::TICK, jobs::TICK_SECONDS)],
    }
}

/// Defines collections, registers the callback, and wakes the accounts. Idempotent.
///
/// # Errors
/// What the host answered, in words.
pub async fn enable(platform: &impl Platform) -> Result<(), String> {
    let text = |error: StoreError| error.to_string();
    schema::define(platform).await.map_err(text)?;
    platform
        .define(&settings::collection())
        .await
        .map_err(text)?;
    platform.register_oauth_callback(REDIRECT_PATH)?;
    for kind in [ProviderKind::Google, ProviderKind::Microsoft] {
        platform.register_webhook(kind.name())?;
    }
    let tick = Job {
        kind: jobs::TICK.into(),
        key: String::new(),
        payload: Vec::new(),
        run_at: None,
        priority: Priority::Normal,
    };
    // The host may have another address than when it was here last.
    let kind = ProviderKind::Microsoft;
    let address = settings::push_address(&platform.public_origin(), kind);
    platform
        .apply(vec![
            Write::Enqueue(tick),
            subscriptions::moved(kind, &address),
        ])
        .await
        .map_err(text)
}

/// Gives all grants back before the data is deleted.
///
/// # Errors
/// What the host answered, in words.
pub async fn remove(platform: &impl Platform) -> Result<(), String> {
    for account in accounts::all(platform)
        .await
        .map_err(|error| error.to_string())?
    {
        // A provider that can't be reached must not keep the plugin from being removed; the tokens are deleted here.
        let _ = linked::revoke(platform, &account, Locale::English).await;
    }
    Ok(())
}

/// Deletes what belongs to a user who is no more.
///
/// # Errors
/// What the host answered, in words.
pub async fn user_removed(platform: &impl Platform, user: &str) -> Result<(), String> {
    for account in accounts::of_user(platform, user)
        .await
        .map_err(|error| error.to_string())?
    {
        let _ = linked::revoke(platform, &account, Locale::English).await;
        let gone: Vec<(&'static str, Value)> = vec![("state", "purging".to_owned().write())];
        let writes = vec![
            accounts::patch(&account.id, gone),
            queues::enqueue(queues::PURGE, &account.id),
        ];
        platform
            .apply(writes)
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
