//! Queries against one message, as Gmail would answer them.

#![allow(clippy::unwrap_used, reason = "tests")]
use bytes::Bytes;

use super::super::{Entry, NewMessage, State, system};
use super::{Meaning, Query};
use crate::Content;

const RAW: &[u8] = b"From: Ada Lovelace <ada@example.com>\r\nTo: me@example.com\r\nSubject: Numbers of Bernoulli\r\n\
    Message-ID: <one@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe engine \xe8\xae\xa1\xe7\xae\x97\xe6\x9c\xba weaves.";

fn found(query: &str) -> bool {
    let mut state = State::new(1);
    let work = state.labels.create("Work/Urgent things").unwrap();
    let id = state.add(
        NewMessage {
            content: Content::Held(Bytes::from_static(RAW)),
            date: 1_790_000_000_000,
            thread: None,
            labels: vec![system::INBOX, system::UNREAD, work],
            message_id: None,
        },
        Some(1),
    );
    let entry: Entry = state.entry(id).unwrap().clone();
    let meaning = Meaning {
        labels: &state.labels,
        address: "me@example.com",
        now: 1_790_000_000_000 + 3 * super::DAY_MS,
    };
    Query::parse(query, &meaning).finds(&entry)
}

#[test]
fn finds_what_gmail_finds() {
    for query in [
        "",
        "engine weaves",
        "bernoulli OR nothing",
        "{nothing from:ada}",
        "from:(ada lovelace) to:me",
        "-from:bob subject:\"numbers of\"",
        "label:work-urgent-things is:unread in:inbox",
        "rfc822msgid:one@example.com",
        "after:2026/09/20 before:2026/09/30",
        "newer_than:4d older_than:2d",
        "after:1789999999",
        "\u{7b97}\u{673a}",
        "smaller:1k -has:attachment",
    ] {
        assert!(found(query), "{query}");
    }
}

#[test]
fn leaves_out_what_gmail_leaves_out() {
    for query in [
        "eng",
        "from:bob",
        "is:read",
        "is:starred OR label:none",
        "-engine",
        "after:2026/10/20",
        "has:attachment",
        "larger:1M",
    ] {
        assert!(!found(query), "{query}");
    }
}
