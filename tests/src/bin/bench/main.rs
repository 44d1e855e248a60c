//! The speed of the whole, each figure as a ratio within one run, because only ratios carry over to another machine.
//!
//! `cargo xtask bench` builds everything optimised, runs this, and writes what it prints into `docs/performance.md`.

mod accounts;
mod backfill;
mod hosts;
mod list;
mod share;
mod start;

use std::path::PathBuf;
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
use serde_json::json;
use url::Url;

/// The largest mailbox takes minutes.
const PATIENCE: Duration = Duration::from_secs(1_500);

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
    /// A Python with lieer and notmuch2.
    #[arg(long)]
    python: PathBuf,
    /// `tests/clients/run_lieer.py`.
    #[arg(long)]
    lieer: PathBuf,
    /// Messages in the backfill comparison.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// Messages in the large mailbox of the list comparison.
    #[arg(long, default_value_t = 100_000)]
    large: usize,
    /// Idle accounts on one host, rounded up to tens.
    #[arg(long, default_value_t = 1_000)]
    accounts: u32,
    /// Minutes between two looks at each of them.
    #[arg(long, default_value_t = 5)]
    interval: u32,
    /// Only this comparison: backfill, list, start, accounts or hosts. The last needs a PostgreSQL server in `TEST_POSTGRES_URL`.
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
    if wanted("list") {
        list::run(&arguments).await.context("lists")?;
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
    until("the backfill", PATIENCE, || async {
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
