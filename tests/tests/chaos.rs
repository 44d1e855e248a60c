//! Three hosts of one database, in network namespaces of their own, and what can go wrong around them: see [`end_to_end::chaos`]. `CHAOS` says how many
//! rounds of misfortunes 200 mailboxes go through; without it, twelve go through each once. `cargo xtask test --deep chaos` makes three rounds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use end_to_end::chaos::{self, Plan};

// The figures are drawn by several threads, as waiting for a program holds one up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_survive_chaos() {
    let rounds = std::env::var("CHAOS").map(|rounds| rounds.parse().unwrap());
    if let Some(missing) = chaos::missing() {
        assert!(rounds.is_err(), "chaos can't be made here: {missing}");
        println!("skipped: chaos can't be made here: {missing}");
        return;
    }
    let seed = chaos::seed();
    let plan = rounds.map_or_else(|_| Plan::short(seed), |rounds| Plan::deep(seed, rounds));
    println!("seed {seed}");
    match chaos::run(&common::paths(), &plan).await {
        Ok(figures) => println!("{figures}"),
        Err(error) => panic!("{error:#}"),
    }
}
