//! Mail folders: the tree, well-known names, hidden ones, changes of the tree.

use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, find_folder, get as property};
use super::error::GraphError;
use super::json::{seal, unseal};
use super::messages::{link, no_content};
use super::query::DEFAULT_TOP;
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::{Mailbox, ids};

/// A folder as Graph shows it.
fn show(call: &Call, m: &Mailbox, folder: u32) -> Value {
    let Some(f) = m.folder(folder) else {
        return Value::Null;
    };
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        if call
            .query
            .select
            .as_ref()
            .is_none_or(|s| s.contains(&name.to_ascii_lowercase()))
        {
            out.insert(name.to_owned(), value);
        }
    };
    let parent = f.parent.unwrap_or(key::ROOT);
    put("displayName", json!(f.name));
    put("parentFolderId", json!(ids::folder(m.uid, parent)));
    put(
        "childFolderCount",
        json!(m.children(folder).filter(|(_, c)| !c.hidden).count()),
    );
    let (total, unread) = match &f.query {
        Some(_) => {
            let unread = m
                .folders
                .iter()
                .filter(|f| !f.deleted)
                .map(|f| f.unread)
                .sum::<u32>();
            (unread as usize, unread)
        }
        None => (f.order.len(), f.unread),
    };
    put("unreadItemCount", json!(unread));
    put("totalItemCount", json!(total));
    put("isHidden", json!(f.hidden));
    if let Some(query) = &f.query {
        put("filterQuery", json!(query));
        put("includeNestedFolders", json!(true));
        put("isSupported", json!(true));
        put("sourceFolderIds", json!([ids::folder(m.uid, key::ROOT)]));
    }
    out.insert("id".to_owned(), json!(ids::folder(m.uid, folder)));
    if f.query.is_some() {
        out.insert(
            "@odata.type".to_owned(),
            json!("#microsoft.graph.mailSearchFolder"),
        );
    }
    Value::Object(out)
}

/// `GET /mailFolders` and `GET /mailFolders/{folder}/childFolders`
pub(crate) fn list(call: &Call) -> Answer {
    let hidden = call
        .query
        .option("includeHiddenFolders")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let skip: usize = match &call.query.skip_token {
        Some(token) => unseal(token)
            .ok_or_else(|| GraphError::bad("BadRequest", "The skip token is invalid."))?,
        None => call.query.skip,
    };
    let top = call
        .query
        .top
        .unwrap_or(DEFAULT_TOP)
        .min(call.prefer.page_size.unwrap_or(usize::MAX));
    let (page, total) = call.with(|m| -> Result<_, GraphError> {
        let parent = match call.param("folder") {
            "" => key::ROOT,
            id => find_folder(m, id)?,
        };
        let mut all: Vec<(String, u32)> = m
            .children(parent)
            .filter(|(_, f)| hidden || !f.hidden)
            .map(|(k, f)| (f.name.to_lowercase(), k))
            .collect();
        // Search folders show among the folders of the root.
        if parent == key::ROOT {
            all.extend(
                m.folders
                    .iter()
                    .zip(0..)
                    .filter(|(f, _)| f.query.is_some() && !f.deleted)
                    .map(|(f, k)| (f.name.to_lowercase(), k)),
            );
        }
        all.sort();
        let page: Vec<Value> = all
            .iter()
            .skip(skip)
            .take(top)
            .map(|(_, k)| show(call, m, *k))
            .collect();
        Ok((page, all.len()))
    })?;
    let mut out = Map::new();
    out.insert(
        "@odata.context".to_owned(),
        json!(call.odata_context("mailFolders")),
    );
    if call.query.count {
        out.insert("@odata.count".to_owned(), json!(total));
    }
    out.insert("value".to_owned(), Value::Array(page));
    if skip + top < total {
        out.insert(
            "@odata.nextLink".to_owned(),
            json!(link(call, "$skiptoken", &seal(&(skip + top)))),
        );
    }
    Ok(axum::Json(Value::Object(out)).into_response())
}

/// `GET /mailFolders/{folder}`
pub(crate) fn get(call: &Call) -> Answer {
    let folder = call.with(|m| -> Result<_, GraphError> { Ok(show(call, m, call.folder(m)?)) })?;
    Ok(call.entity(StatusCode::OK, "mailFolders", folder))
}

fn name_of(body: &Map<String, Value>) -> Result<&str, GraphError> {
    property(body, "displayName")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .ok_or_else(|| GraphError::missing("DisplayName"))
}

fn exists() -> GraphError {
    GraphError::new(
        StatusCode::CONFLICT,
        "ErrorFolderExists",
        "A folder with the specified name already exists.",
    )
}

/// `POST /mailFolders` and `POST /mailFolders/{folder}/childFolders`
pub(crate) fn create(call: &Call) -> Answer {
    let body = call.object()?;
    let name = name_of(&body)?;
    let hidden = property(&body, "isHidden")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let made = call.with(|m| -> Result<_, GraphError> {
        let parent = match call.param("folder") {
            "" => key::ROOT,
            id => find_folder(m, id)?,
        };
        let folder = m.create_folder(name, parent, hidden).ok_or_else(exists)?;
        Ok(show(call, m, folder))
    })?;
    Ok(call.entity(StatusCode::CREATED, "mailFolders", made))
}

