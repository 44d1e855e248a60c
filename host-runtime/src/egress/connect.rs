//! How connections are made: to permitted addresses only, and counted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

use super::address_policy;
use super::allow_list::AllowList;
use super::client::Counters;

/// The second layer: resolves a name to the addresses that may be connected to, and to no others.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) inner: GaiResolver,
    pub(super) allowed: Arc<AllowList>,
}

/// All addresses of the name lie where this plugin may not go.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not granted")]
pub(super) struct Prohibited;

impl Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let internal = self.allowed.is_internal(name.as_str());
        let lookup = self.inner.call(name);
        Box::pin(async move {
            let permitted: Vec<_> = lookup
                .await
                .map_err(|e| io::Error::new(io::ErrorKind::NotFound, e))?
                .filter(|a| address_policy::permits(a.ip(), internal))
                .collect();
            if permitted.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, Prohibited));
            }
            Ok(permitted.into_iter())
        })
    }
}

/// Counts connections, for the tests that promise reuse and for the metrics.
#[derive(Clone)]
pub(super) struct Counted<C> {
    pub(super) inner: C,
    pub(super) counters: Arc<Counters>,
}

impl<C: Service<http::Uri>> Service<http::Uri> for Counted<C> {
    type Response = C::Response;
    type Error = C::Error;
    type Future = C::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: http::Uri) -> C::Future {
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.inner.call(uri)
    }
}
