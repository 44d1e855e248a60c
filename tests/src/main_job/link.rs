//! Linking an account through the provider's consent page, and the first synchronisation.

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{Job, PATIENCE, account};
use crate::client::Client;
use crate::consent::Person;
use crate::json::{list, number, text};
use crate::site::CALLBACK;
use crate::stack::Stack;
use crate::wait::until;

/// Begins linking, goes through the consent page as the mailbox's owner, comes back. Answers the account's id.
pub(super) async fn link(
    stack: &Stack,
    client: &Client,
    provider: &str,
) -> Result<(String, String)> {
    let address = stack.site.providers.address(provider)?;
    let begun = client
        .post(
            "/api/mail/accounts",
            json!({ "provider": provider, "sync_since": 0 }),
        )
        .await?
        .success()?;
    let back = client.base().join(CALLBACK)?;
    let returned = Person::willing(address)
        .visit(
            client.browser(),
            text(&begun, "/authorize_url")?,
            back.as_str(),
        )
        .await?;
    let arrived = client.browser().get(returned).send().await?;
    if !arrived.status().is_redirection() && !arrived.status().is_success() {
        bail!(
            "the callback answered {}: {}",
            arrived.status(),
            arrived.text().await?
        );
    }
    let accounts = client.get("/api/mail/accounts").await?.success()?;
    let linked = list(&accounts, "/items")?.iter().find(|account| {
        account
            .get("provider")
            .is_some_and(|known| known == provider)
    });
    let linked = linked.context("the account is not in the list")?;
    if text(linked, "/email")? != address {
        bail!("another mailbox was linked: {linked}");
    }
    Ok((text(linked, "/id")?.to_owned(), address.to_owned()))
}

/// Every message of the mailbox is here.
pub(super) async fn backfill(job: &Job) -> Result<((), String)> {
    let expected = job.mailbox().await?.messages.len() as u64;
    let begun = std::time::Instant::now();
    let readable = until("the first page", PATIENCE, || async {
        let page = job
            .get(&format!(
                "/api/mail/threads?account={}&limit=20",
                job.account
            ))
            .await?;
        Ok(if list(&page, "/items")?.is_empty() {
            Err("no thread yet".to_owned())
        } else {
            Ok(begun.elapsed())
        })
    })
    .await?;
    complete(&job.client, &job.account, expected).await?;
    let took = begun.elapsed();
    told(job, expected).await?;
    let rate = expected as f32 / took.as_secs_f32().max(0.001);
    Ok((
        (),
        format!(
            "{expected} messages, first page after {:.1} s, {rate:.0} messages/s",
            readable.as_secs_f32()
        ),
    ))
}

/// Whoever runs the host sees it in the figures, which are counted every few seconds.
async fn told(job: &Job, expected: u64) -> Result<()> {
    let account = account(&job.client, &job.account).await?;
    if number(&account, "/status/quota/used")? == 0 {
        bail!("a backfill costs something: {account}");
    }
    let provider = text(&account, "/provider")?;
    let line = format!("plugin_host_mail_messages{{provider=\"{provider}\"}} {expected}\n");
    until("the figures", PATIENCE, || async {
        let address = job.client.base().join("/metrics")?;
        let answer = job.client.browser().get(address).send().await?;
        let figures = answer.error_for_status()?.text().await?;
        Ok(if figures.contains(&line) {
            Ok(())
        } else {
            Err(format!("there is no {line}{figures}"))
        })
    })
    .await
}

/// Waits until an account holds that many messages and has nothing left to do.
pub(super) async fn complete(client: &Client, id: &str, expected: u64) -> Result<()> {
    until("the backfill", PATIENCE, || async {
        let account = account(client, id).await?;
        let done = number(&account, "/status/local_count")? == expected
            && text(&account, "/status/condition")? == "up-to-date";
        Ok(if done {
            Ok(())
        } else {
            Err(format!(
                "{expected} messages are expected, and this is the account: {account}"
            ))
        })
    })
    .await
}
