//! Plugins: what they are, how one call runs, and who may change which of them runs.
//!
//! [`manifest`] is what a plugin asks for and what it was granted, [`inspect`] what can be told of a component before it runs.
//! [`instance`] is a plugin version that runs, [`call`] one call of it. [`manager`] is the only writer of plugin state.
//! [`pages`] are the files that it brings for browsers. [`typed`] are the exports as ordinary functions, [`invoke`] is any export by name.

pub mod call;
pub mod detect;
pub mod fault;
pub mod inspect;
pub mod instance;
pub mod invoke;
pub mod manager;
pub mod manifest;
pub mod pages;
pub mod trace;
pub mod typed;

pub use call::CallError;
pub use manifest::{Grants, Manifest};
