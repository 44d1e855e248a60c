//! `platform:host/secrets`: small values by name, sealed by the store under the plugin's own namespace.

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::secrets;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    secrets::add_to_linker::<_, HasSecrets>(linker, |call| Secrets { call })
}

struct HasSecrets;

impl HasData for HasSecrets {
    type Data<'a> = Secrets<'a>;
}

struct Secrets<'a> {
    call: &'a mut CallState,
}

impl secrets::Host for Secrets<'_> {
    async fn get(&mut self, name: String) -> Result<Option<Vec<u8>>, secrets::Error> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("secrets.get", || name.clone());
        let result = scope
            .store
            .secrets()
            .get(&scope.plugin, &name)
            .await
            .map_err(describe);
        pending.end(|| {
            super::outcome(
                &result,
                |found| if found.is_some() { "found" } else { "none" },
            )
        });
        result
    }

    async fn put(&mut self, name: String, value: Vec<u8>) -> Result<(), secrets::Error> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("secrets.put", || name.clone());
        let result = scope
            .store
            .secrets()
            .put(&scope.plugin, &name, &value)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |()| "ok"));
        result
    }

    async fn delete(&mut self, name: String) -> Result<(), secrets::Error> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("secrets.delete", || name.clone());
        let result = scope
            .store
            .secrets()
            .delete(&scope.plugin, &name)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |()| "ok"));
        result
    }
}

fn describe(error: host_store::Error) -> secrets::Error {
    match error {
        host_store::Error::Unavailable(reason) => secrets::Error::Unavailable(reason),
        other => secrets::Error::Other(other.to_string()),
    }
}
