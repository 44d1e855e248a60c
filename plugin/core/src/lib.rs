//! The Email manager's logic, free of WIT: it runs natively in tests and inside the component.
//!
//! Start at [`platform`] (what the plugin needs of its host), [`provider`] (what a mail provider can do) and [`model`] (what the
//! plugin offers). [`store`] is what it remembers, [`sync`] keeps that equal to the provider's.

pub mod accounts;
pub mod actions;
pub mod compose;
pub mod connect;
pub mod content;
pub mod ids;
pub mod jobs;
pub mod lifecycle;
pub mod mailbox;
pub mod model;
pub mod oauth;
pub mod platform;
pub mod provider;
pub mod settings;
pub mod store;
pub mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod webhook;

#[cfg(test)]
mod tests;
