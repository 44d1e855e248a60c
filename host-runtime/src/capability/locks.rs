//! `platform:host/locks`: advisory, named, timed locks.
//!
//! What a call holds is kept twice: in the guest's handle, and in the call's list of fences, under which `storage.apply` checks that
//! the lock has not lapsed. A handle that the guest drops releases its lock at once; what a trap or the end of the call leaves
//! behind is released by [`Held`] when the call's state is dropped.

use wasmtime::component::{HasData, Linker, Resource};

use crate::bindings::host::locks;
use crate::limits;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    locks::add_to_linker::<_, HasLocks>(linker, |call| Locks { call })
}

/// The guest's handle: the token of one of the call's locks.
pub struct Guard {
    token: i64,
}

/// A lock that is released when this is dropped.
pub(crate) struct Held {
    locks: host_store::Locks,
    guard: Option<host_store::LockGuard>,
}

impl Held {
    /// What a batch must still hold.
    pub(crate) fn fence(&self) -> Option<host_store::Fence> {
        self.guard.as_ref().map(host_store::LockGuard::fence)
    }

    fn is(&self, token: i64) -> bool {
        self.guard.as_ref().is_some_and(|g| g.token == token)
    }

    async fn release(mut self) {
        if let Some(guard) = self.guard.take() {
            give_back(&self.locks, guard).await;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        // Outside a runtime (the process is ending) the lock lapses by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let locks = self.locks.clone();
            runtime.spawn(async move { give_back(&locks, guard).await });
        }
    }
}

async fn give_back(locks: &host_store::Locks, guard: host_store::LockGuard) {
    if let Err(error) = locks.release(&guard).await {
        tracing::warn!(plugin = guard.plugin, lock = guard.name, %error, "a lock was not released; it lapses by itself");
    }
}

struct HasLocks;

impl HasData for HasLocks {
    type Data<'a> = Locks<'a>;
}

struct Locks<'a> {
    call: &'a mut CallState,
}

impl locks::Host for Locks<'_> {
    async fn acquire(
        &mut self,
        name: String,
        hold_ms: u32,
        wait_ms: u32,
    ) -> wasmtime::Result<Option<Resource<Guard>>> {
        if self.call.locks.len() >= limits::LOCKS_PER_CALL {
            return Err(wasmtime::format_err!(
                "a call may hold {} locks",
                limits::LOCKS_PER_CALL
            ));
        }
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("locks.acquire", || name.clone());
        let locks = scope.store.locks();
        let result = locks
            .acquire(&scope.plugin, &name, hold_ms.into(), wait_ms.into())
            .await;
        pending.end(|| {
            super::outcome(
                &result,
                |held| if held.is_some() { "held" } else { "taken" },
            )
        });
        // The contract has no error here: a store that can't answer looks like somebody else's lock, which a guest must handle anyway.
        let Some(guard) = result.unwrap_or_else(|error| {
            tracing::warn!(plugin = scope.plugin, lock = name, %error, "a lock could not be taken");
            None
        }) else {
            return Ok(None);
        };
        let handle = self.call.table.push(Guard { token: guard.token })?;
        self.call.locks.push(Held {
            locks,
            guard: Some(guard),
        });
        Ok(Some(handle))
    }
}

impl locks::HostGuard for Locks<'_> {
    async fn drop(&mut self, handle: Resource<Guard>) -> wasmtime::Result<()> {
        let token = self.call.table.delete(handle)?.token;
        if let Some(at) = self.call.locks.iter().position(|held| held.is(token)) {
            self.call.locks.swap_remove(at).release().await;
        }
        Ok(())
    }
}
