//! What the worker did, for the account's owner to read: some hundred entries per account, the newest.
//!
//! What repeats itself (nothing new again, still waiting for the same reason) is one entry that counts, so that a day's entries say more
//! than that every five minutes nothing happened. Entries are written in the batch of what they tell.

use super::accounts;
use super::column::{Column, Json};
use super::query::{self, Paging};
use super::rows::{Account, LastEntry, LogRow};
use crate::ids;
use crate::model::Event;
use crate::platform::{Operator, Platform, StoreError, Write};

/// Entries kept of an account.
const KEPT: i64 = 500;

/// The oldest are deleted this many at a time: a look-up for each new entry would cost more than the entry.
const SPARE: u32 = 20;

/// Whether an event only says again what the last one said.
fn repeats(event: &Event, last: &Event) -> bool {
    match (event, last) {
        (Event::Quiet, Event::Quiet) => true,
        (Event::Waiting { reason, .. }, Event::Waiting { reason: before, .. })
        | (Event::Administrator(reason), Event::Administrator(before)) => reason == before,
        _ => false,
    }
}

/// Writes that note an event; `account` as it was read last.
pub(crate) async fn note(
    platform: &impl Platform,
    account: &Account,
    event: Event,
) -> Result<Vec<Write>, StoreError> {
    let now = platform.now();
    let last = account.last_entry.as_ref().map(|last| &last.0);
    if let Some(last) = last.filter(|last| repeats(&event, &last.event)) {
        let times = last.times.saturating_add(1);
        let changes = vec![
            ("at", now.write()),
            ("times", times.write()),
            ("event", Json(event.clone()).write()),
        ];
        let entry = vec![
            query::text("account", &account.id),
            query::text("id", &last.id),
        ];
        let last = LastEntry {
            times,
            event,
            ..last.clone()
        };
        return Ok(vec![
            query::patch::<LogRow>(entry, changes),
            remember(account, last),
        ]);
    }
    let row = LogRow {
        account: account.id.clone(),
        id: ids::ordered(platform, now, position(last, now)),
        at: now,
        since: now,
        times: 1,
        event: Json(event.clone()),
    };
    let last = LastEntry {
        id: row.id.clone(),
        times: 1,
        event,
    };
    let mut writes: Vec<Write> = query::put(vec![row]).into_iter().collect();
    writes.push(remember(account, last));
    let oldest = too_many(platform, account).await?;
    let gone = i64::try_from(oldest.len()).unwrap_or(0);
    if !oldest.is_empty() {
        let ids = oldest.iter().map(|row| row.id.as_str());
        writes.push(query::delete::<LogRow>(vec![
            query::text("account", &account.id),
            query::one_of("id", ids),
        ]));
    }
    writes.push(query::add::<Account>(&account.id, "logged", 1 - gone));
    Ok(writes)
}

/// Where an entry stands among those of its millisecond.
fn position(last: Option<&LastEntry>, now: u64) -> usize {
    let same = last.and_then(|last| {
        let (time, rest) = last.id.split_once('-')?;
        let (position, _) = rest.split_once('-')?;
        (time.parse() == Ok(now)).then(|| position.parse::<usize>().ok())?
    });
    same.map_or(0, |position| position.saturating_add(1))
}

fn remember(account: &Account, last: LastEntry) -> Write {
    accounts::patch(&account.id, vec![("last_entry", Some(Json(last)).write())])
}

/// The oldest entries, once there are too many.
async fn too_many(platform: &impl Platform, account: &Account) -> Result<Vec<LogRow>, StoreError> {
    let over = account.logged.unwrap_or(0).saturating_sub(KEPT - 1);
    if over <= 0 {
        return Ok(Vec::new());
    }
    let limit = u32::try_from(over).unwrap_or(SPARE).saturating_add(SPARE);
    let filter = vec![query::text("account", &account.id)];
    Ok(query::find(platform, filter, query::oldest("id", limit))
        .await?
        .0)
}

/// A page, newest first. `before`: the id of the last entry of the page before.
pub(crate) async fn page(
    platform: &impl Platform,
    account: &str,
    limit: u32,
    before: Option<String>,
) -> Result<Vec<LogRow>, StoreError> {
    let mut filter = vec![query::text("account", account)];
    filter.extend(before.map(|before| query::is("id", Operator::Less, before)));
    let paging = Paging {
        order: Some(("id", true)),
        limit,
        cursor: None,
    };
    Ok(query::find(platform, filter, paging).await?.0)
}
