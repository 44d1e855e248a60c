//! Builds WASM components from source.
//!
//! A component is always built optimised: unoptimised it is fifty times larger and slower than what it is meant to show. Each way of
//! compiling has a target folder of its own, because a cargo inside a cargo with the same target folder waits for ever, and because
//! the ways would undo each other's work.

pub mod toolchain;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{pages, process};
use toolchain::{Machine, TARGET, Toolchain, Unavailable, Wish};

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Install one of the toolchains that the text names.
    #[error(transparent)]
    NoToolchain(#[from] Unavailable),
    /// Read the compiler's messages above and mend the source.
    #[error("building {what} failed: {why}")]
    Build {
        /// The workspace that was built.
        what: String,
        /// What cargo said.
        why: String,
    },
    /// The pages that belong into the component can't be built.
    #[error(transparent)]
    Pages(#[from] pages::Error),
    /// Cargo was content, but what was asked for is not among what it built.
    #[error("{0}")]
    Missing(String),
}

/// The Email manager, with its pages. `PLUGIN_WASM` names a component that was built elsewhere instead.
///
/// # Errors
///
/// All of [`Error`].
pub fn plugin() -> Result<PathBuf, Error> {
    if let Some(ready) = ready("PLUGIN_WASM")? {
        return Ok(ready);
    }
    let folder = crate::root().join("plugin");
    let bare = build(&folder)?.into_values().next().ok_or_else(|| {
        Error::Missing(format!(
            "{} has no package that makes a component (crate-type cdylib)",
            folder.display()
        ))
    })?;
    let _turn = pages::build()?;
    Ok(pages::put_into(&bare, &pages::folder())?)
}

/// The test guests of `tests/guests`, by the names of their packages. `PLUGIN_GUESTS` names a folder that holds them instead.
///
/// # Errors
///
/// All of [`Error`].
pub fn guests() -> Result<BTreeMap<String, PathBuf>, Error> {
    if let Some(folder) = ready("PLUGIN_GUESTS")? {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| Error::Missing(format!("{}: {error}", folder.display())))?;
        return Ok(by_name(entries.flatten().map(|entry| entry.path())));
    }
    build(&crate::root().join("tests/guests"))
}

/// Builds every component of the workspace at `folder`, optimised; answers them by package name.
///
/// # Errors
///
/// All of [`Error`].
pub fn build(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let machine = Machine::here();
    let wish = Wish::parse(std::env::var("PLUGIN_TOOLCHAIN").ok().as_deref())?;
    let chosen = toolchain::select(&machine, wish)?;
    eprintln!(
        "xtask: {} → wasm with toolchain {chosen}",
        folder
            .strip_prefix(crate::root())
            .unwrap_or(folder)
            .display()
    );
    build_with(&machine, &chosen, folder)
}

fn build_with(
    machine: &Machine,
    chosen: &Toolchain,
    folder: &Path,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let failed = |why: String| Error::Build {
        what: folder.display().to_string(),
        why,
    };
    let mut command = machine.program("cargo");
    command
        .current_dir(folder)
        .env(
            "CARGO_TARGET_DIR",
            crate::target().join(format!("plugin-{}", chosen.name())),
        )
        .args([
            "build",
            "--workspace",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ]);
    if let Toolchain::Debian {
        rustc,
        linkers,
        libc,
    } = chosen
    {
        let path = std::iter::once(linkers.clone()).chain(std::env::split_paths(&machine.path));
        let path = std::env::join_paths(path).map_err(|error| failed(error.to_string()))?;
        command
            .env("PATH", path)
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env(
                "CARGO_TARGET_WASM32_WASIP2_LINKER",
                linkers.join("wasm-component-ld"),
            )
            .env(
                "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
                format!("-L{}", libc.display()),
            )
            .args(["-Z", "build-std=std,panic_abort"]);
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!(
            "`{}` ended with {}",
            process::line(&command),
            output.status
        )));
    }
    let built = built_files(&String::from_utf8_lossy(&output.stdout));
    Ok(by_name(built.into_iter()))
}

/// The components that cargo's messages name.
fn built_files(messages: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let names = message.get("filenames").and_then(|names| names.as_array());
        for name in names.into_iter().flatten().filter_map(|name| name.as_str()) {
            files.push(PathBuf::from(name));
        }
    }
    files
}

/// By package name: cargo writes `_` for `-`.
fn by_name(files: impl Iterator<Item = PathBuf>) -> BTreeMap<String, PathBuf> {
    files
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .filter_map(|file| Some((file.file_stem()?.to_str()?.replace('_', "-"), file)))
        .collect()
}

/// What was built elsewhere and is named by an environment variable.
fn ready(variable: &str) -> Result<Option<PathBuf>, Error> {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => {
            let path = PathBuf::from(path);
            if path.exists() {
                Ok(Some(path))
            } else {
                Err(Error::Missing(format!(
                    "{variable} names {}, which does not exist",
                    path.display()
                )))
            }
        }
        _ => Ok(None),
    }
}

/// Takes away what an outer cargo, or a build script's, tells its children: it would change the inner build, or what it answers.
/// Kept is what says where registries and caches are.
fn clear_inherited(command: &mut Command) {
    const KEPT: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_NET_OFFLINE",
        "CARGO_HTTP_PROXY",
        "CARGO_HTTP_CAINFO",
        "CARGO_TERM_COLOR",
        "CARGO_BUILD_JOBS",
    ];
    const CLEARED: [&str; 11] = [
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_BOOTSTRAP",
        "RUSTFLAGS",
        "RUSTDOC",
        "RUSTDOCFLAGS",
        "MAKEFLAGS",
        "MFLAGS",
        "LD_LIBRARY_PATH",
        "OUT_DIR",
    ];
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let registry = text.starts_with("CARGO_REGISTR") || text.starts_with("CARGO_SOURCE");
        let of_cargo = text == "CARGO" || text.starts_with("CARGO_");
        if (of_cargo && !registry && !KEPT.contains(&text)) || CLEARED.contains(&text) {
            command.env_remove(text);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn components_are_found_by_package_name_among_cargos_messages() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/deps/libcore.rlib\"]}\n",
            "not json\n",
            "{\"reason\":\"compiler-artifact\",\"filenames\":[\"/t/wasm32-wasip2/release/email_manager.wasm\"]}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n",
        );
        let found = by_name(built_files(messages).into_iter());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["email-manager"]);
    }
}
