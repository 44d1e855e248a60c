//! `cargo xtask test`: installs what the tests need, builds the components once, checks the pages, lets a browser use them, and hands over to
//! the test runner, whose closing line is the last.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use xtask::{component, node, process};

use super::{browser, cargo, lint, postgres, step};

/// The runner that is installed where there is none; others do as well.
const NEXTEST: &str = "0.9.143";

/// Packages are loaded from a registry and unpacked.
const PIP_LIMIT: Duration = Duration::from_secs(900);

/// What is too long for every run.
struct Suite {
    name: &'static str,
    what: &'static str,
    /// What `cargo nextest` is told.
    arguments: &'static [&'static str],
    /// What makes the tests thorough.
    variable: (&'static str, &'static str),
}

/// Tests of the engine with this in their names: optimised, or they would take hours.
macro_rules! engine {
    ($names:literal) => {
        &[
            "--release",
            "--package",
            "email-manager-core",
            "--test",
            "sync",
            $names,
        ]
    };
}

const DEEP: &[Suite] = &[
    Suite {
        name: "sync",
        what: "10,000 random histories at each provider, held against the simulated mailbox",
        arguments: engine!("histories"),
        variable: ("PROPTEST_CASES", "10000"),
    },
    Suite {
        name: "sending",
        what: "1,000 random histories of sending at each provider, in which each letter is to go out exactly once",
        arguments: engine!("sending"),
        variable: ("PROPTEST_CASES", "1000"),
    },
    Suite {
        name: "recovery",
        what: "a lost cursor in a mailbox of 100,000 messages, at both providers, within the quota",
        arguments: engine!("recovers"),
        variable: ("LOST_MESSAGES", "100000"),
    },
    Suite {
        name: "faults",
        what: "every fault at every request of a backfill and an increment, at both providers",
        arguments: engine!("faults"),
        variable: ("EVERYTHING", "1"),
    },
    Suite {
        name: "kills",
        what: "twenty runs at each provider in which the host is killed five times",
        // As the other tests that start it: optimised, it would be built once more.
        arguments: &["--workspace", "--test", "kills"],
        variable: ("KILLS", "20"),
    },
    Suite {
        name: "endurance",
        what: "twenty minutes of mixed load, in which the host must not grow",
        // Optimised, as it runs for people.
        arguments: &["--release", "--workspace", "--test", "endurance"],
        variable: ("ENDURANCE_MINUTES", "20"),
    },
    Suite {
        name: "chaos",
        what: "three hosts and 200 mailboxes in three rounds of kills, pauses, cuts, crashes and wrong clocks, alone and together",
        arguments: &["--workspace", "--test", "chaos"],
        variable: ("CHAOS", "3"),
    },
];

/// Which tests are run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run a suite that is too long for every run instead; without a name, list them
    #[arg(long, value_name = "SUITE", num_args = 0..=1, default_missing_value = "")]
    deep: Option<String>,
    /// Passed on to `cargo nextest run`
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Everything, or what the options name.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let suite = options.deep.as_deref().map(deep).transpose()?;
    let python = step("preparing the official client libraries", clients)?;
    let runner = step("looking for the test runner", runner)?;
    let plugin = step("building the Email manager component", || {
        Ok(component::plugin()?)
    })?;
    let guests = step("building the test components", guests)?;
    // Whoever names tests wants those and no others.
    let everything = suite.is_none() && options.rest.is_empty();
    let pages = if everything {
        step("checking the pages", pages).and_then(|()| browser::run(&plugin, &python))
    } else {
        Ok(())
    };
    if everything {
        lint::checked()?;
    }
    if suite.is_none_or(|suite| suite.name == "chaos") {
        step("looking for what chaos needs", chaos)?;
    }
    if suite.is_none() {
        step("looking for what counts instructions", valgrind)?;
    }
    // Ends with this function.
    let server = match suite {
        Some(_) => None,
        None => step("starting PostgreSQL", postgres::start)?,
    };
    eprintln!("xtask: building and running the tests …");
    // A suite's tests are built without the programs of other packages that they start.
    if let Some(suite) = suite.filter(|suite| suite.arguments.contains(&"--workspace")) {
        let release = suite
            .arguments
            .iter()
            .filter(|argument| **argument == "--release");
        process::run(
            cargo()
                .args(["build", "--workspace", "--bins"])
                .args(release),
        )?;
    }
    let mut command = cargo();
    command
        .env("PATH", runner)
        .env("PLUGIN_WASM", plugin)
        .env("CLIENTS_PYTHON", python)
        .env("CLIENTS_NODE", node::prepared()?.path());
    if let Some(folder) = guests {
        command.env("PLUGIN_GUESTS", folder);
    }
    if let Some(server) = &server {
        command.env(xtask::postgres::VARIABLE, server.url().as_str());
    }
    command.args(["nextest", "run"]);
    match suite {
        Some(suite) => command
            .args(["--profile", "deep"])
            .args(suite.arguments)
            .env(suite.variable.0, suite.variable.1),
        None => command.arg("--workspace"),
    };
    command.args([
        "--no-fail-fast",
        "--status-level",
        "fail",
        "--final-status-level",
        "fail",
    ]);
    command.args(&options.rest);
    // What is wrong with the pages must not hide what is wrong with the rest.
    process::run(&mut command).context("not all tests passed")?;
    pages
}

