//! `cargo xtask lint`.

use xtask::process;

use super::{cargo, step};

/// As part of the tests: what is wrong is an error, a tool that is not there is not.
pub(super) fn checked() -> anyhow::Result<()> {
    for tool in ["fmt", "clippy"] {
        if process::capture(cargo().args([tool, "--version"])).is_err() {
            eprintln!("xtask: cargo {tool} is not installed, so the lints are not checked");
            return Ok(());
        }
    }
    run()
}

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
