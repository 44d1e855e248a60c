//! For authors of plugins: call any export, and check a component against the contract.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use super::{Failure, print_out, table};
use crate::Host;
use crate::config::Config;
use crate::plugin::invoke::Invocation;
use crate::plugin::manager::Manager;
use crate::plugin::trace::{Entry, Trace};
use crate::plugin::{Grants, inspect};
use crate::web::server::{Local, StartError};

#[derive(Debug, Args)]
pub(super) struct Invoke {
    /// Id of an installed plugin that is enabled, or a component's file.
    plugin: String,
    /// Such as `settings.describe({user: "u", role: administrator, permissions: [], locale: "en", request: "r"})`; values in WAVE.
    call: String,
    /// Show what the call asked of the host.
    #[arg(long)]
    trace: bool,
    /// Make the call on behalf of this user id.
    #[arg(long)]
    user: Option<String>,
    /// For a file: also let it call this origin, such as http://127.0.0.1:9100, inside this machine or not; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The component.
    file: PathBuf,
}

/// A host that may have a folder of its own for as long as it lives.
struct Scratch {
    local: Local,
    folder: Option<PathBuf>,
}

impl Scratch {
    /// On an empty data folder that goes away.
    async fn empty(config: Config) -> Result<Self, Failure> {
        let folder =
            std::env::temp_dir().join(format!("plugin-host-{}", uuid::Uuid::new_v4().simple()));
        let local = Local::open(config.in_folder(folder.clone())).await?;
        Ok(Self {
            local,
            folder: Some(folder),
        })
    }

    /// On the data folder of the configuration.
    async fn real(config: Config) -> Result<Self, Failure> {
        let data_dir = config.data_dir.clone();
        match Local::open(config).await {
            Ok(local) => Ok(Self {
                local,
                folder: None,
            }),
            Err(StartError::InUse { .. }) => bail!(
                "a server has the data folder {}. Stop it to call its plugins from here, or name the component's file, which then runs on an empty folder",
                data_dir.display()
            ),
            Err(error) => Err(error.into()),
        }
    }

    async fn close(self) {
        self.local.close().await;
        if let Some(folder) = self.folder
            && let Err(error) = std::fs::remove_dir_all(&folder)
        {
            tracing::warn!(folder = %folder.display(), %error, "the passing data folder was not removed");
        }
    }
}

pub(super) async fn invoke(
    command: Invoke,
    config: Config,
    json: bool,
) -> Result<ExitCode, Failure> {
    let file = Path::new(&command.plugin);
    let is_file = file.is_file() || command.plugin.ends_with(".wasm");
    let scratch = if is_file {
        Scratch::empty(config).await?
    } else {
        Scratch::real(config).await?
    };
    let outcome = called(scratch.local.host(), &command, is_file.then_some(file)).await;
    scratch.close().await;
    let (outcome, trace) = outcome?;
    match outcome {
        Ok(invocation) => {
            let out = if json {
                serde_json::to_string_pretty(
                    &json!({ "answer": invocation.answer, "output": invocation.output, "trace": command.trace.then_some(&invocation.trace) }),
                )?
            } else {
                invocation.answer.clone()
            };
            print_out(&out)?;
            if !json {
                eprint!(
                    "{}{}",
                    shown_output(&invocation.output),
                    shown_trace(command.trace, &invocation.trace)
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprint!("{}", shown_trace(command.trace, &trace));
            Err(error.into())
        }
    }
}

type Outcome = Result<Invocation, crate::plugin::invoke::InvokeError>;

async fn called(
    host: &Host,
    command: &Invoke,
    file: Option<&Path>,
) -> Result<(Outcome, Vec<Entry>), Failure> {
    let id = match file {
        Some(file) => started(host, file, &command.origin).await?,
        None => command.plugin.clone(),
    };
    let trace = if command.trace {
        Trace::on()
    } else {
        Trace::default()
    };
    let outcome = host
        .invoke(&id, &command.call, command.user.clone(), trace.clone())
        .await;
    let left = trace.take();
    Ok((outcome, left))
}

/// Installs a file, grants it what it asks for and `origins`, and enables it.
async fn started(host: &Host, file: &Path, origins: &[String]) -> Result<String, Failure> {
    let bytes = Manager::read(file).await?;
    let status = host.plugins().add(bytes).await?;
    let mut grants = Grants::proposed(&status.inspection.manifest);
    for origin in origins {
        let origin = origin
            .parse()
            .with_context(|| format!("--origin {origin}"))?;
        grants.origins.push(crate::egress::allow_list::OriginGrant {
            origin,
            internal: true,
        });
    }
    host.plugins().approve(&status.id, grants).await?;
    host.plugins().enable(&status.id).await?;
    Ok(status.id.clone())
}

fn shown_output(output: &str) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!("--- output\n{output}\n")
    }
}

