//! What the component costs a request: the host beside a server that has the plugin's logic compiled in.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::client::Client;
use end_to_end::json::{list, number, text};
use end_to_end::programs::{cpu_seconds, free_port};
use end_to_end::stack::Stack;
use serde::Deserialize;
use url::Url;

use super::engine::{Engine, Grounds};
use super::{Arguments, consent, fill, inbox};

/// Messages in the mailbox.
const MESSAGES: usize = 10_000;

/// Who ask at the same time.
const CONNECTIONS: u32 = 50;

/// How often each is measured, one after the other: within a run the machine is the same.
const ROUNDS: usize = 5;

/// How long each address is asked for, in seconds.
const SECONDS: u32 = 4;

/// A thread of so many messages is opened, at least.
const CONVERSATION: u64 = 4;

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    for engine in Engine::ALL {
        if arguments.engine.is_none_or(|only| only == engine) {
            compare(arguments, engine).await.context(engine.name())?;
        }
    }
    Ok(())
}

async fn compare(arguments: &Arguments, engine: Engine) -> Result<()> {
    let mut grounds = Grounds::prepare(arguments, engine, MESSAGES).await?;
    let member = grounds.stack.site.member("bench").await?;
    let address = grounds.stack.site.providers.address("google")?;
    let consented = consent(&grounds.stack, &member, "google", address).await?;
    fill(&member, consented, MESSAGES as u64).await?;
    grounds.settle()?;
    let paths = paths(&member).await?;
    let cookie = member.cookies().context("nobody is signed in")?;

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let host = grounds.stack.host.base().clone();
        let ours = ask(arguments, &host, grounds.stack.host.pid(), &cookie, &paths)?;
        let said = answers(&member, &host, &paths).await?;
        // One process at a time has the folder.
        grounds.stack.host.kill();
        let native = Native::start(arguments, &grounds).await?;
        let theirs = ask(arguments, &native.base, native.child.id(), &cookie, &paths)?;
        ensure!(
            said == answers(&member, &native.base, &paths).await?,
            "the two do not answer the same bytes"
        );
        drop(native);
        grounds.stack.host.restart().await?;
        rounds.push((ours, theirs));
    }

    println!(
        "### The API on {}, {CONNECTIONS} connections, median of {ROUNDS} rounds\n",
        engine.name()
    );
    println!("| | requests/s | median ms | 99 % ms | CPU ms/request |\n|---|---|---|---|---|");
    for (at, (what, _)) in paths.iter().enumerate() {
        let ours: Vec<Load> = rounds
            .iter()
            .filter_map(|round| round.0.get(at).copied())
            .collect();
        let theirs: Vec<Load> = rounds
            .iter()
            .filter_map(|round| round.1.get(at).copied())
            .collect();
        for (who, loads) in [("host", &ours), ("native", &theirs)] {
            println!(
                "| {what}, {who} | {:.0} | {:.1} | {:.1} | {:.3} |",
                middle(loads, |load| load.rate),
                middle(loads, |load| load.median),
                middle(loads, |load| load.most),
                middle(loads, |load| load.cpu)
            );
        }
        let ratio = |figure: fn(&Load) -> f64| {
            let mut ratios: Vec<f64> = ours
                .iter()
                .zip(&theirs)
                .map(|(ours, theirs)| figure(ours) / figure(theirs))
                .collect();
            ratios.sort_by(f64::total_cmp);
            ratios.get(ratios.len() / 2).copied().unwrap_or_default()
        };
        println!(
            "| **ratio** | **1/{:.2}** | **{:.2} ×** | **{:.2} ×** | **{:.2} ×** |",
            1.0 / ratio(|load| load.rate),
            ratio(|load| load.median),
            ratio(|load| load.most),
            ratio(|load| load.cpu)
        );
    }
    println!();
    Ok(())
}

