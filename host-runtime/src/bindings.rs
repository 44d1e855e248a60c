//! Rust types and functions generated from `wit/`, and the hand-picked names under which the rest of the host uses them.
//!
//! The world `platform:mail/mail-plugin` names every interface that the host knows. A plugin exports `lifecycle` and any of the
//! others: exports are looked up one interface at a time (`plugin::detect`), never as the whole world.
//!
//! A host function is `async` only if it waits for a disk or a peer; the others cost no fiber switch.

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/, where the documentation stands"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "platform:mail/mail-plugin",
        imports: {
            "platform:host/storage": async,
            "platform:host/storage.submit": trappable,
            "platform:host/storage.[method]submission.subscribe": trappable,
            "platform:host/storage.[method]submission.take": trappable,
            "platform:host/storage.[drop]submission": trappable,
            "platform:host/blobs": async,
            "platform:host/secrets": async,
            "platform:host/jobs": async,
            "platform:host/users": async,
            "platform:host/locks": async | trappable,
        },
        exports: { default: async },
        with: {
            "platform:host/locks.guard": crate::capability::locks::Guard,
            "platform:host/storage.submission": crate::capability::storage::Submission,
            "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        },
        additional_derives: [PartialEq],
    });
}

/// What the host provides: `platform:host`.
pub mod host {
    pub use super::generated::platform::host::{
        blobs, jobs, locks, log, routing, secrets, storage, users,
    };
}

/// Types shared by everything that plugins export: `platform:plugin/types`.
pub mod types {
    pub use super::generated::platform::plugin::types::*;
}

/// What plugins export: `platform:plugin`.
pub mod plugin {
    pub use super::generated::exports::platform::plugin::{
        job_handler, lifecycle, oauth_callback, settings, webhook,
    };
}

/// Provider-neutral mail: `platform:mail`.
pub mod mail {
    pub use super::generated::exports::platform::mail::{accounts, actions, compose, mailbox};
    pub use super::generated::platform::mail::types;
}
