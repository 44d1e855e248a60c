//! Chaos: three hosts that share a database and a bucket, many mailboxes under change and under load, and everything that can go wrong around them.
//!
//! People ([`people`]) use the hosts through a load balancer ([`balancer`]), letters and changes come in at the providers ([`elsewhere`]), and misfortunes
//! ([`misfortune`]) follow one another or overlap. Each is mended, and the next begins when all hosts are ready again. At the end of a round everybody
//! stops, and then everything must be as if nothing had happened ([`whole`]): mailboxes equal to the providers', each letter out once, no job stuck.
//!
//! Where it plays is [`field`], on a [`network`] of its own. What the dice decide follows from the seed; what the processes make of it does not.

mod balancer;
mod elsewhere;
mod field;
mod figures;
mod misfortune;
mod network;
mod people;
mod whole;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::programs::Paths;
use balancer::Balancer;
use elsewhere::Changes;
use field::Field;
use figures::{Figures, Mishap, Usage};
use misfortune::Misfortune;
use people::{Doing, Letters, Person};

/// How large a run is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the dice decide follows from this.
    pub seed: u64,
    /// How many people there are.
    pub people: u32,
    /// How many mailboxes each of them links at either provider.
    pub each: u32,
    /// Rounds of all misfortunes; 0: each just once.
    pub rounds: u32,
    /// The longest that somebody does nothing.
    pub pause: Duration,
    /// Between two changes at the providers, on average.
    pub change: Duration,
}

/// Messages in a mailbox at first.
const MESSAGES: u32 = 10;

impl Plan {
    /// For every run of the tests: twelve mailboxes, each misfortune once.
    #[must_use]
    pub fn short(seed: u64) -> Self {
        Self {
            seed,
            people: 3,
            each: 2,
            rounds: 0,
            pause: Duration::from_millis(400),
            change: Duration::from_millis(250),
        }
    }

    /// 200 mailboxes and so many rounds.
    #[must_use]
    pub fn deep(seed: u64, rounds: u32) -> Self {
        Self {
            seed,
            people: 20,
            each: 5,
            rounds,
            pause: Duration::from_millis(1_600),
            change: Duration::from_millis(120),
        }
    }
}

/// What this machine lacks for a run, in a line; none: nothing.
#[must_use]
pub fn missing() -> Option<String> {
    Field::missing()
}

/// One run; answers its figures, as a text.
///
/// # Errors
///
/// The first thing that is not as it must be, with the ends of the hosts' logs.
pub async fn run(paths: &Paths, plan: &Plan) -> Result<String> {
    let mut field = Field::start(paths, plan.people * plan.each, MESSAGES).await?;
    let told = survive(&mut field, plan).await;
    told.with_context(|| format!("with seed {}\n{}", plan.seed, field.logs()))
}

async fn survive(field: &mut Field, plan: &Plan) -> Result<String> {
    let mut dice = StdRng::seed_from_u64(plan.seed);
    let begun = Instant::now();
    let people = people::link(field, plan.people, plan.each, MESSAGES).await?;
    let mut figures = Figures {
        accounts: plan.people * plan.each * 2,
        linking: begun.elapsed(),
        ..Figures::default()
    };
    let letters = Letters::default();
    let changes = Arc::new(Changes::default());
    let hosts = field.hosts.iter().map(|host| host.base().clone()).collect();
    let balancer = Arc::new(Balancer::new(hosts)?);
    let usage = Usage::begin(&field.hosts);
    let begun = Instant::now();
    for round in 0..plan.rounds.max(1) {
        let steps = if plan.rounds == 0 {
            misfortune::short()
        } else {
            misfortune::round(&mut dice)
        };
        let mut load = Load::begin(field, plan, round, &people, &balancer, &letters, &changes);
        for step in steps {
            let mishap = befall(field, &step, &mut load, &balancer).await;
            let mishap = mishap.with_context(|| named(&step))?;
            eprintln!("chaos: {mishap}");
            figures.mishaps.push(mishap);
        }
        load.end().await?;
        let begun = Instant::now();
        whole::mailboxes(&people, &field.site.providers).await?;
        whole::jobs(field).await?;
        figures.whole.push(begun.elapsed());
        let all = letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        whole::letters(&all, &field.site.providers).await?;
        figures.letters = all.len();
    }
    figures.lasted = begun.elapsed();
    figures.counts = balancer.counts();
    figures.statuses = balancer.statuses();
    figures.changes = [&changes.arrived, &changes.changed, &changes.removed]
        .map(|count| count.load(Ordering::Relaxed));
    figures.usage = usage.end(&field.hosts);
    Ok(figures.to_string())
}

/// Some misfortunes at the same time, each for as long as it lasts; then all are mended. Ends when all hosts are ready again.
async fn befall(
    field: &mut Field,
    step: &[Misfortune],
    load: &mut Load,
    balancer: &Balancer,
) -> Result<Mishap> {
    let _ = balancer.recent();
    let begun = Instant::now();
    let mut step = step.to_vec();
    let what = named(&step);
    for misfortune in &step {
        misfortune.begin(field).await?;
    }
    step.sort_by_key(|misfortune| misfortune.lasts());
    for misfortune in &step {
        // How long it lasts is what it is: there is nothing to be seen of its end.
        let lasts = misfortune.lasts().saturating_sub(begun.elapsed());
        load.for_a_while(lasts).await?;
        misfortune.end(field).await?;
    }
    let mended = Instant::now();
    whole::ready(field).await?;
    let ready = mended.elapsed();
    load.for_a_while(Duration::from_secs(2)).await?;
    Ok(Mishap {
        what,
        lasted: mended - begun,
        ready,
        requests: balancer.recent(),
    })
}

fn named(step: &[Misfortune]) -> String {
    let names: Vec<String> = step.iter().map(Misfortune::to_string).collect();
    names.join(", ")
}

/// Everything that people and providers do meanwhile.
struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<()>>,
}

impl Load {
    fn begin(
        field: &Field,
        plan: &Plan,
        round: u32,
        people: &[Person],
        balancer: &Arc<Balancer>,
        letters: &Letters,
        changes: &Arc<Changes>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let seed = plan.seed.wrapping_mul(1_000).wrapping_add(round.into());
        let mut tasks = JoinSet::new();
        for person in people {
            let doing = Doing {
                person: person.clone(),
                balancer: balancer.clone(),
                letters: letters.clone(),
                pause: plan.pause,
                seed,
            };
            tasks.spawn(doing.run(stopped.clone()));
        }
        let mailboxes = people.iter().flat_map(|person| person.mailboxes.clone());
        tasks.spawn(elsewhere::happen(
            field.site.providers.clone(),
            mailboxes.collect(),
            changes.clone(),
            plan.change,
            seed,
            stopped,
        ));
        Self { stop, tasks }
    }

    /// Lets them go on for so long.
    ///
    /// # Errors
    ///
    /// The first wrong answer that one of them met.
    async fn for_a_while(&mut self, time: Duration) -> Result<()> {
        match tokio::time::timeout(time, self.tasks.join_next()).await {
            Err(_) => Ok(()),
            Ok(Some(ended)) => ended?.and_then(|()| anyhow::bail!("somebody stopped too early")),
            Ok(None) => anyhow::bail!("nobody does anything"),
        }
    }

    /// Lets all of them end what they are at.
    async fn end(mut self) -> Result<()> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// What `CHAOS_SEED` says, to have a run once more, or any.
#[must_use]
pub fn seed() -> u64 {
    let given = std::env::var("CHAOS_SEED").ok();
    given
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random)
}
