//! The command line.
//!
//! `serve` runs a host. Everything that administers one goes through its HTTP API ([`client`]): to the server that holds the data
//! folder, if one does, and otherwise to a host that is started inside this process, without a socket and without jobs, for as long
//! as the command takes. So there is one path for each operation, with one set of checks, and no way for two processes to write to
//! one data folder.

mod accounts;
mod archive;
mod client;
mod developer;
mod keys;
mod migrate;
mod plugins;
mod ready;
mod serve;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::config::{Config, LogFormat};

/// Runs plugins and serves what they bring.
#[derive(Debug, Parser)]
#[command(
    name = "plugin-host",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// Configuration file (TOML).
    #[arg(long, global = true, env = "PLUGIN_HOST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Address of a server to administer, instead of a data folder.
    #[arg(
        long,
        global = true,
        env = "PLUGIN_HOST_SERVER",
        value_name = "URL",
        requires = "token"
    )]
    server: Option<String>,
    /// API token of an administrator with the scope `admin`, for --server.
    #[arg(
        long,
        global = true,
        env = "PLUGIN_HOST_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
    /// Answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Settings that can be given as flags; their names in the file and the environment are the same, with `_`.
#[derive(Debug, Clone, Default, Args, Serialize)]
struct Settings {
    /// Folder of everything that is kept [default: plugin-host-data].
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080].
    #[arg(long, global = true, value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Scheme, host and port under which people reach this host [default: http:// and the address listened on].
    #[arg(long, global = true, value_name = "ORIGIN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_origin: Option<String>,
    /// Log filter, such as `info` or `host_runtime=debug,info` [default: info; warn for other commands than serve].
    #[arg(long, global = true, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// How the log is written [default: text].
    #[arg(long, global = true, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Serve,
    /// Ask the server that listens at the configured address, or at --server, whether it can serve: exit code 0 if so, for health checks.
    Ready,
    /// Print the effective configuration: flags > PLUGIN_HOST_* > file > defaults.
    Config,
    /// Administer plugins.
    #[command(subcommand)]
    Plugin(plugins::PluginCommand),
    /// Administer people and their API tokens.
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// Call any export of a plugin: an installed one by its id, or a file, which then runs on an empty, passing data folder.
    Invoke(developer::Invoke),
    /// Check a component against the contract, without installing it.
    Check(developer::Check),
    /// Print the OpenAPI document of the HTTP API, as a running host serves it at /api/openapi.json.
    Openapi,
    /// Copy database, blobs (also from a bucket) and keys into a new folder, while a server runs or not, and check the copy.
    Backup(archive::Backup),
    /// Make the data folder from a backup, and check it.
    Restore(archive::Restore),
    /// Move everything from SQLite in the data folder to PostgreSQL, or back, and compare both.
    ///
    /// The configured database is the one that is moved from. Only rows move: blobs stay where they are, and both databases are sealed with the same
    /// keys. Stop all hosts first. Interrupted at any moment, the same command goes on; until it has ended well, no host starts on the target.
    /// The source is left as it is. In the end it says which setting to change.
    MigrateStore(migrate::MigrateStore),
    /// The keys that secrets are sealed with.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
}

/// Why a command failed; said to a person on the last line.
type Failure = anyhow::Error;

/// Runs a command line.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let outcome = runtime.block_on(dispatch(cli));
    // Blocking work that nobody waits for any more (a password hash, a compilation) must not hold up the exit.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli { global, command } = cli;
    let mut config = Config::load(global.config.as_deref(), &global.settings)?;
    if !matches!(command, Command::Serve)
        && global.settings.log.is_none()
        && std::env::var_os("PLUGIN_HOST_LOG").is_none()
    {
        // A command's output is its answer; the log speaks up only when something is wrong.
        config.log = "warn".to_owned();
    }
    start_log(&config)?;
    match command {
        Command::Serve => serve::serve(config).await,
        Command::Ready => ready::run(&global, &config).await,
        Command::Config => {
            print_out(&config.to_toml())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            print_out(&serde_json::to_string_pretty(
                &crate::web::description_document(),
            )?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Plugin(command) => {
            let api = client::connect(&global, config).await?;
            let outcome = plugins::run(command, &api, global.json).await;
            api.close().await;
            outcome
        }
        Command::User(command) => {
            let api = client::connect(&global, config).await?;
            let outcome = accounts::run(command, &api, global.json).await;
            api.close().await;
            outcome
        }
        Command::Invoke(command) => developer::invoke(command, config, global.json).await,
        Command::Check(command) => developer::check(command, config, global.json).await,
        Command::Backup(command) => archive::backup(command, config, global.json).await,
        Command::Restore(command) => archive::restore(command, config, global.json).await,
        Command::MigrateStore(command) => migrate::run(command, config, global.json).await,
        Command::Keys(command) => keys::run(command, &config, global.json).await,
    }
}

fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|error| anyhow::anyhow!("log = {:?} is no filter: {error}", config.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

fn fail(error: &Failure) -> ExitCode {
    eprintln!("plugin-host: {error:#}");
    ExitCode::FAILURE
}

/// Writes an answer to standard output; a reader that has gone away is an error that [`run`] takes for success.
fn print_out(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn broken_pipe(error: &Failure) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Rows under a header, each column as wide as its widest cell.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(header.get(column).map(|h| h.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut out = line(&mut header.iter().copied());
    for row in rows {
        out.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(
            table(
                &["ID", "STATE"],
                &[
                    vec!["mail".into(), "on".into()],
                    vec!["x".into(), "off".into()]
                ]
            ),
            "ID    STATE\nmail  on\nx     off\n"
        );
    }
}
