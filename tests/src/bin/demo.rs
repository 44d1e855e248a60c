//! The demo: everything at once on this machine, for a person to try, or to check by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use end_to_end::main_job;
use end_to_end::programs::{ADMINISTRATOR, PASSWORD, Paths};
use end_to_end::report::Report;
use end_to_end::stack::{Options, Stack};

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
    /// Run the main job for both providers, print what happened and exit.
    #[arg(long)]
    check: bool,
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

/// Sets everything up, says what to try, waits for Ctrl-C.
async fn show(arguments: &Arguments) -> Result<bool> {
    let stack = start(arguments).await?;
    stack.site.set_up().await?;
    stack.site.member("member").await?;
    let providers = &stack.site.providers;
    let base = stack.host.base();
    println!(
        "
The Email manager runs at {base}

  sign in as       address           password
  administrator    {ADMINISTRATOR:17} {PASSWORD}
  member           member@localhost  {PASSWORD}

Try, as the member:
  link a mailbox   choose Google or Microsoft; on their (simulated) page choose
                   {google} or {microsoft}
  read             open `Поездка в Шанхай — 上海之行`; search for `quokkaphone`
  without a page   curl -c /tmp/c -H 'content-type: application/json' {base}api/session \\
                     -d '{{\"email\":\"member@localhost\",\"password\":\"{PASSWORD}\"}}'
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
    );
    tokio::signal::ctrl_c().await?;
    Ok(true)
}
