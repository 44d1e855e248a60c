//! Many accounts on one host: what an idle one costs, and whether each is looked at in time while others stand in the way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use end_to_end::client::Client;
use end_to_end::json::{list, number, text};
use end_to_end::programs::{cpu_seconds, resident_bytes};
use end_to_end::stack::{Options, Stack};
use end_to_end::wait::until;
use provider_sim::{Account, Provider};
use serde_json::json;

use super::{Arguments, PATIENCE, consent, fill};

/// Mailboxes that one member links, half of them at each provider.
const EACH_MEMBER: u32 = 10;

/// Messages in the mailbox of an idle account.
const MESSAGES: u64 = 10;

/// Messages in the mailbox that is being listed while the others want to be looked at.
const HUGE: usize = 20_000;

/// The account whose provider stops answering.
const STUCK: (&str, &str) = ("microsoft", "grace@outlook.example");

/// Longer than anybody waits for an answer, in milliseconds.
const NO_ANSWER_MS: u64 = 3_600_000;

/// As over a network: the huge mailbox then takes most of an interval. In milliseconds.
const LATENCY_MS: u64 = 150;

/// What a look may come later than after the interval and still be in time.
const SLACK: Duration = Duration::from_secs(15);

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let members = arguments.accounts.div_ceil(EACH_MEMBER);
    let people = members * EACH_MEMBER / 2;
    let accounts = f64::from(people * 2);
    let interval = Duration::from_secs(60 * u64::from(arguments.interval));
    let stack = start(arguments, people).await?;
    let providers = &stack.site.providers;

    let empty = Size::of(&stack)?;
    let begun = Instant::now();
    link(&stack, members).await?;
    let linking = begun.elapsed().as_secs_f64();

    providers.forget_asked().await?;
    let cpu = cpu_seconds(stack.host.pid())?;
    tokio::time::sleep(interval).await;
    let cpu = cpu_seconds(stack.host.pid())? - cpu;
    // What linking needed for a moment is given back by now.
    let full = Size::of(&stack)?;
    let mut requests = BTreeMap::new();
    for provider in ["google", "microsoft"] {
        let asked: u64 = providers.asked(provider).await?.values().sum();
        requests.insert(provider, asked as f64 / f64::from(people));
    }

    println!(
        "### {accounts} accounts of {MESSAGES} messages, looked at every {} min\n",
        arguments.interval
    );
    println!("| | |\n|---|---|");
    let row = |what: &str, value: String| println!("| {what} | {value} |");
    row(
        "CPU of the host over an interval",
        format!("{:.1} % of one core", cpu * 100.0 / interval.as_secs_f64()),
    );
    row(
        "… for each account and round",
        format!("{:.2} ms", cpu * 1_000.0 / accounts),
    );
    row(
        "resident memory of the host, empty and full",
        format!(
            "{:.0} MB, {:.0} MB: {:.1} kB an account",
            empty.resident / 1e6,
            full.resident / 1e6,
            (full.resident - empty.resident) / 1e3 / accounts
        ),
    );
    row(
        "database",
        format!(
            "{:.1} kB an account",
            (full.database - empty.database) / 1e3 / accounts
        ),
    );
    for (provider, requests) in requests {
        row(
            &format!("requests for each account and round, {provider}"),
            format!("{requests:.1}"),
        );
    }
    row(
        "to link an account on the consent pages and synchronise it",
        format!("{:.0} ms", linking * 1_000.0 / accounts),
    );

    let begun = Instant::now();
    providers.latency(LATENCY_MS).await?;
    let silence = json!({ "do": "delay", "ms": NO_ANSWER_MS });
    providers.haunt(STUCK.0, STUCK.1, silence).await?;
    let huge = huge(&stack).await?;
    tokio::time::sleep((interval + SLACK).saturating_sub(begun.elapsed())).await;
    let looks = Looks::of(&stack, people).await?;
    row(
        &format!(
            "longest time between two looks at an account, while another is stuck and one lists {HUGE} messages"
        ),
        format!("{:.1} s", looks.longest.as_secs_f64()),
    );
    row("the latter took", format!("{:.0} s", huge.as_secs_f64()));
    println!();
    if looks.longest > interval + SLACK {
        bail!("an account was not looked at in time: {}", looks.whose);
    }
    Ok(())
}

