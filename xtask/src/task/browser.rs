//! The tests in a browser: Debian's Chromium against the real component, the real host and the fakes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use xtask::{component, node, process};

use super::test::apt;
use super::{build_programs, step};

/// Debian's browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Its tests clean hostile markup, which only the source package holds.
const BLEACH: &str = "bleach==6.4.0";

/// A small package is loaded from a registry, and what its metadata is made with.
const PIP_LIMIT: Duration = Duration::from_secs(300);

/// Runs `tests/browser`. What it starts is named by environment variables: `BROWSER_COMPONENT`, the component with its pages;
/// `BROWSER_PROGRAMS`, the folder with `demo`, `plugin-host` and `provider-sim`; `BROWSER_CHROMIUM`, the browser; `BROWSER_BLEACH`, a list of hostile markup.
/// `python` has pip.
pub(super) fn run(component: &Path, python: &Path) -> anyhow::Result<()> {
    if !xtask::root()
        .join("tests/browser/playwright.config.ts")
        .exists()
    {
        return Ok(());
    }
    install()?;
    let markup = step("reading hostile markup from bleach", || hostile(python))?;
    let programs = programs()?;
    step("using the pages in a browser", || {
        let node = node::prepared()?;
        let mut npm = script(&node, "test:browser", component, &programs);
        npm.env("BROWSER_BLEACH", markup);
        process::run(&mut npm).context("not all tests in the browser passed")
    })
}

fn programs() -> anyhow::Result<PathBuf> {
    step(
        "building the programs that the browser uses",
        build_programs,
    )
}

/// A script of `tests/browser`, told what there is to use.
pub(super) fn script(
    node: &node::Node,
    name: &str,
    component: &Path,
    programs: &Path,
) -> std::process::Command {
    let mut npm = node.npm();
    npm.args(["run", "--silent", name])
        .args(["--workspace", "tests/browser"])
        .env("BROWSER_COMPONENT", component)
        .env("BROWSER_PROGRAMS", programs)
        .env("BROWSER_CHROMIUM", CHROMIUM);
    npm
}

/// `cargo xtask shots`: the pictures of the README, anew.
pub(crate) fn shots() -> anyhow::Result<()> {
    let component = component::plugin()?;
    install()?;
    let programs = programs()?;
    let node = node::prepared()?;
    let mut npm = script(&node, "shots", &component, &programs);
    process::run(&mut npm).context("the pictures could not be made")
}

/// Installs the browser where there is none.
pub(super) fn install() -> anyhow::Result<()> {
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    step("installing a browser", || {
        apt(&["chromium"], &xtask::target().join("chromium.log"))
    })
}

/// The markup that bleach's tests clean, as a list in JSON. It is read from the source package, which is loaded once and never kept here.
fn hostile(python: &Path) -> anyhow::Result<PathBuf> {
    let folder = xtask::target().join("bleach");
    let package = folder.join(format!("{}.tar.gz", BLEACH.replace("==", "-")));
    if !package.exists() {
        std::fs::create_dir_all(&folder)?;
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--disable-pip-version-check"])
            .args(["--quiet", "--no-deps", "--no-binary", "bleach", BLEACH])
            .arg("--dest")
            .arg(&folder);
        process::run_within(&mut pip, PIP_LIMIT, &xtask::target().join("bleach.log"))?;
    }
    let list = folder.join("payloads.json");
    let script = xtask::root().join("tests/browser/bleach.py");
    let markup = process::capture(Command::new(python).arg(script).arg(&package))?;
    std::fs::write(&list, markup)?;
    Ok(list)
}
