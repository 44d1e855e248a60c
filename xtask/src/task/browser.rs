//! The tests in a browser: Debian's Chromium against the real component, the real host and the fakes.

use std::path::Path;

use anyhow::Context as _;
use xtask::{node, process};

use super::test::apt;
use super::{build_programs, step};

/// Debian's browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Runs `tests/browser`. What it starts is named by environment variables: `BROWSER_COMPONENT`, the component with its pages;
/// `BROWSER_PROGRAMS`, the folder with `demo`, `plugin-host` and `provider-sim`; `BROWSER_CHROMIUM`, the browser.
pub(super) fn run(component: &Path) -> anyhow::Result<()> {
    if !xtask::root()
        .join("tests/browser/playwright.config.ts")
        .exists()
    {
        return Ok(());
    }
    if !Path::new(CHROMIUM).exists() {
        step("installing a browser", || {
            let log = xtask::target().join("chromium.log");
            apt(&["chromium"], &log)
        })?;
    }
    let programs = step(
        "building the programs that the browser uses",
        build_programs,
    )?;
    step("using the pages in a browser", || {
        let node = node::prepared()?;
        let mut npm = node.npm();
        npm.args(["run", "--silent", "test:browser"])
            .args(["--workspace", "tests/browser"])
            .env("BROWSER_COMPONENT", component)
            .env("BROWSER_PROGRAMS", programs)
            .env("BROWSER_CHROMIUM", CHROMIUM);
        process::run(&mut npm).context("not all tests in the browser passed")
    })
}
