//! Sending: exactly once, in the right thread, with what belongs to it.

use anyhow::{Context, Result, bail};
use mail_parser::{MessageParser, MimeHeaders};
use provider_sim::corpus::landmark;
use serde_json::{Value, json};

use super::read::Mixed;
use super::{Job, PATIENCE};
use crate::client::Answer;
use crate::json::{list, text};
use crate::providers::Sent;
use crate::wait::until;

/// The file that is sent: every byte value, so that nothing on the way can mistake it for text.
fn file() -> Vec<u8> {
    (0..=255).cycle().take(100_000).collect()
}

pub(super) async fn send(job: &Job, key: &str, draft: &Value) -> Result<Answer> {
    job.client
        .send(reqwest::Method::POST, "/api/mail/send", |request| {
            request
                .header("idempotency-key", key)
                .json(&json!({ "draft": draft }))
        })
        .await
}

/// What a provider sent with this subject.
pub(super) async fn sent_as(job: &Job, subject: &str) -> Result<Vec<(Sent, Vec<u8>)>> {
    let mut found = Vec::new();
    for sent in job.providers.sent(job.provider).await? {
        let raw = decode(&sent.raw)?;
        let message = MessageParser::default()
            .parse(&raw)
            .context("a sent message can't be parsed")?;
        if message.subject() == Some(subject) {
            found.push((sent, raw));
        }
    }
    Ok(found)
}

/// Waits until an outgoing message is sent and its copy is known here; answers the copy.
pub(super) async fn settled(job: &Job, id: &str) -> Result<Value> {
    let message = until("the message to be sent", PATIENCE, || async {
        let outbox = job.get("/api/mail/outbox").await?;
        let row = list(&outbox, "/items")?
            .iter()
            .find(|row| row.get("id").is_some_and(|known| known == id))
            .cloned();
        let row = row.context("the message is not in the outbox")?;
        match (
            text(&row, "/state")?,
            row.get("message").and_then(Value::as_str),
        ) {
            ("sent", Some(message)) => Ok(Ok(message.to_owned())),
            ("failed" | "cancelled", _) => bail!("it was not sent: {row}"),
            _ => Ok(Err(row.to_string())),
        }
    })
    .await?;
    job.message(&message).await
}

/// The provider's answer to the sending itself is lost, and the client asks again with its key: one message arrives.
pub(super) async fn new(job: &Job) -> Result<((), String)> {
    let subject = "Отчёт за октябрь / 十月报告";
    let upload = job
        .client
        .send(reqwest::Method::POST, "/api/uploads", |request| {
            request
                .header("content-type", "application/octet-stream")
                .body(file())
        })
        .await?
        .success()?;
    let draft = json!({
        "account": job.account,
        "to": [{ "name": "Grace Hopper", "email": "grace@elsewhere.example" }],
        "bcc": [{ "name": "", "email": "hidden@elsewhere.example" }],
        "subject": subject,
        "html": "<p>Всё в <b>приложении</b>.</p>",
        "attachments": [{ "name": "отчёт.bin", "media_type": "application/octet-stream", "upload": text(&upload, "/id")? }],
    });
    let path = if job.provider == "google" {
        "/drafts/send"
    } else {
        "/messages/[^/]+/send"
    };
    job.providers
        .fault(
            job.provider,
            "POST",
            path,
            1,
            json!({ "do": "lose-answer" }),
        )
        .await?;
    let key = format!("main-job-{}", job.account);
    let first = send(job, &key, &draft).await?.success()?;
    let again = send(job, &key, &draft).await?.success()?;
    if text(&first, "/id")? != text(&again, "/id")? {
        bail!("the same key made two messages: {first} and {again}");
    }
    let copy = settled(job, text(&first, "/id")?).await?;
    job.providers.no_faults(job.provider).await?;
    let sent = sent_as(job, subject).await?;
    let [(one, raw)] = sent.as_slice() else {
        bail!("{} messages were sent instead of one", sent.len())
    };
    if !["grace@elsewhere.example", "hidden@elsewhere.example"]
        .iter()
        .all(|to| one.to.iter().any(|known| known == to))
    {
        bail!("the recipients are {:?}", one.to);
    }
    let message = MessageParser::default()
        .parse(raw)
        .context("the sent message can't be parsed")?;
    if message.bcc().is_some()
        || !message
            .body_html(0)
            .is_some_and(|html| html.contains("приложении"))
    {
        bail!("the sent message shows its hidden recipient or lacks its text");
    }
    let attachment = message
        .attachment(0)
        .context("the sent message has no attachment")?;
    if attachment.contents() != file() || attachment.attachment_name() != Some("отчёт.bin") {
        bail!(
            "the attachment that was sent differs: {:?}",
            attachment.attachment_name()
        );
    }
    if text(&copy, "/subject")? != subject {
        bail!("the sent copy is another message: {copy}");
    }
    Ok(((), "one message for two requests".to_owned()))
}

