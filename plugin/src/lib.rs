//! The Email manager as a component: what the contract exports is answered by `email-manager-core`, what the core needs is asked
//! of the contract's imports. Nothing is decided here.
#![cfg(target_family = "wasm")]

mod exports;
mod host;
mod http;

/// Generated from `wit/`.
#[expect(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "mail-plugin",
        pub_export_macro: true,
        generate_all,
    });
}

struct Plugin;

#[expect(
    unsafe_code,
    reason = "the exports of a component are unsafe functions"
)]
mod export {
    use super::Plugin;
    crate::bindings::export!(Plugin with_types_in crate::bindings);
}
