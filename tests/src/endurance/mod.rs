//! Mixed load for as long as one likes: people read, mark, write and come and go, mail arrives, providers fail, the administrator upgrades
//! the plugin. In the end everything is where it belongs, and the host is as large as after its first minutes.

mod load;
mod people;
mod size;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use provider_sim::{Account, Provider};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::json::{list, text};
use crate::main_job::{decode, is_whole};
use crate::programs::Paths;
use crate::stack::{Options, Stack};
use people::Person;
use size::Sizes;

/// Members, each with one mailbox at each provider.
const MEMBERS: u32 = 4;

/// Messages in each of these.
const MESSAGES: u32 = 60;

/// Messages in the mailbox that is linked and unlinked all the time.
const VISITED: usize = 300;

/// Longer than an account waits that meets a misfortune at six looks in a row, which twenty minutes hardly bring: from 5 s, doubling.
const PATIENCE: Duration = Duration::from_secs(360);

/// When everybody stops.
#[derive(Debug, Clone, Copy)]
pub enum Length {
    /// Everybody does everything so many times; what the host is made of is not judged.
    Rounds(u64),
    /// By the clock on the wall, of which a quarter is for warming up.
    Minutes(u64),
}

/// What was done, counted by name, for the report.
#[derive(Debug, Default)]
struct Done {
    rounds: AtomicU64,
    letters: AtomicU64,
    visits: AtomicU64,
    upgrades: AtomicU64,
    misfortunes: AtomicU64,
}

impl Done {
    fn count(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed)
    }
}

/// What everybody who makes load has in hand.
struct World {
    stack: Stack,
    component: bytes::Bytes,
    length: Length,
    begun: Instant,
    done: Done,
}

impl World {
    /// Whether somebody who has done so many rounds does another one.
    fn goes_on(&self, rounds: u64) -> bool {
        match self.length {
            Length::Rounds(wanted) => rounds < wanted,
            Length::Minutes(minutes) => self.begun.elapsed() < Duration::from_secs(minutes * 60),
        }
    }
}

/// Makes the load and looks at what it leaves. Answers what happened, as Markdown.
///
/// # Errors
///
/// If a request fails that should not, something is lost or there twice, or (with [`Length::Minutes`]) the host has grown.
pub async fn run(paths: Paths, length: Length) -> Result<String> {
    let crowd = format!("--no-limits --profile real --people {MEMBERS} --each {MESSAGES}");
    let options = Options {
        messages: VISITED,
        simulator: crowd.split(' ').map(str::to_owned).collect(),
        ..Options::default()
    };
    let component = std::fs::read(&paths.component)?.into();
    let stack = Stack::start(paths, &options).await?;
    stack.site.set_up().await?;
    let mut people = Vec::new();
    for number in 1..=MEMBERS {
        let client = stack.site.member(&format!("member-{number}")).await?;
        for (name, provider) in [
            ("google", Provider::Google),
            ("microsoft", Provider::Microsoft),
        ] {
            let address = Account::numbered(provider, number).address;
            let account = people::link(&stack, &client, name, &address).await?;
            people.push(Person {
                client: client.clone(),
                providers: stack.site.providers.of(name, &address),
                provider: name,
                account,
            });
        }
    }
    let visitor = stack.site.member("visitor").await?;
    let world = World {
        stack,
        component,
        length,
        begun: Instant::now(),
        done: Done::default(),
    };
    loaded(world, people, visitor).await
}

/// Who makes load beside the people with mailboxes.
enum Others {
    Visitor(Client),
    Administrator,
    Misfortunes,
}

