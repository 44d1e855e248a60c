//! Accounts, their folders and their streams.

use std::collections::BTreeMap;

use super::column::{Column, Json};
use super::query;
use super::rows::{
    Account, Body, Budget, DraftRow, Edit, Enclosure, File, Folder, Listing, LogRow, Message,
    Outbox, Parked, Person, Stream, Thread, Told,
};
use crate::ids;
use crate::model::{Error, Result};
use crate::platform::{Platform, StoreError, Value, Write};
use crate::provider::{RemoteFolder, RemoteId, Role};

/// Rows that one step of a purge deletes per collection.
const PURGE: u32 = 500;

pub(crate) async fn get(
    platform: &impl Platform,
    id: &str,
) -> std::result::Result<Option<Account>, StoreError> {
    query::get(platform, &[id]).await
}

/// What a comparing round was told of membership is of no use to the next.
pub(crate) fn forget_told(account: &str) -> Write {
    query::delete::<Told>(vec![query::text("account", account)])
}

/// Notes that these messages are in a container.
pub(crate) async fn tell(
    platform: &impl Platform,
    account: &str,
    container: &str,
    remotes: &[RemoteId],
) -> std::result::Result<Option<Write>, StoreError> {
    let mut rows = told(platform, account, remotes).await?;
    for remote in remotes {
        let id = ids::message(account, remote);
        let row = rows.entry(id.clone()).or_insert_with(|| Told {
            id,
            account: account.to_owned(),
            containers: Json(Vec::new()),
        });
        // A page may be listed twice.
        if !row.containers.0.iter().any(|known| known == container) {
            row.containers.0.push(container.to_owned());
        }
    }
    Ok(query::put(rows.into_values().collect()))
}

/// What is noted of these messages, by our ids.
pub(crate) async fn told(
    platform: &impl Platform,
    account: &str,
    remotes: &[RemoteId],
) -> std::result::Result<BTreeMap<String, Told>, StoreError> {
    let ids: Vec<String> = remotes
        .iter()
        .map(|remote| ids::message(account, remote))
        .collect();
    let rows: Vec<Told> = query::get_many(platform, &ids).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// The account if it is this user's and not being deleted.
pub(crate) async fn owned(platform: &impl Platform, user: &str, id: &str) -> Result<Account> {
    let account = get(platform, id).await?;
    account
        .filter(|account| account.user == user && account.state != "purging")
        .ok_or(Error::NotFound)
}

/// The user's accounts, oldest first.
pub(crate) async fn of_user(
    platform: &impl Platform,
    user: &str,
) -> std::result::Result<Vec<Account>, StoreError> {
    let mut accounts: Vec<Account> =
        query::all(platform, vec![query::text("user", user)], None).await?;
    accounts.retain(|account| account.state != "purging");
    accounts.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.id.cmp(&b.id)));
    Ok(accounts)
}

pub(crate) async fn all(platform: &impl Platform) -> std::result::Result<Vec<Account>, StoreError> {
    query::all(platform, Vec::new(), None).await
}

/// The user's account at this identity, also one that is unlinked.
pub(crate) async fn by_identity(
    platform: &impl Platform,
    user: &str,
    provider: &str,
    identity: &str,
) -> std::result::Result<Option<Account>, StoreError> {
    let filter = vec![
        query::text("user", user),
        query::text("provider", provider),
        query::text("identity", identity),
    ];
    Ok(query::all(platform, filter, None).await?.into_iter().next())
}

/// Whether another account, of anybody, has this identity.
pub(crate) async fn identity_elsewhere(
    platform: &impl Platform,
    account: &Account,
) -> std::result::Result<bool, StoreError> {
    Ok(all(platform).await?.iter().any(|other| {
        other.id != account.id
            && other.provider == account.provider
            && other.identity == account.identity
            && other.state == "active"
    }))
}

pub(crate) fn put(account: Account) -> Option<Write> {
    query::put(vec![account])
}

