//! Attachments and raw messages: fetched from the provider when somebody asks, then kept as blobs.

use super::messages::file_name;
use crate::connect::{Connect, Linked};
use crate::content;
use crate::model::{Caller, Download, Error, Result};
use crate::platform::{Platform, StoreError};
use crate::provider::Provider;
use crate::store::rows::{Account, File, Message};
use crate::store::{queues, reads};

/// The part under which the whole message is kept.
const RAW: &str = "raw";

/// An attachment of a message.
///
/// # Errors
/// `NotFound` for an unknown or foreign message or attachment; what the provider's fault means to the caller.
pub async fn attachment(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    message: &str,
    id: &str,
) -> Result<Download> {
    let (account, message) = reads::owned_message(platform, &caller.user, message).await?;
    let part = message
        .files
        .0
        .iter()
        .find(|file| file.id == id)
        .ok_or(Error::NotFound)?;
    let (name, media_type) = (file_name(&part.name), part.media_type.clone());
    let file = fetch(platform, connect, &account, &message, Some(id)).await?;
    Ok(Download {
        blob: file.blob.0,
        name,
        media_type,
        size: u64::try_from(file.size).unwrap_or(0),
    })
}

/// The message as RFC 5322.
///
/// # Errors
/// As [`attachment`].
pub async fn raw(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    message: &str,
) -> Result<Download> {
    let (account, message) = reads::owned_message(platform, &caller.user, message).await?;
    let file = fetch(platform, connect, &account, &message, None).await?;
    let subject = if message.subject.trim().is_empty() {
        "message"
    } else {
        &message.subject
    };
    let name = format!("{}.eml", file_name(subject));
    Ok(Download {
        blob: file.blob.0,
        name,
        media_type: "message/rfc822".into(),
        size: u64::try_from(file.size).unwrap_or(0),
    })
}

/// An attachment, or the whole message, as a kept file.
pub(crate) async fn fetch(
    platform: &impl Platform,
    connect: &impl Connect,
    account: &Account,
    message: &Message,
    part: Option<&str>,
) -> Result<File> {
    let key = part.map_or_else(|| RAW.to_owned(), |part| format!("part:{part}"));
    if let Some(file) = queues::file(platform, &message.id, &key).await? {
        return Ok(file);
    }
    let now = platform.now();
    if account.state != "active" || account.reconnect.is_some() {
        return Err(Error::Reconnect(account.id.clone()));
    }
    if let Some(until) = account.wait_until.filter(|until| *until > now) {
        return Err(Error::BusyUntil(until));
    }
    let fault = |error| Error::of_provider(error, &account.id);
    let mailbox = connect
        .connect(&Linked::from(account))
        .await
        .map_err(fault)?;
    let bytes = match part {
        Some(part) => {
            let attachment = message
                .files
                .0
                .iter()
                .find(|file| file.id == part)
                .ok_or(Error::NotFound)?;
            mailbox
                .attachment(&message.remote, attachment)
                .await
                .map_err(fault)?
        }
        None => mailbox.raw(&message.remote).await.map_err(fault)?,
    };
    let blob = content::store(platform, &bytes).await?;
    platform
        .apply(
            queues::put_file(account, &message.id, &key, blob, bytes.len(), now)
                .into_iter()
                .collect(),
        )
        .await?;
    let kept = queues::file(platform, &message.id, &key).await?;
    kept.ok_or_else(|| StoreError::Unavailable("a file was not kept".into()).into())
}
