//! Managing: what is done here is done at the provider, and the other way round.

use anyhow::{Context, Result, bail};
use provider_sim::corpus::landmark;
use serde_json::json;

use super::read::Mixed;
use super::{Job, PATIENCE};
use crate::json::{has, text};
use crate::wait::until;

/// Unread, then read and starred; the unread count of the inbox follows.
pub(super) async fn marks(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let inbox = job.folder("inbox").await?;
    let unread = async || {
        let folders = job.folders().await?;
        let folder = folders
            .iter()
            .find(|folder| folder.get("id").is_some_and(|id| *id == inbox))
            .context("the inbox")?;
        crate::json::number(folder, "/unread")
    };
    if !has(&mixed.message, "/marks", "unread") {
        bail!("the message should be unread at first: {}", mixed.message);
    }
    let before = unread().await?;
    job.act("mark-read", &mixed.id, None).await?;
    if has(&job.message(&mixed.id).await?, "/marks", "unread") {
        bail!("the message is not shown as read at once");
    }
    let after = unread().await?;
    if after + 1 != before {
        bail!("the unread count of the inbox went from {before} to {after}");
    }
    job.at_provider("read at the provider", landmark::MIXED_ID, |_, remote| {
        remote.read
    })
    .await?;
    job.act("star", &mixed.id, None).await?;
    job.at_provider("a star at the provider", landmark::MIXED_ID, |_, remote| {
        remote.starred
    })
    .await?;
    Ok(((), format!("{after} unread in the inbox")))
}

/// Out of the inbox and back; then a label (where there are labels) or another folder.
pub(super) async fn places(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    job.act("archive", &mixed.id, None).await?;
    job.at_provider(
        "archived at the provider",
        landmark::MIXED_ID,
        |mailbox, remote| !mailbox.is_in(remote, "inbox"),
    )
    .await?;
    job.act("unarchive", &mixed.id, None).await?;
    job.at_provider(
        "back in the inbox",
        landmark::MIXED_ID,
        |mailbox, remote| mailbox.is_in(remote, "inbox"),
    )
    .await?;
    let folders = job.folders().await?;
    let of_role = |role: &str| {
        folders
            .iter()
            .find(|folder| folder.get("role").is_some_and(|known| known == role))
    };
    let mut notes = Vec::new();
    if let Some(label) = of_role("label") {
        let (id, name) = (text(label, "/id")?, text(label, "/name")?.to_owned());
        job.act("add-label", &mixed.id, Some(id)).await?;
        job.at_provider(
            "labelled at the provider",
            landmark::MIXED_ID,
            |mailbox, remote| mailbox.is_in(remote, &name),
        )
        .await?;
        job.act("remove-label", &mixed.id, Some(id)).await?;
        job.at_provider(
            "the label gone at the provider",
            landmark::MIXED_ID,
            |mailbox, remote| !mailbox.is_in(remote, &name),
        )
        .await?;
        notes.push(format!("label {name}"));
    }
    if let Some(folder) = of_role("folder") {
        let (id, name) = (text(folder, "/id")?, text(folder, "/name")?.to_owned());
        job.act("move-to", &mixed.id, Some(id)).await?;
        job.at_provider(
            "moved at the provider",
            landmark::MIXED_ID,
            |mailbox, remote| mailbox.is_in(remote, &name),
        )
        .await?;
        let inbox = job.folder("inbox").await?;
        job.act("move-to", &mixed.id, Some(&inbox)).await?;
        job.at_provider("moved back", landmark::MIXED_ID, |mailbox, remote| {
            mailbox.is_in(remote, "inbox")
        })
        .await?;
        notes.push(format!("folder {name}"));
    }
    if notes.is_empty() {
        bail!("there is neither a label nor a folder to try");
    }
    Ok(((), notes.join(", ")))
}

/// Into the trash, out of the list, and back to where it was.
pub(super) async fn trash(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let trashed = |mailbox: &crate::providers::Mailbox, remote: &crate::providers::Remote| {
        mailbox.is_in(remote, "trash") || mailbox.is_in(remote, "deleteditems")
    };
    job.act("trash", &mixed.id, None).await?;
    job.at_provider("in the trash at the provider", landmark::MIXED_ID, trashed)
        .await?;
    let trash = job.folder("trash").await?;
    if !has(&job.message(&mixed.id).await?, "/folders", &trash) {
        bail!("the message is not shown in the trash");
    }
    job.act("restore", &mixed.id, None).await?;
    job.at_provider(
        "restored at the provider",
        landmark::MIXED_ID,
        |mailbox, remote| !trashed(mailbox, remote) && mailbox.is_in(remote, "inbox"),
    )
    .await?;
    let inbox = job.folder("inbox").await?;
    if !has(&job.message(&mixed.id).await?, "/folders", &inbox) {
        bail!("the message is not shown in the inbox again");
    }
    Ok(((), String::new()))
}

/// New mail, a change and a deletion made at the provider are here after the next synchronisation.
pub(super) async fn incoming(job: &Job) -> Result<((), String)> {
    let mailbox = job.mailbox().await?;
    let victim = mailbox
        .message(landmark::WORD_ID)
        .context("the message with the rare word")?
        .clone();
    let marked = mailbox
        .message(landmark::OPENING_ID)
        .context("the message that opens the thread")?
        .clone();
    let subject = "Arrived while nobody looked";
    job.providers
        .deliver(job.provider, &mail(subject, "<arrived@elsewhere.example>"))
        .await?;
    job.providers
        .change(
            job.provider,
            &marked.id,
            json!({ "starred": !marked.starred }),
        )
        .await?;
    job.providers.remove(job.provider, &victim.id).await?;
    job.synchronise("new mail, a change and a deletion", async || {
        let threads = job.threads("").await?;
        let subject_of = |thread: &serde_json::Value| {
            thread
                .get("subject")
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let arrived = threads.iter().any(|thread| subject_of(thread) == subject);
        let gone = !threads
            .iter()
            .any(|thread| subject_of(thread) == landmark::WORD_SUBJECT);
        let thread = threads
            .iter()
            .find(|thread| subject_of(thread).ends_with(landmark::SUBJECT))
            .context("the thread in many scripts")?;
        let whole = job
            .get(&format!("/api/mail/threads/{}", text(thread, "/id")?))
            .await?;
        let opening = crate::json::list(&whole, "/messages")?
            .first()
            .cloned()
            .unwrap_or_default();
        let changed = has(&opening, "/marks", "starred") != marked.starred;
        Ok(if arrived && gone && changed {
            Ok(())
        } else {
            Err(format!("arrived {arrived}, gone {gone}, changed {changed}"))
        })
    })
    .await?;
    until(
        "the search index to forget the deleted message",
        PATIENCE,
        || async {
            let found = job.threads(&format!("&q={}", landmark::WORD)).await?;
            Ok(if found.is_empty() {
                Ok(())
            } else {
                Err(format!("{found:?}"))
            })
        },
    )
    .await?;
    Ok(((), String::new()))
}

/// A small message from outside.
pub(crate) fn mail(subject: &str, id: &str) -> String {
    format!(
        "Message-ID: {id}\r\nFrom: Someone <someone@elsewhere.example>\r\nTo: you@example.com\r\nSubject: {subject}\r\n\
         Date: Thu, 01 Oct 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello there.\r\n"
    )
}