/// Changes fields of an account that nothing else is computed from.
pub(crate) fn patch(id: &str, changes: Vec<(&'static str, Value)>) -> Write {
    query::patch::<Account>(vec![query::text("id", id)], changes)
}

/// Holds a batch to be the first that asks for news since the account was read.
pub(crate) fn unpoked(account: &Account) -> Write {
    let as_read = vec![
        query::text("id", &account.id),
        query::equal("poked", account.poked),
    ];
    query::require::<Account>(as_read, 1)
}

/// Adds to a counter of an account.
pub(crate) fn count(id: &str, field: &'static str, amount: i64) -> Write {
    query::add::<Account>(id, field, amount)
}

/// Whatever is being computed for this account's mail is computed again.
pub(crate) fn revised(id: &str) -> Write {
    query::add::<Account>(id, "revision", 1)
}

/// The batch holds only if the same folders are still left out.
pub(crate) fn require_left_out(account: &Account) -> Write {
    query::require::<Account>(
        vec![
            query::text("id", &account.id),
            query::equal("left_out_turn", account.left_out_turn),
        ],
        1,
    )
}

/// Tells open pages that an account changed.
pub(crate) fn changed(account: &Account) -> Write {
    let payload = serde_json::json!({ "account": account.id }).to_string();
    Write::Publish {
        topic: "accounts.changed",
        user: Some(account.user.clone()),
        payload,
    }
}

/// The provider's folders and our two, as rows. Counters are left alone.
pub(crate) async fn folder_writes(
    platform: &impl Platform,
    account: &Account,
    remote: &[RemoteFolder],
    now: u64,
) -> std::result::Result<Vec<Write>, StoreError> {
    let known: Vec<Folder> =
        query::all(platform, vec![query::text("account", &account.id)], None).await?;
    let fields = vec![
        "id",
        "account",
        "remote",
        "name",
        "parent",
        "role",
        "color",
        "position",
        "remote_total",
        "counted",
    ];
    let mut values = Vec::new();
    let mut line = |id: String,
                    remote: Option<String>,
                    name: &str,
                    parent: Option<String>,
                    role: Role,
                    color: Option<String>,
                    total: Option<u64>| {
        let position = i64::try_from(values.len()).unwrap_or(i64::MAX);
        values.push(vec![
            id.write(),
            account.id.clone().write(),
            remote.write(),
            name.to_owned().write(),
            parent.write(),
            Json(role).write(),
            color.write(),
            position.write(),
            total
                .map(|total| i64::try_from(total).unwrap_or(i64::MAX))
                .write(),
            total.map(|_| now).write(),
        ]);
    };
    for folder in remote.iter().filter(|folder| folder.role != Role::Starred) {
        let parent = folder
            .parent
            .as_deref()
            .map(|parent| ids::folder(&account.id, parent));
        line(
            ids::folder(&account.id, &folder.id),
            Some(folder.id.clone()),
            &folder.name,
            parent,
            folder.role,
            folder.color.clone(),
            folder.total,
        );
    }
    line(
        ids::starred(&account.id),
        None,
        "Starred",
        None,
        Role::Starred,
        None,
        None,
    );
    line(
        ids::everything(&account.id),
        None,
        "All mail",
        None,
        Role::All,
        None,
        None,
    );
    let mut writes = vec![Write::Put {
        collection: "folders",
        fields,
        values,
    }];
    let left = known.iter().filter(|known| {
        known.remote.as_ref().is_some_and(|id| {
            !remote
                .iter()
                .any(|folder| folder.id == *id && folder.role != Role::Starred)
        })
    });
    let left: Vec<&str> = left.map(|folder| folder.id.as_str()).collect();
    if !left.is_empty() {
        // Its counters stay: messages in it are told to have left it one by one.
        let nameless = vec![("name", Value::Null), ("role", Value::Null)];
        writes.push(query::patch::<Folder>(
            vec![query::one_of("id", left)],
            nameless,
        ));
    }
    Ok(writes)
}

pub(crate) async fn folders(
    platform: &impl Platform,
    account: &str,
) -> std::result::Result<Vec<Folder>, StoreError> {
    let mut folders: Vec<Folder> =
        query::all(platform, vec![query::text("account", account)], None).await?;
    folders.sort_by_key(|folder| folder.position);
    Ok(folders)
}

/// The folders of several accounts, in no order.
pub(crate) async fn folders_of(
    platform: &impl Platform,
    accounts: &[Account],
) -> std::result::Result<Vec<Folder>, StoreError> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let ids = accounts.iter().map(|account| account.id.as_str());
    query::all(platform, vec![query::one_of("account", ids)], None).await
}

