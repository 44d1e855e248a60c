//! The real program moves its store from SQLite to PostgreSQL and back, killed on the way: whoever uses it notices nothing but the pause.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use end_to_end::client::Client;
use end_to_end::json::{list, text};
use end_to_end::main_job::is_whole;
use end_to_end::programs::PASSWORD;
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;
use serde_json::{Value, json};
use xtask::postgres::Database;

use common::{PATIENCE, condition, link, run};

const MESSAGES: usize = 60;

/// What a backfill begins with, and following a cursor does not need.
const LISTING: &str = "GET /gmail/v1/users/{userId}/messages";

/// Whose mail is moved.
struct Owner {
    client: Client,
    account: String,
}

impl Owner {
    async fn get(&self, path: &str) -> Value {
        self.client.get(path).await.unwrap().success().unwrap()
    }

    /// All of the mailbox, as its owner sees it.
    async fn mailbox(&self) -> Vec<Value> {
        let account = &self.account;
        let mut seen = vec![
            self.get(&format!("/api/mail/folders?account={account}"))
                .await,
            self.get("/api/mail/unread").await,
            self.get("/api/mail/outbox").await,
            self.get("/api/mail/recipients?q=a").await,
        ];
        let first = format!("/api/mail/messages?account={account}&limit=50");
        let mut path = first.clone();
        loop {
            let page = self.get(&path).await;
            for item in list(&page, "/items").unwrap() {
                let id = text(item, "/id").unwrap();
                seen.push(self.get(&format!("/api/mail/messages/{id}/text")).await);
                seen.push(item.clone());
            }
            match page["next"].as_str() {
                Some(next) => path = format!("{first}&cursor={next}"),
                None => return seen,
            }
        }
    }

    /// Subjects of what a search finds.
    async fn found(&self, words: &str) -> Vec<String> {
        let path = format!("/api/mail/messages?account={}&q={words}", self.account);
        let page = self.get(&path).await;
        let items = list(&page, "/items").unwrap();
        let subjects = items
            .iter()
            .map(|item| text(item, "/subject").unwrap().to_owned());
        subjects.collect()
    }

    /// Mail comes and goes as before, without fetching anew what is there.
    async fn goes_on(&self, stack: &Stack, word: &str) {
        let providers = &stack.site.providers;
        let again = self.client.stranger().unwrap();
        again.sign_in("member@localhost", PASSWORD).await.unwrap();
        let mail = format!(
            "From: Ada <ada@elsewhere.example>\r\nTo: me@gmail.example\r\nSubject: Arrived {word}\r\n\
             Message-ID: <{word}@elsewhere.example>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
        );
        providers.deliver("google", &mail).await.unwrap();
        let sync = format!("/api/mail/accounts/{}/sync", self.account);
        let asked = self.client.post(&sync, json!({})).await.unwrap();
        asked.success().unwrap();
        let arrived = async || {
            let found = self.found(word).await;
            Ok(if found.len() == 1 {
                Ok(())
            } else {
                Err(format!("{found:?}"))
            })
        };
        until("the new message", PATIENCE, arrived).await.unwrap();

        let before = providers.sent("google").await.unwrap().len();
        let draft = json!({
            "account": self.account,
            "to": [{ "name": "", "email": "grace@elsewhere.example" }],
            "subject": format!("Sent {word}"),
            "html": "<p>Once.</p>",
        });
        for _ in 0..2 {
            let send = |request: reqwest::RequestBuilder| {
                request
                    .header("idempotency-key", word)
                    .json(&json!({ "draft": draft }))
            };
            let sent = self
                .client
                .send(reqwest::Method::POST, "/api/mail/send", send)
                .await;
            sent.unwrap().success().unwrap();
        }
        let sent = async || {
            let sent = providers.sent("google").await?.len() - before;
            Ok(if sent == 1 {
                Ok(())
            } else {
                Err(sent.to_string())
            })
        };
        until("one message to be sent", PATIENCE, sent)
            .await
            .unwrap();
        is_whole(&self.client, providers, "google", &self.account)
            .await
            .unwrap();
        condition(&self.client, &self.account, "up-to-date").await;

        let asked = providers.asked("google").await.unwrap();
        assert!(!asked.contains_key(LISTING), "a second backfill: {asked:?}");
    }
}

