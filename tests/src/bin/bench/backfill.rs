//! The first sync of a mailbox, beside the tools that do the same job.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use end_to_end::programs::{Simulator, cpu_seconds};
use end_to_end::signing_in::{NOWHERE, access_token};
use serde::Deserialize;

use super::{Arguments, consent, fill};

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    println!(
        "### Backfill of {} messages from Gmail\n",
        arguments.messages
    );
    println!(
        "| mail | client | messages/s | CPU ms/message | CPU of the fake, ms/message |\n|---|---|---|---|---|"
    );
    for profile in ["small", "real"] {
        compare(arguments, profile).await.context(profile)?;
    }
    println!();
    Ok(())
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

async fn compare(arguments: &Arguments, profile: &str) -> Result<()> {
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
