//! What the store costs, on mail-like rows: `cargo bench -p host-store`.
//!
//! `BENCH_POSTGRES_URL` names an empty PostgreSQL database to measure instead of SQLite.
//!
//! Prints the median of several runs. Every batch is durable when it is counted, so that the disk is part of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use host_store::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

const PLUGIN: &str = "bench";
const FIELDS: [&str; 9] = [
    "id", "account", "folder", "at", "sender", "subject", "text", "html", "unread",
];

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn messages() -> Collection {
    let field = |name: &str, kind, required| Field {
        name: name.to_owned(),
        kind,
        required,
    };
    let index = |fields: &[&str]| Index {
        fields: strings(fields),
        unique: false,
    };
    Collection {
        name: "messages".to_owned(),
        fields: vec![
            field("id", Kind::Text, true),
            field("account", Kind::Text, true),
            field("folder", Kind::Text, true),
            field("at", Kind::Time, true),
            field("sender", Kind::Text, false),
            field("subject", Kind::Text, false),
            field("text", Kind::Text, false),
            field("html", Kind::Text, false),
            field("unread", Kind::Boolean, false),
        ],
        key: strings(&["id"]),
        indexes: vec![
            index(&["account", "at"]),
            index(&["folder", "at"]),
            index(&["sender", "at"]),
        ],
        full_text: Some(FullText {
            fields: strings(&["sender", "subject", "text"]),
            scope: "account".to_owned(),
        }),
    }
}

struct Mail {
    random: StdRng,
    words: Vec<String>,
    next: usize,
}

impl Mail {
    fn new() -> Self {
        let mut random = StdRng::seed_from_u64(7);
        let alphabets: [Vec<char>; 2] = [('a'..='z').collect(), ('а'..='я').collect()];
        let words = (0..20_000)
            .map(|number| {
                let alphabet = &alphabets[usize::from(number % 4 == 0)];
                (0..random.random_range(2..11))
                    .map(|_| *alphabet.choose(&mut random).unwrap())
                    .collect()
            })
            .collect();
        Self {
            random,
            words,
            next: 0,
        }
    }

    /// Frequent words are frequent, as in any language.
    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 20);
        while text.len() < bytes {
            let rank = (self.random.random::<f64>().powi(3) * 20_000.0) as usize;
            text.push_str(&self.words[rank.min(19_999)]);
            text.push(' ');
        }
        text
    }

    fn rows(&mut self, count: usize, text: usize, html: usize) -> Vec<Vec<Value>> {
        (0..count)
            .map(|_| {
                self.next += 1;
                let sender = format!("person{}@example.com", self.random.random_range(0..500));
                let folder = ["inbox", "archive", "lists"][self.random.random_range(0..3)];
                vec![
                    Value::Text(format!(
                        "{:08x}",
                        self.random.random::<u32>() as usize * 1_000_000 + self.next
                    )),
                    Value::Text("account-1".to_owned()),
                    Value::Text(folder.to_owned()),
                    Value::Time(1_700_000_000_000 + self.random.random_range(0..100_000_000_000)),
                    Value::Text(sender),
                    Value::Text(self.text(40)),
                    Value::Text(self.text(text)),
                    Value::Text(self.text(html)),
                    Value::Boolean(self.random.random_bool(0.2)),
                ]
            })
            .collect()
    }
}

fn put(rows: Vec<Vec<Value>>) -> Vec<Write> {
    vec![Write::Put {
        collection: "messages".to_owned(),
        rows: Rows {
            fields: strings(&FIELDS),
            values: rows,
        },
    }]
}

/// Runs something several times; prints the median time, and the processor time of one run, which other programs disturb less.
async fn measure(what: &str, runs: u32, mut run: impl AsyncFnMut() -> Duration) {
    let before = cpu();
    let mut times = Vec::new();
    for _ in 0..runs {
        times.push(run().await);
    }
    times.sort();
    let median = times[times.len() / 2].as_secs_f64() * 1_000.0;
    let cpu = (cpu() - before) / f64::from(runs);
    println!("{what:60} {median:>10.3} ms {cpu:>10.1} ms CPU");
}

/// Milliseconds of processor time that this process has used; zero where there is no `/proc`.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let numbers = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    // User and system, in ticks of a hundredth of a second.
    numbers
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * 10.0
}

