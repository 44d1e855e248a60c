//! People work with the host while mail arrives, providers fail and the plugin is upgraded, for as long as `ENDURANCE_MINUTES` says, in which
//! the host must not grow; without it everybody does everything once. `cargo xtask test --deep endurance` takes twenty minutes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use end_to_end::endurance::{self, Length};

#[tokio::test]
async fn everybody_is_served_and_the_host_does_not_grow() {
    let length = match std::env::var("ENDURANCE_MINUTES") {
        Ok(minutes) => Length::Minutes(minutes.parse().unwrap()),
        Err(_) => Length::Rounds(1),
    };
    match endurance::run(common::paths(), length).await {
        Ok(told) => println!("{told}"),
        Err(error) => panic!("{error:#}"),
    }
}
