//! `cargo xtask lint`.

use xtask::process;

use super::{cargo, step};

/// Formatting of the workspace, then clippy over all targets.
pub(crate) fn run() -> anyhow::Result<()> {
    step("checking the formatting", || {
        Ok(process::run(cargo().args(["fmt", "--all", "--check"]))?)
    })?;
    step("checking the lints", || {
        Ok(process::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))?)
    })
}
