//! What must survive: an expired token, a disabled plugin, a killed host. And the end: unlinking.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::link::{complete, link};
use super::manage::mail;
use super::{Job, PATIENCE, account, threads};
use crate::client::Client;
use crate::json::{list, number, text};
use crate::site::CALLBACK;
use crate::stack::Stack;
use crate::wait::until;

/// Mail with this subject is delivered and synchronised.
async fn arrives(job: &Job, subject: &str, id: &str) -> Result<()> {
    job.providers
        .deliver(job.provider, &mail(subject, id))
        .await?;
    job.synchronise(subject, async || is_listed(job, subject).await)
        .await
}

async fn is_listed(job: &Job, subject: &str) -> Result<Result<(), String>> {
    let page = job
        .get(&format!(
            "/api/mail/threads?account={}&limit=5",
            job.account
        ))
        .await?;
    let listed = list(&page, "/items")?
        .iter()
        .any(|thread| thread.get("subject").is_some_and(|known| known == subject));
    if listed {
        Ok(Ok(()))
    } else {
        Ok(Err(format!("{}", job.account().await?)))
    }
}

/// All access tokens are worthless; nobody notices.
pub(super) async fn expiry(job: &Job) -> Result<((), String)> {
    let expired = job
        .providers
        .happen(job.provider, "expire-access-tokens", json!({}))
        .await?;
    if number(&expired, "/count")? == 0 {
        bail!("there was no access token to expire");
    }
    arrives(
        job,
        "After the token expired",
        "<after-expiry@elsewhere.example>",
    )
    .await?;
    Ok(((), String::new()))
}

/// Mail can't be reached and the callback is gone. Answers how often the provider was asked until then.
pub(super) async fn disabled(job: &Job, stack: &Stack, plugin: &str) -> Result<(u64, String)> {
    stack.site.disable(plugin).await?;
    job.client
        .get("/api/mail/accounts")
        .await?
        .problem(404, "plugin-disabled")?;
    let callback = job
        .client
        .browser()
        .get(job.client.base().join(CALLBACK)?)
        .send()
        .await?;
    if callback.status() != 404 {
        bail!("the callback still answers: {}", callback.status());
    }
    let asked = job.providers.asked(job.provider).await?.values().sum();
    job.providers
        .deliver(
            job.provider,
            &mail(
                "While it was disabled",
                "<while-disabled@elsewhere.example>",
            ),
        )
        .await?;
    Ok((asked, String::new()))
}

/// The provider was left alone meanwhile; the account is still linked, and what arrived comes.
pub(super) async fn enabled(
    job: &Job,
    stack: &Stack,
    plugin: &str,
    asked: u64,
) -> Result<((), String)> {
    let now: u64 = job.providers.asked(job.provider).await?.values().sum();
    if now != asked {
        bail!(
            "the disabled plugin asked the provider {} more times",
            now - asked
        );
    }
    stack.site.enable(plugin).await?;
    job.synchronise("mail that arrived while it was disabled", async || {
        is_listed(job, "While it was disabled").await
    })
    .await?;
    Ok(((), String::new()))
}

/// Another member links the same mailbox; the host is killed half-way. Answers that member and their account.
pub(super) async fn killed(job: &mut Job, stack: &mut Stack) -> Result<((Client, String), String)> {
    let second = stack
        .site
        .member(&format!("{}-second", job.provider))
        .await?;
    let expected = job.mailbox().await?.messages.len() as u64;
    // Slow enough to be interrupted, whatever the machine.
    let slow = json!({ "do": "delay", "ms": 150 });
    for method in ["GET", "POST"] {
        job.providers
            .fault(
                job.provider,
                method,
                "/(gmail|batch|v1.0)/",
                100_000,
                slow.clone(),
            )
            .await?;
    }
    let (id, _) = link(stack, &second, job.provider).await?;
    let stored = until("some of the second backfill", PATIENCE, || async {
        let stored = number(&account(&second, &id).await?, "/status/local_count")?;
        Ok(if stored > 0 {
            Ok(stored)
        } else {
            Err("nothing yet".to_owned())
        })
    })
    .await?;
    stack.host.kill();
    job.providers.no_faults(job.provider).await?;
    if stored >= expected {
        bail!("the backfill was over before the host could be killed");
    }
    stack.host.restart().await?;
    complete(&second, &id, expected).await?;
    none_twice(job, &second, &id).await?;
    job.client
        .get(&format!("/api/mail/accounts/{id}"))
        .await?
        .problem(404, "not-found")?;
    Ok(((second, id), format!("killed at {stored} of {expected}")))
}

