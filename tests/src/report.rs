//! The steps of a long job as a person sees them: what, whether it worked, how long it took.

use std::fmt::Write as _;
use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should; what there is to say about it.
    Passed(String),
    /// Why not.
    Failed(String),
    /// A step before it failed.
    NotRun,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which job it belongs to, such as a provider.
    pub job: String,
    /// What was done.
    pub step: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub time: Duration,
}

/// All lines so far.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    job: String,
    failed: bool,
    live: bool,
}

impl Report {
    /// Says each step on standard error as it ends, for a person who waits.
    #[must_use]
    pub fn live() -> Self {
        Self {
            live: true,
            ..Self::default()
        }
    }

    /// Begins another job: its steps are tried even if the one before failed.
    pub fn begin(&mut self, job: &str) {
        self.job = job.to_owned();
        self.failed = false;
    }

    /// Does a step, unless one before it in this job failed. The answer is the step's result, if it worked.
    pub async fn step<T>(
        &mut self,
        what: &str,
        work: impl Future<Output = Result<(T, String)>>,
    ) -> Option<T> {
        if self.failed {
            self.add(what, Outcome::NotRun, Duration::ZERO);
            return None;
        }
        let begun = Instant::now();
        let (value, outcome) = match work.await {
            Ok((value, note)) => (Some(value), Outcome::Passed(note)),
            Err(error) => (None, Outcome::Failed(format!("{error:#}"))),
        };
        self.failed = value.is_none();
        self.add(what, outcome, begun.elapsed());
        value
    }

    fn add(&mut self, what: &str, outcome: Outcome, time: Duration) {
        let row = Row {
            job: self.job.clone(),
            step: what.to_owned(),
            outcome,
            time,
        };
        if self.live {
            eprintln!("  {}", line(&row, 0, 0));
        }
        self.rows.push(row);
    }

    /// Whether every step of every job worked.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.rows
            .iter()
            .all(|row| matches!(row.outcome, Outcome::Passed(_)))
    }

    /// All lines.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |of: fn(&Row) -> &str| {
            self.rows
                .iter()
                .map(|row| of(row).chars().count())
                .max()
                .unwrap_or_default()
        };
        let (job, step) = (width(|row| &row.job), width(|row| &row.step));
        for row in &self.rows {
            writeln!(out, "{}", line(row, job, step))?;
        }
        let good = self
            .rows
            .iter()
            .filter(|row| matches!(row.outcome, Outcome::Passed(_)))
            .count();
        let time: Duration = self.rows.iter().map(|row| row.time).sum();
        write!(
            out,
            "{good} of {} steps passed in {:.1} s",
            self.rows.len(),
            time.as_secs_f32()
        )
    }
}

fn line(row: &Row, job: usize, step: usize) -> String {
    let (mark, note) = match &row.outcome {
        Outcome::Passed(note) => ("ok  ", note.as_str()),
        Outcome::Failed(why) => ("FAIL", why.as_str()),
        Outcome::NotRun => ("-   ", "a step before it failed"),
    };
    let mut text = format!(
        "{mark} {:job$}  {:step$}  {:>7.2} s",
        row.job,
        row.step,
        row.time.as_secs_f32()
    );
    if !note.is_empty() {
        let _ = write!(text, "  {note}");
    }
    text
}
