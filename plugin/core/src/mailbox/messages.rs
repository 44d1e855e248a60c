//! Messages and conversations.

use super::{Scope, limit, select};
use crate::content;
use crate::model::{
    Attachment, Caller, Content, Error, Filter, Items, Message, Result, Showing, Slice,
};
use crate::platform::Platform;
use crate::store::commit::real;
use crate::store::{accounts, reads, rows};

/// A message as the contract has it.
fn present(row: rows::Message) -> Message {
    let marks = select::marks(&row);
    let attachments = row.files.0.into_iter().map(|file| Attachment {
        id: file.id,
        name: file_name(&file.name),
        media_type: file.media_type,
        size: file.size,
        inline: file.inline,
        content_id: file.content_id,
    });
    Message {
        marks,
        folders: real(&row.folders.0, &row.account),
        attachments: attachments.collect(),
        id: row.id,
        thread: row.thread,
        account: row.account,
        message_header_id: row.header_id,
        subject: row.subject,
        from: row.sender.0,
        to: row.recipients.0,
        cc: row.cc.0,
        bcc: row.bcc.0,
        reply_to: row.reply_to.0,
        sent: row.sent,
        received: row.received,
        size: row.size.and_then(|size| u64::try_from(size).ok()),
        snippet: row.snippet,
        problem: row.problem,
    }
}

/// A name that is safe to save under.
pub(super) fn file_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|character| {
            if character == '/' || character == '\\' || character.is_control() {
                '_'
            } else {
                character
            }
        })
        .collect();
    let clean = clean.trim().trim_matches('.').to_owned();
    if clean.is_empty() {
        "attachment".to_owned()
    } else {
        clean
    }
}

/// Messages, newest first. A page may be short although there are more.
///
/// # Errors
/// `NotFound` for foreign accounts and folders; what the store answers.
pub async fn list_messages(
    platform: &impl Platform,
    caller: &Caller,
    filter: &Filter,
    slice: Slice,
) -> Result<Items<Message>> {
    let scope = Scope::of(platform, &caller.user, filter).await?;
    let (rows, next) = select::page(
        platform,
        &caller.user,
        &scope,
        filter,
        limit(slice.limit),
        slice.cursor,
    )
    .await?;
    Ok(Items {
        items: rows.into_iter().map(present).collect(),
        next,
    })
}

/// Messages of a conversation, oldest first.
///
/// # Errors
/// `NotFound` for an unknown or foreign one; what the store answers.
pub async fn thread(platform: &impl Platform, caller: &Caller, id: &str) -> Result<Vec<Message>> {
    let threads = reads::threads(platform, &[id.to_owned()]).await?;
    let thread = threads
        .into_iter()
        .find(|thread| thread.user == caller.user)
        .ok_or(Error::NotFound)?;
    accounts::owned(platform, &caller.user, &thread.account).await?;
    Ok(reads::thread_messages(platform, id)
        .await?
        .into_iter()
        .map(present)
        .collect())
}

/// One message.
///
/// # Errors
/// `NotFound` for an unknown or foreign one; what the store answers.
pub async fn message(platform: &impl Platform, caller: &Caller, id: &str) -> Result<Message> {
    Ok(present(
        reads::owned_message(platform, &caller.user, id).await?.1,
    ))
}

/// Text and HTML of a message, as they came.
pub(crate) async fn open(platform: &impl Platform, id: &str) -> Result<(String, Option<String>)> {
    let Some(body) = reads::body(platform, id).await? else {
        return Ok((String::new(), None));
    };
    let Some(whole) = body.whole else {
        return Ok((body.text, body.html));
    };
    let bytes = content::load(platform, &whole.0).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Other(format!("a stored body can't be read: {error}")))
}

/// A message's body, ready to show.
///
/// # Errors
/// `NotFound` for an unknown or foreign message; what the store answers.
pub async fn content(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    showing: &Showing,
) -> Result<Content> {
    let (_, message) = reads::owned_message(platform, &caller.user, id).await?;
    let (text, html) = open(platform, id).await?;
    Ok(content::show(
        text,
        html.as_deref(),
        &message.files.0,
        showing,
    ))
}
