//! What must be true once everything is mended and nobody does anything any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use email_manager_core::ids;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::field::Field;
use super::people::{Letter, Mailbox, Person};
use crate::client::Client;
use crate::json::{has, list, number, text};
use crate::providers::{Providers, segment};
use crate::wait::until;

/// How long an unoptimised host on a busy machine may take to have caught up.
const PATIENCE: Duration = Duration::from_secs(180);

/// A job that is due for longer than this is stuck, in milliseconds.
const STUCK: u64 = 30_000;

/// A message as far as both sides can tell: folders and labels, whether it is unread, whether it is starred.
type Shown = (BTreeSet<String>, bool, bool);

/// Waits until every host is ready and nothing is out of its reach.
///
/// # Errors
///
/// What is not, after a while.
pub(super) async fn ready(field: &Field) -> Result<()> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()?;
    for host in &field.hosts {
        let address = host.base().join("/readyz")?;
        until("the host to be ready", PATIENCE, || async {
            let answer = match http.get(address.clone()).send().await {
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => return Ok(Err(format!("{error:?}"))),
            };
            let said: Option<Value> = serde_json::from_str(&answer).ok();
            let well = said.is_some_and(|said| said.get("status").is_some_and(|is| is == "ok"));
            Ok(if well { Ok(()) } else { Err(answer) })
        })
        .await?;
    }
    Ok(())
}

/// Waits until every mailbox is as its provider has it, with nothing parked and nothing on its way out.
///
/// # Errors
///
/// What differs, after a while.
pub(super) async fn mailboxes(people: &[Person], providers: &Providers) -> Result<()> {
    for person in people {
        let client = person.first()?;
        for mailbox in &person.mailboxes {
            let sync = format!("/api/mail/accounts/{}/sync", mailbox.account);
            client.post(&sync, json!({})).await?.success()?;
        }
    }
    for person in people {
        let client = person.first()?;
        for mailbox in &person.mailboxes {
            let alike = || alike(client, mailbox, providers);
            until(&mailbox.address, PATIENCE, alike).await?;
        }
        until("what is on its way out", PATIENCE, || async {
            let outbox = client.get("/api/mail/outbox").await?.success()?;
            let left = list(&outbox, "/items")?
                .iter()
                .find(|row| row.get("state").is_none_or(|state| state != "sent"));
            Ok(left.map_or(Ok(()), |row| Err(row.to_string())))
        })
        .await?;
    }
    Ok(())
}

/// Each letter left its provider once, and no other did.
///
/// # Errors
///
/// Those that did not.
pub(super) async fn letters(letters: &[Letter], providers: &Providers) -> Result<()> {
    for provider in ["google", "microsoft"] {
        let mut sent: BTreeMap<String, u32> = BTreeMap::new();
        for letter in providers.sent(provider).await? {
            let raw = base64::engine::general_purpose::STANDARD.decode(&letter.raw)?;
            let message = MessageParser::default().parse(&raw);
            let subject = message.as_ref().and_then(|message| message.subject());
            let subject = subject.context("a letter without a subject")?.to_owned();
            *sent.entry(subject).or_default() += 1;
        }
        for letter in letters.iter().filter(|letter| letter.provider == provider) {
            match sent.remove(&letter.subject) {
                Some(1) => {}
                times => bail!("{} was sent {} times", letter.subject, times.unwrap_or(0)),
            }
        }
        if let Some(other) = sent.keys().next() {
            bail!("{other} was sent, which nobody wrote");
        }
    }
    Ok(())
}

/// Waits until no job belongs to a host that is gone, and none is due for long.
///
/// # Errors
///
/// Those that are, after a while.
pub(super) async fn jobs(field: &Field) -> Result<()> {
    let stuck = format!(
        "WITH clock AS (SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS now)
         SELECT kind, key, run_at - now, lease_until - now, last_error FROM host.host_jobs, clock
         WHERE (running = 1 AND lease_until < now) OR (running = 0 AND run_at < now - {STUCK}) LIMIT 5"
    );
    until("no job to be stuck", PATIENCE, || async {
        let rows = field.database.query(&stuck)?;
        Ok(if rows.is_empty() { Ok(()) } else { Err(rows) })
    })
    .await
}

async fn alike(
    client: &Client,
    mailbox: &Mailbox,
    providers: &Providers,
) -> Result<Result<(), String>> {
    let account = &mailbox.account;
    let there = there(mailbox, providers).await?;
    let path = format!("/api/mail/accounts/{account}");
    let status = client.get(&path).await?.success()?;
    if text(&status, "/status/condition")? != "up-to-date"
        || number(&status, "/status/progress/parked")? > 0
    {
        return Ok(Err(status.to_string()));
    }
    let here = here(client, mailbox).await?;
    let ids: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let different = ids.into_iter().find(|id| here.get(*id) != there.get(*id));
    Ok(match different {
        None => Ok(()),
        Some(id) => Err(format!(
            "{id} is {:?} here and {:?} there; {status}",
            here.get(id),
            there.get(id)
        )),
    })
}

/// By our ids, which are made of the provider's.
async fn there(mailbox: &Mailbox, providers: &Providers) -> Result<HashMap<String, Shown>> {
    let providers = providers.of(mailbox.provider, &mailbox.address);
    let messages = providers.mailbox(mailbox.provider).await?.messages;
    // States, and tabs, which are no folders here.
    let state = |id: &str| matches!(id, "UNREAD" | "STARRED") || id.starts_with("CATEGORY_");
    let shown = messages.into_iter().map(|message| {
        let categories = message.categories.iter();
        let categories = categories.map(|name| format!("category:{name}"));
        let folders = message.folders.iter().filter(|id| !state(id)).cloned();
        let folders = folders.chain(categories);
        let folders = folders.map(|id| ids::folder(&mailbox.account, &id));
        let id = ids::message(&mailbox.account, &message.id);
        (id, (folders.collect(), !message.read, message.starred))
    });
    Ok(shown.collect())
}

async fn here(client: &Client, mailbox: &Mailbox) -> Result<HashMap<String, Shown>> {
    let account = &mailbox.account;
    let path = format!("/api/mail/folders?account={account}");
    let folders = client.get(&path).await?.success()?;
    let mut filters = vec![String::new()];
    // Folders that only exist here.
    let mut own = BTreeSet::new();
    for folder in list(&folders, "/items")? {
        let id = text(folder, "/id")?;
        match text(folder, "/role")? {
            "spam" | "trash" => filters.push(format!("&folder={}", segment(id))),
            "all" | "starred" => drop(own.insert(id)),
            _ => {}
        }
    }
    let mut shown = HashMap::new();
    for filter in filters {
        let mut cursor = String::new();
        loop {
            let path = format!("/api/mail/messages?account={account}&limit=200{filter}{cursor}");
            let page = client.get(&path).await?.success()?;
            for message in list(&page, "/items")? {
                let places = list(message, "/folders")?.iter();
                let places = places.filter_map(Value::as_str);
                let places = places.filter(|id| !own.contains(id)).map(str::to_owned);
                let marks = |mark| has(message, "/marks", mark);
                let row = (places.collect(), marks("unread"), marks("starred"));
                if shown
                    .insert(text(message, "/id")?.to_owned(), row)
                    .is_some()
                {
                    bail!("{} is listed twice", text(message, "/id")?);
                }
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={}", segment(next)),
                None => break,
            }
        }
    }
    Ok(shown)
}
