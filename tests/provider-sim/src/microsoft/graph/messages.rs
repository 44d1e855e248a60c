//! Listing, reading, changing, moving and deleting messages.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, destination, find, get as property};
use super::error::GraphError;
use super::filter::{Filter, sort_key};
use super::json::{etag, seal, unseal};
use super::patch::Patch;
use super::query::DEFAULT_TOP;
use super::search::Search;
use crate::microsoft::letter::Letter;
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::log::Fields;
use crate::microsoft::mailbox::message::Message;
use crate::microsoft::mailbox::{Mailbox, ids};

/// `$search` gives no more than this many.
const SEARCH_HITS: usize = 1_000;

/// Where a listing goes on: behind a message (the usual order), or after so many.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<(u64, u64)>,
    #[serde(default)]
    skip: usize,
}

/// `GET …/messages`
pub(crate) fn list(call: &Call) -> Answer {
    let query = &call.query;
    let (filter, search) = conditions(call)?;
    let position: Position = match &query.skip_token {
        Some(token) => unseal(token).ok_or_else(|| {
            GraphError::bad("ErrorInvalidUrlQueryFilter", "The skip token is invalid.")
        })?,
        None => Position {
            after: None,
            skip: query.skip,
        },
    };
    let top = query
        .top
        .unwrap_or(DEFAULT_TOP)
        .min(call.prefer.page_size.unwrap_or(usize::MAX));
    let natural = matches!(query.order_by.as_slice(), [] | [(_, true)])
        && query
            .order_by
            .first()
            .is_none_or(|(p, _)| p == "receiveddatetime");
    // A start date alone is answered by the index.
    let by_index = filter.as_ref().is_none_or(|f| f.received_since().is_some());
    let plain = by_index && search.is_none() && natural && !(query.count && filter.is_some());
    let (rows, total, format) = call.with(|m| -> Result<_, GraphError> {
        let (rows, total) = candidates(
            call,
            m,
            filter.as_ref(),
            &position,
            plain.then_some(top + 1),
        )?;
        Ok((rows, total, call.format(m.uid)))
    })?;
    let mailbox = format.mailbox;
    let keep = |row: &Message, letter: &mut Option<Arc<Letter>>| {
        filter
            .as_ref()
            .is_none_or(|f| f.matches(row, mailbox, letter))
            && search
                .as_ref()
                .is_none_or(|s| s.matches(row, letter.get_or_insert_with(|| row.letter())))
    };
    let mut total = total;
    let (page, more) = if plain {
        let more = rows.len() > top;
        (rows.into_iter().take(top).collect::<Vec<_>>(), more)
    } else if natural && !query.count && search.is_none() {
        let mut hits = rows
            .into_iter()
            .filter(|r| keep(r, &mut None))
            .skip(position.skip);
        let page: Vec<_> = hits.by_ref().take(top).collect();
        let more = page.len() == top && hits.next().is_some();
        (page, more)
    } else {
        let mut hits: Vec<_> = rows.into_iter().filter(|r| keep(r, &mut None)).collect();
        if search.is_some() {
            hits.truncate(SEARCH_HITS);
        } else {
            sort(&mut hits, &query.order_by);
        }
        total = hits.len();
        let more = hits.len() > position.skip + top;
        (
            hits.into_iter().skip(position.skip).take(top).collect(),
            more,
        )
    };
    let next = more.then(
        || match (natural && !query.count && search.is_none(), page.last()) {
            (true, Some(last)) => Position {
                after: Some((last.received, last.key)),
                skip: 0,
            },
            _ => Position {
                after: None,
                skip: position.skip + top,
            },
        },
    );
    let mut out = Map::new();
    out.insert(
        "@odata.context".to_owned(),
        json!(call.odata_context("messages")),
    );
    if query.count {
        out.insert("@odata.count".to_owned(), json!(total));
    }
    out.insert(
        "value".to_owned(),
        Value::Array(page.iter().map(|row| format.message(row)).collect()),
    );
    if let Some(next) = next {
        out.insert(
            "@odata.nextLink".to_owned(),
            json!(link(call, "$skiptoken", &seal(&next))),
        );
    }
    Ok(axum::Json(Value::Object(out)).into_response())
}

