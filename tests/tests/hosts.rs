//! Hosts that share a database and a bucket, behind any load balancer: whichever of them a request reaches, the answer is the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::time::Duration;

use end_to_end::cluster::Cluster;
use end_to_end::json::{list, text};
use end_to_end::main_job::is_whole;
use end_to_end::stack::Options;
use end_to_end::wait::until;
use serde_json::json;

use common::{PATIENCE, condition, link_across, on_all_hosts};

/// A host that is paused loses its jobs after this long, with some to spare. See `JOB_LEASE` of the host.
const LEASE: Duration = Duration::from_secs(34);

async fn cluster(hosts: usize, messages: usize) -> Cluster {
    let options = Options {
        messages,
        ..Options::default()
    };
    let cluster = Cluster::start(common::paths(), hosts, &options)
        .await
        .unwrap();
    cluster.site.set_up().await.unwrap();
    on_all_hosts(&cluster).await;
    cluster
}

#[tokio::test]
async fn a_person_is_served_by_whichever_host_is_reached() {
    let cluster = cluster(3, 30).await;
    let member = cluster.site.member("member").await.unwrap();
    let account = link_across(&cluster, &member, "google", 1, 2).await;
    for host in 0..3 {
        let at = cluster.at(&member, host).unwrap();
        condition(&at, &account, "up-to-date").await;
        let threads = format!("/api/mail/threads?account={account}");
        let threads = at.get(&threads).await.unwrap().success().unwrap();
        assert!(!list(&threads, "/items").unwrap().is_empty());
    }

    // A file that one host took is sent by another.
    let upload = cluster
        .at(&member, 1)
        .unwrap()
        .send(reqwest::Method::POST, "/api/uploads", |request| {
            request
                .header("content-type", "application/octet-stream")
                .body(vec![7; 300_000])
        })
        .await
        .unwrap()
        .success()
        .unwrap();
    let draft = json!({
        "account": account,
        "to": [{ "name": "", "email": "grace@elsewhere.example" }],
        "subject": "From any host",
        "html": "<p>Once.</p>",
        "attachments": [{ "name": "a.bin", "media_type": "application/octet-stream", "upload": text(&upload, "/id").unwrap() }],
    });
    for host in [2, 0] {
        // Asked twice, as a client does that got no answer.
        let sent = cluster
            .at(&member, host)
            .unwrap()
            .send(reqwest::Method::POST, "/api/mail/send", |request| {
                request
                    .header("idempotency-key", "once")
                    .json(&json!({ "draft": draft }))
            })
            .await
            .unwrap();
        sent.success().unwrap();
    }
    let sent = async || {
        let sent = cluster.site.providers.sent("google").await?;
        Ok(if sent.is_empty() {
            Err("nothing".to_owned())
        } else {
            Ok(sent.len())
        })
    };
    assert_eq!(until("the message", PATIENCE, sent).await.unwrap(), 1);

    // What is switched off at one host is off at the others within a second; the time is for a busy machine.
    let plugins = cluster
        .site
        .administrator
        .get("/api/plugins")
        .await
        .unwrap();
    let plugins = plugins.success().unwrap();
    let id = text(&plugins, "/items/0/id").unwrap();
    let last = cluster.at(&cluster.site.administrator, 2).unwrap();
    let disable = format!("/api/plugins/{id}/disable");
    let disabled = last.post(&disable, json!({})).await.unwrap();
    disabled.success().unwrap();
    let off = async || {
        let answer = cluster.at(&member, 1)?.get("/api/mail/accounts").await?;
        Ok(if answer.status == 404 {
            Ok(())
        } else {
            Err(answer.status.to_string())
        })
    };
    until("the other host to hear", PATIENCE, off)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_page_hears_at_one_host_what_another_did() {
    let cluster = cluster(2, 10).await;
    let member = cluster.site.member("member").await.unwrap();
    let account = link_across(&cluster, &member, "google", 0, 1).await;
    condition(&member, &account, "up-to-date").await;
    let events = cluster.hosts[1].base().join("/api/events").unwrap();
    let mut stream = member.browser().get(events).send().await.unwrap();
    assert!(stream.status().is_success());
    let newest = format!("/api/mail/messages?account={account}&limit=1");
    let newest = member.get(&newest).await.unwrap().success().unwrap();
    let message = text(&newest, "/items/0/id").unwrap();
    let star = json!({ "action": "star", "messages": [message] });
    let applied = member.post("/api/mail/actions", star).await.unwrap();
    applied.success().unwrap();
    hears(&mut stream, "threads.changed").await;
}

/// Waits until a page is told of something.
async fn hears(stream: &mut reqwest::Response, what: &str) {
    let heard = tokio::time::timeout(PATIENCE, async {
        let mut text = String::new();
        while !text.contains(what) {
            let chunk = stream.chunk().await.unwrap().unwrap();
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    });
    heard.await.unwrap();
}

#[tokio::test]
async fn a_provider_that_tells_one_host_of_new_mail_tells_the_pages_of_all() {
    let cluster = cluster(2, 20).await;
    // Whoever asks for news only asks every five minutes: longer than anybody waits here.
    let push = json!({ "push": true });
    let saved = cluster.site.save_values("email-manager", "sync", push);
    saved.await.unwrap();
    let member = cluster.site.member("member").await.unwrap();
    let account = link_across(&cluster, &member, "microsoft", 1, 1).await;
    condition(&member, &account, "up-to-date").await;
    let providers = &cluster.site.providers;
    until("the provider to be asked for notices", PATIENCE, || async {
        let asked = providers.asked("microsoft").await?;
        let subscribed = asked
            .keys()
            .any(|route| route == "POST /v1.0/subscriptions");
        Ok(if subscribed {
            Ok(())
        } else {
            Err(format!("{asked:?}"))
        })
    })
    .await
    .unwrap();
    // The provider tells the first host, whose address is the public one; the page is at the second.
    let at = cluster.at(&member, 1).unwrap();
    let events = at.base().join("/api/events").unwrap();
    let mut stream = member.browser().get(events).send().await.unwrap();
    let subject = "Told and not asked for";
    let mail =
        format!("Message-ID: <told@elsewhere.example>\r\nSubject: {subject}\r\n\r\nNew.\r\n");
    providers.deliver("microsoft", &mail).await.unwrap();
    hears(&mut stream, "threads.changed").await;
    let newest = format!("/api/mail/messages?account={account}&limit=1");
    until("the new message", PATIENCE, || async {
        let page = at.get(&newest).await?.success()?;
        Ok(if text(&page, "/items/0/subject")? == subject {
            Ok(())
        } else {
            Err(page.to_string())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_host_that_was_paused_past_its_lease_changes_nothing_more() {
    let cluster = cluster(2, 400).await;
    let member = cluster.site.member("member").await.unwrap();
    let providers = cluster.site.providers.clone();
    // So slow that the pause falls into the backfill.
    providers
        .fault(
            "google",
            "GET",
            "/gmail/",
            1_000_000,
            json!({ "do": "delay", "ms": 300 }),
        )
        .await
        .unwrap();
    providers
        .fault(
            "google",
            "POST",
            "/batch",
            1_000_000,
            json!({ "do": "delay", "ms": 300 }),
        )
        .await
        .unwrap();
    let account = link_across(&cluster, &member, "google", 0, 0).await;
    let running = async || {
        let row = cluster
            .database
            .query("SELECT COUNT(*) FROM host.host_jobs WHERE running = 1 AND kind = 'sync'")?;
        Ok(if row == "0" { Err(row) } else { Ok(()) })
    };
    until("the backfill to run", PATIENCE, running)
        .await
        .unwrap();
    // One of them holds it; each is paused in turn, and the other goes on.
    for (paused, other) in [(0, 1), (1, 0)] {
        cluster.hosts[paused].pause(true).unwrap();
        tokio::time::sleep(LEASE).await;
        let at = cluster.at(&member, other).unwrap();
        let asked = async || {
            let asked: u64 = providers.asked("google").await?.values().sum();
            Ok::<_, anyhow::Error>(asked)
        };
        let before = asked().await.unwrap();
        let works = async || {
            let status = at
                .get(&format!("/api/mail/accounts/{account}"))
                .await?
                .success()?;
            let done = status["status"]["condition"] == "up-to-date";
            let more = asked().await? > before;
            Ok(if done || more {
                Ok(())
            } else {
                Err(status.to_string())
            })
        };
        until("the other host to go on", PATIENCE, works)
            .await
            .unwrap();
        cluster.hosts[paused].pause(false).unwrap();
    }
    providers.no_faults("google").await.unwrap();
    let status = condition(&member, &account, "up-to-date").await;
    assert_eq!(status["parked"].as_u64().unwrap_or(0), 0, "{status}");
    is_whole(&member, &providers, "google", &account)
        .await
        .unwrap();
}

#[tokio::test]
async fn hosts_of_two_versions_serve_beside_each_other() {
    let mut cluster = cluster(2, 20).await;
    let member = cluster.site.member("member").await.unwrap();
    let account = link_across(&cluster, &member, "google", 0, 0).await;
    condition(&member, &account, "up-to-date").await;
    // What the next version leaves that only adds to the tables; this program is then the older one.
    let newer = "ALTER TABLE host.host_users ADD COLUMN later TEXT; CREATE TABLE host.host_later (id TEXT PRIMARY KEY);
        INSERT INTO host.host_schema (version, older_stops) SELECT MAX(version) + 1, 0 FROM host.host_schema";
    cluster.database.query(newer).unwrap();
    // One is restarted on them, the other one never noticed.
    cluster.hosts[1].restart().await.unwrap();
    let providers = cluster.site.providers.clone();
    for host in 0..2 {
        let at = cluster.at(&member, host).unwrap();
        let subject = format!("Through host {host}");
        let mail =
            format!("Message-ID: <{host}@elsewhere.example>\r\nSubject: {subject}\r\n\r\nNew.\r\n");
        providers.deliver("google", &mail).await.unwrap();
        let sync = format!("/api/mail/accounts/{account}/sync");
        at.post(&sync, json!({})).await.unwrap().success().unwrap();
        let newest = format!("/api/mail/messages?account={account}&limit=1");
        until("new mail", PATIENCE, || async {
            let page = at.get(&newest).await?;
            Ok(match page.status {
                // It starts the plugin first.
                503 => Err("starting".to_owned()),
                _ if text(&page.success()?, "/items/0/subject")? == subject => Ok(()),
                _ => Err(page.success()?.to_string()),
            })
        })
        .await
        .unwrap();
        let name = format!("made-at-{host}");
        let made = cluster.site.member(&name).await.unwrap();
        made.get("/api/mail/accounts")
            .await
            .unwrap()
            .success()
            .unwrap();
    }
    is_whole(&member, &providers, "google", &account)
        .await
        .unwrap();

    // What one leaves that took something away: nobody who does not know it starts any more, and says why.
    let taken = "INSERT INTO host.host_schema (version, older_stops) SELECT MAX(version) + 1, 1 FROM host.host_schema";
    cluster.database.query(taken).unwrap();
    let refused = cluster.hosts[1].restart().await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("newer version"),
        "{refused:#}"
    );
}
