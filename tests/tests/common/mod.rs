//! What the tests of the running whole share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test may stop at the first surprise"
)]

use std::collections::BTreeSet;

use end_to_end::programs::Paths;
use end_to_end::stack::{Options, Stack};

/// The programs that were built with the tests, and the component.
pub(crate) fn paths() -> Paths {
    Paths::beside_this_test(xtask::component::plugin().unwrap()).unwrap()
}

/// A stack with 500 messages in each mailbox; nothing is installed.
pub(crate) async fn start() -> Stack {
    Stack::start(paths(), &Options::default()).await.unwrap()
}

/// A stack with few messages, for tests that are not about them. The plugin is enabled and set up.
pub(crate) async fn small() -> Stack {
    let stack = Stack::start(
        paths(),
        &Options {
            messages: 20,
            ..Options::default()
        },
    )
    .await
    .unwrap();
    stack.site.set_up().await.unwrap();
    stack
}

/// As [`small`], but at the providers the application is registered with this redirect URI.
pub(crate) async fn registered_as(redirect: &str) -> Stack {
    let options = Options {
        messages: 20,
        redirect: Some(redirect.to_owned()),
        ..Options::default()
    };
    let stack = Stack::start(paths(), &options).await.unwrap();
    stack.site.set_up().await.unwrap();
    stack
}

/// The end of the host's log, for a failure's text.
pub(crate) fn log(stack: &Stack) -> String {
    let text = std::fs::read_to_string(stack.host.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(40))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Routes of a provider's mail API that the plugin uses and that its official library is made to drive.
pub(crate) fn driven_routes(provider: &str) -> BTreeSet<String> {
    let list =
        std::fs::read_to_string(xtask::root().join(format!("tests/clients/{provider}.routes")))
            .unwrap();
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect()
}