/// Types and unit tests of the pages, and whether what is generated for them is what would be generated now.
fn pages() -> anyhow::Result<()> {
    let node = node::prepared()?;
    process::run(node.npm().args(["run", "--silent", "check"]))?;
    Ok(process::run(node.npm().args(["run", "--silent", "test"]))?)
}

fn deep(name: &str) -> anyhow::Result<&'static Suite> {
    if let Some(suite) = DEEP.iter().find(|suite| suite.name == name) {
        return Ok(suite);
    }
    let known: String = DEEP
        .iter()
        .map(|suite| format!("\n  {}: {}", suite.name, suite.what))
        .collect();
    bail!("there are {} long suites:{known}", DEEP.len())
}

/// A Python with the official client libraries.
fn clients() -> anyhow::Result<PathBuf> {
    let created = environment("clients", &["python3"], "requirements.txt");
    created.context("Python 3 with its `venv` module is needed (Debian: python3-venv)")
}

/// The Python of a virtual environment below `target/` with the packages of a file in `tests/clients`; `python`: the program that makes it, and what it is
/// told. It is made anew whenever that file changes.
pub(super) fn environment(name: &str, python: &[&str], file: &str) -> anyhow::Result<PathBuf> {
    let wanted = xtask::root().join("tests/clients").join(file);
    let text = std::fs::read_to_string(&wanted).with_context(|| wanted.display().to_string())?;
    let folder = xtask::target().join(name);
    let made = folder.join("bin/python");
    let installed = folder.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|known| known == text) {
        return Ok(made);
    }
    std::fs::create_dir_all(xtask::target())?;
    let log = xtask::target().join(format!("{name}.log"));
    let (program, options) = python.split_first().context("no Python was named")?;
    let make = || {
        let mut venv = Command::new(program);
        venv.args(["-m", "venv", "--clear"])
            .args(options)
            .arg(&folder);
        process::run_within(&mut venv, PIP_LIMIT, &log)
    };
    if make().is_err() {
        // Debian splits the module off.
        apt(&["python3-venv"], &log)?;
        make()?;
    }
    let mut pip = Command::new(&made);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .arg("--requirement")
        .arg(&wanted);
    process::run_within(&mut pip, PIP_LIMIT, &log)?;
    std::fs::write(&installed, text)?;
    Ok(made)
}

/// Counts instructions, from Debian where there is none.
fn valgrind() -> anyhow::Result<()> {
    if process::capture(Command::new("valgrind").arg("--version")).is_err() {
        apt(&["valgrind"], &xtask::target().join("valgrind.log"))?;
    }
    Ok(())
}

/// PostgreSQL, and where this may install them, namespaces of networks and clocks that are off: without these the test says what it lacks.
fn chaos() -> anyhow::Result<()> {
    postgres::install()?;
    let here = |path: &str| Path::new(path).exists();
    let clocks = std::fs::read_dir("/usr/lib").is_ok_and(|all| {
        all.flatten()
            .any(|entry| entry.path().join("faketime").exists())
    });
    let mut packages = Vec::new();
    if !["/sbin/ip", "/bin/ip", "/usr/bin/ip", "/usr/sbin/ip"]
        .into_iter()
        .any(here)
    {
        packages.push("iproute2");
    }
    if !clocks {
        packages.push("libfaketime");
    }
    if !packages.is_empty()
        && let Err(error) = apt(&packages, &xtask::target().join("chaos.log"))
    {
        eprintln!("xtask: hosts will not be tested under chaos: {error:#}");
    }
    Ok(())
}

/// Debian packages, where this may install them.
pub(super) fn apt(packages: &[&str], log: &Path) -> anyhow::Result<()> {
    let mut update = Command::new("apt-get");
    // Lists that can't be renewed may still do.
    let _ = process::run_within(update.args(["-qq", "update"]), PIP_LIMIT, log);
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-qq", "install", "-y", "--no-install-recommends"])
        .args(packages);
    process::run_within(&mut command, PIP_LIMIT, log).with_context(|| {
        format!(
            "install {} (as root: apt-get install {0})",
            packages.join(" ")
        )
    })
}

/// The search path on which `cargo nextest` is found.
fn runner() -> anyhow::Result<std::ffi::OsString> {
    let tools = xtask::target().join("tools");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::env::split_paths(&path).chain([tools.join("bin")]))?;
    if process::capture(cargo().env("PATH", &path).args(["nextest", "--version"])).is_err() {
        eprintln!("xtask: cargo install cargo-nextest {NEXTEST} (once, some minutes)");
        process::run(
            cargo()
                .args([
                    "install",
                    "cargo-nextest",
                    "--locked",
                    "--quiet",
                    "--version",
                    NEXTEST,
                    "--root",
                ])
                .arg(&tools),
        )?;
    }
    Ok(path)
}

/// The folder of the test components.
fn guests() -> anyhow::Result<Option<PathBuf>> {
    if !xtask::root().join("tests/guests/Cargo.toml").exists() {
        return Ok(None);
    }
    Ok(component::guests()?
        .into_values()
        .next()
        .and_then(|path| path.parent().map(Path::to_path_buf)))
}
