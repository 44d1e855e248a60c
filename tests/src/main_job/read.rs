//! Reading: lists, a thread in several scripts, files, search.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use provider_sim::corpus::landmark;
use scraper::{Html, Selector};
use serde_json::Value;

use super::Job;
use crate::json::{has, list, number, text};

/// A message that later steps work on.
pub(super) struct Mixed {
    pub(super) id: String,
    pub(super) thread: String,
    pub(super) message: Value,
}

/// Newest first, nothing twice, and as many threads as the provider has.
pub(super) async fn pages(job: &Job) -> Result<(Vec<Value>, String)> {
    let threads = job.threads("").await?;
    let ids: BTreeSet<&str> = threads
        .iter()
        .map(|thread| text(thread, "/id"))
        .collect::<Result<_>>()?;
    if ids.len() != threads.len() {
        bail!("{} threads are listed twice", threads.len() - ids.len());
    }
    let times: Vec<u64> = threads
        .iter()
        .map(|thread| number(thread, "/latest"))
        .collect::<Result<_>>()?;
    if !times.is_sorted_by(|newer, older| newer >= older) {
        bail!("the threads are not ordered from newest to oldest");
    }
    let mailbox = job.mailbox().await?;
    let shown = mailbox.messages.iter().filter(|message| {
        !["spam", "trash", "junkemail", "deleteditems"]
            .iter()
            .any(|place| mailbox.is_in(message, place))
    });
    let expected: BTreeSet<&str> = shown.map(|message| message.thread.as_str()).collect();
    if expected.len() != threads.len() {
        bail!(
            "the provider has {} threads outside spam and trash, {} are listed",
            expected.len(),
            threads.len()
        );
    }
    let note = format!("{} threads", threads.len());
    Ok((threads, note))
}

/// Cyrillic, Chinese and quoted-printable text reads as it was written, in plain text and as shown.
pub(super) async fn open(job: &Job, threads: &[Value]) -> Result<(Mixed, String)> {
    let thread = threads.iter().find(|thread| {
        thread
            .get("subject")
            .and_then(Value::as_str)
            .is_some_and(|subject| subject.ends_with(landmark::SUBJECT))
    });
    let id = text(thread.context("the thread is not listed")?, "/id")?.to_owned();
    let whole = job.get(&format!("/api/mail/threads/{id}")).await?;
    let messages = list(&whole, "/messages")?;
    let order: Vec<Option<&str>> = messages
        .iter()
        .map(|message| message.get("message_header_id").and_then(Value::as_str))
        .collect();
    if messages.len() != 3 || order.first() != Some(&Some(landmark::OPENING_ID)) {
        bail!("the thread should be opening, mixed message, answer; it is {order:?}");
    }
    let message = messages.iter().find(|message| {
        message
            .get("message_header_id")
            .is_some_and(|known| known == landmark::MIXED_ID)
    });
    let message = message
        .context("the mixed message is not in its thread")?
        .clone();
    if text(&message, "/from/email")? != landmark::FROM.1
        || text(&message, "/from/name")? != landmark::FROM.0
    {
        bail!("the sender is not {:?}: {message}", landmark::FROM);
    }
    let mixed = Mixed {
        id: text(&message, "/id")?.to_owned(),
        thread: id,
        message,
    };
    let plain = job
        .get(&format!("/api/mail/messages/{}/text", mixed.id))
        .await?;
    let shown = view(job, &mixed.id).await?;
    let shown_text: String = Html::parse_document(&shown).root_element().text().collect();
    for part in [landmark::CYRILLIC, landmark::CHINESE, landmark::ACCENTED] {
        if !text(&plain, "/text")?.contains(part) {
            bail!("`{part}` is not in the plain text: {plain}");
        }
        if !shown_text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains(part)
        {
            bail!("`{part}` is not in what is shown: {shown}");
        }
    }
    if shown.contains("<script") {
        bail!("a script is shown");
    }
    Ok((mixed, format!("{} messages", messages.len())))
}

async fn view(job: &Job, id: &str) -> Result<String> {
    let answer = job
        .client
        .get(&format!("/api/mail/messages/{id}/view"))
        .await?;
    let policy = answer
        .headers
        .get("content-security-policy")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if answer.status != 200 || !policy.contains("sandbox") || !policy.contains("default-src 'none'")
    {
        bail!(
            "the message is shown with status {} under the policy `{policy}`",
            answer.status
        );
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

/// The inline image is shown by an address that works without signing in; the attachment comes byte for byte.
pub(super) async fn files(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let shown = view(job, &mixed.id).await?;
    let images = Selector::parse("img[src]").map_err(|error| anyhow::anyhow!("{error}"))?;
    let sources: Vec<String> = Html::parse_document(&shown)
        .select(&images)
        .filter_map(|image| image.value().attr("src").map(str::to_owned))
        .collect();
    let source = sources
        .iter()
        .find(|source| !source.starts_with("data:"))
        .with_context(|| format!("no image among {sources:?}"))?;
    let image = job
        .client
        .stranger()?
        .browser()
        .get(job.client.base().join(source)?)
        .send()
        .await?
        .error_for_status()
        .context("the inline image")?;
    if image.bytes().await? != landmark::image() {
        bail!("the inline image differs");
    }
    let attachments = list(&mixed.message, "/attachments")?;
    let attachment = attachments.iter().find(|attachment| {
        attachment
            .get("name")
            .is_some_and(|name| name == landmark::ATTACHMENT_NAME)
    });
    let attachment = attachment
        .with_context(|| format!("{} is not among {attachments:?}", landmark::ATTACHMENT_NAME))?;
    let path = format!(
        "/api/mail/messages/{}/attachments/{}",
        mixed.id,
        text(attachment, "/id")?
    );
    let answer = job.client.get(&path).await?;
    if answer.status != 200 || answer.body != landmark::attachment() {
        bail!(
            "the attachment came with status {} and {} bytes instead of {}",
            answer.status,
            answer.body.len(),
            landmark::attachment().len()
        );
    }
    let disposition = answer
        .headers
        .get("content-disposition")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !disposition.starts_with("attachment") {
        bail!("the attachment would be opened in the browser: `{disposition}`");
    }
    Ok(((), format!("{} bytes", answer.body.len())))
}

/// A word that is only in one body finds that one thread.
pub(super) async fn search(job: &Job) -> Result<((), String)> {
    let found = job.threads(&format!("&q={}", landmark::WORD)).await?;
    let subjects: Vec<&str> = found
        .iter()
        .map(|thread| text(thread, "/subject"))
        .collect::<Result<_>>()?;
    if subjects != [landmark::WORD_SUBJECT] {
        bail!("{} found {subjects:?}", landmark::WORD);
    }
    if !job.threads("&q=zzyzxnothing").await?.is_empty() {
        bail!("a word that is nowhere was found");
    }
    let unread = job.threads("&unread=true").await?;
    if unread.is_empty() || !unread.iter().all(|thread| has(thread, "/marks", "unread")) {
        bail!("the filter for unread threads shows read ones, or nothing");
    }
    Ok((
        (),
        format!("`{}` → {}", landmark::WORD, landmark::WORD_SUBJECT),
    ))
}
