//! How long something takes that is done over and over, one after the other.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Enough for the 99th of a hundred to be more than an accident.
const MOST: usize = 500;

/// What is slow is done less often.
const PATIENCE: Duration = Duration::from_secs(20);

/// … but never less often than this.
const LEAST: usize = 20;

/// Milliseconds that half of the runs did not take longer than, and that 99 of 100 did not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Times {
    /// Of so many runs as there is patience for; each is told its number. The first compiles statements and is not counted.
    pub(super) async fn of(mut run: impl AsyncFnMut(usize) -> Result<()>) -> Result<Self> {
        run(0).await?;
        let begun = Instant::now();
        let mut times = Vec::new();
        while times.len() < MOST && (times.len() < LEAST || begun.elapsed() < PATIENCE) {
            let one = Instant::now();
            run(times.len()).await?;
            times.push(one.elapsed());
        }
        Self::from(times)
    }

    /// Of what was measured.
    pub(super) fn from(mut times: Vec<Duration>) -> Result<Self> {
        times.sort();
        let at = |hundredth: usize| {
            let place = (times.len() * hundredth).div_ceil(100).saturating_sub(1);
            let time = times.get(place).context("nothing was measured")?;
            anyhow::Ok(time.as_secs_f64() * 1_000.0)
        };
        Ok(Self {
            median: at(50)?,
            most: at(99)?,
        })
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2} / {:.2}", self.median, self.most)
    }
}