/// The reply names what it answers, and stands in its thread here.
pub(super) async fn reply(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let mut draft = job
        .client
        .post(
            "/api/mail/drafts/prepare",
            json!({ "message": mixed.id, "relation": "reply" }),
        )
        .await?
        .success()?;
    if text(&draft, "/to/0/email")? != landmark::FROM.1 {
        bail!("the reply does not go to the sender: {draft}");
    }
    let subject = text(&draft, "/subject")?.to_owned();
    set(&mut draft, "text", "Буду у башни. 到时见。".into())?;
    let first = send(job, &format!("reply-{}", job.account), &draft)
        .await?
        .success()?;
    let copy = settled(job, text(&first, "/id")?).await?;
    let sent = sent_as(job, &subject).await?;
    let (_, raw) = sent
        .last()
        .with_context(|| format!("nothing was sent as {subject}"))?;
    let message = MessageParser::default()
        .parse(raw)
        .context("the reply can't be parsed")?;
    let original = landmark::MIXED_ID.trim_matches(['<', '>']);
    let names = |header: &mail_parser::HeaderValue<'_>| {
        header
            .as_text_list()
            .unwrap_or_default()
            .iter()
            .any(|id| id.trim_matches(['<', '>']) == original)
    };
    if !names(message.in_reply_to()) || !names(message.references()) {
        bail!(
            "In-Reply-To is {:?}, References are {:?}",
            message.in_reply_to(),
            message.references()
        );
    }
    if text(&copy, "/thread")? != mixed.thread {
        bail!("the reply stands in another thread: {copy}");
    }
    Ok(((), subject))
}

/// The forwarded message goes with its attachment.
pub(super) async fn forward(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let mut draft = job
        .client
        .post(
            "/api/mail/drafts/prepare",
            json!({ "message": mixed.id, "relation": "forward" }),
        )
        .await?
        .success()?;
    let subject = text(&draft, "/subject")?.to_owned();
    set(
        &mut draft,
        "to",
        json!([{ "name": "", "email": "grace@elsewhere.example" }]),
    )?;
    let first = send(job, &format!("forward-{}", job.account), &draft)
        .await?
        .success()?;
    settled(job, text(&first, "/id")?).await?;
    let sent = sent_as(job, &subject).await?;
    let (_, raw) = sent
        .last()
        .with_context(|| format!("nothing was sent as {subject}"))?;
    let message = MessageParser::default()
        .parse(raw)
        .context("the forward can't be parsed")?;
    if !message
        .attachments()
        .any(|part| part.contents() == landmark::attachment())
    {
        bail!("the forwarded message lacks its attachment");
    }
    Ok(((), subject))
}

fn set(draft: &mut Value, field: &str, value: Value) -> Result<()> {
    draft
        .as_object_mut()
        .context("the draft is no object")?
        .insert(field.to_owned(), value);
    Ok(())
}

/// What was sent, as the control API answers it.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
}
