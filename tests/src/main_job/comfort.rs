//! What makes a mailbox pleasant: drafts that stay one, people found while typing, files together, a signature, folders left out, and a
//! log of what synchronising did.

use anyhow::{Context, Result, bail};
use provider_sim::corpus::landmark;
use serde_json::{Value, json};

use super::read::Mixed;
use super::{Job, PATIENCE};
use crate::json::{has, list, number, text};
use crate::wait::until;

const SUBJECT: &str = "Черновик: plan 2027";

/// Saved, opened by its message, saved twice more: the provider never has two of it, and none when it is thrown away.
pub(super) async fn draft(job: &Job) -> Result<((), String)> {
    let draft = json!({
        "account": job.account,
        "to": [{ "name": "", "email": "grace@elsewhere.example" }],
        "subject": SUBJECT,
        "html": "<p>Раз</p>",
    });
    let mut saved = job
        .client
        .post("/api/mail/drafts", draft)
        .await?
        .success()?;
    at_provider(job, "Раз").await?;
    let message = shown(job).await?;
    for body in ["Два", "Три"] {
        let opened = job.get(&format!("/api/mail/drafts/{message}")).await;
        // Gmail names the message anew with each saving; the draft keeps its own id.
        let opened = match opened {
            Ok(opened) => opened,
            Err(_) => {
                job.get(&format!("/api/mail/drafts/{}", text(&saved, "/id")?))
                    .await?
            }
        };
        if opened.pointer("/saved/id") != saved.get("id") {
            bail!("another draft was opened: {opened} instead of {saved}");
        }
        let mut content = opened.get("draft").cloned().context("the draft")?;
        let fields = content.as_object_mut().context("the draft is no object")?;
        fields.insert("html".to_owned(), format!("<p>{body}</p>").into());
        fields.insert("text".to_owned(), Value::Null);
        saved = job
            .client
            .patch(
                &format!("/api/mail/drafts/{}", text(&saved, "/id")?),
                json!({ "revision": opened.pointer("/saved/revision"), "draft": content }),
            )
            .await?
            .success()?;
        at_provider(job, body).await?;
    }
    job.client
        .delete(&format!("/api/mail/drafts/{}", text(&saved, "/id")?))
        .await?
        .success()?;
    until("the draft to be gone", PATIENCE, || async {
        let left = drafts(job).await?;
        Ok(if left == 0 {
            Ok(())
        } else {
            Err(format!("{left} are left"))
        })
    })
    .await?;
    Ok(((), "saved three times, one draft".to_owned()))
}

/// Drafts of ours at the provider.
async fn drafts(job: &Job) -> Result<usize> {
    let mailbox = job.mailbox().await?;
    let ours = mailbox
        .messages
        .iter()
        .filter(|message| message.subject == SUBJECT);
    Ok(ours.count())
}

/// Waits until the mailbox here shows one draft, which says this; by then the provider must have one.
async fn at_provider(job: &Job, body: &str) -> Result<()> {
    until("the draft to be saved", PATIENCE, || async {
        let folder = job.folder("drafts").await?;
        let page = job
            .get(&format!(
                "/api/mail/messages?account={}&folder={folder}",
                job.account
            ))
            .await?;
        let ours: Vec<&Value> = list(&page, "/items")?
            .iter()
            .filter(|message| message["subject"] == SUBJECT)
            .collect();
        Ok(match ours.as_slice() {
            [one]
                if one["snippet"]
                    .as_str()
                    .is_some_and(|text| text.contains(body)) =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        })
    })
    .await?;
    match drafts(job).await? {
        1 => Ok(()),
        many => bail!("the provider has {many} drafts instead of one"),
    }
}

/// The message that the draft is.
async fn shown(job: &Job) -> Result<String> {
    let folder = job.folder("drafts").await?;
    let page = job
        .get(&format!(
            "/api/mail/messages?account={}&folder={folder}",
            job.account
        ))
        .await?;
    let found = list(&page, "/items")?
        .iter()
        .find(|message| message["subject"] == SUBJECT)
        .context("the draft is not listed")?;
    if !has(found, "/marks", "draft") {
        bail!("the draft is not marked as one: {found}");
    }
    Ok(text(found, "/id")?.to_owned())
}

/// Whom mail was sent to is found by name, address and domain.
pub(super) async fn recipients(job: &Job) -> Result<((), String)> {
    for typed in ["grace", "Hopp", "elsewh", "grace@else"] {
        let found = until("the person to be known", PATIENCE, || async {
            let found = job
                .get(&format!("/api/mail/recipients?q={typed}&limit=5"))
                .await?;
            let people = list(&found, "/items")?;
            Ok(
                match people
                    .iter()
                    .find(|person| person["email"] == "grace@elsewhere.example")
                {
                    Some(person) => Ok(person.clone()),
                    None => Err(found.to_string()),
                },
            )
        })
        .await?;
        if text(&found, "/name")? != "Grace Hopper" {
            bail!("she is offered without her name: {found}");
        }
    }
    Ok(((), "by name, address and domain".to_owned()))
}

