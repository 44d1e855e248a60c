//! What went wrong in a call, told so that a person can act on it.
//!
//! wasmtime wraps the reason in layers of context, and a panic's message is only on the guest's standard error: the report
//! takes the root cause and what the guest wrote.

use std::time::Duration;

use serde::Serialize;
use wasmtime::{PoolConcurrencyLimitError, Trap};

use super::call::{CallError, CallState};
use crate::limits;

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A panic or another trap.
    Trap,
    /// It took too long.
    TimeOut,
    /// It wanted too much memory.
    Memory,
}

impl FaultKind {
    /// As it is recorded.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::TimeOut => "timeout",
            Self::Memory => "memory",
        }
    }
}

/// One failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The plugin's id.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// `interface.function`.
    pub function: String,
    /// The request or job that made the call.
    pub request: String,
    /// How it failed.
    pub kind: FaultKind,
    /// The root cause.
    pub reason: String,
    /// What the guest wrote to its standard output and error.
    pub output: String,
}

impl Fault {
    /// For people: the reason, who asked, and what the guest wrote.
    pub fn detail(&self) -> String {
        let mut detail = format!(
            "{} (version {}, request {})",
            self.reason, self.version, self.request
        );
        if !self.output.is_empty() {
            detail.push('\n');
            detail.push_str(&self.output);
        }
        detail
    }
}

/// What a failed call means for whoever made it.
pub(crate) fn judge(error: &wasmtime::Error, state: &CallState, time: Duration) -> CallError {
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy {
            retry_after: limits::BUSY_RETRY_AFTER,
        };
    }
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        return CallError::TimedOut(time);
    }
    if state.memory.usage().1 {
        return CallError::OutOfMemory(state.memory.granted());
    }
    CallError::Trapped(root_cause(error))
}

/// The innermost reason.
pub(crate) fn root_cause(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}

/// The fault to record for `error`; none if the plugin isn't to blame.
pub(crate) fn kind(error: &CallError) -> Option<FaultKind> {
    match error {
        CallError::TimedOut(_) => Some(FaultKind::TimeOut),
        CallError::OutOfMemory(_) => Some(FaultKind::Memory),
        CallError::Trapped(_) => Some(FaultKind::Trap),
        _ => None,
    }
}
