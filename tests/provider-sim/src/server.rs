//! One listener of one provider: plain HTTP/1.1 and HTTP/2 with prior knowledge, on loopback.
//!
//! hyper is driven directly because a service that can fail is the only way to close a connection without an answer.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use crate::gate::{Gate, NoAnswer};

/// Serves until dropped.
pub(crate) struct Server {
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) fn start(listener: TcpListener, gate: Gate, control: Router) -> Self {
        Self {
            task: tokio::spawn(accept(listener, gate, control)),
        }
    }
}

async fn accept(listener: TcpListener, gate: Gate, control: Router) {
    // Connections end with the server: a stopped simulator looks like a provider that is down.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely; others may close theirs.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let gate = gate.clone();
        let control = control.clone();
        connections.spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                dispatch(request, gate.clone(), control.clone())
            });
            let served = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
}

async fn dispatch(
    request: http::Request<hyper::body::Incoming>,
    gate: Gate,
    control: Router,
) -> Result<Response, NoAnswer> {
    let request: Request = request.map(Body::new);
    if request.uri().path().starts_with("/_control/") {
        match control.oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    } else {
        gate.request(request).await
    }
}
