//! `provider-sim`: both fakes with a filled mailbox each, until interrupted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use provider_sim::corpus::Profile;
use provider_sim::{Account, Client, Keys, Limits, Provider, Sim, TestClock};
use serde_json::json;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockKind {
    /// The machine's.
    System,
    /// Stands still; turned by `PUT /_control/clock`.
    Test,
}

/// Fakes of Google and Microsoft mail on loopback. Prints one line of JSON with their addresses once they serve.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the Google side listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    google: SocketAddr,
    /// Where the Microsoft side listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    microsoft: SocketAddr,
    /// What both are called in the addresses that they tell; without it, by the address that they listen on.
    #[arg(long)]
    name: Option<String>,
    /// Seed of the generated mail.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages generated into each main mailbox.
    #[arg(long, default_value_t = 500)]
    messages: u32,
    /// … into the main mailbox at Microsoft, if not as many.
    #[arg(long)]
    microsoft_messages: Option<u32>,
    /// How large generated messages are.
    #[arg(long, value_enum, default_value = "real")]
    profile: Profile,
    /// Main mailbox at Google.
    #[arg(long, default_value = "ada@gmail.example")]
    google_address: String,
    /// Main mailbox at Microsoft.
    #[arg(long, default_value = "ada@outlook.example")]
    microsoft_address: String,
    /// A mailbox at Microsoft that is shared with the main one's owner.
    #[arg(long, default_value = "team@outlook.example")]
    microsoft_shared_address: String,
    /// Further people at each provider; see `Account::numbered` for their addresses.
    #[arg(long, default_value_t = 0)]
    people: u32,
    /// Messages generated into the mailbox of each of them, all small.
    #[arg(long, default_value_t = 10)]
    each: u32,
    /// Further messages for both main mailboxes: `.eml` files, or folders with such files.
    #[arg(long)]
    eml: Vec<PathBuf>,
    /// Client id of the registered application, at both.
    #[arg(long, default_value = "demo-client")]
    client_id: String,
    /// Its secret.
    #[arg(long, default_value = "demo-secret")]
    client_secret: String,
    /// Its redirect URIs; without any, every loopback address is accepted.
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// No quotas and no concurrency limits.
    #[arg(long)]
    no_limits: bool,
    /// Which clock decides about expiry and quotas.
    #[arg(long, value_enum, default_value = "system")]
    clock: ClockKind,
    /// With the test clock: where it starts, in milliseconds since the Unix epoch.
    #[arg(long)]
    now: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("provider-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    Keys.make_ready();
    let mut mail = Vec::new();
    for path in &arguments.eml {
        if path.is_dir() {
            mail.extend(
                provider_sim::corpus::from_folder(path)?
                    .into_iter()
                    .map(bytes::Bytes::from),
            );
        } else {
            mail.push(bytes::Bytes::from(std::fs::read(path)?));
        }
    }
    let main = |address: &str, name: &str, messages: u32| {
        Account::new(address, name)
            .with_messages(messages)
            .with_profile(arguments.profile)
            .with_mail(mail.iter().cloned())
    };
    let client = Client {
        redirect_uris: arguments.redirect_uri.clone(),
        loopback: arguments.redirect_uri.is_empty(),
        ..Client::web(&arguments.client_id, &arguments.client_secret, "")
    };
    let mut builder = Sim::builder()
        .seed(arguments.seed)
        .listen(Provider::Google, arguments.google)
        .listen(Provider::Microsoft, arguments.microsoft)
        .account(
            Provider::Google,
            main(
                &arguments.google_address,
                "Ada Lovelace",
                arguments.messages,
            ),
        )
        .account(
            Provider::Google,
            Account::new("grace@gmail.example", "Grace Hopper").with_messages(20),
        )
        .account(
            Provider::Microsoft,
            main(
                &arguments.microsoft_address,
                "Ada Lovelace",
                arguments.microsoft_messages.unwrap_or(arguments.messages),
            ),
        )
        .account(
            Provider::Microsoft,
            Account::new("grace@outlook.example", "Grace Hopper").with_messages(20),
        )
        .account(
            Provider::Microsoft,
            Account::shared(
                &arguments.microsoft_shared_address,
                "The team",
                &[&arguments.microsoft_address],
            )
            .with_messages(60),
        )
        .client(Provider::Google, client.clone())
        .client(Provider::Microsoft, client);
    for provider in [Provider::Google, Provider::Microsoft] {
        for number in 1..=arguments.people {
            let person = Account::numbered(provider, number)
                .with_messages(arguments.each)
                .with_profile(Profile::Small);
            builder = builder.account(provider, person);
        }
    }
    if let Some(name) = &arguments.name {
        builder = builder.named(name);
    }
    if arguments.no_limits {
        builder = builder.limits(Limits::none());
    }
    if let ClockKind::Test = arguments.clock {
        builder = builder.clock(
            arguments
                .now
                .map_or_else(TestClock::default, TestClock::new),
        );
    }
    let sim = builder.start().await?;
    println!(
        "{}",
        json!({
            "google": sim.base_url(Provider::Google),
            "microsoft": sim.base_url(Provider::Microsoft),
            "google_address": arguments.google_address,
            "microsoft_address": arguments.microsoft_address,
            "microsoft_shared_address": arguments.microsoft_shared_address,
            "client_id": arguments.client_id,
        })
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
