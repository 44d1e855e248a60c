//! What a call asked of the host, for the runner and for whoever looks for the slow part.
//!
//! Names, sizes, outcomes and times; never contents, since rows and requests carry people's mail and tokens.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::limits;

/// One host call.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Since the call began, in microseconds.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// `interface.function`.
    pub function: &'static str,
    /// On what: a collection, an origin and a path, a name; without contents.
    pub subject: String,
    /// What came of it, such as `50 rows` or `conflict`.
    pub outcome: Cow<'static, str>,
}

/// Collects [`Entry`]s of one call; clones write to the same. Switched off, it costs a comparison.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Inner>>);

struct Inner {
    begun: Instant,
    entries: Mutex<Vec<Entry>>,
}

/// A host call that is under way.
#[must_use]
pub struct Pending {
    trace: Trace,
    begun: Option<Instant>,
    function: &'static str,
    subject: String,
}

impl Trace {
    /// A trace that records.
    pub fn on() -> Self {
        Self(Some(Arc::new(Inner {
            begun: Instant::now(),
            entries: Mutex::default(),
        })))
    }

    /// Whether it records: what costs more than an entry is asked for only then.
    pub fn records(&self) -> bool {
        self.0.is_some()
    }

    /// Notes that a host call begins. `subject` is asked for only if the trace records.
    pub fn begin(&self, function: &'static str, subject: impl FnOnce() -> String) -> Pending {
        let on = self.0.is_some();
        Pending {
            trace: self.clone(),
            begun: on.then(Instant::now),
            function,
            subject: if on { subject() } else { String::new() },
        }
    }

    /// What was recorded, in the order in which the host calls ended.
    pub fn take(&self) -> Vec<Entry> {
        self.0.as_ref().map_or_else(Vec::new, |inner| {
            std::mem::take(&mut *inner.entries.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

impl Pending {
    /// Notes how the host call ended.
    pub fn end(self, outcome: impl FnOnce() -> Cow<'static, str>) {
        let (Some(inner), Some(begun)) = (&self.trace.0, self.begun) else {
            return;
        };
        let mut entries = inner.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < limits::TRACE_ENTRIES {
            entries.push(Entry {
                at_us: micros(begun.duration_since(inner.begun)),
                took_us: micros(begun.elapsed()),
                function: self.function,
                subject: self.subject,
                outcome: outcome(),
            });
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
