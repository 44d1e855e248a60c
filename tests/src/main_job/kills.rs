//! A host that is killed again and again, wherever it happens to be: nothing is lost, nothing is there twice, nothing is sent twice.

use anyhow::{Context, Result, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::link::{complete, link};
use super::recover::none_twice;
use super::{Job, PATIENCE, send};
use crate::json::{list, text};
use crate::stack::Stack;
use crate::wait::until;

/// Every request of the plugin takes so long, in milliseconds: a kill between two of them is then as likely as one within.
const DELAY: u64 = 25;
/// What a whole backfill of the mailbox asks about, at either provider.
const BACKFILL: u64 = 30;
/// What sending one message asks about.
const SENDING: u64 = 8;

/// One run: a new member links the mailbox, synchronises, marks and sends, and the host is killed three times in the first, and once
/// in each of the others. `seed` decides where. Answers what happened, for the report.
///
/// # Errors
///
/// If anything is lost or there twice; with the seed.
pub async fn run(stack: &mut Stack, provider: &'static str, seed: u64) -> Result<String> {
    let told = killed(stack, provider, seed).await;
    stack.site.providers.no_faults(provider).await?;
    told.with_context(|| format!("seed {seed} at {provider}"))
}

async fn killed(stack: &mut Stack, provider: &'static str, seed: u64) -> Result<String> {
    let mut dice = StdRng::seed_from_u64(seed);
    let name = format!("{provider}-killed-{seed}");
    let client = stack.site.member(&name).await?;
    let providers = stack.site.providers.clone();
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        let slow = json!({ "do": "delay", "ms": DELAY });
        let everything = "/(gmail|batch|v1.0)/";
        providers
            .fault(provider, method, everything, 1_000_000, slow)
            .await?;
    }
    let account = link(stack, &client, provider).await?.0;
    let job = Job {
        client,
        providers,
        provider,
        account,
    };
    let mut told = Vec::new();
    for _ in 0..3 {
        let rests = async || Ok(text(&job.account().await?, "/status/condition")? == "up-to-date");
        told.push(kill_after(&job, stack, dice.random_range(0..BACKFILL), rests).await?);
    }
    let expected = job.mailbox().await?.messages.len() as u64;
    complete(&job.client, &job.account, expected).await?;
    none_twice(&job, &job.client, &job.account).await?;

    let starred = star_some(&job, seed).await?;
    let all = async || {
        let there = job.mailbox().await?;
        let done = |id: &String| there.message(id).is_some_and(|remote| remote.starred);
        Ok(starred.iter().all(done))
    };
    told.push(kill_after(&job, stack, dice.random_range(0..4), all).await?);
    for message in &starred {
        job.at_provider("the star", message, |_, remote| remote.starred)
            .await?;
    }

    let subject = format!("Sent by a host that is killed, {seed} at {provider}");
    let draft = json!({
        "account": job.account,
        "to": [{ "name": "Grace Hopper", "email": "grace@elsewhere.example" }],
        "subject": subject,
        "html": "<p>Once.</p>",
    });
    let first = send::send(&job, &name, &draft).await?.success()?;
    let out = async || Ok(!send::sent_as(&job, &subject).await?.is_empty());
    told.push(kill_after(&job, stack, dice.random_range(0..SENDING), out).await?);
    // Whoever got no answer asks again.
    let again = send::send(&job, &name, &draft).await?.success()?;
    if text(&first, "/id")? != text(&again, "/id")? {
        bail!("the same key made two messages: {first} and {again}");
    }
    send::settled(&job, text(&first, "/id")?).await?;
    let sent = send::sent_as(&job, &subject).await?;
    if sent.len() != 1 {
        bail!("{} messages were sent instead of one", sent.len());
    }
    job.client
        .post(
            &format!("/api/mail/accounts/{}/sync", job.account),
            json!({}),
        )
        .await?
        .success()?;
    complete(
        &job.client,
        &job.account,
        job.mailbox().await?.messages.len() as u64,
    )
    .await?;
    none_twice(&job, &job.client, &job.account).await?;
    Ok(format!("killed after {} requests", told.join(", ")))
}

/// Stars what a person sees first; answers the Message-IDs.
async fn star_some(job: &Job, seed: u64) -> Result<Vec<String>> {
    let page = job
        .get(&format!(
            "/api/mail/messages?account={}&limit=20",
            job.account
        ))
        .await?;
    let there = job.mailbox().await?.messages;
    let count = |id: &str| {
        let same = |message: &&crate::providers::Remote| message.message_id.as_deref() == Some(id);
        there.iter().filter(same).count()
    };
    let mut starred = Vec::new();
    let skip = usize::try_from(seed % 10)?;
    for message in list(&page, "/items")?.iter().skip(skip).take(5) {
        // Two messages of the same id can't be told apart at the provider.
        let id = message.get("message_header_id").and_then(Value::as_str);
        let Some(id) = id.filter(|id| count(id) == 1) else {
            continue;
        };
        let star = json!({ "action": "star", "messages": [text(message, "/id")?] });
        let applied = job.client.post("/api/mail/actions", star).await?;
        applied.success()?;
        starred.push(id.to_owned());
    }
    Ok(starred)
}

/// Kills the host once it has sent so many more requests, or there is nothing left to ask for; starts it again.
async fn kill_after(
    job: &Job,
    stack: &mut Stack,
    requests: u64,
    over: impl AsyncFn() -> Result<bool>,
) -> Result<String> {
    let asked =
        async || -> Result<u64> { Ok(job.providers.asked(job.provider).await?.values().sum()) };
    let before = asked().await?;
    let after = until("the host to ask", PATIENCE, || async {
        let asked = asked().await? - before;
        Ok(if asked >= requests || over().await? {
            Ok(asked)
        } else {
            Err(format!("{asked} of {requests} requests"))
        })
    })
    .await?;
    stack.host.kill();
    stack.host.restart().await?;
    Ok(after.to_string())
}
