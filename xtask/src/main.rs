//! `cargo xtask`: every task of a developer, one word each.

mod task;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What can be done in this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and try it: the host, simulated Google and Microsoft with a filled mailbox, two people
    Demo(task::demo::Options),
    /// Install what the tests need and run them all
    Test(task::test::Options),
    /// Build the Email manager component from source and print where it is
    Build(task::build::Options),
    /// Write down the HTTP API's description anew, and the types of the pages' client that are made from it
    Generate,
    /// Compare the speed with that of others and write the figures into docs/performance.md
    Bench(task::bench::Options),
    /// Make the README's pictures anew
    Shots,
    /// Check formatting and lints, warnings being errors
    Lint,
    /// Say which compiler would make components, and why
    Toolchain,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo(options) => task::demo::run(&options),
        Task::Test(options) => task::test::run(&options),
        Task::Build(options) => task::build::run(&options),
        Task::Generate => task::generate::run(),
        Task::Bench(options) => task::bench::run(&options),
        Task::Shots => task::browser::shots(),
        Task::Lint => task::lint::run(),
        Task::Toolchain => task::build::toolchain(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
