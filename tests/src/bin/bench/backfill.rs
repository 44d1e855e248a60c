//! The first sync of a mailbox, beside the tools that do the same job.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use end_to_end::programs::{Simulator, cpu_seconds};
use end_to_end::signing_in::{NOWHERE, access_token};
use serde::Deserialize;

use super::{Arguments, consent, fill};

/// What the plugin is held against: name, and program in `tests/clients`.
type Peer = (&'static str, &'static str);

const GOOGLE: &[Peer] = &[
    ("lieer 1.6", "run_lieer.py"),
    ("mailsync 0.1.0", "run_mailsync.py"),
    ("google-api-python-client 2.202, SQLite", "run_google.py"),
];
const MICROSOFT: &[Peer] = &[("microsoft-graph-client 3.0.7, SQLite", "run_microsoft.js")];

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    println!(
        "### Backfill of {} messages (`backfill`)\n",
        arguments.messages
    );
    println!(
        "| provider | mail | client | messages/s | CPU ms/message | CPU of the fake, ms/message |\n|---|---|---|---|---|---|"
    );
    for (provider, peers) in [("google", GOOGLE), ("microsoft", MICROSOFT)] {
        for profile in ["small", "real"] {
            let peers = if arguments.alone { &[] } else { peers };
            let compared = compare(arguments, provider, profile, peers).await;
            compared.with_context(|| format!("{provider}, {profile} mail"))?;
        }
    }
    println!();
    Ok(())
}

/// What one client needed.
struct Figures {
    /// Messages a second.
    rate: f64,
    /// Milliseconds for a message.
    cpu: f64,
    /// The same, of the fake.
    fake: f64,
}

impl Figures {
    /// From seconds for all.
    fn new(messages: u64, seconds: f64, cpu: f64, fake: f64) -> Self {
        let count = messages as f64;
        Self {
            rate: count / seconds,
            cpu: cpu * 1_000.0 / count,
            fake: fake * 1_000.0 / count,
        }
    }
}

async fn compare(
    arguments: &Arguments,
    provider: &'static str,
    profile: &str,
    peers: &[Peer],
) -> Result<()> {
    let row = |client: &str, figures: &Figures| {
        let Figures { rate, cpu, fake } = figures;
        println!("| {provider} | {profile} | {client} | {rate:.0} | {cpu:.2} | {fake:.2} |");
    };
    let ours = our_backfill(arguments, provider, profile).await?;
    row("Email manager", &ours);
    let mut ratios = String::new();
    for (name, script) in peers {
        let theirs = peer(arguments, provider, profile, script);
        let theirs = theirs.await.with_context(|| (*name).to_owned())?;
        row(name, &theirs);
        let (rate, cpu) = (ours.rate / theirs.rate, share(ours.cpu, theirs.cpu));
        ratios += &format!(
            "| {provider} | {profile} | **Email manager to {name}** | **{rate:.1} ×** | **{cpu}** | |\n"
        );
    }
    print!("{ratios}");
    Ok(())
}

/// How much of theirs is ours.
fn share(ours: f64, theirs: f64) -> String {
    if ours < theirs {
        format!("1/{:.1}", theirs / ours)
    } else {
        format!("{:.1} ×", ours / theirs)
    }
}

/// Until body, attachment list and search index of every message are durable.
async fn our_backfill(
    arguments: &Arguments,
    provider: &'static str,
    profile: &str,
) -> Result<Figures> {
    let stack = arguments.stack(arguments.messages, profile).await?;
    let member = stack.site.member("bench").await?;
    let messages = stack.site.providers.mailbox(provider).await?.messages.len() as u64;
    let address = stack.site.providers.address(provider)?;
    let consented = consent(&stack, &member, provider, address).await?;
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

/// A peer measures itself, without its start.
async fn peer(
    arguments: &Arguments,
    provider: &'static str,
    profile: &str,
    script: &str,
) -> Result<Figures> {
    #[derive(Deserialize)]
    struct Said {
        seconds: f64,
        cpu: f64,
        messages: u64,
    }
    let folder = tempfile::TempDir::with_prefix("bench-peer-")?;
    let more = ["--no-limits", "--profile", profile];
    let simulator = Simulator::start(
        &arguments.providers,
        folder.path(),
        arguments.messages,
        NOWHERE,
        &more,
    )
    .await?;
    let messages = simulator.providers.mailbox(provider).await?.messages.len() as u64;
    let token = access_token(&simulator, provider).await?;
    let fake = cpu_seconds(simulator.pid())?;
    let mut command = arguments.peer(script);
    command
        .arg(simulator.providers.base(provider)?.as_str())
        .arg(&token)
        .arg(simulator.providers.address(provider)?)
        .arg(folder.path().join("peer"));
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("it failed: {log}");
    }
    let said: Said = serde_json::from_slice(&output.stdout).with_context(|| log.into_owned())?;
    // lieer leaves out a few.
    if said.messages * 100 < messages * 99 {
        bail!("it has {} of {messages} messages", said.messages);
    }
    Ok(Figures::new(
        said.messages,
        said.seconds,
        said.cpu,
        cpu_seconds(simulator.pid())? - fake,
    ))
}
