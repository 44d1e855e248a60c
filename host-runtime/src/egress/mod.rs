//! How plugins reach the network: only over HTTP, only to granted origins, only through this host's own sender.
//!
//! Two layers. [`allow_list`] decides on the name that the plugin asks for, before anything is sent. [`address_policy`] decides on
//! the address that the name resolves to, and the connection is made to that very address, so that a name that an attacker
//! controls can't lead into the host's own network. Redirects are answers like any other: the plugin asks again, and is checked
//! again.

pub mod address_policy;
pub mod allow_list;
mod body;
pub mod client;
mod connect;
mod fault;
pub(crate) mod threads;