async fn loaded(world: World, people: Vec<Person>, visitor: Client) -> Result<String> {
    let world = Arc::new(world);
    let mut load = JoinSet::new();
    for person in people.clone() {
        let world = Arc::clone(&world);
        load.spawn(async move {
            // Whoever has two mailboxes has one page.
            if person.provider == "google" {
                tokio::try_join!(load::lives(&world, &person), load::watches(&world, &person))
                    .map(drop)
            } else {
                load::lives(&world, &person).await
            }
        });
    }
    for others in [
        Others::Visitor(visitor),
        Others::Administrator,
        Others::Misfortunes,
    ] {
        let world = Arc::clone(&world);
        load.spawn(async move {
            match others {
                Others::Visitor(visitor) => load::visits(&world, &visitor).await,
                Others::Administrator => load::administers(&world).await,
                Others::Misfortunes => load::misfortunes(&world).await,
            }
        });
    }
    let sizes = async {
        match world.length {
            Length::Rounds(_) => Ok(None),
            Length::Minutes(minutes) => {
                let length = Duration::from_secs(minutes * 60);
                Sizes::over(world.stack.host.pid(), length).await.map(Some)
            }
        }
    };
    let all = async {
        while let Some(ended) = load.join_next().await {
            // The first that fails ends the run: the others would only go on waiting.
            ended??;
        }
        Ok::<_, anyhow::Error>(())
    };
    let ((), sizes) = tokio::try_join!(all, sizes)?;
    for provider in ["google", "microsoft"] {
        world.stack.site.providers.no_faults(provider).await?;
    }
    for person in &people {
        is_whole(
            &person.client,
            &person.providers,
            person.provider,
            &person.account,
        )
        .await
        .with_context(|| format!("{} at {}", person.account, person.provider))?;
    }
    each_letter_once(&world).await?;
    no_plugin_faults(&world).await?;
    let told = report(&world.done, sizes.as_ref());
    if let Some(grown) = sizes.as_ref().and_then(Sizes::grown) {
        bail!("{grown}\n\n{told}");
    }
    Ok(told)
}

/// Every letter left exactly once, whatever happened to the answers.
async fn each_letter_once(world: &World) -> Result<()> {
    let mut copies: BTreeMap<String, u64> = BTreeMap::new();
    for provider in ["google", "microsoft"] {
        for sent in world.stack.site.providers.sent(provider).await? {
            let raw = decode(&sent.raw)?;
            let message = mail_parser::MessageParser::default().parse(&raw);
            let message = message.context("a sent message can't be parsed")?;
            *copies
                .entry(message.subject().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
    }
    let letters = world.done.letters.load(Ordering::Relaxed);
    let twice: Vec<_> = copies.iter().filter(|(_, count)| **count != 1).collect();
    if !twice.is_empty() || copies.len() as u64 != letters {
        bail!(
            "{letters} letters were written, {} went out, of which more than once: {twice:?}",
            copies.len()
        );
    }
    Ok(())
}

async fn no_plugin_faults(world: &World) -> Result<()> {
    let administrator = &world.stack.site.administrator;
    let plugins = administrator.get("/api/plugins").await?.success()?;
    for plugin in list(&plugins, "/items")? {
        let id = text(plugin, "/id")?;
        let faults = administrator
            .get(&format!("/api/plugins/{id}/faults"))
            .await?
            .success()?;
        let faults: &[Value] = list(&faults, "/items")?;
        if !faults.is_empty() {
            bail!("the plugin failed: {}", json!(faults));
        }
    }
    Ok(())
}

fn report(done: &Done, sizes: Option<&Sizes>) -> String {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut told = String::from("| | |\n|---|---|\n");
    let mut row = |what: &str, value: String| {
        // Writing into a String can't fail.
        let _ = writeln!(told, "| {what} | {value} |");
    };
    row(
        "rounds of a person with new mail",
        count(&done.rounds).to_string(),
    );
    row("letters sent, each once", count(&done.letters).to_string());
    row(
        "mailboxes linked and unlinked",
        count(&done.visits).to_string(),
    );
    row("upgrades of the plugin", count(&done.upgrades).to_string());
    row(
        "misfortunes at the providers",
        count(&done.misfortunes).to_string(),
    );
    for (what, value) in sizes.map(Sizes::rows).unwrap_or_default() {
        row(what, value);
    }
    told
}
