//! The Email manager's logic, free of WIT: it runs natively in tests and inside the component.
//!
//! Start at [`platform`] (what the plugin needs of its host) and [`provider`] (what a mail provider can do).

pub mod platform;
pub mod provider;
#[cfg(feature = "testing")]
pub mod testing;
