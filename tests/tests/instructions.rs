//! How many instructions the hot calls take. Counted by valgrind, not timed: the count is the same on a busy machine.
//!
//! What answers is the plugin's own logic on the store, compiled into a server (`native`): WebAssembly and the host around it are compared with
//! that by `cargo xtask bench api`, and what it costs to be called by the benchmark `call`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use end_to_end::client::Client;
use end_to_end::json::text;
use end_to_end::programs::free_port;
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;

/// Messages in the mailbox; a list shows 50 conversations of it.
const MESSAGES: usize = 300;

/// How often a call is made in the shorter and in the longer run. The difference is free of what starting costs.
const CALLS: (u64, u64) = (10, 60);

/// Millions of instructions of one call, in an unoptimised build, and the compiler that they were counted with. If a change is worth what it costs, write
/// what the test found.
const FOUND: [(Call, f64); 3] = [
    (Call::List, 22.6),
    (Call::Thread, 2.3),
    (Call::Search, 89.8),
];
const COMPILER: &str = "rustc 1.95.";

/// What a call may cost more: requests meet a page of the database in the cache or not, and threads take turns at will.
const SLACK: f64 = 1.10;

/// Another compiler may need more for the same.
const OTHER_COMPILER: f64 = 1.5;

#[derive(Debug, Clone, Copy)]
enum Call {
    /// The newest 50 conversations.
    List,
    /// One conversation with its messages.
    Thread,
    /// The newest 50 that have a word.
    Search,
}

/// The server under valgrind.
struct Counted {
    process: Child,
    out: std::path::PathBuf,
    client: Client,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn native() -> std::path::PathBuf {
    let beside = std::env::current_exe().unwrap();
    let programs = beside.parent().and_then(Path::parent).unwrap();
    programs.join("native")
}

impl Counted {
    async fn start(stack: &Stack, member: &Client) -> Self {
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let out = stack.folder().join("callgrind.out");
        let process = Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(native())
            .arg("--data-dir")
            .arg(stack.folder().join("data"))
            .args(["--listen", &address])
            // Who takes a request decides how much is said between threads.
            .env("TOKIO_WORKER_THREADS", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("valgrind, which `cargo xtask test` installs: {error}"));
        let base = url::Url::parse(&format!("http://{address}")).unwrap();
        let counted = Self {
            process,
            out,
            client: member.at(&base),
        };
        let ready = base.join("readyz").unwrap();
        until("the server", Duration::from_secs(120), || async {
            let answer = counted.client.browser().get(ready.clone()).send().await;
            Ok(answer.map(drop).map_err(|error| error.to_string()))
        })
        .await
        .unwrap();
        counted
    }

    /// Ends it; answers how many instructions it has taken.
    fn end(mut self) -> u64 {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.process.wait().unwrap();
        let told = std::fs::read_to_string(&self.out).unwrap();
        // The file's last line; see callgrind's file format.
        let totals = told
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("totals: "));
        totals.unwrap().trim().parse().unwrap()
    }
}

async fn taken(stack: &Stack, member: &Client, path: &str, times: u64) -> u64 {
    let server = Counted::start(stack, member).await;
    let address = server.client.base().join(path).unwrap();
    for _ in 0..times {
        let answer = server
            .client
            .browser()
            .get(address.clone())
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().bytes().await.unwrap();
    }
    server.end()
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn hot_calls_take_no_more_instructions_than_they_did() {
    let options = Options {
        messages: MESSAGES,
        ..Options::default()
    };
    let mut stack = Stack::start(common::paths(), &options).await.unwrap();
    stack.site.set_up().await.unwrap();
    let member = stack.site.member("member").await.unwrap();
    common::link(&stack, &member, "google").await;
    let newest = member
        .get("/api/mail/threads?limit=1")
        .await
        .unwrap()
        .success()
        .unwrap();
    let thread = format!(
        "/api/mail/threads/{}",
        text(&newest, "/items/0/id").unwrap()
    );
    stack.host.kill();

    let slack = if compiler().starts_with(COMPILER) {
        SLACK
    } else {
        OTHER_COMPILER
    };
    let mut found = Vec::new();
    for (call, known) in FOUND {
        let path = match call {
            Call::List => "/api/mail/threads?limit=50",
            Call::Thread => &thread,
            Call::Search => "/api/mail/threads?limit=50&q=meeting",
        };
        let less = taken(&stack, &member, path, CALLS.0).await;
        let more = taken(&stack, &member, path, CALLS.1).await;
        let each = (more - less) as f64 / (CALLS.1 - CALLS.0) as f64 / 1e6;
        found.push((call, each, known));
    }
    let worse: Vec<_> = found
        .iter()
        .filter(|(_, each, known)| *each > known * slack)
        .collect();
    assert!(
        worse.is_empty(),
        "millions of instructions, found and known: {worse:.2?}; all: {found:.2?}"
    );
}