/// All files in one archive; one of them shown in the browser, in part.
pub(super) async fn files(job: &Job, mixed: &Mixed) -> Result<((), String)> {
    let archive = job
        .client
        .get(&format!("/api/mail/messages/{}/attachments.zip", mixed.id))
        .await?;
    let holds = |part: &[u8]| {
        archive
            .body
            .windows(part.len())
            .any(|window| window == part)
    };
    if archive.status != 200
        || !archive.body.starts_with(b"PK\x03\x04")
        || !holds(landmark::ATTACHMENT_NAME.as_bytes())
        || !holds(&landmark::attachment())
        || holds(landmark::IMAGE_NAME.as_bytes())
    {
        bail!(
            "the archive came with status {} and {} bytes, or lacks the attachment, or holds the inline image",
            archive.status,
            archive.body.len()
        );
    }
    let attachment = list(&mixed.message, "/attachments")?
        .iter()
        .find(|attachment| attachment["name"] == landmark::ATTACHMENT_NAME)
        .context("the attachment")?;
    let shown = job
        .client
        .send(
            reqwest::Method::GET,
            &format!(
                "/api/mail/messages/{}/attachments/{}?disposition=inline",
                mixed.id,
                text(attachment, "/id")?
            ),
            |request| request.header("range", "bytes=0-3"),
        )
        .await?;
    let header = |name: &str| {
        shown
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if shown.status != 206
        || !landmark::attachment().starts_with(&shown.body)
        || shown.body.len() != 4
        || !header("content-disposition").starts_with("inline")
        || !header("content-security-policy").contains("sandbox; default-src 'none'")
        || header("x-content-type-options") != "nosniff"
    {
        bail!("a part of the file was shown as {:?}", shown.headers);
    }
    Ok(((), format!("{} bytes", archive.body.len())))
}

/// A signature is kept harmless; spam is left out, and comes back.
pub(super) async fn settings(job: &Job) -> Result<((), String)> {
    let path = format!("/api/mail/accounts/{}", job.account);
    let change = async |change: Value| job.client.patch(&path, change).await?.success();
    let account = change(json!({ "signature": "<p>Ada<script>x()</script></p>" })).await?;
    if text(&account, "/signature")? != "<p>Ada</p>" {
        bail!("the signature is kept as {account}");
    }
    let spam = job.folder("spam").await?;
    let in_spam =
        async || Ok::<_, anyhow::Error>(job.threads(&format!("&folder={spam}")).await?.len());
    let before = in_spam().await?;
    if before == 0 {
        bail!("there is no spam to leave out");
    }
    change(json!({ "left_out": [spam] })).await?;
    until("spam to be gone", PATIENCE, || async {
        let left = in_spam().await?;
        Ok(if left == 0 {
            Ok(())
        } else {
            Err(left.to_string())
        })
    })
    .await?;
    change(json!({ "left_out": [] })).await?;
    until("spam to be back", PATIENCE, || async {
        let back = in_spam().await?;
        Ok(if back == before {
            Ok(())
        } else {
            Err(format!("{back} of {before}"))
        })
    })
    .await?;
    Ok(((), format!("{before} conversations left out and back")))
}

/// The log begins with the linking, tells of the backfill, and pages; the badge counts what the inbox counts.
pub(super) async fn log(job: &Job) -> Result<((), String)> {
    let mut kinds = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = job
            .get(&format!(
                "/api/mail/accounts/{}/log?limit=3{cursor}",
                job.account
            ))
            .await?;
        for entry in list(&page, "/items")? {
            kinds.push(text(entry, "/event/kind")?.to_owned());
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={}", crate::providers::segment(next)),
            None => break,
        }
    }
    if kinds.last().map(String::as_str) != Some("linked")
        || !["began", "finished"]
            .iter()
            .all(|kind| kinds.iter().any(|known| known == kind))
    {
        bail!("the log tells {kinds:?}");
    }
    let inboxes = job.get("/api/mail/folders").await?;
    let mut unread = 0;
    for folder in list(&inboxes, "/items")? {
        if folder["role"] == "inbox" {
            unread += number(folder, "/unread")?;
            if folder["provider_total"].is_null() {
                bail!("the provider's count is not told: {folder}");
            }
        }
    }
    let badge = job.get("/api/mail/unread").await?;
    if number(&badge, "/unread")? != unread {
        bail!("the badge says {badge}, the inboxes {unread}");
    }
    Ok(((), format!("{} entries, {unread} unread", kinds.len())))
}