fn conditions(call: &Call) -> Result<(Option<Filter>, Option<Search>), GraphError> {
    let query = &call.query;
    if query.search.is_some() {
        if query.filter.is_some() {
            return Err(GraphError::bad(
                "SearchWithFilter",
                "The query parameter '$filter' is not supported with '$search'.",
            ));
        }
        if !query.order_by.is_empty() {
            return Err(GraphError::bad(
                "SearchWithOrderBy",
                "The query parameter '$orderBy' is not supported with '$search'.",
            ));
        }
    }
    let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
    if let Some(filter) = &filter
        && !filter.serves(&query.order_by)
    {
        return Err(GraphError::bad(
            "InefficientFilter",
            "The restriction or sort order is too complex for this operation.",
        ));
    }
    Ok((filter, query.search.as_deref().map(Search::parse)))
}

/// Rows in the order of arrival, newest first, behind the position; at most `limit` of them.
fn candidates(
    call: &Call,
    m: &Mailbox,
    filter: Option<&Filter>,
    position: &Position,
    limit: Option<usize>,
) -> Result<(Vec<Arc<Message>>, usize), GraphError> {
    if let Some(id) = filter.and_then(Filter::message_id) {
        let mut rows = m.with_message_id(id);
        if !call.param("folder").is_empty() {
            let folder = call.folder(m)?;
            rows.retain(|r| r.folder == folder);
        }
        rows.retain(|r| r.folder != key::RECOVERABLE && position.after.is_none());
        let count = rows.len();
        return Ok((rows, count));
    }
    let order = if call.param("folder").is_empty() {
        &m.order
    } else {
        let folder = call.folder(m)?;
        match m.folder(folder) {
            Some(f) if f.query.is_some() => &m.order,
            Some(f) => &f.order,
            None => return Err(GraphError::item_not_found()),
        }
    };
    let since = filter.and_then(Filter::received_since).unwrap_or(0);
    let end = position.after.unwrap_or((u64::MAX, u64::MAX));
    if end < (since, 0) {
        return Ok((Vec::new(), order.len()));
    }
    let skip = if limit.is_some() { position.skip } else { 0 };
    let rows = order
        .range((since, 0)..end)
        .rev()
        .skip(skip)
        .take(limit.unwrap_or(usize::MAX))
        .filter_map(|(_, k)| m.messages.get(k))
        .cloned()
        .collect();
    Ok((rows, order.len()))
}

fn sort(rows: &mut [Arc<Message>], order_by: &[(String, bool)]) {
    rows.sort_by_cached_key(|row| {
        let mut letter = None;
        order_by
            .iter()
            .map(|(p, descending)| {
                let key = sort_key(p, row, &mut letter);
                if *descending {
                    Order::Down(std::cmp::Reverse(key))
                } else {
                    Order::Up(key)
                }
            })
            .collect::<Vec<_>>()
    });
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Up(String),
    Down(std::cmp::Reverse<String>),
}

/// This request's own address with a token instead of its position.
pub(crate) fn link(call: &Call, token_name: &str, token: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &call.query.pairs {
        if !matches!(name.as_str(), "skip" | "skiptoken" | "deltatoken") {
            let name = if is_system(name) {
                format!("${name}")
            } else {
                name.clone()
            };
            query.append_pair(&name, value);
        }
    }
    query.append_pair(token_name, token);
    // Graph leaves the dollar signs as they are.
    format!(
        "{}{}?{}",
        call.shared.context.base_url,
        call.path,
        query.finish().replace("%24", "$")
    )
}

fn is_system(name: &str) -> bool {
    matches!(
        name,
        "select" | "top" | "filter" | "search" | "orderby" | "count" | "expand"
    )
}

/// `GET …/messages/$count`
pub(crate) fn count(call: &Call) -> Answer {
    let (filter, _) = conditions(call)?;
    let (rows, uid) = call.with(|m| -> Result<_, GraphError> {
        Ok((
            candidates(call, m, filter.as_ref(), &Position::default(), None)?.0,
            m.uid,
        ))
    })?;
    let number = rows
        .iter()
        .filter(|r| filter.as_ref().is_none_or(|f| f.matches(r, uid, &mut None)))
        .count();
    Ok(([(header::CONTENT_TYPE, "text/plain")], number.to_string()).into_response())
}

/// `GET …/messages/{message}`
pub(crate) fn get(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    let mut response = call.entity(StatusCode::OK, "messages", format.message(&row));
    if let Ok(value) = http::HeaderValue::from_str(&etag(&row)) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}

