//! Threads for the network alone.
//!
//! A guest that computes keeps a worker of the main runtime until the next tick of the epoch, and a task that was woken on that
//! worker last waits there for it: no other worker takes it over. On threads where nobody computes, requests go on at once, so
//! that a plugin reads one answer while the next one is made.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Connections copy bytes and decrypt them; what takes longer is elsewhere.
const THREADS: usize = 2;

/// The network's runtime, or this one if the system gives no more threads.
pub(crate) fn handle() -> Handle {
    static NETWORK: OnceLock<Option<Runtime>> = OnceLock::new();
    let network = NETWORK.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("plugin-network")
            .enable_all()
            .build()
            .inspect_err(|error| tracing::warn!(%error, "no threads for the network alone"))
            .ok()
    });
    network
        .as_ref()
        .map_or_else(Handle::current, |network| network.handle().clone())
}