fn moving(stack: &Stack, to: &str, server: &Database) -> Command {
    let mut command = stack.host.command(&["migrate-store", to, "--json"]);
    if to == "--to-server" {
        command.env("PLUGIN_HOST_MIGRATE_TO", server.url().as_str());
    }
    command
}

/// SIGKILL as soon as it tells of this.
fn killed_at(mut command: Command, sign: &str) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = told.any(|line| line.unwrap().contains(sign));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen, "it never told of {sign:?}");
}

/// Killed twice on the way, refused in between, and moved by the third.
async fn moved_by_the_third(
    stack: &mut Stack,
    to: &str,
    server: &Database,
    there: &[(String, String)],
) {
    let here = stack.host.settings().to_vec();
    killed_at(moving(stack, to, server), "host_plugins: ");
    let refused = stack.host.start_again(there.to_vec()).await;
    let refused = format!("{:#}", refused.unwrap_err());
    assert!(
        refused.contains("run `plugin-host migrate-store` again"),
        "{refused}"
    );
    stack.host.set(here);
    killed_at(moving(stack, to, server), " compared");
    let (said, _) = run(&mut moving(stack, to, server)).unwrap();
    let moved: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(moved["resumed"], true, "{moved}");
    stack.site.providers.forget_asked().await.unwrap();
    stack.host.start_again(there.to_vec()).await.unwrap();
}

#[tokio::test]
async fn a_store_moves_to_a_server_and_back_however_often_it_is_killed() {
    let options = Options {
        messages: MESSAGES,
        ..Options::default()
    };
    let mut stack = Stack::start(common::paths(), &options).await.unwrap();
    stack.site.set_up().await.unwrap();
    let client = stack.site.member("member").await.unwrap();
    let account = link(&stack, &client, "google").await;
    let owner = Owner { client, account };
    let asked = stack.site.providers.asked("google").await.unwrap();
    assert!(asked.contains_key(LISTING), "{asked:?}");
    let server = Database::new().unwrap();

    // Not beside a host that runs.
    let refused = run(&mut moving(&stack, "--to-server", &server)).unwrap_err();
    assert!(refused.contains("stop all hosts"), "{refused}");
    let before = owner.mailbox().await;
    stack.host.stop().await.unwrap();

    let keys = stack.folder().join("shared.json");
    let on_server = [
        ("DATABASE_URL", server.url().to_string()),
        ("KEY_FILE", keys.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    std::fs::copy(stack.host.data().join("keys.json"), &keys).unwrap();
    moved_by_the_third(&mut stack, "--to-server", &server, &on_server).await;
    assert_eq!(owner.mailbox().await, before);
    owner.goes_on(&stack, "violets").await;

    // Beside it, the key is replaced in the file that its setting names.
    run(&mut stack.host.command(&["keys", "rotate"])).unwrap();
    let refused = run(&mut moving(&stack, "--to-folder", &server)).unwrap_err();
    assert!(refused.contains("stop all hosts"), "{refused}");
    let before = owner.mailbox().await;
    stack.host.stop().await.unwrap();
    let refused = run(&mut moving(&stack, "--to-folder", &server)).unwrap_err();
    assert!(refused.contains("host.db"), "{refused}");
    for name in ["host.db", "host.db-wal", "host.db-shm"] {
        let file = stack.host.data().join(name);
        if file.exists() {
            std::fs::rename(&file, stack.folder().join(name)).unwrap();
        }
    }
    moved_by_the_third(&mut stack, "--to-folder", &server, &[]).await;
    // The folder has the keys that the server's secrets were sealed with.
    std::fs::remove_file(&keys).unwrap();
    assert_eq!(owner.mailbox().await, before);
    owner.goes_on(&stack, "marigold").await;
}
