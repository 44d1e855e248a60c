//! `cargo xtask bench`: builds everything optimised, runs the comparisons, and keeps the figures in `docs/performance.md`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use xtask::postgres::{Server, VARIABLE};
use xtask::{component, node, process};

use super::{bench_pages, cargo, postgres, step, test};

/// What is built, always together: another selection has other features of what they depend on, and compiles it anew.
pub(super) const PACKAGES: [&str; 6] = [
    "--package",
    "host-runtime",
    "--package",
    "provider-sim",
    "--package",
    "end-to-end",
];

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only one comparison: calls, backfill, mailboxes, api, start, accounts, hosts or pages
    #[arg(value_name = "COMPARISON")]
    named: Option<String>,
    /// The same
    #[arg(long, conflicts_with = "named")]
    only: Option<String>,
    /// Messages in the largest mailbox, and in that of the pages
    #[arg(long, default_value_t = 100_000)]
    large: usize,
    /// Idle accounts on one host
    #[arg(long, default_value_t = 1_000)]
    accounts: u32,
    /// Minutes between two looks at each of them
    #[arg(long, default_value_t = 5)]
    interval: u32,
    /// Only this engine, where both are measured: sqlite or postgres
    #[arg(long)]
    engine: Option<String>,
    /// Print the figures and leave docs/performance.md alone
    #[arg(long)]
    dry: bool,
}

impl Options {
    /// The one comparison that is wanted; none: all.
    fn wanted(&self) -> Option<&str> {
        self.named.as_deref().or(self.only.as_deref())
    }
}

/// All comparisons, or one.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let only = options.wanted();
    let mut figures = String::new();
    if only.is_none_or(|only| only == "calls") {
        figures += &step("measuring calls", calls)?;
    }
    if !matches!(only, Some("calls" | "pages")) {
        figures += &step("measuring the whole", || whole(options))?;
    }
    // What the others took half an hour for must not be lost with it.
    let pages = only
        .is_none_or(|only| only == "pages")
        .then(|| step("measuring the pages", || bench_pages::run(options.large)))
        .transpose();
    if let Ok(Some(more)) = &pages {
        figures += more;
    }
    println!("{figures}");
    if !options.dry && only.is_none() {
        write(&figures)?;
    }
    pages.map(drop)
}

/// The host's own benchmark of a trivial call, through our layers and without them.
fn calls() -> anyhow::Result<String> {
    let mut command = cargo();
    command.args(["bench"]).args(PACKAGES).args([
        "--bench",
        "call",
        "--",
        "--noplot",
        "--output-format",
        "bencher",
    ]);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("cargo bench")?;
    if !output.status.success() {
        bail!("`{}` ended with {}", process::line(&command), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: String = text
        .lines()
        .filter(|line| line.contains("bench:"))
        .map(|line| format!("{line}\n"))
        .collect();
    Ok(format!("### A fresh trivial call\n\n```\n{lines}```\n\n"))
}

fn whole(options: &Options) -> anyhow::Result<String> {
    let component = component::plugin()?;
    let python = peers()?;
    let node = node::prepared_with_sqlite()?;
    let wrk = wrk()?;
    postgres::install()?;
    process::run(
        cargo()
            .args(["build", "--release", "--bins"])
            .args(PACKAGES),
    )?;
    let programs = xtask::target().join("release");
    // For several hosts; ends with this function.
    let server = matches!(options.wanted(), None | Some("hosts")).then(Server::start_durable);
    let server = server.transpose()?;
    let mut command = Command::new(programs.join("bench"));
    if let Some(server) = &server {
        command.env(VARIABLE, server.url().as_str());
    }
    command.arg("--component").arg(component);
    command.arg("--host").arg(programs.join("plugin-host"));
    command
        .arg("--providers")
        .arg(programs.join("provider-sim"));
    command.arg("--python").arg(python);
    command
        .arg("--clients")
        .arg(xtask::root().join("tests/clients"));
    command.env("PATH", node.path());
    command.arg("--native").arg(programs.join("native"));
    command.arg("--wrk").arg(wrk);
    command.arg("--large").arg(options.large.to_string());
    command.arg("--accounts").arg(options.accounts.to_string());
    command.arg("--interval").arg(options.interval.to_string());
    if let Some(only) = options.wanted() {
        command.arg("--only").arg(only);
    }
    if let Some(engine) = &options.engine {
        command.arg("--engine").arg(engine);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the comparisons ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Debian's Python, which alone can have `notmuch2`, with the peers beside it.
fn peers() -> anyhow::Result<PathBuf> {
    let system = "/usr/bin/python3";
    if !Path::new("/usr/bin/notmuch").exists()
        || process::capture(Command::new(system).args(["-c", "import notmuch2, venv"])).is_err()
    {
        let log = xtask::target().join("peers.log");
        test::apt(&["notmuch", "python3-notmuch2", "python3-venv"], &log)?;
    }
    test::environment("peers", &[system, "--system-site-packages"], "peers.txt")
}

/// What asks over many connections at once, from Debian.
fn wrk() -> anyhow::Result<PathBuf> {
    let program = PathBuf::from("/usr/bin/wrk");
    if !program.exists() {
        test::apt(&["wrk"], &xtask::target().join("wrk.log"))?;
    }
    Ok(program)
}

/// Between these lines of the document the figures are replaced.
const MARKS: (&str, &str) = (
    "<!-- figures: written by cargo xtask bench -->\n",
    "<!-- end of figures -->",
);

fn write(figures: &str) -> anyhow::Result<()> {
    let path = xtask::root().join("docs/performance.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (before, rest) = text
        .split_once(MARKS.0)
        .context("docs/performance.md has no place for the figures")?;
    let (_, after) = rest
        .split_once(MARKS.1)
        .context("docs/performance.md has no end of the figures")?;
    std::fs::write(
        &path,
        format!("{before}{}\n{figures}{}{after}", MARKS.0, MARKS.1),
    )?;
    eprintln!("xtask: figures written to docs/performance.md");
    Ok(())
}