fn condition(field: &str, operator: Operator, operands: Vec<Value>) -> Vec<Condition> {
    vec![Condition {
        field: field.to_owned(),
        operator,
        operands,
        negated: false,
    }]
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let database = match std::env::var("BENCH_POSTGRES_URL") {
        Ok(url) => Database::Postgres {
            url: url.into(),
            connections: 16,
        },
        Err(_) => Database::Folder,
    };
    let options =
        Options::new(Arc::new(SystemClock::default()), Purpose::Serve).database(&database);
    let store = Store::open_with(folder.path(), options).await.unwrap();
    let collections = store.collections();
    collections.define(PLUGIN, &messages()).await.unwrap();
    let caller = Caller {
        plugin: PLUGIN.to_owned(),
        ..Caller::default()
    };
    let mut mail = Mail::new();

    for (what, count, text, html) in [
        ("batch of 1 row, 1 kB", 1, 1_000, 0),
        (
            "batch of 100 rows, 30 kB of which 3 kB are searched",
            100,
            3_000,
            27_000,
        ),
        ("batch of 1,000 rows, 1 kB, all searched", 1_000, 1_000, 0),
        (
            "batch of 1,000 rows, 5 kB of which 2 kB are searched",
            1_000,
            2_000,
            3_000,
        ),
    ] {
        let batches: Vec<_> = (0..9).map(|_| put(mail.rows(count, text, html))).collect();
        let mut batches = batches.into_iter();
        measure(what, 9, async || {
            let writes = batches.next().unwrap();
            let began = Instant::now();
            collections.apply(&caller, writes).await.unwrap();
            began.elapsed()
        })
        .await;
    }
    let rows = mail.rows(1_000, 2_000, 3_000);
    collections.apply(&caller, put(rows.clone())).await.unwrap();
    measure("… the same rows again", 5, async || {
        let writes = put(rows.clone());
        let began = Instant::now();
        collections.apply(&caller, writes).await.unwrap();
        began.elapsed()
    })
    .await;
    let text: Vec<String> = (0..1_000).map(|_| mail.text(2_000)).collect();
    measure("cutting 2 MB into words", 5, async || {
        let began = Instant::now();
        let words: usize = text.iter().map(|text| tokenize(text).len()).sum();
        assert!(words > 0);
        began.elapsed()
    })
    .await;

    for total in [20_000, 100_000_usize] {
        while usize::try_from(
            collections
                .count(PLUGIN, "messages", &vec![], &[])
                .await
                .unwrap()[0]
                .1,
        )
        .unwrap()
            < total
        {
            collections
                .apply(&caller, put(mail.rows(2_000, 200, 0)))
                .await
                .unwrap();
        }
        println!("with {total} rows:");
        let text = |text: &str| Value::Text(text.to_owned());
        let list = |filter: Filter| Query {
            collection: "messages".to_owned(),
            filter,
            order: vec![Order {
                field: "at".to_owned(),
                descending: true,
            }],
            fields: strings(&["id", "sender", "subject", "at", "unread"]),
            limit: 50,
            cursor: None,
        };
        let common = mail.words[0].clone();
        for (what, query) in [
            (
                "  50 newest of a folder",
                list(vec![condition(
                    "folder",
                    Operator::Equal,
                    vec![text("inbox")],
                )]),
            ),
            (
                "  50 newest of three folders",
                list(vec![condition(
                    "folder",
                    Operator::OneOf,
                    vec![text("inbox"), text("lists"), text("archive")],
                )]),
            ),
            (
                "  50 newest with a common word",
                list(vec![
                    condition(
                        "",
                        Operator::Matches,
                        vec![text("account-1"), text(&common)],
                    ),
                    condition("account", Operator::Equal, vec![text("account-1")]),
                ]),
            ),
            (
                "  50 newest with two words",
                list(vec![
                    condition(
                        "",
                        Operator::Matches,
                        vec![text("account-1"), text(&mail.words[40..42].join(" "))],
                    ),
                    condition("account", Operator::Equal, vec![text("account-1")]),
                ]),
            ),
        ] {
            measure(what, 21, async || {
                let began = Instant::now();
                collections.find(PLUGIN, &query).await.unwrap();
                began.elapsed()
            })
            .await;
        }
    }
}