/// `GET …/messages/{message}/$value`
pub(crate) fn raw(call: &Call) -> Answer {
    let (row, _) = call.message()?;
    Ok(([(header::CONTENT_TYPE, "text/plain")], row.raw()).into_response())
}

/// Properties that only a draft may change.
const DRAFT_ONLY: &[&str] = &[
    "subject",
    "body",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "from",
    "sender",
    "internetMessageId",
    "internetMessageHeaders",
];

/// `PATCH …/messages/{message}`
pub(crate) fn update(call: &Call) -> Answer {
    let (row, format) = call.message()?;
    call.check_etag(&row)?;
    let body = call.object()?;
    let patch = Patch::parse(&body)?;
    let mut fields = patch.fields;
    let touched: Vec<&str> = DRAFT_ONLY
        .iter()
        .copied()
        .filter(|p| property(&body, p).is_some())
        .collect();
    let letter = if touched.is_empty() {
        None
    } else if row.draft {
        fields.add(Fields::CONTENT);
        Some(super::compose::amended(call, &row, &body)?)
    } else {
        let message = format!(
            "Property '{}' can be changed on drafts only.",
            touched.join("', '")
        );
        return Err(GraphError::bad("ErrorInvalidPropertySet", message));
    };
    let extended = super::compose::extended(&body)?;
    if fields.is_empty() && extended.is_empty() {
        return Ok(call.entity(StatusCode::OK, "messages", format.message(&row)));
    }
    let updated = call.with(|m| {
        m.update(row.key, fields, call.now, |row| {
            patch.apply(row);
            for (id, value) in extended {
                row.extended
                    .retain(|(i, _)| !super::filter::same_property(i, &id));
                row.extended.push((id, value));
            }
            if let Some(letter) = letter {
                row.message_id.clone_from(&letter.message_id);
                row.content = crate::microsoft::mailbox::message::Stored::Letter(Arc::new(letter));
            }
        })
    });
    let updated = updated.ok_or_else(GraphError::item_not_found)?;
    Ok(call.entity(StatusCode::OK, "messages", format.message(&updated)))
}

/// `POST …/move`
pub(crate) fn relocate(call: &Call) -> Answer {
    let body = call.object()?;
    let (row, format) = call.with(|m| -> Result<_, GraphError> {
        let row = find(m, call.param("message"))?;
        let to = destination(m, &body)?;
        let moved = if row.folder == to {
            Some(row)
        } else {
            m.relocate(row.key, to, call.now)
        };
        Ok((
            moved.ok_or_else(GraphError::item_not_found)?,
            call.format(m.uid),
        ))
    })?;
    Ok(call.entity(StatusCode::CREATED, "messages", format.message(&row)))
}

/// `POST …/copy`
pub(crate) fn copy(call: &Call) -> Answer {
    let body = call.object()?;
    let (row, format) = call.with(|m| -> Result<_, GraphError> {
        let row = find(m, call.param("message"))?;
        let to = destination(m, &body)?;
        let copy = Message {
            key: 0,
            instance: 0,
            folder: to,
            created: call.now,
            modified: call.now,
            ..(*row).clone()
        };
        Ok((m.add(copy), call.format(m.uid)))
    })?;
    Ok(call.entity(StatusCode::CREATED, "messages", format.message(&row)))
}

/// `DELETE …/messages/{message}`: into the recoverable items, out of sight of the mailbox.
pub(crate) fn delete(call: &Call) -> Answer {
    call.with(|m| -> Result<_, GraphError> {
        let row = find(m, call.param("message"))?;
        call.check_etag(&row)?;
        if row.folder == key::RECOVERABLE {
            m.purge(row.key);
        } else {
            m.relocate(row.key, key::RECOVERABLE, call.now);
        }
        Ok(())
    })?;
    Ok(no_content())
}

/// `POST …/permanentDelete`
pub(crate) fn purge(call: &Call) -> Answer {
    call.with(|m| -> Result<_, GraphError> {
        let row = find(m, call.param("message"))?;
        m.purge(row.key);
        Ok(())
    })?;
    Ok(no_content())
}

/// 204.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The message's id in a form that survives moves, for the control API.
pub(crate) fn stable_id(mailbox: u64, row: &Message) -> String {
    ids::message(mailbox, row.key, row.instance, ids::IdKind::Immutable)
}