/// Every message of the provider is here once, by Message-ID.
pub(super) async fn none_twice(job: &Job, client: &Client, id: &str) -> Result<()> {
    let mut here: BTreeMap<String, u32> = BTreeMap::new();
    let mut cursor = String::new();
    let folders = client
        .get(&format!("/api/mail/folders?account={id}"))
        .await?
        .success()?;
    let places: Vec<String> = list(&folders, "/items")?
        .iter()
        .filter(|folder| {
            ["spam", "trash"]
                .iter()
                .any(|role| folder.get("role").is_some_and(|known| known == role))
        })
        .map(|folder| {
            Ok(format!(
                "&folder={}",
                crate::providers::segment(text(folder, "/id")?)
            ))
        })
        .collect::<Result<_>>()?;
    for filter in std::iter::once(String::new()).chain(places) {
        loop {
            let page = client
                .get(&format!(
                    "/api/mail/messages?account={id}&limit=200{filter}{cursor}"
                ))
                .await?
                .success()?;
            for message in list(&page, "/items")? {
                let key = message
                    .get("message_header_id")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                *here.entry(key.to_owned()).or_default() += 1;
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={}", crate::providers::segment(next)),
                None => break,
            }
        }
        cursor.clear();
    }
    let mut there: BTreeMap<String, u32> = BTreeMap::new();
    for message in job.mailbox().await?.messages {
        *there
            .entry(message.message_id.unwrap_or_default())
            .or_default() += 1;
    }
    let different: Vec<_> = there
        .iter()
        .filter(|(key, count)| here.get(*key) != Some(count))
        .chain(here.iter().filter(|(key, _)| !there.contains_key(*key)))
        .take(5)
        .collect();
    if different.is_empty() {
        Ok(())
    } else {
        bail!(
            "messages that are missing here, or here more often than at the provider: {different:?}"
        )
    }
}

/// The first unlinking keeps the grant, because another account here lives on it; the last one ends it, or says where to.
pub(super) async fn unlinked(job: &Job, second: &(Client, String)) -> Result<((), String)> {
    let (client, id) = second;
    // A new process: the members' sessions must have survived, so nobody signs in again here.
    let first = client
        .delete(&format!("/api/mail/accounts/{id}"))
        .await?
        .success()?;
    if first.get("revoked").is_some_and(|revoked| revoked == true) {
        bail!("a grant was revoked that another account here still needs");
    }
    let last = job
        .client
        .delete(&format!("/api/mail/accounts/{}", job.account))
        .await?
        .success()?;
    let (revoked, hint) = (
        last.get("revoked").is_some_and(|revoked| revoked == true),
        text(&last, "/hint")?.to_owned(),
    );
    let right = if job.provider == "google" {
        revoked
    } else {
        !revoked && !hint.is_empty()
    };
    if !right {
        bail!("unlinking answered {last}");
    }
    job.client
        .get(&format!("/api/mail/accounts/{}", job.account))
        .await?
        .problem(404, "not-found")?;
    for (client, id) in [(client, id), (&job.client, &job.account)] {
        until("its mail to be gone", PATIENCE, || async {
            let answer = client
                .get(&format!("/api/mail/threads?account={id}"))
                .await?;
            let left = if answer.status == 404 {
                0
            } else {
                threads(client, id, "").await?.len()
            };
            Ok(if left == 0 {
                Ok(())
            } else {
                Err(format!("{left} threads are left"))
            })
        })
        .await?;
    }
    let all = job.client.get("/api/mail/threads").await?.success()?;
    if !list(&all, "/items")?.is_empty() {
        bail!("mail of the unlinked account is still listed");
    }
    Ok((
        (),
        if revoked {
            "grant revoked".to_owned()
        } else {
            hint
        },
    ))
}