async fn start(arguments: &Arguments, people: u32) -> Result<Stack> {
    let simulator = format!("--no-limits --profile small --people {people} --each {MESSAGES}");
    let options = Options {
        messages: HUGE,
        simulator: simulator.split(' ').map(str::to_owned).collect(),
        ..Options::default()
    };
    let stack = Stack::start(arguments.paths(), &options).await?;
    stack.site.set_up().await?;
    let interval = json!({ "interval_minutes": arguments.interval });
    stack
        .site
        .save_values("email-manager", "sync", interval)
        .await?;
    Ok(stack)
}

/// Links everybody's mailboxes, and the one that will be stuck; ends when all are up to date.
async fn link(stack: &Stack, members: u32) -> Result<()> {
    // All of them first: an administrator's password is good for a quarter of an hour.
    let mut clients = Vec::new();
    for member in 0..members {
        clients.push(stack.site.member(&format!("member-{member}")).await?);
    }
    let stuck = stack.site.member("stuck").await?;
    let mut linked = Vec::new();
    for (member, client) in (0..members).zip(clients) {
        for number in 1..=EACH_MEMBER / 2 {
            for (name, provider) in [
                ("google", Provider::Google),
                ("microsoft", Provider::Microsoft),
            ] {
                let person = Account::numbered(provider, member * EACH_MEMBER / 2 + number);
                come_back(stack, &client, name, &person.address).await?;
            }
        }
        linked.push((client, MESSAGES));
    }
    come_back(stack, &stuck, STUCK.0, STUCK.1).await?;
    linked.push((stuck, 1));
    for (client, messages) in &linked {
        up_to_date(client, *messages).await?;
    }
    Ok(())
}

async fn come_back(stack: &Stack, member: &Client, provider: &str, address: &str) -> Result<()> {
    let consented = consent(stack, member, provider, address).await?;
    let answer = member.browser().get(consented).send().await?;
    answer.error_for_status()?;
    Ok(())
}

/// Waits until each account of a member is up to date and has at least that many messages.
async fn up_to_date(member: &Client, messages: u64) -> Result<()> {
    until("the accounts of a member", PATIENCE, || async {
        let accounts = member.get("/api/mail/accounts").await?.success()?;
        for account in list(&accounts, "/items")? {
            if number(account, "/status/local_count")? < messages
                || text(account, "/status/condition")? != "up-to-date"
            {
                return Ok(Err(account.to_string()));
            }
        }
        Ok(Ok(()))
    })
    .await
}

/// Links the huge mailbox; answers how long it took until all of it was here.
async fn huge(stack: &Stack) -> Result<Duration> {
    let providers = &stack.site.providers;
    let messages = providers.mailbox("google").await?.messages.len() as u64;
    stack.site.sign_in_administrator().await?;
    let member = stack.site.member("huge").await?;
    let begun = Instant::now();
    let consented = consent(stack, &member, "google", providers.address("google")?).await?;
    fill(&member, consented, messages).await?;
    Ok(begun.elapsed())
}

/// What the host takes up, in bytes.
struct Size {
    resident: f64,
    database: f64,
}

impl Size {
    fn of(stack: &Stack) -> Result<Self> {
        let database = std::fs::metadata(stack.folder().join("data/host.db"))?;
        Ok(Self {
            resident: resident_bytes(stack.host.pid())? as f64,
            database: database.len() as f64,
        })
    }
}

/// How long the provider of one of the many was not asked for news.
struct Looks {
    longest: Duration,
    whose: String,
}

impl Looks {
    /// Since what was asked was forgotten last.
    async fn of(stack: &Stack, people: u32) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let looks = stack.site.providers.looks().await?;
        let mut longest = (0, String::new());
        for provider in [Provider::Google, Provider::Microsoft] {
            for number in 1..=people {
                let address = Account::numbered(provider, number).address;
                let at = looks
                    .get(&address)
                    .with_context(|| format!("{address} was never looked at"))?;
                // Until now, too: one that is forgotten has no second look.
                let next = at.iter().skip(1).copied().chain([u64::try_from(now)?]);
                let gap = at
                    .iter()
                    .zip(next)
                    .map(|(at, next)| next.saturating_sub(*at));
                longest = longest.max((gap.max().unwrap_or_default(), address));
            }
        }
        Ok(Self {
            longest: Duration::from_millis(longest.0),
            whose: longest.1,
        })
    }
}
