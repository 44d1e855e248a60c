//! The demo: everything at once on this machine, for a person to try, or to check by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use end_to_end::main_job;
use end_to_end::programs::{ADMINISTRATOR, PASSWORD, Paths, SHARED_MAILBOX};
use end_to_end::report::Report;
use end_to_end::site::APPLICATION;
use end_to_end::stack::{Options, Stack};
use serde_json::{Value, json};

/// The person who links mailboxes.
const MEMBER: &str = "member@localhost";

/// Starts simulated providers and a host with the Email manager. `cargo xtask demo` builds all of them and calls this.
#[derive(Debug, Parser)]
struct Arguments {
    /// The Email manager component.
    #[arg(long)]
    component: PathBuf,
    /// The program `plugin-host`.
    #[arg(long)]
    host: PathBuf,
    /// The program `provider-sim`.
    #[arg(long)]
    providers: PathBuf,
    /// Port of the host on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Messages in each simulated mailbox.
    #[arg(long, default_value_t = 500)]
    messages: usize,
    /// How large they are: `small`, about 1 kB each, or `real`.
    #[arg(long, default_value = "real")]
    profile: String,
    /// Run the main job for both providers, print what happened and exit.
    #[arg(long, conflicts_with_all = ["json", "bare"])]
    check: bool,
    /// Say the addresses as one line of JSON, and stop when the standard input ends: for the program that started this one.
    #[arg(long)]
    json: bool,
    /// Leave the plugin out: not installed, not enabled, not set up.
    #[arg(long)]
    bare: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.check {
        check(&arguments).await
    } else {
        show(&arguments).await
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn start(arguments: &Arguments) -> Result<Stack> {
    let paths = Paths {
        host: arguments.host.clone(),
        providers: arguments.providers.clone(),
        component: arguments.component.clone(),
    };
    let options = Options {
        messages: arguments.messages,
        port: arguments.port,
        simulator: ["--no-limits", "--profile", arguments.profile.as_str()]
            .map(str::to_owned)
            .to_vec(),
        ..Options::default()
    };
    Stack::start(paths, &options).await
}

/// Runs the main job; answers whether all of it worked.
async fn check(arguments: &Arguments) -> Result<bool> {
    let mut stack = start(arguments).await?;
    let mut report = Report::live();
    report.begin("set-up");
    if let Some(plugin) = main_job::set_up(&stack, &mut report).await {
        for provider in ["google", "microsoft"] {
            main_job::run(&mut stack, &mut report, &plugin, provider).await;
        }
    }
    println!("{report}");
    if !report.passed() {
        keep_logs(&stack)?;
    }
    Ok(report.passed())
}

/// The temporary folder goes away; what would explain a failure stays.
fn keep_logs(stack: &Stack) -> Result<()> {
    let folder = std::env::temp_dir().join("email-manager-demo-logs");
    std::fs::create_dir_all(&folder)?;
    for name in ["host.log", "providers.log"] {
        std::fs::copy(stack.folder().join(name), folder.join(name))?;
    }
    println!("logs: {}", folder.display());
    Ok(())
}

/// Sets everything up, says what to try, waits for the end.
async fn show(arguments: &Arguments) -> Result<bool> {
    let stack = start(arguments).await?;
    if arguments.bare {
        stack.site.sign_in_administrator().await?;
    } else {
        stack.site.set_up().await?;
    }
    stack.site.member("member").await?;
    if arguments.json {
        println!("{}", for_programs(&stack)?);
        end_of_input().await;
    } else {
        println!("{}", for_people(&stack)?);
        tokio::signal::ctrl_c().await?;
    }
    Ok(true)
}

/// Where everything is, for a program. The `control` of a provider is the start of the addresses of its control API.
fn for_programs(stack: &Stack) -> Result<Value> {
    let providers = &stack.site.providers;
    let provider = |name: &'static str| -> Result<Value> {
        let base = providers.base(name)?;
        Ok(json!({
            "base": base.as_str(),
            "address": providers.address(name)?,
            "control": base.join(&format!("_control/{name}"))?.as_str(),
        }))
    };
    Ok(json!({
        "base": stack.host.base().as_str(),
        "administrator": { "email": ADMINISTRATOR, "password": PASSWORD },
        "member": { "email": MEMBER, "password": PASSWORD },
        "application": { "id": APPLICATION.0, "secret": APPLICATION.1 },
        "google": provider("google")?,
        "microsoft": provider("microsoft")?,
        "folder": stack.folder(),
    }))
}

/// The starting program closes its end, also when it dies. A thread of its own waits for that: the runtime would not end before its
/// blocking reads.
async fn end_of_input() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    tokio::select! {
        _ = end => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn for_people(stack: &Stack) -> Result<String> {
    let base = stack.host.base();
    let providers = &stack.site.providers;
    Ok(format!(
        "
The Email manager runs at {base}

  sign in as       address           password
  administrator    {ADMINISTRATOR:17} {PASSWORD}
  member           {MEMBER:17} {PASSWORD}

Try, as the member:
  link a mailbox   choose Google or Microsoft; on their (simulated) page choose
                   {google} or {microsoft}
  a shared one     choose Microsoft, fill in {SHARED_MAILBOX}, and sign in as {microsoft}
  read             open `Поездка в Шанхай — 上海之行`; search for `quokkaphone`
  without a page   curl -c /tmp/c -H 'content-type: application/json' {base}api/session \\
                     -d '{{\"email\":\"{MEMBER}\",\"password\":\"{PASSWORD}\"}}'
                   curl -b /tmp/c {base}api/mail/accounts
  new mail         printf 'Subject: Hello\\n\\nHi.\\n' | curl --data-binary @- -H 'content-type: message/rfc822' \\
                     {control}_control/google/mailboxes/{google}/messages
As the administrator:
  settings         {base}api/plugins and Settings → Mail settings
  API              {base}api/openapi.json

Simulated Google: {control}  Simulated Microsoft: {graph}
Data and logs: {folder} (removed at the end)

Ctrl-C stops everything.",
        google = providers.address("google")?,
        microsoft = providers.address("microsoft")?,
        control = providers.base("google")?,
        graph = providers.base("microsoft")?,
        folder = stack.folder().display(),
    ))
}
