//! What the tests of the running whole share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses a part; a test may stop at the first surprise"
)]

pub(crate) mod description;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use end_to_end::client::{Answer, Client};
use end_to_end::cluster::Cluster;
use end_to_end::consent::Person;
use end_to_end::json::{list, text};
use end_to_end::programs::Paths;
use end_to_end::site::CALLBACK;
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;
use serde_json::{Value, json};

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

/// For what happens in another process.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a browser to a provider and answers the address that it is sent back to.
pub(crate) async fn consent(
    stack: &Stack,
    client: &Client,
    provider: &str,
    person: &Person,
) -> String {
    let begun = client
        .post(
            "/api/mail/accounts",
            json!({ "provider": provider, "sync_since": 0 }),
        )
        .await
        .unwrap()
        .success()
        .unwrap();
    let back = stack.host.base().join(CALLBACK).unwrap();
    person
        .visit(
            client.browser(),
            text(&begun, "/authorize_url").unwrap(),
            back.as_str(),
        )
        .await
        .unwrap()
        .to_string()
}

/// Follows the way back as a program does, which wants JSON.
pub(crate) async fn come_back(client: &Client, address: &str) -> Answer {
    client
        .send(reqwest::Method::GET, address, |request| {
            request.header("accept", "application/json")
        })
        .await
        .unwrap()
}

/// Links the main mailbox and waits for its mail; answers the account's id.
pub(crate) async fn link(stack: &Stack, client: &Client, provider: &str) -> String {
    let address = stack.site.providers.address(provider).unwrap().to_owned();
    let back = consent(stack, client, provider, &Person::willing(&address)).await;
    come_back(client, &back).await.success().unwrap();
    let accounts = client
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .success()
        .unwrap();
    let id = text(&list(&accounts, "/items").unwrap()[0], "/id")
        .unwrap()
        .to_owned();
    condition(client, &id, "up-to-date").await;
    id
}

/// Waits until an account is in this condition; answers its status.
pub(crate) async fn condition(client: &Client, id: &str, wanted: &str) -> Value {
    until(wanted, PATIENCE, || async {
        let account = client
            .get(&format!("/api/mail/accounts/{id}"))
            .await?
            .success()?;
        let status = account["status"].clone();
        Ok(if status["condition"] == wanted {
            Ok(status)
        } else {
            Err(account.to_string())
        })
    })
    .await
    .unwrap()
}

/// Waits until every host has started the plugin that one of them enabled.
pub(crate) async fn on_all_hosts(cluster: &Cluster) {
    for host in 0..cluster.hosts.len() {
        // An unoptimised host takes its time to compile.
        let administrator = cluster.at(&cluster.site.administrator, host).unwrap();
        let started = async || {
            let answer = administrator.get("/api/mail/accounts").await?;
            Ok(if answer.status == 200 {
                Ok(())
            } else {
                Err(answer.status.to_string())
            })
        };
        until("the plugin at each host", PATIENCE, started)
            .await
            .unwrap();
    }
}

/// Links the main mailbox: begun at one host, completed at another. Answers the account's id.
pub(crate) async fn link_across(
    cluster: &Cluster,
    member: &Client,
    provider: &str,
    begin: usize,
    end: usize,
) -> String {
    let address = cluster.site.providers.address(provider).unwrap().to_owned();
    let at = cluster.at(member, begin).unwrap();
    let link = json!({ "provider": provider, "sync_since": 0 });
    let begun = at.post("/api/mail/accounts", link).await.unwrap();
    let begun = begun.success().unwrap();
    let back = cluster.hosts[0].base().join(CALLBACK).unwrap();
    let person = Person::willing(&address);
    let authorize = text(&begun, "/authorize_url").unwrap();
    let back = person
        .visit(at.browser(), authorize, back.as_str())
        .await
        .unwrap();
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    let there = cluster.at(member, end).unwrap();
    come_back(&there, &path).await.success().unwrap();
    let accounts = at.get("/api/mail/accounts").await.unwrap();
    let accounts = accounts.success().unwrap();
    text(&list(&accounts, "/items").unwrap()[0], "/id")
        .unwrap()
        .to_owned()
}

/// Runs a command to its end: what it said on either output, or if it failed, what it said of that.
pub(crate) fn run(command: &mut Command) -> Result<(String, String), String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, told) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        Ok((said, told))
    } else {
        Err(told)
    }
}
