//! Message delta, one folder at a time: a first round that lists everything, then rounds of changes, with Exchange's habits.
//!
//! Options are read from the first request only and travel in the token. A round is a window of the log that is fixed when it
//! begins, so that paging through it is stable while the mailbox goes on; what happens meanwhile belongs to the next round, also
//! what happened during the first round and was already listed (a replay, as it is with Exchange).

use std::sync::Arc;

use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::error::GraphError;
use super::filter::Filter;
use super::json::{Format, seal, unseal};
use super::query::{DEFAULT_TOP, Query};
use crate::microsoft::mailbox::Expired;
use crate::microsoft::mailbox::Mailbox;
use crate::microsoft::mailbox::ids::{self, IdKind};
use crate::microsoft::mailbox::log::{Fields, Net};
use crate::microsoft::mailbox::message::Message;

/// A delta with `$filter` stops here.
const FILTERED_CAP: usize = 5_000;

/// What a `$skiptoken` or `$deltatoken` carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    epoch: u32,
    folder: u32,
    /// Options of the first request: select, expand, top, filter, changeType.
    options: Vec<(String, String)>,
    /// Log position up to which the client knows everything.
    since: u64,
    stage: Stage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Stage {
    /// Listing, newest first: behind this message; so many given.
    First {
        after: Option<(u64, u64)>,
        given: usize,
    },
    /// Between rounds.
    Idle,
    /// Within a round that ends at `until`: so many entries given.
    Round { until: u64, given: usize },
}

/// The refusal of a cursor that is too old.
pub(crate) fn expired(call: &Call, mailbox: &Mailbox) -> GraphError {
    let start = format!("{}{}", call.shared.context.base_url, call.path);
    match mailbox.hazards.expired {
        Expired::Gone => GraphError::new(
            StatusCode::GONE,
            "SyncStateNotFound",
            "The sync state generation is not found; see the Location header for a fresh start.",
        )
        .with(header::LOCATION, start),
        Expired::ResyncRequired => GraphError::new(
            StatusCode::GONE,
            "resyncRequired",
            "Resync required. Replace any local items with the server's version.",
        ),
        Expired::SyncStateNotFound => {
            GraphError::bad("syncStateNotFound", "The sync state is not found.")
        }
    }
}

/// `GET /mailFolders/{folder}/messages/delta`
pub(crate) fn messages(call: &Call) -> Answer {
    let text = call
        .query
        .skip_token
        .as_ref()
        .or(call.query.delta_token.as_ref());
    let given = text
        .map(|t| {
            unseal::<Token>(t).ok_or_else(|| GraphError::bad("BadRequest", "Badly formed token."))
        })
        .transpose()?;
    if given.is_none() && call.query.search.is_some() {
        return Err(GraphError::bad(
            "ErrorInvalidUrlQuery",
            "The following parameters are not supported with change tracking over the 'Messages' resource: '$search'.",
        ));
    }
    let (page, token, is_last, format) = call.with(|m| page(call, m, given))?;
    let mut out = Map::new();
    out.insert(
        "@odata.context".to_owned(),
        json!(call.odata_context("mailFolders/messages")),
    );
    out.insert(
        "value".to_owned(),
        Value::Array(page.into_iter().map(|item| item.show(&format)).collect()),
    );
    let base = format!("{}{}", call.shared.context.base_url, call.path);
    if is_last {
        out.insert(
            "@odata.deltaLink".to_owned(),
            json!(format!("{base}?$deltatoken={}", seal(&token))),
        );
    } else {
        out.insert(
            "@odata.nextLink".to_owned(),
            json!(format!("{base}?$skiptoken={}", seal(&token))),
        );
    }
    Ok(axum::Json(Value::Object(out)).into_response())
}

/// An item of a page, to be rendered outside the lock.
enum Item {
    Whole(Arc<Message>),
    Partial(Arc<Message>, Fields),
    Removed(String),
}

impl Item {
    fn show(self, format: &Format) -> Value {
        match self {
            Self::Whole(row) => format.message(&row),
            Self::Partial(row, fields) => format.partial(&row, fields),
            Self::Removed(id) => {
                json!({"@odata.type": "#microsoft.graph.message", "id": id, "@removed": {"reason": "deleted"}})
            }
        }
    }
}

type Page = (Vec<Item>, Token, bool, Format);

