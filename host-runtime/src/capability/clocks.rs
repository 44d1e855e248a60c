//! `wasi:clocks`, driven by the host's one clock.
//!
//! wasmtime's own implementation reads a replaceable clock but waits on the real one; this one also waits on the host's, so that a
//! test moves the time of a guest that sleeps.

use std::sync::Arc;
use std::time::Duration;

use host_store::Clock;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::plugin::call::CallState;

/// Adds both clocks.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<_, HasClocks>(linker, |call| Clocks { call })?;
    monotonic_clock::add_to_linker::<_, HasClocks>(linker, |call| Clocks { call })
}

struct HasClocks;

impl HasData for HasClocks {
    type Data<'a> = Clocks<'a>;
}

struct Clocks<'a> {
    call: &'a mut CallState,
}

/// The host's clock counts milliseconds.
const RESOLUTION: Duration = Duration::from_millis(1);

impl Clocks<'_> {
    /// Nanoseconds that never go back within a call, even if the wall clock is set.
    fn instant(&mut self) -> u64 {
        let now = self.call.scope.clock.now().saturating_mul(1_000_000);
        self.call.last_instant = self.call.last_instant.max(now);
        self.call.last_instant
    }

    fn wait_until(&mut self, instant: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = Timer {
            clock: self.call.scope.clock.clone(),
            // Rounded up: a wait is never shorter than asked for.
            at: instant.div_ceil(1_000_000),
        };
        let timer = self.call.table.push(timer)?;
        subscribe(&mut self.call.table, timer)
    }
}

impl wall_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let now = Duration::from_millis(self.call.scope.clock.now());
        Ok(wall_clock::Datetime {
            seconds: now.as_secs(),
            nanoseconds: now.subsec_nanos(),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 0,
            nanoseconds: RESOLUTION.subsec_nanos(),
        })
    }
}

impl monotonic_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.instant())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::from(RESOLUTION.subsec_nanos()))
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.wait_until(when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let when = self.instant().saturating_add(duration);
        self.wait_until(when)
    }
}

struct Timer {
    clock: Arc<dyn Clock>,
    at: u64,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        if self.clock.now() >= self.at {
            // A guest that polls in a loop with a time that has come would starve everything else on this thread.
            tokio::task::yield_now().await;
        } else {
            self.clock.sleep_until(self.at).await;
        }
    }
}
