//! The main job, step by step, for one provider: link, synchronise, read, manage, send, recover, unlink.
//!
//! Each step does what a person would, through the HTTP API, and looks at the provider for what must have happened there.

mod comfort;
pub mod kills;
mod link;
mod manage;
mod read;
mod recover;
mod send;

pub(crate) use manage::mail;
pub(crate) use send::decode;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::Client;
use crate::json::{list, number, text};
use crate::providers::{Mailbox, Providers};
use crate::report::Report;
use crate::stack::Stack;
use crate::wait::until;

/// Long enough for an unoptimised host on a busy machine with two cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until an account has here what it has at its provider, each message once.
///
/// # Errors
///
/// What differs after a while.
pub async fn is_whole(
    client: &Client,
    providers: &Providers,
    provider: &'static str,
    account: &str,
) -> Result<()> {
    let job = Job {
        client: client.clone(),
        providers: providers.clone(),
        provider,
        account: account.to_owned(),
    };
    let expected = job.mailbox().await?.messages.len() as u64;
    link::complete(client, account, expected).await?;
    recover::none_twice(&job, client, account).await
}

/// The set-up by the administrator, as steps. Answers the plugin's id.
pub async fn set_up(stack: &Stack, report: &mut Report) -> Option<String> {
    let done = |note: &str| Ok(((), note.to_owned()));
    report
        .step("administrator signs in", async {
            stack
                .site
                .sign_in_administrator()
                .await
                .and_then(|()| done(""))
        })
        .await?;
    let id = report
        .step("plugin added", async {
            stack.site.add_plugin().await.map(|id| (id.clone(), id))
        })
        .await?;
    report
        .step("grants approved", async {
            stack.site.approve(&id).await.map(|note| ((), note))
        })
        .await?;
    report
        .step("plugin enabled", async {
            stack.site.enable(&id).await.and_then(|()| done(""))
        })
        .await?;
    for provider in ["google", "microsoft"] {
        let what = format!("settings saved: {provider}");
        report
            .step(&what, async {
                stack
                    .site
                    .save_settings(&id, provider)
                    .await
                    .and_then(|()| done(""))
            })
            .await?;
        let what = format!("set-up verified: {provider}");
        report
            .step(&what, async {
                let open = stack.site.verify(&id, provider).await?;
                let failed: Vec<&Value> = open
                    .iter()
                    .filter(|step| {
                        step.get("outcome")
                            .is_some_and(|outcome| outcome == "failed")
                    })
                    .collect();
                if failed.is_empty() {
                    done("")
                } else {
                    bail!("{failed:?}")
                }
            })
            .await?;
    }
    Some(id)
}

/// Everything of one provider, on a stack that [`set_up`] has made ready for plugin `plugin`.
pub async fn run(
    stack: &mut Stack,
    report: &mut Report,
    plugin: &str,
    provider: &'static str,
) -> Option<()> {
    report.begin(provider);
    let name = format!("{provider}-member");
    let client = report
        .step("member signs in", async {
            Ok((stack.site.member(&name).await?, name.clone()))
        })
        .await?;
    let providers = stack.site.providers.clone();
    let account = report
        .step("account linked", link::link(stack, &client, provider))
        .await?;
    let mut job = Job {
        client,
        providers,
        provider,
        account,
    };
    report.step("backfill", link::backfill(&job)).await?;
    let threads = report
        .step("threads listed in pages", read::pages(&job))
        .await?;
    let mixed = report
        .step(
            "thread with many scripts opened",
            read::open(&job, &threads),
        )
        .await?;
    report
        .step(
            "inline image shown, attachment identical",
            read::files(&job, &mixed),
        )
        .await?;
    report.step("full-text search", read::search(&job)).await?;
    report
        .step("marked read, starred", manage::marks(&job, &mixed))
        .await?;
    report
        .step("archived, labelled or moved", manage::places(&job, &mixed))
        .await?;
    report
        .step("trashed, restored", manage::trash(&job, &mixed))
        .await?;
    report
        .step("changes at the provider arrive", manage::incoming(&job))
        .await?;
    report
        .step("sent once though the answer was lost", send::new(&job))
        .await?;
    report
        .step("reply joins its thread", send::reply(&job, &mixed))
        .await?;
    report
        .step(
            "forward carries the attachment",
            send::forward(&job, &mixed),
        )
        .await?;
    report
        .step("recipients completed", comfort::recipients(&job))
        .await?;
    report
        .step("draft saved, opened, saved again", comfort::draft(&job))
        .await?;
    report
        .step(
            "files as an archive, and shown",
            comfort::files(&job, &mixed),
        )
        .await?;
    report
        .step("signature; a folder left out", comfort::settings(&job))
        .await?;
    report.step("log and badge", comfort::log(&job)).await?;
    report
        .step("access token refreshed", recover::expiry(&job))
        .await?;
    let asked = report
        .step(
            "disabled: routes gone, sync stops",
            recover::disabled(&job, stack, plugin),
        )
        .await?;
    report
        .step(
            "enabled: goes on where it was",
            recover::enabled(&job, stack, plugin, asked),
        )
        .await?;
    let second = report
        .step(
            "killed in a second backfill: nothing lost",
            recover::killed(&mut job, stack),
        )
        .await?;
    report
        .step("unlinked", recover::unlinked(&job, &second))
        .await?;
    Some(())
}

