//! One mailbox, small and very large, on either engine: what a person waits for in it, and what it takes up.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use end_to_end::client::Client;
use end_to_end::json::{list, text};
use end_to_end::programs::resident_bytes;
use provider_sim::corpus::landmark;
use serde_json::{Value, json};

use super::direct::Direct;
use super::engine::{Engine, Grounds};
use super::times::Times;
use super::{Arguments, consent, fill, inbox};

/// Messages in the smallest mailbox.
const SMALL: usize = 1_000;

/// Messages in the one that is always measured beside it.
const LARGE: usize = 100_000;

/// What is searched: a word of one message, one of about a thousandth of all, and one of about every other.
const WORDS: [(&str, &str); 3] = [
    ("one message", landmark::WORD),
    ("a thousandth of all", RARE),
    ("every other one", COMMON),
];
const RARE: &str = "borbach";
const COMMON: &str = "you";

/// An action names so many messages at once …
const EACH_CALL: usize = 200;

/// … in so many calls: 10,000 messages.
const CALLS: usize = 50;

/// Generated mail is spread over ten times as many days.
const TENTH: u64 = 30 * 86_400_000;

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    for engine in Engine::ALL {
        if arguments.engine.is_some_and(|only| only != engine) {
            continue;
        }
        let mut columns = Vec::new();
        for messages in sizes(arguments.large) {
            columns.push((messages, measure(arguments, engine, messages).await?));
        }
        print(engine, &columns);
    }
    Ok(())
}

/// In order, none twice.
fn sizes(large: usize) -> Vec<usize> {
    let mut sizes = vec![SMALL, LARGE.min(large), large];
    sizes.dedup();
    sizes
}

/// A figure: how it is written, and what it grows by.
struct Figure {
    what: String,
    shown: String,
    growing: Option<f64>,
}

fn print(engine: Engine, columns: &[(usize, Vec<Figure>)]) {
    println!(
        "### One mailbox on {}: median / 99 % in ms, and how the median grows\n",
        engine.name()
    );
    let sizes: Vec<String> = columns.iter().map(|(size, _)| grouped(*size)).collect();
    println!("| messages | {} | growth |", sizes.join(" | "));
    println!("|---|{}---|", "---|".repeat(columns.len()));
    let first = columns.first().map_or(&[][..], |(_, figures)| figures);
    let last = columns.last().map_or(&[][..], |(_, figures)| figures);
    for (row, (small, large)) in first.iter().zip(last).enumerate() {
        let cells: Vec<&str> = columns
            .iter()
            .filter_map(|(_, figures)| Some(figures.get(row)?.shown.as_str()))
            .collect();
        let growth = match (small.growing, large.growing) {
            (Some(small), Some(large)) => format!("{:.2} ×", large / small),
            _ => String::new(),
        };
        println!("| {} | {} | {growth} |", small.what, cells.join(" | "));
    }
    println!();
}

/// 1,000,000.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

async fn measure(arguments: &Arguments, engine: Engine, messages: usize) -> Result<Vec<Figure>> {
    let grounds = Grounds::prepare(arguments, engine, messages).await?;
    let stack = &grounds.stack;
    let member = stack.site.member("bench").await?;
    let address = stack.site.providers.address("google")?;
    let consented = consent(stack, &member, "google", address).await?;
    let begun = Instant::now();
    fill(&member, consented, messages as u64).await?;
    let rate = messages as f64 / begun.elapsed().as_secs_f64();
    eprintln!(
        "bench: {} messages on {}, {rate:.0} a second; the fakes take {:.0} MB",
        grouped(messages),
        engine.name(),
        resident_bytes(stack.simulator.pid())? as f64 / 1e6
    );
    grounds.settle()?;

    let mut figures = Figures::default();
    read(&member, &mut figures).await?;
    let mut direct = Direct::open(&grounds).await?;
    search(&member, &mut direct, &mut figures).await?;
    let resident = resident_bytes(stack.host.pid())? as f64;
    act(&member, &mut figures).await?;
    figures.told("first sync, messages a second", format!("{rate:.0}"));
    figures.told(
        "database, bytes a message",
        format!("{:.0}", direct.bytes().await? / messages as f64),
    );
    figures.told(
        "resident memory of the host, filled and read",
        format!("{:.0} MB", resident / 1e6),
    );
    Ok(figures.0)
}

/// One column.
#[derive(Default)]
struct Figures(Vec<Figure>);

