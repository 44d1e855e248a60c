//! The program `plugin-host` as people and tools run it, with the real component: what it exports can be called from the command line, what a call asks
//! of the host can be seen, and how the engine looks the queries of the plugin up; a health check and a service manager are told whether it serves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use end_to_end::consent::Person;
use end_to_end::json::{list, text};
use serde_json::Value;

/// Runs `plugin-host --json` on a data folder and answers what it printed, or what it said of its failure.
fn plugin_host(data: &Path, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(common::paths().host)
        .arg("--data-dir")
        .arg(data)
        .arg("--json")
        .args(arguments)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A caller as the contract has it, in WAVE.
fn caller(user: &str) -> String {
    format!(
        "{{user: \"{user}\", role: member, permissions: [], locale: \"en\", request: \"runner\"}}"
    )
}

/// A filter that asks for a page of threads, in these folders.
fn threads(user: &str, folders: &str) -> String {
    format!(
        "mailbox.list-threads({}, {{accounts: [], folders: [{folders}], text: none, having: {{}}, lacking: {{}}, \
         addresses: [], domains: [], after: none, before: none}}, {{limit: 50, cursor: none}})",
        caller(user)
    )
}

#[test]
fn a_component_is_checked_and_called_without_a_server() {
    let component = common::paths().component;
    let (component, nowhere) = (component.to_str().unwrap(), tempfile::tempdir().unwrap());
    let checked = plugin_host(nowhere.path(), &["check", component]).unwrap();
    assert_eq!(checked["manifest"]["id"], "email-manager", "{checked}");

    let call = format!("settings.describe({})", caller("nobody"));
    let described = plugin_host(nowhere.path(), &["invoke", component, &call]).unwrap();
    let answer = described["answer"].as_str().unwrap();
    assert!(answer.contains("client_id"), "{answer}");

    let unknown = plugin_host(nowhere.path(), &["invoke", component, "mailbox.burn()"]);
    let said = unknown.unwrap_err();
    assert!(said.contains("mailbox.list-threads"), "{said}");
}

#[tokio::test]
async fn a_health_check_is_told_whether_the_host_serves() {
    let mut stack = common::small().await;
    let base = stack.host.base();
    let listens = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let ready = |stack: &end_to_end::stack::Stack| {
        let mut command = stack.host.command(&["ready", "--listen", &listens]);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    assert_eq!(ready(&stack), (Some(0), "ready\n".to_owned()));
    stack.host.kill();
    let (code, said) = ready(&stack);
    assert_eq!(code, Some(1));
    assert!(said.contains("was not reached"), "{said}");
}

#[tokio::test]
async fn a_service_manager_is_told_when_the_host_serves_and_when_it_stops() {
    let mut stack = common::small().await;
    let path = stack.folder().join("notify");
    let manager = tokio::net::UnixDatagram::bind(&path).unwrap();
    let told = async || {
        let mut buffer = [0; 64];
        let told = tokio::time::timeout(Duration::from_secs(60), manager.recv(&mut buffer));
        let length = told.await.unwrap().unwrap();
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    stack.host.kill();
    let mut command = stack.host.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut managed = tokio::process::Command::from(command)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    assert_eq!(told().await, "READY=1");
    let id = managed.id().unwrap().to_string();
    let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(asked.success());
    assert_eq!(told().await, "STOPPING=1");
    assert!(managed.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_list_of_threads_is_ranges_of_indexes_and_nothing_is_sorted() {
    let mut stack = common::small().await;
    let member = stack.site.member("reader").await.unwrap();
    let me = member.get("/api/me").await.unwrap().success().unwrap();
    let me = text(&me, "/id").unwrap().to_owned();
    common::link(&stack, &member, "google").await;
    let folders = member
        .get("/api/mail/folders")
        .await
        .unwrap()
        .success()
        .unwrap();
    let inbox = list(&folders, "/items")
        .unwrap()
        .iter()
        .find(|folder| folder["role"] == "inbox")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stack.host.kill();

    let data = stack.folder().join("data");
    for folders in [String::new(), format!("\"{inbox}\"")] {
        let call = threads(&me, &folders);
        let listed = plugin_host(
            &data,
            &["invoke", "email-manager", &call, "--trace", "--user", &me],
        )
        .unwrap();
        let trace = listed["trace"].as_array().unwrap();
        let plans: Vec<(&str, &str)> = trace
            .iter()
            .filter(|entry| entry["function"] == "storage.plan")
            .map(|entry| {
                (
                    entry["subject"].as_str().unwrap(),
                    entry["outcome"].as_str().unwrap(),
                )
            })
            .collect();
        assert!(!plans.is_empty(), "{trace:#?}");
        for (collection, plan) in &plans {
            assert!(
                plan.split("; ").all(|line| line.starts_with("SEARCH")),
                "{collection}: {plan}"
            );
        }
        let ranges = plans.iter().filter(|(name, _)| *name == "listings").count();
        assert_eq!(ranges, 1, "one range makes the page: {plans:#?}");
    }
}

#[tokio::test]
async fn a_plugin_is_upgraded_from_the_command_line_and_its_accounts_stay() {
    let stack = common::small().await;
    let member = stack.site.member("reader").await.unwrap();
    let address = stack.site.providers.address("google").unwrap().to_owned();
    let back = common::consent(&stack, &member, "google", &Person::willing(&address)).await;
    common::come_back(&member, &back).await.success().unwrap();

    let data = stack.folder().join("data");
    let component = common::paths().component;
    let component = component.to_str().unwrap();
    let run = |arguments: &[&str]| plugin_host(&data, arguments);
    let broken = stack.folder().join("broken.wasm");
    std::fs::write(&broken, b"no component").unwrap();
    let refused = run(&[
        "plugin",
        "upgrade",
        "email-manager",
        broken.to_str().unwrap(),
    ]);
    assert!(refused.unwrap_err().contains("component"));
    run(&["plugin", "upgrade", "email-manager", component]).unwrap();
    let listed = run(&["plugin", "list"]).unwrap().to_string();
    assert!(listed.contains("enabled"), "{listed}");
    let accounts = member
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(list(&accounts, "/items").unwrap().len(), 1);
}
