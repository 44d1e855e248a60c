//! What the developer's tasks share with the tests: how a component is built, and how other programs are run.
//!
//! Tests call [`component`] instead of a build script, because a build script would also run under every IDE and would start a
//! cargo inside the cargo that runs it.

pub mod component;
pub mod node;
pub mod pages;
pub mod postgres;
pub mod process;

use std::path::{Path, PathBuf};

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where build results go; `CARGO_TARGET_DIR` moves it, as it does for cargo.
#[must_use]
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => root().join(folder),
        _ => root().join("target"),
    }
}
