//! `cargo xtask demo`: builds all parts, then becomes the demo program of `tests/`, which starts them and shows what they do.

use std::process::Command;

use anyhow::Context;
use xtask::component;

use super::{build_programs, step};

/// How the demo is run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the whole main job through the HTTP API for both providers, print what happened and exit
    #[arg(long)]
    check: bool,
    /// Port of the host on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Messages in each simulated mailbox
    #[arg(long, default_value_t = 500)]
    messages: usize,
}

/// Never returns if all could be built: the demo program takes this one's place, and with it the terminal's Ctrl-C.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let component = step("building the Email manager component", || {
        Ok(component::plugin()?)
    })?;
    let programs = step("building the host and the simulated providers", || {
        build_programs()
    })?;
    let mut demo = Command::new(programs.join("demo"));
    demo.arg("--component").arg(component);
    demo.arg("--host").arg(programs.join("plugin-host"));
    demo.arg("--providers").arg(programs.join("provider-sim"));
    demo.arg("--messages").arg(options.messages.to_string());
    if options.check {
        demo.arg("--check");
    } else {
        demo.arg("--port").arg(options.port.to_string());
    }
    replace(demo)
}

#[cfg(unix)]
fn replace(mut program: Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(program.exec()).context("starting the demo program")
}

#[cfg(not(unix))]
fn replace(mut program: Command) -> anyhow::Result<()> {
    xtask::process::run(&mut program).context("the demo program")
}
