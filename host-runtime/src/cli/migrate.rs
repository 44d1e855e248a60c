//! `plugin-host migrate-store`.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use host_store::Database;
use host_store::migrate::{Migration, Progress, Step};
use secrecy::SecretString;

use super::{Failure, print_out};
use crate::config::{Config, MIGRATE_TO, is_database_url};

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("target").required(true)))]
pub(super) struct MigrateStore {
    /// Move from the data folder to the database that PLUGIN_HOST_MIGRATE_TO names (postgres://user:password@host/database), which must be
    /// empty. It is no argument, since those are seen by others on this machine.
    #[arg(long, group = "target")]
    to_server: bool,
    /// Move from the configured PostgreSQL database into the data folder, where no host.db may be.
    #[arg(long, group = "target")]
    to_folder: bool,
    /// Throw away what an earlier run, which did not end well, left in the target, and begin anew.
    #[arg(long)]
    anew: bool,
}

/// Lines of progress come not more often than this, but for those that end something.
const OFTEN: Duration = Duration::from_secs(2);

pub(super) async fn run(
    command: MigrateStore,
    config: Config,
    json: bool,
) -> Result<ExitCode, Failure> {
    let from = config.database();
    let (to, next) = match (&from, command.to_folder) {
        (Database::Folder, true) => {
            bail!("the rows are in the data folder already: database_url is not set")
        }
        (Database::Postgres { .. }, true) => (
            Database::Folder,
            "remove database_url and key_file from the configuration and start the host. The database on the server is left as it was",
        ),
        (Database::Postgres { .. }, false) => bail!(
            "the rows are on a server already: `pg_dump --no-owner --no-acl` moves them to another, --to-folder to the data folder"
        ),
        (Database::Folder, false) => (
            config.server(target()?),
            "set database_url to that address and start the host. host.db in the data folder is left as it was: keep it for a while, out of the folder",
        ),
    };
    let mut said = Instant::now();
    let mut watch = |progress: &Progress<'_>| {
        if progress.ended || said.elapsed() >= OFTEN {
            said = Instant::now();
            eprintln!("{}", line(progress));
        }
        ControlFlow::Continue(())
    };
    let migration = Migration {
        folder: &config.data_dir,
        from: &from,
        to: &to,
        key_file: config.key_file.as_deref(),
        anew: command.anew,
    };
    let moved = migration
        .run(&mut watch)
        .await
        .context("the store was not moved")?;
    let text = if json {
        serde_json::to_string_pretty(&moved)?
    } else {
        format!(
            "moved and compared: {} rows of {} tables and {} collections\nNow {next}.",
            moved.rows, moved.tables, moved.collections
        )
    };
    print_out(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(progress: &Progress<'_>) -> String {
    let done = match (progress.step, progress.ended) {
        (Step::Copying, false) => "copied so far",
        (Step::Copying, true) => "copied",
        (Step::Comparing, false) => "compared so far",
        (Step::Comparing, true) => "compared",
    };
    format!("{}: {} rows {done}", progress.part, progress.rows)
}

/// The database that the environment names.
fn target() -> Result<SecretString, Failure> {
    let url = std::env::var(MIGRATE_TO).map(SecretString::from);
    match url {
        Ok(url) if is_database_url(&url) => Ok(url),
        _ => bail!(
            "{MIGRATE_TO} names no database to move to: set it to postgres://user:password@host/database"
        ),
    }
}
