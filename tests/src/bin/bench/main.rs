//! The speed of the whole, each figure as a ratio within one run, because only ratios carry over to another machine.
//!
//! `cargo xtask bench` builds everything optimised, runs this, and writes what it prints into `docs/performance.md`.

mod accounts;
mod api;
mod backfill;
mod direct;
mod engine;
mod hosts;
mod mailboxes;
mod share;
mod start;
mod times;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use end_to_end::client::Client;
use end_to_end::consent::Person;
use end_to_end::json::{list, number, text};
use end_to_end::programs::Paths;
use end_to_end::site::CALLBACK;
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;
use engine::Engine;
use serde_json::json;
use url::Url;

/// A mailbox takes minutes …
const PATIENCE: Duration = Duration::from_secs(1_500);

/// … and a very large one longer.
const PATIENCE_EACH: Duration = Duration::from_millis(5);

/// Runs the comparisons and prints them as Markdown.
#[derive(Debug, Parser)]
struct Arguments {
    /// The Email manager component.
    #[arg(long)]
    component: PathBuf,
    /// The program `plugin-host`, optimised.
    #[arg(long)]
    host: PathBuf,
    /// The program `provider-sim`, optimised.
    #[arg(long)]
    providers: PathBuf,
    /// A Python with what `tests/clients/peers.txt` names, and notmuch2. A Node that has SQLite is found on the `PATH`.
    #[arg(long)]
    python: PathBuf,
    /// `tests/clients`, with the programs that the first sync is compared with, and `wrk.lua`.
    #[arg(long)]
    clients: PathBuf,
    /// The first sync without any of them: for a profile, or to compare two builds.
    #[arg(long)]
    alone: bool,
    /// The program `native`, optimised: the API without the component.
    #[arg(long)]
    native: PathBuf,
    /// The program `wrk`, which asks over many connections at once.
    #[arg(long)]
    wrk: PathBuf,
    /// Messages in the backfill comparison.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// Messages in the largest mailbox.
    #[arg(long, default_value_t = 100_000)]
    large: usize,
    /// Idle accounts on one host, rounded up to tens.
    #[arg(long, default_value_t = 1_000)]
    accounts: u32,
    /// Minutes between two looks at each of them.
    #[arg(long, default_value_t = 5)]
    interval: u32,
    /// Only this engine, where both are measured.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Only this comparison: backfill, mailboxes, api, start, accounts or hosts. The last needs a PostgreSQL server in `TEST_POSTGRES_URL`.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    if wanted("backfill") {
        backfill::run(&arguments).await.context("backfill")?;
    }
    if wanted("mailboxes") {
        mailboxes::run(&arguments).await.context("mailboxes")?;
    }
    if wanted("api") {
        api::run(&arguments).await.context("the API")?;
    }
    if wanted("start") {
        start::run(&arguments).await.context("cold start")?;
    }
    if wanted("accounts") {
        accounts::run(&arguments).await.context("many accounts")?;
    }
    if wanted("hosts") {
        hosts::run(&arguments).await.context("several hosts")?;
    }
    Ok(())
}

impl Arguments {
    fn paths(&self) -> Paths {
        Paths {
            host: self.host.clone(),
            providers: self.providers.clone(),
            component: self.component.clone(),
        }
    }

    /// The command line of a program to compare with.
    fn peer(&self, script: &str) -> Command {
        let mut command = if script.ends_with(".py") {
            let mut python = Command::new(&self.python);
            // Nothing is left behind in the repository.
            python.env("PYTHONDONTWRITEBYTECODE", "1");
            python
        } else {
            let mut node = Command::new("node");
            // That SQLite is not final there.
            node.arg("--no-warnings");
            node
        };
        command.arg(self.clients.join(script));
        command
    }

    async fn stack(&self, messages: usize, profile: &str) -> Result<Stack> {
        let simulator = ["--no-limits", "--profile", profile]
            .map(str::to_owned)
            .to_vec();
        let stack = Stack::start(
            self.paths(),
            &Options {
                messages,
                simulator,
                ..Options::default()
            },
        )
        .await?;
        stack.site.set_up().await?;
        Ok(stack)
    }
}

/// Gives consent to reading all of a mailbox; answers where the browser is sent back to.
async fn consent(stack: &Stack, member: &Client, provider: &str, address: &str) -> Result<Url> {
    let begun = member
        .post(
            "/api/mail/accounts",
            json!({ "provider": provider, "sync_since": 0 }),
        )
        .await?
        .success()?;
    let back = stack.host.base().join(CALLBACK)?;
    let person = Person::willing(address);
    let url = text(&begun, "/authorize_url")?;
    person.visit(member.browser(), url, back.as_str()).await
}

/// Comes back from the provider and waits for everything.
async fn fill(member: &Client, consented: Url, expected: u64) -> Result<()> {
    member
        .browser()
        .get(consented)
        .send()
        .await?
        .error_for_status()?;
    let patience = PATIENCE_EACH.saturating_mul(u32::try_from(expected)?);
    until("the backfill", PATIENCE.max(patience), || async {
        let accounts = member.get("/api/mail/accounts").await?.success()?;
        let Some(account) = list(&accounts, "/items")?.first() else {
            bail!("the account was not linked")
        };
        let done = number(account, "/status/local_count")? == expected
            && text(account, "/status/condition")? == "up-to-date";
        Ok(if done {
            Ok(())
        } else {
            Err(account.to_string())
        })
    })
    .await
}

/// The address of the first page of the inbox.
async fn inbox(member: &Client) -> Result<String> {
    let folders = member.get("/api/mail/folders").await?.success()?;
    let inbox = list(&folders, "/items")?
        .iter()
        .find(|folder| folder.get("role").is_some_and(|role| role == "inbox"));
    let inbox = text(inbox.context("there is no inbox")?, "/id")?;
    Ok(format!("/api/mail/threads?limit=50&folder={inbox}"))
}
