//! From the start of the process until it serves; and what people notice of an upgrade of the plugin.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use end_to_end::client::Client;
use end_to_end::stack::Stack;

use super::times::Times;
use super::{Arguments, consent, fill, inbox};

/// Messages in the mailbox that is read meanwhile.
const MESSAGES: usize = 1_000;

/// How often each is done.
const ROUNDS: u8 = 5;

/// With the plugin enabled, with an empty and with a filled cache of compiled code.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let mut stack = arguments.stack(MESSAGES, "small").await?;
    let (mut empty, mut filled) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        stack.host.kill();
        remove_cache(&stack.folder().join("data"))?;
        empty.push(restart(&mut stack).await?);
        filled.push(restart(&mut stack).await?);
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let (empty, filled) = (middle(&mut empty), middle(&mut filled));
    println!("### Cold start: process start to `/readyz`, plugin enabled, median of 5\n");
    println!(
        "| compile cache | time |\n|---|---|\n| empty | {empty:.0} ms |\n| filled | {filled:.0} ms |\n| **ratio** | **{:.1} ×** |\n",
        empty / filled
    );
    upgrades(&stack, std::fs::read(&arguments.component)?.into()).await
}

/// Somebody reads their mail, one page after the other, while the plugin is upgraded: to code that was never compiled here, and back to what was.
async fn upgrades(stack: &Stack, component: Bytes) -> Result<()> {
    let site = &stack.site;
    site.sign_in_administrator().await?;
    let id = site.plugin().await?;
    let member = site.member("reader").await?;
    let address = site.providers.address("google")?;
    let consented = consent(stack, &member, "google", address).await?;
    fill(&member, consented, MESSAGES as u64).await?;
    let path = inbox(&member).await?;
    let usual = Times::of(async |_| member.get(&path).await?.success().map(drop)).await?;
    println!("### Upgrade of the plugin while somebody reads, {ROUNDS} times each\n");
    println!(
        "| to | asked for until answered, median / most | the longest a reader waited for 50 threads, median / most (usually {:.1} ms) |\n|---|---|---|",
        usual.median
    );
    let mut fresh = (Vec::new(), Vec::new());
    let mut known = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (component, (took, waited)) in [
            (another(&component, round), &mut fresh),
            (component.clone(), &mut known),
        ] {
            let begun = Instant::now();
            let upgrade = async {
                site.upgrade(&id, component).await?;
                anyhow::Ok(begun.elapsed())
            };
            let (upgraded, longest) = while_reading(&member, &path, upgrade).await?;
            took.push(upgraded);
            waited.push(longest);
        }
    }
    for (name, (took, waited)) in [("code never seen", fresh), ("code in the cache", known)] {
        let (took, waited) = (Times::from(took)?, Times::from(waited)?);
        println!(
            "| {name} | {:.0} / {:.0} ms | {:.0} / {:.0} ms |",
            took.median, took.most, waited.median, waited.most
        );
    }
    println!();
    Ok(())
}

/// Reads until `work` is done, and once more; answers what it says and the longest that a page took.
async fn while_reading<T>(
    member: &Client,
    path: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, Duration)> {
    let (over, mut done) = tokio::sync::oneshot::channel();
    let reading = async {
        let mut longest = Duration::ZERO;
        loop {
            let last = done.try_recv().is_ok();
            let begun = Instant::now();
            member.get(path).await?.success()?;
            longest = longest.max(begun.elapsed());
            if last {
                return anyhow::Ok(longest);
            }
        }
    };
    let work = async {
        let said = work.await?;
        // The reader is gone only if reading failed, which says so itself.
        let _ = over.send(());
        Ok(said)
    };
    tokio::try_join!(work, reading)
}

/// The same component with other bytes, as a host sees a new version: a custom section at its end, which says nothing.
fn another(component: &Bytes, round: u8) -> Bytes {
    const CUSTOM: u8 = 0;
    let mut other = BytesMut::from(&component[..]);
    // The section's size, its name ("n", one byte long), its content.
    other.put_slice(&[CUSTOM, 3, 1, b'n', round]);
    other.freeze()
}

async fn restart(stack: &mut Stack) -> Result<f64> {
    stack.host.kill();
    let begun = Instant::now();
    stack.host.restart().await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

/// Compiled components, which the host makes anew.
fn remove_cache(data: &Path) -> Result<()> {
    let mut removed = 0;
    for entry in std::fs::read_dir(data)?.flatten() {
        if entry.file_name() == "compiled" {
            std::fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    if removed == 0 {
        bail!("{} has no compile cache", data.display())
    } else {
        Ok(())
    }
}
