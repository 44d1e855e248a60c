//! One, two and three hosts on one database: what each of them adds.
//!
//! Hosts on one machine only take each other's processors. So each has a fixed share of one, and the rest is left to the database, the fakes and
//! whoever asks: throughput then grows with the hosts until something that they share bounds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use end_to_end::client::Client;
use end_to_end::cluster::Cluster;
use end_to_end::consent::Person;
use end_to_end::json::{list, number, text};
use end_to_end::programs::cpu_seconds;
use end_to_end::site::CALLBACK;
use end_to_end::stack::Options;
use end_to_end::wait::until;
use provider_sim::{Account, Provider};
use serde_json::json;

use super::share::Share;
use super::{Arguments, PATIENCE};

/// Hundredths of a processor that each host has.
const SHARE: u64 = 20;

/// Mailboxes that are synchronised for the first time, all at once, and messages in each.
const MAILBOXES: u32 = 6;
const MESSAGES: u64 = 1_000;

/// People who ask for a list as fast as they are answered, for so long.
const ASKING: usize = 24;
const LENGTH: Duration = Duration::from_secs(10);

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    println!("### Hosts on one PostgreSQL database, each with {SHARE} % of a processor\n");
    println!(
        "First synchronisation of {MAILBOXES} mailboxes of {MESSAGES} messages at once, and lists of 50 threads for {ASKING} people at once.\n"
    );
    println!(
        "| hosts | messages/s | CPU of the hosts, ms/message | … of the database | lists/s | CPU of the hosts, ms/list | … of the database |\n|---|---|---|---|---|---|---|"
    );
    let mut rates = Vec::new();
    for hosts in 1..=3 {
        let measured = measure(arguments, hosts).await;
        let (sync, lists) = measured.with_context(|| format!("{hosts} hosts"))?;
        println!(
            "| {hosts} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} | {:.2} |",
            sync.rate, sync.hosts, sync.database, lists.rate, lists.hosts, lists.database
        );
        rates.push((sync.rate, lists.rate));
    }
    let first = *rates.first().context("one host")?;
    let ratios = |of: fn(&(f64, f64)) -> f64| {
        let ratios: Vec<String> = rates
            .iter()
            .skip(1)
            .map(|rate| format!("{:.2} ×", of(rate) / of(&first)))
            .collect();
        ratios.join(", ")
    };
    println!(
        "| **2 and 3 to 1** | **{}** | | | **{}** | | |\n",
        ratios(|rate| rate.0),
        ratios(|rate| rate.1)
    );
    Ok(())
}

/// What was done in a second, and what each of it cost in milliseconds of a processor.
struct Throughput {
    rate: f64,
    hosts: f64,
    database: f64,
}

/// Processor seconds so far.
struct Used {
    hosts: f64,
    database: f64,
}

impl Used {
    fn of(cluster: &Cluster) -> Result<Self> {
        let hosts: Result<Vec<f64>> = cluster
            .hosts
            .iter()
            .map(|host| cpu_seconds(host.pid()))
            .collect();
        Ok(Self {
            hosts: hosts?.into_iter().sum(),
            database: database_seconds()?,
        })
    }

    fn since(&self, earlier: &Self, count: f64, seconds: f64) -> Throughput {
        Throughput {
            rate: count / seconds,
            hosts: (self.hosts - earlier.hosts) * 1_000.0 / count,
            database: (self.database - earlier.database) * 1_000.0 / count,
        }
    }
}

/// Of all processes of the server: it has one for each connection, and keeps them.
fn database_seconds() -> Result<f64> {
    let mut seconds = 0.0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if std::fs::read_to_string(entry.path().join("comm"))
            .is_ok_and(|comm| comm.trim() == "postgres")
        {
            // One that has just ended counts for nothing.
            seconds += cpu_seconds(pid).unwrap_or_default();
        }
    }
    Ok(seconds)
}

