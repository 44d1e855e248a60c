//! What a person does with one mailbox.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::PATIENCE;
use crate::client::Client;
use crate::consent;
use crate::json::{list, text};
use crate::main_job::mail;
use crate::providers::{Providers, segment};
use crate::site::CALLBACK;
use crate::stack::Stack;
use crate::wait::until;

/// A member with one linked mailbox.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) client: Client,
    /// Of which this mailbox is the main one.
    pub(super) providers: Providers,
    pub(super) provider: &'static str,
    /// The linked account's id.
    pub(super) account: String,
}

/// Links a mailbox on the consent pages and waits until it is up to date; answers the account's id.
pub(super) async fn link(
    stack: &Stack,
    client: &Client,
    provider: &'static str,
    address: &str,
) -> Result<String> {
    let link = json!({ "provider": provider, "sync_since": 0 });
    let begun = client.post("/api/mail/accounts", link).await?.success()?;
    let back = stack.host.base().join(CALLBACK)?;
    let person = consent::Person::willing(address);
    let authorize = text(&begun, "/authorize_url")?;
    let back = person
        .visit(client.browser(), authorize, back.as_str())
        .await?;
    client
        .browser()
        .get(back)
        .send()
        .await?
        .error_for_status()?;
    until("the mailbox", PATIENCE, || async {
        let accounts = client.get("/api/mail/accounts").await?.success()?;
        let found = list(&accounts, "/items")?
            .iter()
            .find(|account| account["email"] == address);
        let found = found.with_context(|| format!("{address} was not linked: {accounts}"))?;
        Ok(if text(found, "/status/condition")? == "up-to-date" {
            Ok(text(found, "/id")?.to_owned())
        } else {
            Err(found.to_string())
        })
    })
    .await
}

