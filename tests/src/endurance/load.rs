//! Who makes load, each until it is over.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::people::{Person, link};
use super::{Done, World};
use crate::client::Client;

/// Between two misfortunes, two upgrades, two looks at something: this is load, not a race.
const PAUSE: Duration = Duration::from_secs(3);

/// How many misfortunes lie between two upgrades of the plugin.
const UPGRADE_EVERY: u32 = 10;

/// A page is open for so long.
const OPEN: Duration = Duration::from_secs(5);

/// A person gets mail, reads, marks, throws away, and now and then writes.
pub(super) async fn lives(world: &World, person: &Person) -> Result<()> {
    let mut round = 0;
    while world.goes_on(round) {
        let name = format!("{} {round}", person.account);
        let (there, here) = person.receives(&format!("Moth {name}")).await?;
        person.reads("relay moth").await?;
        for action in ["star", "mark-read", "unstar", "archive", "unarchive"] {
            person.acts(action, &here).await?;
        }
        if round % 2 == 0 {
            person.thinks_better(&format!("Draft {name}")).await?;
        } else {
            // The mailbox must not grow, or the host would have a reason to.
            person.providers.remove(person.provider, &there).await?;
        }
        if round % 4 == 0 {
            person.writes(&format!("Letter {name}")).await?;
            Done::count(&world.done.letters);
        }
        Done::count(&world.done.rounds);
        round += 1;
    }
    Ok(())
}

/// A page is opened, listens, and is closed.
pub(super) async fn watches(world: &World, person: &Person) -> Result<()> {
    let events = person.client.base().join("/api/events")?;
    let mut round = 0;
    while world.goes_on(round) {
        let stream = person.client.browser().get(events.clone()).send().await?;
        let mut stream = stream.error_for_status()?;
        // Whatever is heard in this time; there may be nothing.
        let listening = async { while let Ok(Some(_)) = stream.chunk().await {} };
        let _ = tokio::time::timeout(OPEN, listening).await;
        round += 1;
    }
    Ok(())
}

/// Somebody links a mailbox, has it synchronised, and unlinks it.
pub(super) async fn visits(world: &World, visitor: &Client) -> Result<()> {
    let mut round = 0;
    while world.goes_on(round) {
        for provider in ["google", "microsoft"] {
            let address = world.stack.site.providers.address(provider)?;
            let account = link(&world.stack, visitor, provider, address).await?;
            let path = format!("/api/mail/accounts/{account}");
            visitor.delete(&path).await?.success()?;
            Done::count(&world.done.visits);
        }
        round += 1;
    }
    Ok(())
}

/// The plugin is upgraded to what it is, and its settings are saved, while everybody works.
pub(super) async fn administers(world: &World) -> Result<()> {
    let site = &world.stack.site;
    let mut round = 0;
    while world.goes_on(round) {
        // A password is good for a quarter of an hour.
        site.sign_in_administrator().await?;
        let id = site.plugin().await?;
        site.upgrade(&id, world.component.clone()).await?;
        site.save_settings(&id, "google").await?;
        Done::count(&world.done.upgrades);
        tokio::time::sleep(PAUSE * UPGRADE_EVERY).await;
        round += 1;
    }
    Ok(())
}

/// Providers fail in all the ways that pass.
pub(super) async fn misfortunes(world: &World) -> Result<()> {
    let providers = &world.stack.site.providers;
    let kinds = [
        json!({ "do": "answer", "status": 503 }),
        json!({ "do": "drop-connection" }),
        json!({ "do": "unauthorized" }),
        json!({ "do": "truncate-body" }),
        json!({ "do": "html-bad-gateway" }),
        json!({ "do": "drop-mid-body" }),
        json!({ "do": "delay", "ms": 2_000 }),
        json!({ "do": "lose-answer" }),
    ];
    let mut round = 0;
    while world.goes_on(round) {
        for (number, kind) in kinds.iter().enumerate() {
            let provider = if (round + number as u64).is_multiple_of(2) {
                "google"
            } else {
                "microsoft"
            };
            // Not the sign-in pages, which people would see.
            let path = r"^/(gmail/|batch|v1\.0/)";
            providers
                .fault(provider, "GET", path, 2, kind.clone())
                .await?;
            providers
                .fault(provider, "POST", path, 1, kind.clone())
                .await?;
            Done::count(&world.done.misfortunes);
            tokio::time::sleep(PAUSE).await;
            // What met nobody is over: left there while accounts wait, ever more would meet each look, and no wait would end well.
            providers.no_faults(provider).await?;
        }
        round += 1;
    }
    Ok(())
}