/// What all steps work with.
struct Job {
    client: Client,
    providers: Providers,
    provider: &'static str,
    /// The linked account's id.
    account: String,
}

impl Job {
    async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(path).await?.success()
    }

    async fn account(&self) -> Result<Value> {
        account(&self.client, &self.account).await
    }

    async fn mailbox(&self) -> Result<Mailbox> {
        self.providers.mailbox(self.provider).await
    }

    /// Asks for a synchronisation and waits until it has seen everything that is there now: `seen` decides.
    async fn synchronise<T>(
        &self,
        what: &str,
        seen: impl AsyncFn() -> Result<Result<T, String>>,
    ) -> Result<T> {
        self.client
            .post(
                &format!("/api/mail/accounts/{}/sync", self.account),
                serde_json::json!({}),
            )
            .await?
            .success()?;
        until(what, PATIENCE, || seen()).await
    }

    /// Waits until a message at the provider is as it should be.
    async fn at_provider(
        &self,
        what: &str,
        message_id: &str,
        right: impl Fn(&Mailbox, &crate::providers::Remote) -> bool,
    ) -> Result<()> {
        until(what, PATIENCE, || async {
            let mailbox = self.mailbox().await?;
            let Some(remote) = mailbox.message(message_id) else {
                return Ok(Err("the message is not there".to_owned()));
            };
            Ok(if right(&mailbox, remote) {
                Ok(())
            } else {
                Err(format!("{remote:?}"))
            })
        })
        .await
    }

    async fn act(&self, action: &str, message: &str, folder: Option<&str>) -> Result<()> {
        let mut body = serde_json::json!({ "action": action, "messages": [message] });
        if let (Some(folder), Some(map)) = (folder, body.as_object_mut()) {
            map.insert("folder".to_owned(), folder.into());
        }
        let applied = self
            .client
            .post("/api/mail/actions", body)
            .await?
            .success()?;
        if !list(&applied, "/refused")?.is_empty() || number(&applied, "/messages")? != 1 {
            bail!("{action} was not applied: {applied}");
        }
        Ok(())
    }

    async fn message(&self, id: &str) -> Result<Value> {
        self.get(&format!("/api/mail/messages/{id}")).await
    }

    async fn folders(&self) -> Result<Vec<Value>> {
        let folders = self
            .get(&format!("/api/mail/folders?account={}", self.account))
            .await?;
        Ok(list(&folders, "/items")?.to_vec())
    }

    /// The id of the folder with this role.
    async fn folder(&self, role: &str) -> Result<String> {
        let folders = self.folders().await?;
        let found = folders
            .iter()
            .find(|folder| folder.get("role").is_some_and(|known| known == role));
        Ok(text(
            found.with_context(|| format!("there is no folder for {role}"))?,
            "/id",
        )?
        .to_owned())
    }

    /// All threads that a filter shows, page by page.
    async fn threads(&self, filter: &str) -> Result<Vec<Value>> {
        threads(&self.client, &self.account, filter).await
    }
}

async fn account(client: &Client, id: &str) -> Result<Value> {
    client
        .get(&format!("/api/mail/accounts/{id}"))
        .await?
        .success()
}

async fn threads(client: &Client, account: &str, filter: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client
            .get(&format!(
                "/api/mail/threads?account={account}&limit=100{filter}{cursor}"
            ))
            .await?
            .success()?;
        all.extend(list(&page, "/items")?.iter().cloned());
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={}", crate::providers::segment(next)),
            None => return Ok(all),
        }
    }
}
