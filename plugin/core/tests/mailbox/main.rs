//! A mailbox can be listed, read, followed, changed and written from, at either provider, and nothing is lost or sent twice when an
//! answer is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod editing;
mod following;
mod reading;
mod sending;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod uploads;

use email_manager_core::provider::{Mailbox, Provider as _, RemoteMessage, Wanted};
use email_manager_core::settings::ProviderKind;
use email_manager_core::testing::Memory;
use provider_sim::Limits;
use std::collections::BTreeMap;
use support::World;

const BOB: &str = "bob@example.com";

/// No limits: pacing is the business of whoever calls.
async fn world(kind: ProviderKind, messages: u32) -> World {
    let world = World::with(kind, messages).await;
    world.sim.set_limits(Limits {
        google_units_per_minute: None,
        google_sends_per_day: None,
        microsoft_requests_per_ten_minutes: None,
        ..Limits::default()
    });
    world.link().await;
    world
}

/// Ids of everything that a listing names, with what came whole.
async fn listed(
    mailbox: &Mailbox<'_, Memory>,
    since: Option<u64>,
) -> (Vec<String>, Vec<RemoteMessage>) {
    let (mut ids, mut whole) = (Vec::new(), Vec::new());
    for stream in mailbox.streams(&mailbox.folders().await.unwrap()) {
        let mut page = None;
        loop {
            let listing = mailbox.list(&stream, since, page.as_deref()).await.unwrap();
            for item in listing.items {
                ids.push(item.id.clone());
                whole.extend(item.message.map(|message| *message));
            }
            page = listing.next;
            if page.is_none() {
                break;
            }
        }
    }
    (ids, whole)
}

fn wanted(ids: &[String]) -> Vec<Wanted> {
    ids.iter().map(Wanted::from).collect()
}

async fn everything(mailbox: &Mailbox<'_, Memory>) -> BTreeMap<String, RemoteMessage> {
    let (ids, whole) = listed(mailbox, None).await;
    if !whole.is_empty() {
        return whole
            .into_iter()
            .map(|message| (message.id.clone(), message))
            .collect();
    }
    let fetched = mailbox.fetch(&wanted(&ids)).await.unwrap();
    fetched
        .into_iter()
        .map(|(id, message)| (id, message.unwrap()))
        .collect()
}

fn by_message_id<'a>(all: &'a BTreeMap<String, RemoteMessage>, id: &str) -> &'a RemoteMessage {
    all.values()
        .find(|message| message.message_id.as_deref() == Some(id))
        .unwrap()
}
