//! `plugin-host backup` and `plugin-host restore`: both may run beside a server, and both check what they made. A backup is a folder with everything in
//! it, wherever blobs are kept; so the two together move blobs from the data folder into a bucket, and back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use host_store::backup;

use super::{Failure, print_out};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder to be made. It holds the keys as well: keep it as safe as the data folder itself.
    target: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A folder that `backup` made. It becomes the data folder, which must not exist yet; its blobs go where the configuration keeps them.
    source: PathBuf,
}

pub(super) async fn backup(
    command: Backup,
    config: Config,
    json: bool,
) -> Result<ExitCode, Failure> {
    on_a_server(&config)?;
    let made = backup::backup(&config.data_dir, &config.blob_place()?, &command.target)
        .await
        .with_context(|| format!("{} was not backed up", config.data_dir.display()))?;
    said(
        &made,
        &format!("copied to {}", command.target.display()),
        json,
    )
}

pub(super) async fn restore(
    command: Restore,
    config: Config,
    json: bool,
) -> Result<ExitCode, Failure> {
    on_a_server(&config)?;
    let made = backup::restore(&command.source, &config.data_dir, &config.blob_place()?)
        .await
        .with_context(|| format!("{} was not restored", command.source.display()))?;
    said(
        &made,
        &format!("restored to {}", config.data_dir.display()),
        json,
    )
}

/// A database on a server is copied with the server's own tools.
fn on_a_server(config: &Config) -> anyhow::Result<()> {
    if config.database_url.is_some() {
        bail!(
            "the database is on a PostgreSQL server: {}",
            backup::ON_A_SERVER
        );
    }
    Ok(())
}

fn said(made: &backup::Backup, what: &str, json: bool) -> Result<ExitCode, Failure> {
    let text = if json {
        serde_json::to_string_pretty(made)?
    } else {
        format!(
            "{what} and checked: database {} KiB, {} blobs of {} KiB, {} plugins",
            made.database_bytes >> 10,
            made.blobs,
            made.blob_bytes >> 10,
            made.plugins
        )
    };
    print_out(&text)?;
    Ok(ExitCode::SUCCESS)
}
