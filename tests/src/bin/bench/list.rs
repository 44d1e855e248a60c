//! What a page of a list takes, in a small and in a large mailbox.

use std::time::Instant;

use anyhow::{Context, Result};
use end_to_end::client::Client;
use end_to_end::json::{list, text};

use super::{Arguments, consent, fill};

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let small = list_time(arguments, 1_000).await?;
    let large = list_time(arguments, arguments.large).await?;
    println!("### List of 50 threads (`GET /api/mail/threads`), median of 200\n");
    println!("| messages in the mailbox | inbox | everything |\n|---|---|---|");
    println!("| 1,000 | {:.2} ms | {:.2} ms |", small.0, small.1);
    println!(
        "| {} | {:.2} ms | {:.2} ms |",
        arguments.large, large.0, large.1
    );
    println!(
        "| **ratio** | **{:.2} ×** | **{:.2} ×** |\n",
        large.0 / small.0,
        large.1 / small.1
    );
    Ok(())
}

/// Milliseconds for the first page of the inbox, and of all mail.
async fn list_time(arguments: &Arguments, messages: usize) -> Result<(f64, f64)> {
    let stack = arguments.stack(messages, "small").await?;
    let member = stack.site.member("bench").await?;
    let expected = stack.site.providers.mailbox("google").await?.messages.len() as u64;
    let address = stack.site.providers.address("google")?;
    let consented = consent(&stack, &member, "google", address).await?;
    fill(&member, consented, expected).await?;
    let folders = member.get("/api/mail/folders").await?.success()?;
    let inbox = list(&folders, "/items")?
        .iter()
        .find(|folder| folder.get("role").is_some_and(|role| role == "inbox"));
    let inbox = text(inbox.context("there is no inbox")?, "/id")?;
    let inbox = median(
        &member,
        &format!("/api/mail/threads?limit=50&folder={inbox}"),
    )
    .await?;
    Ok((inbox, median(&member, "/api/mail/threads?limit=50").await?))
}

async fn median(client: &Client, path: &str) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        let answer = client
            .browser()
            .get(client.base().join(path)?)
            .send()
            .await?
            .error_for_status()?;
        answer.bytes().await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().context("no figures")
}
