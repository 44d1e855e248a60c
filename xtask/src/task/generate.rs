//! `cargo xtask generate`: what is made from the host's sources and committed, because others start from it.

use std::process::Command;

use anyhow::Context as _;
use xtask::{node, process};

use super::{build_programs, step};

/// The API's description, then the types that the pages' client has of it.
pub(crate) fn run() -> anyhow::Result<()> {
    let programs = step("building the host", build_programs)?;
    let path = xtask::root().join("host-runtime/client/openapi.json");
    let description = process::capture(Command::new(programs.join("plugin-host")).arg("openapi"))?;
    std::fs::write(&path, description + "\n").with_context(|| path.display().to_string())?;
    step("generating the client's types", || {
        let node = node::prepared()?;
        Ok(process::run(node.npm().args(["run", "generate"]))?)
    })
}
