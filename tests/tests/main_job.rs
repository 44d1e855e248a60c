//! The main job works for both providers, through the HTTP API, with real processes: link, synchronise, read, manage, send, survive an
//! expired token, a disabled plugin and a killed host, unlink. And the plugin asks the providers for nothing that the official
//! libraries do not drive as well, and in no other way than the providers describe.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use end_to_end::main_job;
use end_to_end::report::Report;

async fn works(provider: &'static str) {
    let mut stack = common::start().await;
    stack.site.providers.keep_exchanges().await.unwrap();
    let mut report = Report::default();
    report.begin("set-up");
    if let Some(plugin) = main_job::set_up(&stack, &mut report).await {
        main_job::run(&mut stack, &mut report, &plugin, provider).await;
    }
    if !report.passed() {
        panic!("{report}\n{}", common::log(&stack));
    }
    common::description::fits(&stack.site.providers, provider).await;
    let used = stack.site.providers.mail_routes(provider).await.unwrap();
    let unknown: Vec<_> = used
        .difference(&common::driven_routes(provider))
        .cloned()
        .collect();
    assert!(
        unknown.is_empty(),
        "let the official library drive these as well, and add them to tests/clients/{provider}.routes: {unknown:#?}"
    );
}

#[tokio::test]
async fn for_google() {
    works("google").await;
}

#[tokio::test]
async fn for_microsoft() {
    works("microsoft").await;
}