async fn measure(arguments: &Arguments, hosts: usize) -> Result<(Throughput, Throughput)> {
    let crowd = format!("--no-limits --profile small --people {MAILBOXES} --each {MESSAGES}");
    let options = Options {
        messages: 10,
        simulator: crowd.split(' ').map(str::to_owned).collect(),
        ..Options::default()
    };
    let cluster = Cluster::start(arguments.paths(), hosts, &options).await?;
    cluster.site.set_up().await?;
    for host in 0..hosts {
        let administrator = cluster.at(&cluster.site.administrator, host)?;
        until("the plugin at each host", PATIENCE, || async {
            let answer = administrator.get("/api/mail/accounts").await?;
            Ok(if answer.status == 200 {
                Ok(())
            } else {
                Err(answer.status.to_string())
            })
        })
        .await?;
    }
    let member = cluster.site.member("bench").await?;
    let mut accounts = Vec::new();
    for mailbox in 1..=MAILBOXES {
        accounts.push(link(&cluster, &member, mailbox).await?);
    }
    let shares: Result<Vec<Share>> = cluster
        .hosts
        .iter()
        .map(|host| Share::of(host.pid(), SHARE))
        .collect();
    let shares = shares?;
    let sync = synchronise(&cluster, &member, &accounts)
        .await
        .context("synchronising")?;
    let lists = ask(&cluster, &member).await.context("lists")?;
    drop(shares);
    Ok((sync, lists))
}

/// Links a mailbox without a start date, so that nothing of it is fetched yet; answers the account's id.
async fn link(cluster: &Cluster, member: &Client, mailbox: u32) -> Result<String> {
    let address = Account::numbered(Provider::Google, mailbox).address;
    let begun = member
        .post("/api/mail/accounts", json!({ "provider": "google" }))
        .await?
        .success()?;
    let back = cluster
        .hosts
        .first()
        .context("a host")?
        .base()
        .join(CALLBACK)?;
    let person = Person::willing(&address);
    let back = person
        .visit(
            member.browser(),
            text(&begun, "/authorize_url")?,
            back.as_str(),
        )
        .await?;
    member
        .browser()
        .get(back)
        .send()
        .await?
        .error_for_status()?;
    let accounts = member.get("/api/mail/accounts").await?.success()?;
    let account = list(&accounts, "/items")?
        .iter()
        .find(|account| account["email"] == address.as_str());
    Ok(text(account.with_context(|| accounts.to_string())?, "/id")?.to_owned())
}

async fn synchronise(
    cluster: &Cluster,
    member: &Client,
    accounts: &[String],
) -> Result<Throughput> {
    let before = Used::of(cluster)?;
    let begun = Instant::now();
    for account in accounts {
        let path = format!("/api/mail/accounts/{account}");
        member
            .patch(&path, json!({ "sync_since": 0 }))
            .await?
            .success()?;
    }
    until("all mailboxes", PATIENCE, || async {
        // Seldom, and all at once: asking costs the hosts' share as well.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let all = member.get("/api/mail/accounts").await?.success()?;
        for account in list(&all, "/items")? {
            let whole = number(account, "/status/local_count")? >= MESSAGES
                && text(account, "/status/condition")? == "up-to-date";
            if !whole {
                return Ok(Err(account.to_string()));
            }
        }
        Ok(Ok(()))
    })
    .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let count = f64::from(MAILBOXES) * MESSAGES as f64;
    Ok(Used::of(cluster)?.since(&before, count, seconds))
}

/// As a load balancer spreads them: each person stays with one host.
async fn ask(cluster: &Cluster, member: &Client) -> Result<Throughput> {
    let answered = Arc::new(AtomicU64::new(0));
    let mut people = tokio::task::JoinSet::new();
    let before = Used::of(cluster)?;
    let begun = Instant::now();
    for person in 0..ASKING {
        let host = cluster
            .hosts
            .get(person % cluster.hosts.len())
            .context("a host")?;
        let list = host.base().join("/api/mail/threads?limit=50")?;
        let (browser, answered) = (member.browser().clone(), answered.clone());
        people.spawn(async move {
            while begun.elapsed() < LENGTH {
                let answer = browser.get(list.clone()).send().await?.error_for_status()?;
                answer.bytes().await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(person) = people.join_next().await {
        person??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = answered.load(Ordering::Relaxed) as f64;
    Ok(Used::of(cluster)?.since(&before, count, seconds))
}