fn middle(loads: &[Load], figure: impl Fn(&Load) -> f64) -> f64 {
    let mut figures: Vec<f64> = loads.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// What is asked for: the inbox, and a conversation in it.
async fn paths(member: &Client) -> Result<Vec<(&'static str, String)>> {
    let inbox = inbox(member).await?;
    let page = member.get(&inbox).await?.success()?;
    for thread in list(&page, "/items")? {
        if number(thread, "/messages")? >= CONVERSATION {
            let thread = format!("/api/mail/threads/{}", text(thread, "/id")?);
            return Ok(vec![("50 threads", inbox), ("a thread", thread)]);
        }
    }
    bail!("no conversation is long enough")
}

/// The bytes that are answered.
async fn answers(
    member: &Client,
    base: &Url,
    paths: &[(&str, String)],
) -> Result<Vec<bytes::Bytes>> {
    let mut answers = Vec::new();
    for (_, path) in paths {
        let asked = member.browser().get(base.join(path)?).send();
        answers.push(asked.await?.error_for_status()?.bytes().await?);
    }
    Ok(answers)
}

/// What came of asking.
#[derive(Debug, Clone, Copy)]
struct Load {
    rate: f64,
    median: f64,
    most: f64,
    cpu: f64,
}

fn ask(
    arguments: &Arguments,
    base: &Url,
    pid: u32,
    cookie: &str,
    paths: &[(&str, String)],
) -> Result<Vec<Load>> {
    let mut loads = Vec::new();
    for (_, path) in paths {
        let address = base.join(path)?;
        // Connections are made and statements compiled.
        wrk(arguments, &address, cookie, 1)?;
        let cpu = cpu_seconds(pid)?;
        let said = wrk(arguments, &address, cookie, SECONDS)?;
        let cpu = cpu_seconds(pid)? - cpu;
        loads.push(Load {
            rate: said.requests as f64 / said.seconds,
            median: said.median_ms,
            most: said.most_ms,
            cpu: cpu * 1_000.0 / said.requests as f64,
        });
    }
    Ok(loads)
}

/// See `tests/clients/wrk.lua`.
#[derive(Debug, Deserialize)]
struct Said {
    requests: u64,
    seconds: f64,
    median_ms: f64,
    most_ms: f64,
    refused: u64,
    broken: u64,
}

fn wrk(arguments: &Arguments, address: &Url, cookie: &str, seconds: u32) -> Result<Said> {
    let output = Command::new(&arguments.wrk)
        .args(["--threads", "1", "--latency"])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--header", &format!("Cookie: {cookie}")])
        .arg("--script")
        .arg(arguments.clients.join("wrk.lua"))
        .arg(address.as_str())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|line| line.starts_with('{'));
    let line = line.with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("wrk ended with {}: {said}", output.status)
    })?;
    let said: Said = serde_json::from_str(line)?;
    if said.refused + said.broken > 0 || said.requests == 0 {
        bail!("not every request was answered: {said:?}");
    }
    Ok(said)
}

/// The same without component and host; it ends when this is dropped.
struct Native {
    child: Child,
    base: Url,
}

impl Native {
    async fn start(arguments: &Arguments, grounds: &Grounds) -> Result<Self> {
        let port = free_port()?;
        let base = Url::parse(&format!("http://127.0.0.1:{port}"))?;
        let mut command = Command::new(&arguments.native);
        command
            .arg("--data-dir")
            .arg(data(&grounds.stack))
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null());
        if let Some(database) = &grounds.database {
            command.env("NATIVE_DATABASE_URL", database.url().as_str());
        }
        let native = Self {
            child: command.spawn()?,
            base,
        };
        let ready = native.base.join("/readyz")?;
        let begun = Instant::now();
        while reqwest::get(ready.clone()).await.is_err() {
            ensure!(
                begun.elapsed() < Duration::from_secs(30),
                "the native server does not start"
            );
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ok(native)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn data(stack: &Stack) -> std::path::PathBuf {
    stack.folder().join("data")
}
