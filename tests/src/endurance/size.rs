//! What a process takes up, looked at again and again.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::programs::{open_files, resident_bytes, threads};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// What the host may have grown by between the second quarter of a run and the last: an allocator settles slowly, a leak does not settle.
const GROWTH: f64 = 1.10;

/// Threads and open files come and go with what is under way: so many more are no leak.
const COMING_AND_GOING: f64 = 16.0;

#[derive(Debug, Clone, Copy)]
struct Look {
    resident: f64,
    threads: f64,
    files: f64,
}

/// All looks at one process, evenly spread over a run.
#[derive(Debug)]
pub(super) struct Sizes(Vec<Look>);

impl Sizes {
    /// Looks at a process for that long.
    pub(super) async fn over(pid: u32, length: Duration) -> Result<Self> {
        let begun = Instant::now();
        let mut looks = Vec::new();
        while begun.elapsed() < length {
            looks.push(Look {
                resident: resident_bytes(pid)? as f64,
                threads: threads(pid)? as f64,
                files: open_files(pid)? as f64,
            });
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Self(looks))
    }

    /// The median over a quarter of the run, counted from 0.
    fn quarter(&self, number: usize, of: impl Fn(&Look) -> f64) -> f64 {
        let length = self.0.len() / 4;
        let mut values: Vec<f64> = self
            .0
            .iter()
            .skip(number * length)
            .take(length)
            .map(of)
            .collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    /// What has grown, after the first quarter in which everything was done for the first time.
    pub(super) fn grown(&self) -> Option<String> {
        type Of = fn(&Look) -> f64;
        let judged: [(&str, Of, f64); 3] = [
            ("resident memory", |look| look.resident, 0.0),
            ("threads", |look| look.threads, COMING_AND_GOING),
            ("open files", |look| look.files, COMING_AND_GOING),
        ];
        judged.into_iter().find_map(|(what, of, more)| {
            let (early, late) = (self.quarter(1, of), self.quarter(3, of));
            (late > early * GROWTH + more)
                .then(|| format!("{what} of the host grew from {early} to {late}"))
        })
    }

    pub(super) fn rows(&self) -> [(&'static str, String); 3] {
        let row = |of: fn(&Look) -> f64, unit: f64| {
            let quarters: Vec<String> = (0..4)
                .map(|number| format!("{:.0}", self.quarter(number, of) / unit))
                .collect();
            quarters.join(", ")
        };
        [
            (
                "resident memory of the host in each quarter, median, MB",
                row(|look| look.resident, 1e6),
            ),
            ("… threads", row(|look| look.threads, 1.0)),
            ("… open files", row(|look| look.files, 1.0)),
        ]
    }
}