fn page(call: &Call, m: &mut Mailbox, given: Option<Token>) -> Result<Page, GraphError> {
    let folder = call.folder(m)?;
    let mut token = match given {
        Some(token) if token.folder == folder => token,
        Some(_) => {
            return Err(GraphError::bad(
                "BadRequest",
                "The token belongs to another folder.",
            ));
        }
        None => Token {
            epoch: m.epoch,
            folder,
            options: call.query.pairs.clone(),
            since: m.log.now(),
            stage: Stage::First {
                after: None,
                given: 0,
            },
        },
    };
    if token.epoch != m.epoch || !m.log.reaches(token.since) {
        return Err(expired(call, m));
    }
    let options = Arc::new(options(&token)?);
    let filter = options.filter.as_deref().map(Filter::parse).transpose()?;
    let since = filter.as_ref().map(since).transpose()?;
    let wanted = changes_wanted(&options);
    let size = call.prefer.page_size.or(options.top).unwrap_or(DEFAULT_TOP);
    let format = Format {
        query: Arc::clone(&options),
        ..call.format(m.uid)
    };
    if matches!(token.stage, Stage::Idle) {
        token.stage = Stage::Round {
            until: m.log.now(),
            given: 0,
        };
    }
    let (items, last) = match token.stage.clone() {
        Stage::First { after, given } => {
            let (items, stage) = first(m, &token, after, given, since, size);
            let last = stage.is_none();
            token.stage = stage.unwrap_or(Stage::Idle);
            (if wanted.created { items } else { Vec::new() }, last)
        }
        Stage::Round { until, given } => {
            let all = round(m, &token, until, since, &wanted, call.prefer.ids);
            let total = all.len();
            let mut items: Vec<Item> = all.into_iter().skip(given).take(size).collect();
            if m.hazards.shuffle {
                items.reverse();
            }
            // Exchange closes a round that had changes with an empty page.
            let last =
                given + items.len() >= total && (items.is_empty() || !m.hazards.empty_last_page);
            if last {
                token.since = if m.hazards.replay && total > 0 {
                    until.saturating_sub(1)
                } else {
                    until
                };
                token.stage = Stage::Idle;
            } else {
                token.stage = Stage::Round {
                    until,
                    given: given + items.len(),
                };
            }
            (items, last)
        }
        Stage::Idle => (Vec::new(), true),
    };
    Ok((items, token, last, format))
}

fn options(token: &Token) -> Result<Query, GraphError> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &token.options {
        query.append_pair(name, value);
    }
    Query::parse(Some(&query.finish()))
}

fn since(filter: &Filter) -> Result<u64, GraphError> {
    filter.received_since().ok_or_else(|| {
        GraphError::bad(
            "ErrorInvalidUrlQuery",
            "Change tracking supports only $filter=receivedDateTime ge or gt a time.",
        )
    })
}

/// One page of the first round.
fn first(
    m: &Mailbox,
    token: &Token,
    after: Option<(u64, u64)>,
    given: usize,
    since: Option<u64>,
    size: usize,
) -> (Vec<Item>, Option<Stage>) {
    let Some(folder) = m.folder(token.folder) else {
        return (Vec::new(), None);
    };
    let start = (since.unwrap_or(0), 0);
    let end = after.unwrap_or((u64::MAX, u64::MAX));
    let room = since
        .map_or(usize::MAX, |_| FILTERED_CAP.saturating_sub(given))
        .min(size);
    if end <= start || room == 0 {
        return (Vec::new(), None);
    }
    let mut rest = folder.order.range(start..end).rev();
    let rows: Vec<Arc<Message>> = rest
        .by_ref()
        .take(room)
        .filter_map(|(_, k)| m.messages.get(k))
        .cloned()
        .collect();
    let given = given + rows.len();
    let more = rest.next().is_some() && since.is_none_or(|_| given < FILTERED_CAP);
    let after = rows.last().map(|row| (row.received, row.key));
    (
        rows.into_iter().map(Item::Whole).collect(),
        more.then_some(Stage::First { after, given }),
    )
}

struct Wanted {
    created: bool,
    updated: bool,
    deleted: bool,
}

fn changes_wanted(options: &Query) -> Wanted {
    let named = options.option("changeType");
    let has = |name: &str| {
        named.is_none_or(|n| n.split(',').any(|p| p.trim().eq_ignore_ascii_case(name)))
    };
    Wanted {
        created: has("created"),
        updated: has("updated"),
        deleted: has("deleted"),
    }
}

/// All entries of a round.
fn round(
    m: &Mailbox,
    token: &Token,
    until: u64,
    since: Option<u64>,
    wanted: &Wanted,
    kind: IdKind,
) -> Vec<Item> {
    let mut out = Vec::new();
    for (message, net) in m.log.net(token.folder, token.since, until) {
        let row = m
            .messages
            .get(&message)
            .filter(|r| r.folder == token.folder);
        let removed = |instance: u32| Item::Removed(ids::message(m.uid, message, instance, kind));
        let hidden = net.returned && m.hazards.return_shows_removal
            || net.removed.is_some() && !net.added && row.is_some();
        if kind == IdKind::Immutable && hidden {
            // It left and came back: the removal is all that shows.
            out.extend(net.removed.map(removed).filter(|_| wanted.deleted));
            continue;
        }
        if let Some(instance) = net.removed.filter(|_| wanted.deleted)
            && (row.is_none() || kind == IdKind::Mutable)
        {
            out.push(removed(instance));
        }
        let Some(row) = row.filter(|r| since.is_none_or(|s| r.received >= s)) else {
            continue;
        };
        out.extend(present(row, &net, m.hazards.partial_updates, wanted));
    }
    out
}

fn present(row: &Arc<Message>, net: &Net, partial: bool, wanted: &Wanted) -> Option<Item> {
    if net.added {
        return wanted.created.then(|| Item::Whole(Arc::clone(row)));
    }
    if !wanted.updated {
        return None;
    }
    if partial && !net.fields.has(Fields::CONTENT) {
        return Some(Item::Partial(Arc::clone(row), net.fields));
    }
    Some(Item::Whole(Arc::clone(row)))
}
