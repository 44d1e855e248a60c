//! The key that secrets are sealed with is replaced by the real program beside hosts that serve: nobody notices.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::process::Stdio;
use std::time::Duration;

use end_to_end::client::Client;
use end_to_end::cluster::Cluster;
use end_to_end::programs::Host;
use end_to_end::stack::Options;
use end_to_end::wait::until;
use serde_json::{Value, json};

use common::{PATIENCE, condition, link_across, on_all_hosts, run};

/// What `keys list` says, the newest last.
fn keys(host: &Host) -> Vec<Value> {
    let (said, _) = run(&mut host.command(&["keys", "list", "--json"])).unwrap();
    serde_json::from_str(&said).unwrap()
}

/// Whether a key waits, or something is sealed with an older one.
fn is_left(host: &Host) -> bool {
    keys(host)
        .iter()
        .any(|key| key["prepared"] == true || (key["records"] != 0 && key["current"] == false))
}

/// A token that is refreshed at each of the hosts: a secret is opened there, and one is sealed.
async fn works_at(cluster: &Cluster, member: &Client, account: &str, round: usize) {
    for host in 0..cluster.hosts.len() {
        let at = cluster.at(member, host).unwrap();
        let providers = &cluster.site.providers;
        providers
            .happen("google", "expire-access-tokens", json!({}))
            .await
            .unwrap();
        let word = format!("word{round}x{host}");
        let mail = format!(
            "From: Ada <ada@elsewhere.example>\r\nTo: me@gmail.example\r\nSubject: {word}\r\n\
             Message-ID: <{word}@elsewhere.example>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
        );
        providers.deliver("google", &mail).await.unwrap();
        let sync = format!("/api/mail/accounts/{account}/sync");
        at.post(&sync, json!({})).await.unwrap().success().unwrap();
        let arrived = async || {
            let path = format!("/api/mail/messages?account={account}&q={word}");
            let found = at.get(&path).await?.success()?;
            let seen = found["items"]
                .as_array()
                .is_some_and(|items| items.len() == 1);
            Ok(if seen { Ok(()) } else { Err(found.to_string()) })
        };
        until("the message", PATIENCE, arrived).await.unwrap();
        condition(&at, account, "up-to-date").await;
        // An administrator's secret, which no job may have sealed elsewhere.
        let administrator = cluster.at(&cluster.site.administrator, host).unwrap();
        let settings = "/api/plugins/email-manager/settings/google";
        let secret = json!({ "client_secret": end_to_end::site::APPLICATION.1 });
        administrator
            .put(settings, secret)
            .await
            .unwrap()
            .success()
            .unwrap();
    }
}

#[tokio::test]
async fn hosts_with_copies_of_the_key_file_go_on_while_the_key_is_replaced() {
    let options = Options {
        messages: 10,
        ..Options::default()
    };
    let mut cluster = Cluster::start(common::paths(), 2, &options).await.unwrap();
    cluster.site.set_up().await.unwrap();
    on_all_hosts(&cluster).await;
    let member = cluster.site.member("member").await.unwrap();
    let account = link_across(&cluster, &member, "google", 0, 1).await;
    condition(&member, &account, "up-to-date").await;

    // Killed wherever it is when the file changes or it is through, and gone on with by the next.
    for round in 0..3 {
        let host = &cluster.hosts[0];
        run(&mut host.command(&["keys", "add"])).unwrap();
        cluster.bring_keys().unwrap();
        let before = std::fs::read(cluster.key_file(0)).unwrap();
        let mut rotation = host.command(&["keys", "rotate"]);
        let mut rotation = rotation.stdout(Stdio::null()).spawn().unwrap();
        while std::fs::read(cluster.key_file(0)).unwrap() == before
            && rotation.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        rotation.kill().unwrap();
        rotation.wait().unwrap();
        works_at(&cluster, &member, &account, round).await;
    }
    // Every key that was added is at both hosts.
    let host = &cluster.hosts[0];
    while is_left(host) {
        run(&mut host.command(&["keys", "rotate"])).unwrap();
    }
    works_at(&cluster, &member, &account, 3).await;
    // A sign-in at the provider that was begun at one of them ends at the other.
    let second = cluster.site.member("second").await.unwrap();
    let account_of_second = link_across(&cluster, &second, "google", 1, 0).await;
    condition(&second, &account_of_second, "up-to-date").await;
    let listed = keys(host);
    let sealing: Vec<_> = listed.iter().filter(|key| key["records"] != 0).collect();
    assert!(listed.len() > 1 && sealing.len() == 1, "{listed:?}");
    assert_eq!(sealing[0]["current"], true, "{listed:?}");

    // Nothing is dropped beside a host, also not by who is at another folder.
    let refused = run(&mut host.command(&["keys", "rotate", "--drop-old"])).unwrap_err();
    assert!(refused.contains("while no host runs"), "{refused}");
    cluster.hosts[0].stop().await.unwrap();
    let mut drop_old = cluster.hosts[0].command(&["keys", "rotate", "--drop-old"]);
    let refused = run(&mut drop_old).unwrap_err();
    assert!(refused.contains("stop all hosts"), "{refused}");
    cluster.hosts[1].stop().await.unwrap();
    run(&mut drop_old).unwrap();
    assert_eq!(keys(&cluster.hosts[0]).len(), 1);
    // Who has the keys from before does not start; who has the new ones goes on.
    let behind = cluster.hosts[1].restart().await.unwrap_err();
    let behind = format!("{behind:#}");
    assert!(behind.contains("copy the key file of a host"), "{behind}");
    cluster.bring_keys().unwrap();
    for host in &mut cluster.hosts {
        host.restart().await.unwrap();
    }
    on_all_hosts(&cluster).await;
    works_at(&cluster, &member, &account, 4).await;
}
