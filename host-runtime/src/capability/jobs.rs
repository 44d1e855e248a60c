//! `platform:host/jobs`: withdrawing work. Jobs are made by `storage.apply` and run by the [`worker`](crate::worker).

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::jobs;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    jobs::add_to_linker::<_, HasJobs>(linker, |call| Jobs { call })
}

struct HasJobs;

impl HasData for HasJobs {
    type Data<'a> = Jobs<'a>;
}

struct Jobs<'a> {
    call: &'a mut CallState,
}

impl jobs::Host for Jobs<'_> {
    async fn cancel(&mut self, kind: String, key: String) -> Result<(), jobs::Error> {
        let scope = &self.call.scope;
        let pending = self
            .call
            .trace
            .begin("jobs.cancel", || format!("{kind} {key}"));
        let result = scope
            .store
            .jobs()
            .cancel(&scope.plugin, &kind, &key)
            .await
            .map_err(|error| match error {
                host_store::Error::Unavailable(reason) => jobs::Error::Unavailable(reason),
                other => jobs::Error::Other(other.to_string()),
            });
        pending.end(|| super::outcome(&result, |_| "ok"));
        result.map(drop)
    }
}
