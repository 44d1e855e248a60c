//! `plugin-host plugin …`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::client::{Api, Payload, segment};
use super::{Failure, print_out, table};

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// All plugins: state, version, title.
    List {
        /// Only those whose id or title contains this.
        search: Option<String>,
    },
    /// Everything about one plugin: what it asks for, what it was granted, what it exports, its faults.
    Inspect {
        /// Its id.
        id: String,
    },
    /// Add a component. It runs once it is granted and enabled.
    Add {
        /// The component.
        file: PathBuf,
    },
    /// Approve what a plugin may do.
    Grant {
        /// Its id.
        id: String,
        /// Start from all that its manifest asks for, instead of what is granted already.
        #[arg(long)]
        all: bool,
        /// Also let it call this origin, such as https://graph.microsoft.us; may be repeated.
        #[arg(long, value_name = "ORIGIN")]
        origin: Vec<String>,
        /// The same for an origin inside this machine or network, such as http://127.0.0.1:9100.
        #[arg(long, value_name = "ORIGIN")]
        internal_origin: Vec<String>,
        /// Whether its pages are shown, which run with the rights of whoever opens them.
        #[arg(long, value_name = "true|false")]
        pages: Option<bool>,
        /// Storage, in bytes.
        #[arg(long, value_name = "BYTES")]
        storage: Option<u64>,
        /// Memory of one call, in bytes.
        #[arg(long, value_name = "BYTES")]
        memory: Option<u64>,
        /// Longest call, in seconds.
        #[arg(long, value_name = "SECONDS")]
        seconds: Option<u32>,
    },
    /// Switch a plugin on.
    Enable {
        /// Its id.
        id: String,
        /// Approve all that its manifest asks for first.
        #[arg(long)]
        grant_all: bool,
    },
    /// Switch a plugin off: its routes vanish, its jobs stop, its data stays.
    Disable {
        /// Its id.
        id: String,
    },
    /// Put another version in place of a plugin. If the new one does not start, the old one goes on.
    Upgrade {
        /// Its id.
        id: String,
        /// The new component.
        file: PathBuf,
    },
    /// Remove a plugin.
    Remove {
        /// Its id.
        id: String,
        /// What happens to its data.
        #[arg(long, value_enum)]
        data: Data,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Data {
    /// It is there again when the plugin is added again.
    Keep,
    /// It is deleted for ever.
    Delete,
}

pub(super) async fn run(
    command: PluginCommand,
    api: &Api,
    json: bool,
) -> Result<ExitCode, Failure> {
    let answer = match command {
        PluginCommand::List { search } => {
            let list = api.get("/api/plugins").await?;
            let items: Vec<Value> = list
                .get("items")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .filter(|item| found(item, search.as_deref()))
                .collect();
            if json {
                return done(&serde_json::to_string_pretty(&items)?);
            }
            let rows: Vec<Vec<String>> = items
                .iter()
                .map(|item| {
                    ["id", "state", "version", "title"]
                        .iter()
                        .map(|name| text(item, name))
                        .collect()
                })
                .collect();
            return done(&table(&["ID", "STATE", "VERSION", "TITLE"], &rows));
        }
        PluginCommand::Inspect { id } => {
            let mut plugin = api.get(&path(&id, "")).await?;
            let faults = api.get(&path(&id, "/faults")).await?;
            if let Some(plugin) = plugin.as_object_mut() {
                plugin.insert(
                    "faults".to_owned(),
                    faults.get("items").cloned().unwrap_or_default(),
                );
            }
            return done(&serde_json::to_string_pretty(&plugin)?);
        }
        PluginCommand::Add { file } => {
            let plugin = api
                .post("/api/plugins", Payload::Component(read(&file).await?))
                .await?;
            if !json {
                return done(&format!(
                    "{}\nNext: plugin-host plugin enable {} --grant-all",
                    summary(&plugin),
                    text(&plugin, "id")
                ));
            }
            plugin
        }
        PluginCommand::Grant {
            id,
            all,
            origin,
            internal_origin,
            pages,
            storage,
            memory,
            seconds,
        } => {
            let plugin = api.get(&path(&id, "")).await?;
            let mut grants = if all {
                proposed(&plugin)
            } else {
                plugin
                    .get("grants")
                    .filter(|g| g.is_object())
                    .cloned()
                    .unwrap_or_else(|| proposed(&plugin))
            };
            if let Some(origins) = grants.get_mut("origins").and_then(Value::as_array_mut) {
                for (list, internal) in [(origin, false), (internal_origin, true)] {
                    for origin in list {
                        origins.retain(|known| {
                            known.get("origin").and_then(Value::as_str) != Some(&origin)
                        });
                        origins.push(json!({ "origin": origin, "internal": internal }));
                    }
                }
            }
            if let (Some(pages), Some(field)) = (pages, grants.get_mut("pages")) {
                *field = pages.into();
            }
            for (name, value) in [
                ("storage_bytes", storage),
                ("memory_bytes", memory),
                ("call_seconds", seconds.map(u64::from)),
            ] {
                if let (Some(value), Some(field)) = (value, grants.get_mut(name)) {
                    *field = value.into();
                }
            }
            api.call(Method::PUT, &path(&id, "/grants"), Payload::Json(grants))
                .await?
        }
        PluginCommand::Enable { id, grant_all } => {
            if grant_all {
                let plugin = api.get(&path(&id, "")).await?;
                api.call(
                    Method::PUT,
                    &path(&id, "/grants"),
                    Payload::Json(proposed(&plugin)),
                )
                .await?;
            }
            api.post(&path(&id, "/enable"), Payload::Nothing).await?
        }
        PluginCommand::Disable { id } => api.post(&path(&id, "/disable"), Payload::Nothing).await?,
        PluginCommand::Upgrade { id, file } => {
            api.post(
                &path(&id, "/upgrade"),
                Payload::Component(read(&file).await?),
            )
            .await?
        }
        PluginCommand::Remove { id, data } => {
            let data = match data {
                Data::Keep => "keep",
                Data::Delete => "delete",
            };
            api.call(
                Method::DELETE,
                &path(&id, &format!("?data={data}")),
                Payload::Nothing,
            )
            .await?;
            return done(&format!("{id}: removed"));
        }
    };
    if json {
        done(&serde_json::to_string_pretty(&answer)?)
    } else {
        done(&summary(&answer))
    }
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/plugins/{}{rest}", segment(id))
}

async fn read(file: &std::path::Path) -> Result<Vec<u8>, Failure> {
    tokio::fs::read(file)
        .await
        .with_context(|| format!("{} can't be read", file.display()))
}

fn text(item: &Value, name: &str) -> String {
    item.get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn found(item: &Value, search: Option<&str>) -> bool {
    let Some(search) = search.map(str::to_lowercase) else {
        return true;
    };
    ["id", "title"]
        .iter()
        .any(|name| text(item, name).to_lowercase().contains(&search))
}

fn summary(plugin: &Value) -> String {
    let reason = text(plugin, "reason");
    let tail = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!(
        "{} {}: {}{tail}",
        text(plugin, "id"),
        text(plugin, "version"),
        text(plugin, "state")
    )
}

/// Exactly what the manifest asks for.
fn proposed(plugin: &Value) -> Value {
    plugin.get("proposed_grants").cloned().unwrap_or_default()
}

fn done(text: &str) -> Result<ExitCode, Failure> {
    print_out(text)?;
    Ok(ExitCode::SUCCESS)
}