pub(crate) async fn folders_by_id(
    platform: &impl Platform,
    ids: &[String],
) -> std::result::Result<Vec<Folder>, StoreError> {
    query::get_many(platform, ids).await
}

pub(crate) async fn streams(
    platform: &impl Platform,
    account: &str,
) -> std::result::Result<Vec<Stream>, StoreError> {
    let mut streams: Vec<Stream> =
        query::all(platform, vec![query::text("account", account)], None).await?;
    streams.sort_by_key(|stream| stream.position);
    Ok(streams)
}

pub(crate) fn put_streams(streams: Vec<Stream>) -> Option<Write> {
    query::put(streams)
}

pub(crate) fn delete_stream(account: &str, stream: &str) -> Write {
    query::delete::<Stream>(vec![
        query::text("account", account),
        query::text("stream", stream),
    ])
}

/// Deletes a bounded part of what an account has; true: there is more.
pub(crate) async fn purge(
    platform: &impl Platform,
    account: &Account,
) -> std::result::Result<bool, StoreError> {
    let by_account = || vec![query::text("account", &account.id)];
    let page = |limit| query::Paging {
        order: None,
        limit,
        cursor: None,
    };
    let mut writes = Vec::new();
    let mut more = false;
    let (threads, next) = query::find::<Thread>(platform, by_account(), page(PURGE)).await?;
    more |= next.is_some();
    for thread in threads {
        if !thread.folders.0.is_empty() {
            let places = vec![
                query::one_of("folder", thread.folders.0.iter().map(String::as_str)),
                query::text("thread", &thread.id),
            ];
            writes.push(query::delete::<Listing>(places));
        }
        writes.push(query::delete::<Thread>(vec![query::text("id", &thread.id)]));
    }
    let (messages, next) =
        query::find::<super::rows::Light>(platform, by_account(), page(PURGE)).await?;
    more |= next.is_some();
    let keys: Vec<String> = messages.into_iter().map(|message| message.id).collect();
    if !keys.is_empty() {
        let ids = || query::one_of("id", keys.iter().map(String::as_str));
        writes.push(query::delete::<Message>(vec![ids()]));
        writes.push(query::delete::<Body>(vec![ids()]));
        writes.push(query::delete::<File>(vec![query::one_of(
            "message",
            keys.iter().map(String::as_str),
        )]));
    }
    let (people, next) = query::find::<Person>(platform, by_account(), page(PURGE)).await?;
    more |= next.is_some();
    if !people.is_empty() {
        let emails = people.iter().map(|person| person.email.as_str());
        writes.push(query::delete::<Person>(vec![
            query::text("account", &account.id),
            query::one_of("email", emails),
        ]));
    }
    if !more {
        let drafts: Vec<DraftRow> = query::all(platform, by_account(), None).await?;
        let outbox: Vec<Outbox> = query::all(platform, by_account(), None).await?;
        let outgoing = outbox
            .iter()
            .filter(|row| matches!(row.step.as_str(), "creating" | "uploading"));
        let saving = drafts
            .iter()
            .filter(|draft| matches!(draft.state.as_str(), "dirty" | "leaving"));
        let begun = outgoing.map(|row| &row.marker);
        for marker in begun.chain(saving.map(|draft| &draft.marker)) {
            crate::provider::uploads::forget(platform, marker).await?;
        }
        for owner in drafts
            .iter()
            .map(|draft| &draft.id)
            .chain(outbox.iter().map(|row| &row.id))
        {
            writes.push(query::delete::<Enclosure>(vec![query::text(
                "owner", owner,
            )]));
        }
        writes.push(query::delete::<DraftRow>(by_account()));
        writes.push(query::delete::<Outbox>(by_account()));
        writes.push(query::delete::<Folder>(by_account()));
        writes.push(query::delete::<Budget>(by_account()));
        writes.push(forget_told(&account.id));
        writes.push(super::subscriptions::delete(&account.id));
        writes.push(query::delete::<LogRow>(by_account()));
        writes.push(query::delete::<Stream>(by_account()));
        writes.push(query::delete::<Parked>(by_account()));
        writes.push(query::delete::<Edit>(by_account()));
        writes.push(query::delete::<Account>(vec![query::text(
            "id",
            &account.id,
        )]));
    }
    platform.apply(writes).await?;
    Ok(more)
}
