//! `cargo xtask bench pages`: how the mailbox feels in a browser with very many messages. Whoever measures is `tests/browser/bench`.

use anyhow::Context as _;
use xtask::{component, node, process};

use super::bench::PACKAGES;
use super::{browser, cargo};

/// Fills a mailbox with that many messages, uses it, and answers the figures as Markdown.
pub(super) fn run(messages: usize) -> anyhow::Result<String> {
    let component = component::plugin()?;
    browser::install()?;
    process::run(
        cargo()
            .args(["build", "--release", "--bins"])
            .args(PACKAGES),
    )?;
    let figures = xtask::target().join("browser-figures.md");
    // Those of another run are not to be taken for these.
    if figures.exists() {
        std::fs::remove_file(&figures).with_context(|| figures.display().to_string())?;
    }
    let node = node::prepared()?;
    let programs = xtask::target().join("release");
    let mut npm = browser::script(&node, "bench:browser", &component, &programs);
    npm.env("BROWSER_MESSAGES", messages.to_string())
        .env("BROWSER_FIGURES", &figures);
    process::run(&mut npm).context("the mailbox is not as quick as it has to be")?;
    std::fs::read_to_string(&figures).with_context(|| figures.display().to_string())
}
