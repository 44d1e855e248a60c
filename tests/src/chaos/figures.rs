//! What a run has to tell, as tables.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::balancer::{Count, Wait};
use crate::programs::{Host, cpu_seconds, resident_bytes};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) accounts: u32,
    /// How long it took to link and fill them.
    pub(super) linking: Duration,
    /// How long it lasted from then on.
    pub(super) lasted: Duration,
    pub(super) mishaps: Vec<Mishap>,
    /// Requests by kind.
    pub(super) counts: BTreeMap<&'static str, Count>,
    /// What failed tries were answered; 0: nothing.
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) letters: usize,
    /// Messages that arrived, were changed, and were removed at the providers.
    pub(super) changes: [u64; 3],
    /// After each round, how long it took until all was as at the providers.
    pub(super) whole: Vec<Duration>,
    pub(super) usage: Vec<Used>,
}

/// A misfortune, or some at once.
#[derive(Debug)]
pub(super) struct Mishap {
    pub(super) what: String,
    pub(super) lasted: Duration,
    /// From its mending until all hosts were ready.
    pub(super) ready: Duration,
    /// What people asked meanwhile.
    pub(super) requests: Count,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.took.as_secs_f64())?;
        for (status, (times, took)) in &self.tries {
            let took = took.as_secs_f64();
            match status {
                0 => write!(f, ", no answer {times} times ({took:.1} s)")?,
                other => write!(f, ", {other} {times} times ({took:.1} s)")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} | {:.0} s | {:.1} s | {}: {} | {} of {}",
            self.what,
            self.lasted.as_secs_f64(),
            self.ready.as_secs_f64(),
            self.requests.longest.kind,
            self.requests.longest,
            self.requests.failed,
            self.requests.made
        )
    }
}

/// What a host used since a moment. A host that was killed counts from its last start.
#[derive(Debug)]
pub(super) struct Used {
    cpu: f64,
    memory: u64,
}

/// A moment from which on hosts are measured: processor seconds by process.
pub(super) struct Usage(BTreeMap<u32, f64>);

impl Usage {
    pub(super) fn begin(hosts: &[Host]) -> Self {
        let used = hosts
            .iter()
            .map(|host| (host.pid(), cpu_seconds(host.pid()).unwrap_or_default()));
        Self(used.collect())
    }

    pub(super) fn end(self, hosts: &[Host]) -> Vec<Used> {
        let used = hosts.iter().map(|host| Used {
            cpu: cpu_seconds(host.pid()).unwrap_or_default()
                - self.0.get(&host.pid()).copied().unwrap_or_default(),
            memory: resident_bytes(host.pid()).unwrap_or_default(),
        });
        used.collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: &Duration| format!("{:.1} s", time.as_secs_f64());
        writeln!(
            f,
            "{} accounts, linked and filled in {:.0} s, then {:.0} s of chaos\n",
            self.accounts,
            self.linking.as_secs_f64(),
            self.lasted.as_secs_f64()
        )?;
        writeln!(
            f,
            "misfortune | lasted | all ready after | longest wait for an answer | failed tries of requests"
        )?;
        for mishap in &self.mishaps {
            writeln!(f, "{mishap}")?;
        }
        writeln!(f, "\nrequest | made | failed tries | longest wait")?;
        for (kind, count) in &self.counts {
            let Count {
                made,
                failed,
                longest,
            } = count;
            writeln!(f, "{kind} | {made} | {failed} | {longest}")?;
        }
        let statuses: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, times)| match status {
                0 => format!("no answer {times} times"),
                other => format!("{other} {times} times"),
            })
            .collect();
        writeln!(f, "\nfailed tries: {}", statuses.join(", "))?;
        let [arrived, changed, removed] = self.changes;
        writeln!(
            f,
            "letters sent, each once: {}; at the providers {arrived} arrived, {changed} changed, {removed} removed",
            self.letters
        )?;
        let whole: Vec<String> = self.whole.iter().map(seconds).collect();
        writeln!(f, "all as at the providers after {}", whole.join(", "))?;
        for (number, used) in self.usage.iter().enumerate() {
            writeln!(
                f,
                "host {number}: {:.0} s of the processor since its last start, {:.0} MB of memory",
                used.cpu,
                used.memory as f64 / 1e6
            )?;
        }
        Ok(())
    }
}
