//! `platform:host/users`: name, address and language of a user id.

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::users;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    users::add_to_linker::<_, HasUsers>(linker, |call| Users { call })
}

struct HasUsers;

impl HasData for HasUsers {
    type Data<'a> = Users<'a>;
}

struct Users<'a> {
    call: &'a mut CallState,
}

impl users::Host for Users<'_> {
    async fn get(&mut self, id: String) -> Option<users::User> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("users.get", || id.clone());
        let result = scope.store.users().get(&id).await;
        pending.end(|| super::outcome(&result, |_| "ok"));
        match result {
            Ok(user) => user.map(|user| users::User {
                id: user.id,
                name: user.name,
                email: user.email,
                locale: user.locale,
            }),
            Err(error) => {
                tracing::warn!(plugin = scope.plugin, %error, "a user could not be looked up");
                None
            }
        }
    }
}
