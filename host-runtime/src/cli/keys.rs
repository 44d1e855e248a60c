//! `plugin-host keys …`.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use host_store::{Error, KeyUse, OldKeys, Options, Purpose, Rotation, Store, SystemClock};

use super::{Failure, print_out, table};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Keys by number, and how many records are sealed with each.
    List,
    /// Add a key that nothing is sealed with before the next rotation, so that the key file can be copied to other hosts first.
    Add,
    /// Seal everything anew with the key that `add` made, or with a new one, beside running hosts. Interrupted, the next run ends it.
    ///
    /// Hosts that have a copy of the key file need the key before: `add`, copy the file, `rotate`. Older keys stay in the file unless told
    /// otherwise, so that copies of the database from before can be read with it.
    Rotate {
        /// Drop all older keys once nothing is sealed with them. No host may run then.
        #[arg(long)]
        drop_old: bool,
    },
}

pub(super) async fn run(
    command: KeysCommand,
    config: &Config,
    json: bool,
) -> Result<ExitCode, Failure> {
    if !config.keys().is_file() {
        anyhow::bail!("there is no key file {}", config.keys().display());
    }
    let alone = matches!(command, KeysCommand::Rotate { drop_old: true });
    let options = Options {
        database: config.database(),
        blobs: config.blob_place()?,
        key_file: config.key_file.clone(),
        clock: Arc::new(SystemClock::default()),
        purpose: if alone { Purpose::Alone } else { Purpose::Tool },
    };
    let store = match Store::open_with(&config.data_dir, options).await {
        Err(error @ Error::InUse(_)) if alone => {
            return Err(Failure::new(error).context("old keys are dropped only while no host runs"));
        }
        opened => opened?,
    };
    let text = match command {
        KeysCommand::List => list(&store, json).await,
        KeysCommand::Add => add(&store, json).await,
        KeysCommand::Rotate { drop_old } => rotate(&store, drop_old, json).await,
    };
    store.close().await;
    print_out(&text?)?;
    Ok(ExitCode::SUCCESS)
}

async fn add(store: &Store, json: bool) -> Result<String, Failure> {
    let key = store.secrets().prepare().await?;
    if json {
        return Ok(serde_json::to_string_pretty(
            &serde_json::json!({ "key": key }),
        )?);
    }
    Ok(format!(
        "key {key} waits in the key file. Copy the file to every host that has one of its own, then run `plugin-host keys rotate`"
    ))
}

async fn list(store: &Store, json: bool) -> Result<String, Failure> {
    let keys = store.secrets().keys().await?;
    if json {
        return Ok(serde_json::to_string_pretty(&keys)?);
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let state = match key {
                KeyUse { present: false, .. } => "missing",
                KeyUse { current: true, .. } => "current",
                KeyUse { prepared: true, .. } => "waits",
                _ => "old",
            };
            vec![
                key.id.to_string(),
                state.to_owned(),
                key.records.to_string(),
            ]
        })
        .collect();
    Ok(table(&["KEY", "STATE", "RECORDS"], &rows))
}

async fn rotate(store: &Store, drop_old: bool, json: bool) -> Result<String, Failure> {
    let old = if drop_old {
        OldKeys::Drop
    } else {
        OldKeys::Keep
    };
    let done = store
        .secrets()
        .rotate(old, |_| ControlFlow::Continue(()))
        .await
        .context("the keys were not rotated to the end")?;
    if json {
        return Ok(serde_json::to_string_pretty(&done)?);
    }
    Ok(said(&done, store.is_shared()))
}

fn said(done: &Rotation, shared: bool) -> String {
    let Rotation { key, records, .. } = done;
    let mut text = if done.is_new {
        format!("{records} records were sealed anew with key {key}")
    } else {
        format!(
            "an earlier rotation to key {key} had broken off: the {records} records that were left are sealed anew with it. Run it again for a new key"
        )
    };
    if shared && !done.prepared {
        text.push_str(
            "\nHosts that have a copy of the key file need the new one now: they can't read what is sealed anew until it is there",
        );
    }
    if !done.dropped.is_empty() {
        let numbers: Vec<String> = done.dropped.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\ndropped: key {}", numbers.join(", ")));
    }
    text
}
