//! What happens at the providers meanwhile: letters arrive, and their owners read, star, move and delete with another program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use tokio::sync::watch;

use super::people::Mailbox;
use crate::providers::{Providers, Remote};

/// Mailboxes grow until they have so many messages; from then on as many are deleted as arrive.
const LARGEST: usize = 40;

/// How much happened.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Letters that arrived.
    pub(super) arrived: AtomicU64,
    /// Messages that were marked or moved.
    pub(super) changed: AtomicU64,
    /// Messages that were deleted.
    pub(super) removed: AtomicU64,
}

/// Goes on until told to stop.
///
/// # Errors
///
/// If the control of the fakes refuses.
pub(super) async fn happen(
    providers: Providers,
    mailboxes: Vec<Mailbox>,
    changes: Arc<Changes>,
    pause: Duration,
    seed: u64,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    let mut dice = StdRng::seed_from_u64(!seed);
    let mut number = 0_u64;
    while !*stop.borrow() {
        let mailbox = mailboxes.choose(&mut dice).context("no mailbox")?;
        let there = providers.of(mailbox.provider, &mailbox.address);
        let messages = there.mailbox(mailbox.provider).await?.messages;
        let message = messages.choose(&mut dice).filter(|message| !message.draft);
        let kind = match (dice.random_range(0..10), message) {
            (0..4, _) | (_, None) if messages.len() < LARGEST => {
                number += 1;
                let mail = mail(&mailbox.address, number, seed);
                there.deliver(mailbox.provider, &mail).await?;
                &changes.arrived
            }
            (0..6, Some(message)) if messages.len() >= LARGEST => {
                there.remove(mailbox.provider, &message.id).await?;
                &changes.removed
            }
            (4, Some(message)) => {
                there.remove(mailbox.provider, &message.id).await?;
                &changes.removed
            }
            (choice, Some(message)) => {
                change(&there, mailbox.provider, message, choice).await?;
                &changes.changed
            }
            (_, None) => continue,
        };
        kind.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause.mul_f64(2.0 * dice.random::<f64>())).await;
    }
    Ok(())
}

async fn change(there: &Providers, provider: &str, message: &Remote, choice: u8) -> Result<()> {
    let change = match choice {
        5 | 6 => json!({ "read": !message.read }),
        7 => json!({ "starred": !message.starred }),
        8 => json!({ "move_to": "archive" }),
        _ => json!({ "move_to": "inbox" }),
    };
    there.change(provider, &message.id, change).await
}

fn mail(to: &str, number: u64, seed: u64) -> String {
    format!(
        "From: Grace Hopper <grace@elsewhere.example>\r\n\
         To: <{to}>\r\n\
         Subject: News {number} of the outside\r\n\
         Message-ID: <{number}.{seed:x}@elsewhere.example>\r\n\
         Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         This is the news, number {number}.\r\n"
    )
}
