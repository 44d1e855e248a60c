//! The speed of the whole, each figure as a ratio within one run, because only ratios carry over to another machine.
//!
//! `cargo xtask bench` builds everything optimised, runs this, and writes what it prints into `docs/performance.md`.

mod accounts;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use end_to_end::client::Client;
use end_to_end::consent::Person;
use end_to_end::json::{list, number, text};
use end_to_end::programs::{Paths, Simulator, cpu_seconds};
use end_to_end::signing_in::{NOWHERE, access_token};
use end_to_end::site::CALLBACK;
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;
use serde::Deserialize;
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
    /// Only this comparison: backfill, list, start or accounts.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    if wanted("backfill") {
        println!(
            "### Backfill of {} messages from Gmail\n",
            arguments.messages
        );
        println!(
            "| mail | client | messages/s | CPU ms/message | CPU of the fake, ms/message |\n|---|---|---|---|---|"
        );
        for profile in ["small", "real"] {
            backfill(&arguments, profile)
                .await
                .with_context(|| format!("backfill, {profile}"))?;
        }
        println!();
    }
    if wanted("list") {
        lists(&arguments).await.context("lists")?;
    }
    if wanted("start") {
        starts(&arguments).await.context("cold start")?;
    }
    if wanted("accounts") {
        accounts::run(&arguments).await.context("many accounts")?;
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

/// What one client needed.
struct Figures {
    rate: f64,
    cpu: f64,
    fake: f64,
}

impl Figures {
    fn new(messages: u64, seconds: f64, cpu: f64, fake: f64) -> Self {
        let count = messages as f64;
        Self {
            rate: count / seconds,
            cpu: cpu * 1_000.0 / count,
            fake: fake * 1_000.0 / count,
        }
    }

    fn row(&self, profile: &str, client: &str) {
        println!(
            "| {profile} | {client} | {:.0} | {:.2} | {:.2} |",
            self.rate, self.cpu, self.fake
        );
    }
}

async fn backfill(arguments: &Arguments, profile: &str) -> Result<()> {
    let ours = our_backfill(arguments, profile).await?;
    ours.row(profile, "Email manager");
    let theirs = lieer(arguments, profile).await?;
    theirs.row(profile, "lieer 1.6");
    println!(
        "| {profile} | **ratio** | **{:.1} ×** | **1/{:.1}** | |",
        ours.rate / theirs.rate,
        theirs.cpu / ours.cpu
    );
    Ok(())
}

/// Until body, attachment list and search index of every message are durable.
async fn our_backfill(arguments: &Arguments, profile: &str) -> Result<Figures> {
    let stack = arguments.stack(arguments.messages, profile).await?;
    let member = stack.site.member("bench").await?;
    let messages = stack.site.providers.mailbox("google").await?.messages.len() as u64;
    let address = stack.site.providers.address("google")?;
    let consented = consent(&stack, &member, "google", address).await?;
    let (host, fake) = (
        cpu_seconds(stack.host.pid())?,
        cpu_seconds(stack.simulator.pid())?,
    );
    let begun = Instant::now();
    fill(&member, consented, messages).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let (host, fake) = (
        cpu_seconds(stack.host.pid())? - host,
        cpu_seconds(stack.simulator.pid())? - fake,
    );
    Ok(Figures::new(messages, seconds, host, fake))
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

async fn lieer(arguments: &Arguments, profile: &str) -> Result<Figures> {
    #[derive(Deserialize)]
    struct Said {
        seconds: f64,
        cpu: f64,
        messages: u64,
    }
    let folder = tempfile::TempDir::with_prefix("bench-lieer-")?;
    let more = ["--no-limits", "--profile", profile];
    let simulator = Simulator::start(
        &arguments.providers,
        folder.path(),
        arguments.messages,
        NOWHERE,
        &more,
    )
    .await?;
    let token = access_token(&simulator, "google").await?;
    let base = simulator.providers.base("google")?.to_string();
    let fake = cpu_seconds(simulator.pid())?;
    let mut command = Command::new(&arguments.python);
    command
        .arg(&arguments.lieer)
        .args([&base, &token])
        .arg(simulator.providers.address("google")?)
        .arg(folder.path().join("lieer"));
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if !output.status.success() {
        bail!("lieer failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said: Said = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(Figures::new(
        said.messages,
        said.seconds,
        said.cpu,
        cpu_seconds(simulator.pid())? - fake,
    ))
}

async fn lists(arguments: &Arguments) -> Result<()> {
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

/// From the start of the process until it serves with the plugin enabled.
async fn starts(arguments: &Arguments) -> Result<()> {
    let mut stack = arguments.stack(10, "small").await?;
    let (mut empty, mut filled) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        stack.host.kill();
        remove_cache(&stack.folder().join("data"))?;
        empty.push(restart(&mut stack).await?);
        filled.push(restart(&mut stack).await?);
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let (empty, filled) = (middle(&mut empty), middle(&mut filled));
    println!("### Cold start: process start to `/readyz`, plugin enabled, median of 5\n");
    println!(
        "| compile cache | time |\n|---|---|\n| empty | {empty:.0} ms |\n| filled | {filled:.0} ms |\n| **ratio** | **{:.1} ×** |\n",
        empty / filled
    );
    Ok(())
}

async fn restart(stack: &mut Stack) -> Result<f64> {
    stack.host.kill();
    let begun = Instant::now();
    stack.host.restart().await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

/// Compiled components, which the host makes anew.
fn remove_cache(data: &Path) -> Result<()> {
    let mut removed = 0;
    for entry in std::fs::read_dir(data)?.flatten() {
        if entry.file_name() == "compiled" {
            std::fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    if removed == 0 {
        bail!("{} has no compile cache", data.display())
    } else {
        Ok(())
    }
}
