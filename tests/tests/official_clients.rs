//! The providers' own client libraries are content with the fakes, on every route that the plugin uses (`tests/clients/*.routes`), and what
//! they are told fits the providers' descriptions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use common::description::{fits, node, python, script};
use end_to_end::programs::{SHARED_MAILBOX, Simulator};
use end_to_end::signing_in::{NOWHERE, access_token};

/// Runs a script with the fake's address and a token, and answers the routes that it drove.
async fn drive(provider: &'static str, program: Command) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let fakes = common::paths().providers;
    let simulator = Simulator::start(&fakes, folder.path(), 60, NOWHERE, &["--no-limits"])
        .await
        .unwrap();
    simulator.providers.keep_exchanges().await.unwrap();
    let token = access_token(&simulator, provider).await.unwrap();
    let base = simulator
        .providers
        .base(provider)
        .unwrap()
        .as_str()
        .trim_end_matches('/')
        .to_owned();
    let base = if provider == "microsoft" {
        format!("{base}/v1.0")
    } else {
        base
    };
    let mut arguments = vec![base, token];
    if provider == "microsoft" {
        arguments.push(SHARED_MAILBOX.to_owned());
    }
    let mut program = program;
    let run = tokio::task::spawn_blocking(move || program.args(arguments).output().unwrap())
        .await
        .unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    fits(&simulator.providers, provider).await;
    simulator.providers.mail_routes(provider).await.unwrap()
}

async fn is_content(provider: &'static str) {
    let mut program = python();
    program.arg(script(&format!("drive_{provider}.py")));
    let driven = drive(provider, program).await;
    let missing: Vec<_> = common::driven_routes(provider)
        .difference(&driven)
        .cloned()
        .collect();
    assert!(
        missing.is_empty(),
        "tests/clients/drive_{provider}.py does not drive {missing:#?}"
    );
}

#[tokio::test]
async fn google_api_python_client_is_content() {
    is_content("google").await;
}

#[tokio::test]
async fn msgraph_sdk_is_content() {
    is_content("microsoft").await;
}

/// It pages, uploads and batches by code of its own.
#[tokio::test]
async fn microsoft_graph_client_is_content() {
    let mut program = node();
    program.arg(script("drive_microsoft.js"));
    let driven = drive("microsoft", program).await;
    for own in [
        "GET /v1.0/me/mailFolders/{folder}/messages/delta",
        "POST /v1.0/$batch",
        "POST /v1.0/me/messages/{message}/attachments/createUploadSession",
    ] {
        assert!(driven.contains(own), "{own} is not among {driven:#?}");
    }
}