impl Person {
    async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(path).await?.success()
    }

    /// Something that a list named; none: it went since, and the list names it no more.
    async fn open(
        &self,
        path: &str,
        id: &str,
        (named_by, items): (&str, &str),
    ) -> Result<Option<Value>> {
        let answer = self.client.get(&format!("{path}/{id}")).await?;
        if answer.status != 404 {
            return Ok(Some(answer.success()?));
        }
        let again = self.client.get(named_by).await?;
        if again.status != 404 {
            let again = again.success()?;
            if list(&again, items)?.iter().any(|item| item["id"] == id) {
                bail!("{path}/{id} is named by {named_by} and can't be opened");
            }
        }
        Ok(None)
    }

    /// Mail comes in, is asked for and seen; answers its id at the provider and here.
    pub(super) async fn receives(&self, subject: &str) -> Result<(String, String)> {
        let id = format!("<{}@elsewhere.example>", subject.replace(' ', "."));
        let there = self
            .providers
            .deliver(self.provider, &mail(subject, &id))
            .await?;
        let sync = format!("/api/mail/accounts/{}/sync", self.account);
        until("a look for it", PATIENCE, || async {
            let answer = self.client.post(&sync, json!({})).await?;
            // Somebody who is told that the account waits for its provider asks again.
            Ok(match answer.status {
                503 => Err(String::from_utf8_lossy(&answer.body).into_owned()),
                _ => Ok(answer.success().map(drop)?),
            })
        })
        .await?;
        let newest = format!("/api/mail/messages?account={}&limit=20", self.account);
        let here = until("new mail", PATIENCE, || async {
            let page = self.get(&newest).await?;
            let found = list(&page, "/items")?
                .iter()
                .find(|message| message["subject"] == subject);
            Ok(match found {
                Some(message) => Ok(text(message, "/id")?.to_owned()),
                None => Err(self
                    .get(&format!("/api/mail/accounts/{}", self.account))
                    .await?
                    .to_string()),
            })
        })
        .await?;
        Ok((there, here))
    }

    /// The inbox, some of its threads with all that belongs to their messages, a search.
    pub(super) async fn reads(&self, words: &str) -> Result<()> {
        self.get("/api/mail/folders").await?;
        let (threads, messages) = ("/api/mail/threads", "/api/mail/messages");
        let listing = format!("{threads}?account={}&limit=50", self.account);
        let page = self.get(&listing).await?;
        for thread in list(&page, "/items")?.iter().take(5) {
            let id = text(thread, "/id")?;
            let Some(thread) = self.open(threads, id, (&listing, "/items")).await? else {
                continue;
            };
            let path = format!("{threads}/{id}");
            for message in list(&thread, "/messages")? {
                let id = text(message, "/id")?;
                let named = (path.as_str(), "/messages");
                let Some(whole) = self.open(messages, id, named).await? else {
                    continue;
                };
                for file in list(&whole, "/attachments")? {
                    let file = text(file, "/id")?;
                    let file = format!("{messages}/{id}/attachments/{file}");
                    let answer = self.client.get(&file).await?;
                    // With its message.
                    if answer.status == 404 && self.open(messages, id, named).await?.is_none() {
                        break;
                    }
                    // An answer of the provider that broke off is told, and asked for again by the person.
                    if !matches!(answer.status, 200 | 502 | 503) {
                        answer.success()?;
                    }
                }
            }
        }
        let found = self
            .get(&format!(
                "/api/mail/threads?account={}&q={}",
                self.account,
                segment(words)
            ))
            .await?;
        list(&found, "/items")?;
        Ok(())
    }

    /// Does something to a message here.
    pub(super) async fn acts(&self, action: &str, message: &str) -> Result<()> {
        let act = json!({ "action": action, "messages": [message] });
        let applied = self
            .client
            .post("/api/mail/actions", act)
            .await?
            .success()?;
        if list(&applied, "/refused")?.is_empty() {
            Ok(())
        } else {
            bail!("{action} was refused: {applied}")
        }
    }

    /// A draft is saved, and thrown away.
    pub(super) async fn thinks_better(&self, subject: &str) -> Result<()> {
        let saved = self
            .client
            .post("/api/mail/drafts", self.letter(subject, &[]))
            .await?
            .success()?;
        let path = format!("/api/mail/drafts/{}", text(&saved, "/id")?);
        self.client.delete(&path).await?.success()?;
        Ok(())
    }

    /// A letter with a file is sent. Ends when the provider has it.
    pub(super) async fn writes(&self, subject: &str) -> Result<()> {
        let upload = self
            .client
            .send(reqwest::Method::POST, "/api/uploads", |request| {
                request
                    .header("content-type", "application/octet-stream")
                    .body(vec![42; 200_000])
            });
        let upload = upload.await?.success()?;
        let file = json!({
            "name": "a.bin", "media_type": "application/octet-stream", "upload": text(&upload, "/id")?,
        });
        let letter = self.letter(subject, &[file]);
        let sent = self
            .client
            .send(reqwest::Method::POST, "/api/mail/send", |request| {
                request
                    .header("idempotency-key", subject)
                    .json(&json!({ "draft": letter }))
            });
        let sent = sent.await?.success()?;
        let id = text(&sent, "/id")?;
        until("the letter to be sent", PATIENCE, || async {
            let outbox = self.get("/api/mail/outbox").await?;
            let row = list(&outbox, "/items")?.iter().find(|row| row["id"] == id);
            let row = row.context("the letter is not in the outbox")?;
            match text(row, "/state")? {
                "sent" => Ok(Ok(())),
                "failed" | "cancelled" => bail!("it was not sent: {row}"),
                _ => Ok(Err(row.to_string())),
            }
        })
        .await
    }

    fn letter(&self, subject: &str, files: &[Value]) -> Value {
        json!({
            "account": self.account,
            "to": [{ "name": "", "email": "grace@elsewhere.example" }],
            "subject": subject,
            "html": "<p>Once.</p>",
            "attachments": files,
        })
    }
}