fn own(m: &Mailbox, folder: u32) -> Result<(), GraphError> {
    match m.folder(folder) {
        Some(f) if f.well_known.is_some() => Err(GraphError::new(
            StatusCode::FORBIDDEN,
            "ErrorDeleteDistinguishedFolder",
            "Distinguished folders cannot be deleted, renamed or moved.",
        )),
        _ => Ok(()),
    }
}

/// `PATCH /mailFolders/{folder}`: another name.
pub(crate) fn update(call: &Call) -> Answer {
    let body = call.object()?;
    let name = name_of(&body)?;
    let folder = call.with(|m| -> Result<_, GraphError> {
        let folder = call.folder(m)?;
        own(m, folder)?;
        let parent = m.folder(folder).and_then(|f| f.parent).unwrap_or(key::ROOT);
        if m.children(parent)
            .any(|(k, f)| k != folder && f.name.eq_ignore_ascii_case(name))
        {
            return Err(exists());
        }
        if let Some(f) = m.folder_mut(folder) {
            name.clone_into(&mut f.name);
        }
        m.folder_log.push(folder);
        Ok(show(call, m, folder))
    })?;
    Ok(call.entity(StatusCode::OK, "mailFolders", folder))
}

/// `POST /mailFolders/{folder}/move`
pub(crate) fn relocate(call: &Call) -> Answer {
    let body = call.object()?;
    let folder = call.with(|m| -> Result<_, GraphError> {
        let folder = call.folder(m)?;
        own(m, folder)?;
        let id = property(&body, "destinationId")
            .and_then(Value::as_str)
            .ok_or_else(|| GraphError::missing("DestinationId"))?;
        let to = find_folder(m, id)?;
        if let Some(f) = m.folder_mut(folder) {
            f.parent = Some(to);
        }
        m.folder_log.push(folder);
        Ok(show(call, m, folder))
    })?;
    Ok(call.entity(StatusCode::CREATED, "mailFolders", folder))
}

/// `DELETE /mailFolders/{folder}`: with all that is in it.
pub(crate) fn delete(call: &Call) -> Answer {
    call.with(|m| -> Result<_, GraphError> {
        let folder = call.folder(m)?;
        own(m, folder)?;
        let mut doomed = vec![folder];
        while let Some(next) = doomed.pop() {
            doomed.extend(m.children(next).map(|(k, _)| k).collect::<Vec<_>>());
            let keys: Vec<u64> = m
                .folder(next)
                .map(|f| f.order.iter().map(|(_, k)| *k).collect())
                .unwrap_or_default();
            for message in keys {
                m.relocate(message, key::RECOVERABLE, call.now);
            }
            if let Some(f) = m.folder_mut(next) {
                f.deleted = true;
            }
            m.folder_log.push(next);
        }
        Ok(())
    })?;
    Ok(no_content())
}

#[derive(Serialize, Deserialize)]
struct Token {
    epoch: u32,
    /// None: a full round.
    since: Option<usize>,
    skip: usize,
    until: usize,
}

/// `GET /mailFolders/delta`: the whole tree first, then folders that were made, renamed, moved or deleted.
pub(crate) fn delta(call: &Call) -> Answer {
    let text = call
        .query
        .skip_token
        .as_ref()
        .or(call.query.delta_token.as_ref());
    let top = call
        .prefer
        .page_size
        .or(call.query.top)
        .unwrap_or(DEFAULT_TOP);
    let (page, next, last) = call.with(|m| -> Result<_, GraphError> {
        let mut token = match text {
            Some(text) => unseal::<Token>(text)
                .ok_or_else(|| GraphError::bad("BadRequest", "Badly formed content."))?,
            None => Token {
                epoch: m.epoch,
                since: None,
                skip: 0,
                until: m.folder_log.len(),
            },
        };
        if token.epoch != m.epoch {
            return Err(super::delta::expired(call, m));
        }
        if call.query.delta_token.is_some() {
            token.until = m.folder_log.len();
        }
        let all: Vec<u32> = match token.since {
            None => (1..)
                .zip(m.folders.iter().skip(1))
                .filter(|(_, f)| !f.deleted && !f.hidden && f.query.is_none())
                .map(|(k, _)| k)
                .collect(),
            Some(since) => {
                let mut changed: Vec<u32> = m
                    .folder_log
                    .iter()
                    .take(token.until)
                    .skip(since)
                    .copied()
                    .collect();
                changed.sort_unstable();
                changed.dedup();
                changed
            }
        };
        let page: Vec<Value> = all
            .iter()
            .skip(token.skip)
            .take(top)
            .map(|k| match m.folder(*k) {
                Some(_) => show(call, m, *k),
                None => json!({"id": ids::folder(m.uid, *k), "@removed": {"reason": "deleted"}}),
            })
            .collect();
        token.skip += page.len();
        let last = token.skip >= all.len();
        let next = if last {
            Token {
                epoch: token.epoch,
                since: Some(token.until),
                skip: 0,
                until: token.until,
            }
        } else {
            token
        };
        Ok((page, seal(&next), last))
    })?;
    let mut out = Map::new();
    out.insert(
        "@odata.context".to_owned(),
        json!(call.odata_context("mailFolders")),
    );
    out.insert("value".to_owned(), Value::Array(page));
    if last {
        out.insert(
            "@odata.deltaLink".to_owned(),
            json!(link(call, "$deltatoken", &next)),
        );
    } else {
        out.insert(
            "@odata.nextLink".to_owned(),
            json!(link(call, "$skiptoken", &next)),
        );
    }
    Ok(axum::Json(Value::Object(out)).into_response())
}