impl Figures {
    fn timed(&mut self, what: impl Into<String>, times: Times, more: &str) {
        self.0.push(Figure {
            what: what.into(),
            shown: format!("{times}{more}"),
            growing: Some(times.median),
        });
    }

    fn told(&mut self, what: &str, shown: String) {
        self.0.push(Figure {
            what: what.to_owned(),
            shown,
            growing: None,
        });
    }
}

/// Folders, lists and conversations.
async fn read(member: &Client, figures: &mut Figures) -> Result<()> {
    let times = asked(member, &["/api/mail/folders".to_owned()]).await?;
    figures.timed("folders with their counts", times, "");
    let inbox = inbox(member).await?;
    let times = asked(member, &[inbox]).await?;
    figures.timed("50 threads of the inbox", times, "");
    let all = "/api/mail/threads?limit=50";
    let times = asked(member, &[all.to_owned()]).await?;
    figures.timed("50 threads of everything", times, "");

    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let from: Vec<String> = (0..10)
        .map(|tenth| format!("{all}&before={}", now - tenth * TENTH))
        .collect();
    let times = asked(member, &from).await?;
    figures.timed("… from ten different days on", times, "");
    let mut threads = Vec::new();
    for page in &from {
        let page = member.get(page).await?.success()?;
        for thread in list(&page, "/items")? {
            threads.push(format!("/api/mail/threads/{}", text(thread, "/id")?));
        }
    }
    let times = asked(member, &threads).await?;
    figures.timed("a thread is opened, 500 different ones", times, "");
    Ok(())
}

/// Words of few and of many messages, beside the same question put to the database.
async fn search(member: &Client, direct: &mut Direct, figures: &mut Figures) -> Result<()> {
    for (which, word) in WORDS {
        let hits = direct.hits(word).await?;
        let hits = format!(" ({})", grouped(usize::try_from(hits)?));
        let what = format!("a word of {which} (hits)");
        let threads = format!("/api/mail/threads?limit=50&q={word}");
        let times = asked(member, &[threads]).await?;
        figures.timed(format!("search for {what}: 50 threads"), times, &hits);
        let messages = format!("/api/mail/messages?limit=50&q={word}");
        let times = asked(member, &[messages]).await?;
        figures.timed("… 50 messages", times, "");
        let asked = Times::of(async |_| direct.newest(word).await.map(drop));
        figures.timed("… the same of the database alone", asked.await?, "");
    }
    Ok(())
}

/// Messages that have been read are marked as unread, and if there are too few of them, read again.
async fn act(member: &Client, figures: &mut Figures) -> Result<()> {
    let mut ids = Vec::new();
    let mut cursor = None;
    while ids.len() < EACH_CALL * CALLS {
        let more = cursor.map_or_else(String::new, |cursor: String| format!("&cursor={cursor}"));
        let path = format!("/api/mail/messages?limit=200&unread=false{more}");
        let page = member.get(&path).await?.success()?;
        for message in list(&page, "/items")? {
            ids.push(text(message, "/id")?.to_owned());
        }
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let chunks: Vec<&[String]> = ids.chunks_exact(EACH_CALL).collect();
    let mut times = Vec::new();
    for call in 0..CALLS {
        let messages = chunks
            .get(call % chunks.len().max(1))
            .context("too few messages have been read")?;
        let action = if (call / chunks.len()).is_multiple_of(2) {
            "mark-unread"
        } else {
            "mark-read"
        };
        let asked = json!({ "action": action, "messages": messages });
        let begun = Instant::now();
        let done = member.post("/api/mail/actions", asked).await?.success()?;
        times.push(begun.elapsed());
        let refused = list(&done, "/refused")?;
        anyhow::ensure!(refused.is_empty(), "an action was refused: {refused:?}");
    }
    let whole: Duration = times.iter().sum();
    figures.timed(
        format!("{EACH_CALL} messages are marked"),
        Times::from(times)?,
        "",
    );
    figures.0.push(Figure {
        what: format!("{} messages, {CALLS} calls, s", grouped(EACH_CALL * CALLS)),
        shown: format!("{:.2}", whole.as_secs_f64()),
        growing: Some(whole.as_secs_f64()),
    });
    Ok(())
}

/// What the API takes for these addresses, one after the other and over again.
async fn asked(member: &Client, paths: &[String]) -> Result<Times> {
    Times::of(async |number| {
        let path = paths
            .get(number % paths.len().max(1))
            .context("there is nothing to ask for")?;
        let asked = member.browser().get(member.base().join(path)?).send();
        asked.await?.error_for_status()?.bytes().await?;
        Ok(())
    })
    .await
}
