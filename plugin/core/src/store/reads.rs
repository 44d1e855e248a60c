//! Lists and single messages, as they are read.

use super::column::Column;
use super::query::{self, Paging};
use super::rows::{Account, Body, Hit, Light, Listing, Message, Thread};
use crate::model::{Error, Result};
use crate::platform::{Filter, Operator, Platform, StoreError, Write};

type Stored<T> = std::result::Result<T, StoreError>;

/// What a list is narrowed by within its index range.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Narrow {
    pub unread: Option<bool>,
    pub starred: Option<bool>,
    pub has_files: Option<bool>,
    pub after: Option<u64>,
    pub before: Option<u64>,
}

fn narrow(filter: &mut Filter, narrow: Narrow, time: &'static str) {
    for (field, wanted) in [
        ("unread", narrow.unread),
        ("starred", narrow.starred),
        ("has_files", narrow.has_files),
    ] {
        filter.extend(wanted.map(|wanted| query::equal(field, wanted)));
    }
    filter.extend(
        narrow
            .after
            .map(|after| query::is(time, Operator::GreaterOrEqual, after)),
    );
    filter.extend(
        narrow
            .before
            .map(|before| query::is(time, Operator::Less, before)),
    );
}

/// Threads of some folders, latest first: one index range each, merged.
pub(crate) async fn listings(
    platform: &impl Platform,
    folders: &[String],
    by: Narrow,
    limit: u32,
    cursor: Option<String>,
) -> Stored<(Vec<Listing>, Option<String>)> {
    let mut filter = match folders {
        [] => return Ok((Vec::new(), None)),
        [folder] => vec![query::text("folder", folder)],
        folders => vec![query::one_of("folder", folders.iter().map(String::as_str))],
    };
    narrow(&mut filter, by, "latest");
    query::find(platform, filter, query::newest("latest", limit, cursor)).await
}

/// Messages of some accounts, latest first.
pub(crate) async fn messages(
    platform: &impl Platform,
    accounts: &[String],
    by: Narrow,
    limit: u32,
    cursor: Option<String>,
) -> Stored<(Vec<Message>, Option<String>)> {
    let mut filter = match accounts {
        [] => return Ok((Vec::new(), None)),
        [account] => vec![query::text("account", account)],
        accounts => vec![query::one_of(
            "account",
            accounts.iter().map(String::as_str),
        )],
    };
    narrow(&mut filter, by, "received");
    query::find(platform, filter, query::newest("received", limit, cursor)).await
}

/// Messages of this user whose text matches, latest first.
pub(crate) async fn hits(
    platform: &impl Platform,
    user: &str,
    words: &str,
    by: Narrow,
    limit: u32,
    cursor: Option<String>,
) -> Stored<(Vec<Hit>, Option<String>)> {
    // The user is said twice: where many match, an index gives them in order.
    let mut filter = vec![
        query::text("user", user),
        query::matches("text", user, words),
    ];
    narrow(
        &mut filter,
        Narrow {
            after: by.after,
            before: by.before,
            ..Narrow::default()
        },
        "received",
    );
    query::find(platform, filter, query::newest("received", limit, cursor)).await
}

pub(crate) async fn threads(platform: &impl Platform, ids: &[String]) -> Stored<Vec<Thread>> {
    query::get_many(platform, ids).await
}

pub(crate) async fn messages_by_id(
    platform: &impl Platform,
    ids: &[String],
) -> Stored<Vec<Message>> {
    query::get_many(platform, ids).await
}

pub(crate) async fn lights(platform: &impl Platform, ids: &[String]) -> Stored<Vec<Light>> {
    query::get_many(platform, ids).await
}

/// What is light of all messages of these threads.
pub(crate) async fn lights_of(platform: &impl Platform, threads: &[String]) -> Stored<Vec<Light>> {
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let threads = threads.iter().map(String::as_str);
    query::all(platform, vec![query::one_of("thread", threads)], None).await
}

/// Messages of a thread, oldest first.
pub(crate) async fn thread_messages(
    platform: &impl Platform,
    thread: &str,
) -> Stored<Vec<Message>> {
    query::all(
        platform,
        vec![query::text("thread", thread)],
        Some(("received", false)),
    )
    .await
}

/// The message if it is this user's.
pub(crate) async fn owned_message(
    platform: &impl Platform,
    user: &str,
    id: &str,
) -> Result<(Account, Message)> {
    let message = query::get::<Message>(platform, &[id])
        .await?
        .filter(|message| message.user == user)
        .ok_or(Error::NotFound)?;
    let account = super::accounts::owned(platform, user, &message.account).await?;
    Ok((account, message))
}

/// Notes where a message was before it went into the trash.
pub(crate) fn remember_origin(message: &str, remote: &str) -> Write {
    query::patch::<Message>(
        vec![query::text("id", message)],
        vec![("origin", remote.to_owned().write())],
    )
}

pub(crate) async fn body(platform: &impl Platform, message: &str) -> Stored<Option<Body>> {
    query::get(platform, &[message]).await
}

/// Messages of a stream that no comparing round from `round` on has named.
pub(crate) async fn unnamed(
    platform: &impl Platform,
    account: &str,
    stream: &str,
    round: i64,
    limit: u32,
) -> Stored<(Vec<Light>, Option<String>)> {
    let filter = vec![
        query::text("account", account),
        query::text("stream", stream),
        query::is("seen", Operator::Less, round),
    ];
    query::find(
        platform,
        filter,
        Paging {
            order: Some(("seen", false)),
            limit,
            cursor: None,
        },
    )
    .await
}