fn shown_trace(asked: bool, trace: &[Entry]) -> String {
    if !asked {
        return String::new();
    }
    let rows: Vec<Vec<String>> = trace
        .iter()
        .map(|entry| {
            vec![
                format!("{:.3}", millis(entry.at_us)),
                format!("{:.3}", millis(entry.took_us)),
                entry.function.to_owned(),
                entry.subject.clone(),
                entry.outcome.to_string(),
            ]
        })
        .collect();
    format!(
        "--- {} host calls\n{}",
        trace.len(),
        table(
            &["AT MS", "TOOK MS", "FUNCTION", "SUBJECT", "OUTCOME"],
            &rows
        )
    )
}

/// Exact far beyond any call's length.
fn millis(micros: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a call lasts minutes at most")]
    let millis = micros as f64 / 1000.0;
    millis
}

pub(super) async fn check(command: Check, config: Config, json: bool) -> Result<ExitCode, Failure> {
    let bytes = Manager::read(&command.file).await?;
    let scratch = Scratch::empty(config).await?;
    let outcome = scratch.local.host().plugins().inspect(bytes).await;
    scratch.close().await;
    let inspection = outcome?;
    if json {
        print_out(&serde_json::to_string_pretty(&inspection)?)?;
    } else {
        print_out(&report(&inspection))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn report(inspection: &inspect::Inspection) -> String {
    let manifest = &inspection.manifest;
    let list = |title: &str, items: Vec<String>| {
        let items = if items.is_empty() {
            vec!["nothing".to_owned()]
        } else {
            items
        };
        format!(
            "{title}\n{}",
            items
                .iter()
                .map(|item| format!("  {item}\n"))
                .collect::<String>()
        )
    };
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let mut wants = vec![
        format!("memory of a call   {}", mib(manifest.memory_bytes)),
        format!("longest call       {} s", manifest.call_seconds),
        format!("storage            {}", mib(manifest.storage_bytes)),
        format!(
            "pages              {}",
            if manifest.pages {
                "yes: they run with the rights of whoever opens them"
            } else {
                "no"
            }
        ),
    ];
    wants.extend(
        manifest
            .origins
            .iter()
            .map(|origin| format!("to call            {origin}")),
    );
    wants.extend(
        manifest
            .paths
            .iter()
            .map(|path| format!("to be reached at   {path}")),
    );
    wants.extend(
        inspection
            .pages
            .iter()
            .map(|path| format!("to show pages at   {path}")),
    );
    wants.extend(
        manifest
            .schedules
            .iter()
            .map(|s| format!("a job              {} every {} s", s.kind, s.every_seconds)),
    );
    format!(
        "{} {} fits the contract.\n{}\n{}\n\n{}{}{}",
        manifest.id,
        manifest.version,
        manifest.title,
        manifest.description,
        list("It wants", wants),
        list("It exports", inspection.exports.clone()),
        list("It imports", inspection.imports.clone())
    )
}
