//! The reference host: loads plugin components, grants them HTTP, storage, routing and more, and serves what they bring.
//!
//! Data flows one way: browser or API → `web` → a plugin's export ([`plugin`]) → an import ([`capability`]) → database or network
//! ([`egress`]). The host knows plugins, people, routes and capabilities; it knows nothing of any mail provider.
//!
//! [`Host`] is the whole without its web server, [`web::Server`] the whole with it. [`bindings`] are the types of the contract, [`limits`] every limit with its reason.

pub mod asset;
pub mod bindings;
pub mod capability;
pub mod cli;
pub mod config;
pub mod egress;
pub mod engine;
mod host;
pub mod limits;
pub mod plugin;
pub mod web;
mod worker;

pub use host::{Host, HostOptions, StartError};
pub use plugin::CallError;
pub use plugin::manager::{ManageError, Manager, PluginStatus};
pub use plugin::typed::PluginError;
