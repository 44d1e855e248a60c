//! The Email manager as a component: what the contract exports is answered by `email-manager-core`, what the core needs is asked
//! of the contract's imports. Nothing is decided here.
#![cfg(target_family = "wasm")]

mod exports;
mod host;
mod http;

/// Generated from `wit/`.
#[allow(
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated code; which lints it trips is its generator's business"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "mail-plugin",
        pub_export_macro: true,
        with: { "wasi:io/poll@0.2.12": wasip2::io::poll },
        generate_all,
    });
}

struct Plugin;

#[allow(
    unsafe_code,
    reason = "the exports of a component are unsafe functions, and the generator's own attributes may allow them already"
)]
mod export {
    use super::Plugin;
    crate::bindings::export!(Plugin with_types_in crate::bindings);
}
