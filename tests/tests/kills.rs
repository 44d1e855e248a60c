//! The host is killed with SIGKILL wherever it happens to be, over and over. `KILLS` says how many runs there are at each provider, the default
//! is one; `cargo xtask test --deep kills` makes twenty.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use end_to_end::main_job::kills;

async fn survives(provider: &'static str) {
    let runs = std::env::var("KILLS").map_or(1, |runs| runs.parse().unwrap());
    let mut stack = common::start().await;
    stack.site.set_up().await.unwrap();
    for seed in 1..=runs {
        match kills::run(&mut stack, provider, seed).await {
            Ok(told) => println!("{provider} {seed}: {told}"),
            Err(error) => panic!("{error:#}\n{}", common::log(&stack)),
        }
    }
}

#[tokio::test]
async fn gmail_survives_kills() {
    survives("google").await;
}

#[tokio::test]
async fn outlook_survives_kills() {
    survives("microsoft").await;
}
