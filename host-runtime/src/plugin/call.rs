//! The state of one call: who calls, on whose behalf, with which limits, and what it did.
//!
//! Every call has a fresh store, and with it a fresh one of these. Nothing of it outlives the call, so that a trap, a time-out or
//! a guest's leftovers never reach the next caller.

use std::sync::Arc;
use std::time::Duration;

use host_store::Clock;
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::trace::Trace;
use crate::capability::http::Hooks;
use crate::capability::locks::Held;
use crate::capability::output::Output;
use crate::egress::client::Sender;
use crate::limits;
use crate::plugin::manifest::Grants;

/// Why a call did not come back with the plugin's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no such plugin.
    #[error("there is no plugin `{0}`")]
    Unknown(String),
    /// No plugin that brings mail is enabled.
    #[error("no plugin that brings mail is enabled")]
    NoMail,
    /// It is there and switched off, being changed, or not approved yet.
    #[error("the plugin `{0}` is not enabled")]
    NotEnabled(String),
    /// It was stopped because it kept failing; why it failed last.
    #[error("the plugin `{plugin}` was stopped because it kept failing: {reason}")]
    Broken {
        /// Its id.
        plugin: String,
        /// The last fault.
        reason: String,
    },
    /// It does not export what was asked for.
    #[error("the plugin `{plugin}` does not export `{interface}`")]
    NotExported {
        /// Its id.
        plugin: String,
        /// The interface or function.
        interface: String,
    },
    /// It is enabled, and this host is about to start it, as another one has.
    #[error("the plugin `{0}` is being started on this host")]
    Starting(String),
    /// Too many calls are live; try again after this time.
    #[error("the host is busy")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// It took longer than it was granted.
    #[error("the plugin did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It wanted more memory than it was granted, in bytes.
    #[error("the plugin wanted more than the {0} bytes of memory that it was granted")]
    OutOfMemory(u64),
    /// It failed; the root cause, without the guest's output (which is in the fault report).
    #[error("the plugin failed: {0}")]
    Trapped(String),
}

/// On whose behalf a call is made, as far as capabilities need to know.
#[derive(Debug, Clone, Default)]
pub struct OnBehalf {
    /// The user; none: the host itself (lifecycle, jobs, webhooks).
    pub user: Option<String>,
    /// Id of the request, for the log.
    pub request: String,
    /// The lease of the job that this call runs.
    pub lease: Option<host_store::Lease>,
}

/// What every call of one enabled plugin version shares.
pub struct Scope {
    /// The plugin's id, which is its namespace everywhere.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// What it may do.
    pub grants: Grants,
    /// What the host remembers.
    pub store: host_store::Store,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// Its connections.
    pub sender: Arc<Sender>,
    /// Where plugins are reached.
    pub routes: Arc<crate::capability::routing::Routes>,
    /// Tells the routes of this version from those of the version before.
    pub generation: u64,
}

/// See the module's documentation.
pub struct CallState {
    pub(crate) table: ResourceTable,
    pub(crate) scope: Arc<Scope>,
    pub(crate) behalf: OnBehalf,
    pub(crate) trace: Trace,
    pub(crate) output: Output,
    pub(crate) locks: Vec<Held>,
    pub(crate) submissions: Arc<Semaphore>,
    pub(crate) hooks: Hooks,
    pub(crate) http: wasmtime_wasi_http::WasiHttpCtx,
    pub(crate) memory: MemoryLimit,
    pub(crate) log_lines: u32,
    pub(crate) last_instant: u64,
    wasi: WasiCtx,
}

impl CallState {
    /// A call of `scope`'s plugin.
    pub fn new(scope: Arc<Scope>, behalf: OnBehalf, trace: Trace) -> Self {
        let output = Output::default();
        let wasi = WasiCtx::builder()
            .stdout(output.clone())
            .stderr(output.clone())
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES);
        Self {
            table,
            hooks: Hooks::new(scope.sender.clone(), trace.clone()),
            memory: MemoryLimit::new(scope.grants.memory_bytes),
            http: wasmtime_wasi_http::WasiHttpCtx::new(),
            scope,
            behalf,
            trace,
            output,
            locks: Vec::new(),
            submissions: Arc::new(Semaphore::new(limits::SUBMISSIONS_PER_CALL)),
            log_lines: 0,
            last_instant: 0,
            wasi,
        }
    }

    /// Whose data is touched, and what must still be held when it is changed.
    pub(crate) fn caller(&self) -> host_store::Caller {
        let lease = self.behalf.lease.iter().map(host_store::Lease::fence);
        let locks = self.locks.iter().filter_map(Held::fence);
        host_store::Caller {
            plugin: self.scope.plugin.clone(),
            user: self.behalf.user.clone(),
            fences: lease.chain(locks).collect(),
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Caps what the memories and tables of one store hold together. wasmtime's own limit is per memory, and a component may bring
/// several.
pub struct MemoryLimit {
    granted: u64,
    used: u64,
    exceeded: bool,
}

impl MemoryLimit {
    fn new(granted: u64) -> Self {
        Self {
            granted,
            used: 0,
            exceeded: false,
        }
    }

    /// Bytes in use, and whether more was asked for than granted.
    pub fn usage(&self) -> (u64, bool) {
        (self.used, self.exceeded)
    }

    /// What was granted, in bytes.
    pub fn granted(&self) -> u64 {
        self.granted
    }

    fn grow(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let more = (desired as u64)
            .saturating_sub(current as u64)
            .saturating_mul(unit);
        let total = self.used.saturating_add(more);
        if total > self.granted {
            self.exceeded = true;
            return false;
        }
        self.used = total;
        true
    }
}

impl wasmtime::ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, size_of::<usize>() as u64))
    }

    fn instances(&self) -> usize {
        limits::CORE_INSTANCES_PER_CALL as usize
    }

    fn memories(&self) -> usize {
        limits::MEMORIES_PER_CALL as usize
    }

    fn tables(&self) -> usize {
        limits::TABLES_PER_CALL as usize
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter as _;

    use super::*;

    #[test]
    fn memories_are_summed() {
        let mut limit = MemoryLimit::new(3 << 16);
        assert!(
            limit
                .memory_growing(0, 2 << 16, None)
                .is_ok_and(|granted| granted)
        );
        assert!(
            limit
                .memory_growing(0, 1 << 16, None)
                .is_ok_and(|granted| granted)
        );
        assert!(
            limit
                .memory_growing(0, 1 << 16, None)
                .is_ok_and(|granted| !granted)
        );
        assert_eq!(limit.usage(), (3 << 16, true));
    }
}
