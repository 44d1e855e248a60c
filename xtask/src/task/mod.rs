//! One module for each task.

pub(crate) mod bench;
mod bench_pages;
pub(crate) mod browser;
pub(crate) mod build;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod lint;
mod postgres;
pub(crate) mod test;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use xtask::process;

/// The cargo that runs this, in the root of the repository.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(xtask::root());
    // Of the cargo that runs this program: build scripts watch them, and would build anew what another cargo has built.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Says what begins, does it, and says how long it took.
fn step<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    eprintln!("xtask: {what} …");
    let begun = Instant::now();
    let done = work().with_context(|| format!("{what} failed"))?;
    eprintln!(
        "xtask: {what}: done in {:.1} s",
        begun.elapsed().as_secs_f32()
    );
    Ok(done)
}

/// Builds the programs of this workspace unoptimised (with optimised hot spots, see the root manifest), which starts soonest; answers
/// the folder that they are in. All of them at once: another selection of packages would have other features, and compile half of the
/// host's libraries again.
fn build_programs() -> anyhow::Result<PathBuf> {
    process::run(cargo().args(["build", "--workspace", "--bins"]))?;
    Ok(xtask::target().join("debug"))
}
