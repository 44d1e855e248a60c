//! The sender behind `wasi:http/outgoing-handler`: one pool of connections per plugin, HTTP/1.1 and HTTP/2 over rustls.
//!
//! wasmtime's own sender opens a connection per request and trusts the guest for time-outs; this one reuses connections, connects
//! only to addresses that passed the [`address_policy`], follows no redirect, and caps time, size and the number of requests per
//! host whatever the guest asks for. A plugin's pool is its own and goes with its grants.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tower::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::address_policy;
use super::allow_list::AllowList;
use crate::limits;

/// What all plugins' senders share: TLS roots and settings.
#[derive(Clone)]
pub struct Tls(rustls::ClientConfig);

impl Tls {
    /// The public certification authorities, and `extra` ones, such as a company's own.
    pub fn new(
        extra: impl IntoIterator<Item = rustls::pki_types::CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        for certificate in extra {
            roots.add(certificate)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(config))
    }
}

/// What a plugin's sender did so far.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    /// Requests sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
    /// Requests that the grants or the address policy refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
    /// Connections opened.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
    /// Bytes of response bodies.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

type Connector = HttpsConnector<Counted<HttpConnector<Guarded>>>;

/// The sender of one plugin under one set of grants.
pub struct Sender {
    client: Client<Connector, WasiBody>,
    allowed: Arc<AllowList>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    counters: Arc<Counters>,
    user_agent: HeaderValue,
}

impl Sender {
    /// `agent` names the plugin to the servers that it calls.
    pub fn new(tls: &Tls, allowed: AllowList, agent: &str) -> Self {
        let allowed = Arc::new(allowed);
        let counters = Arc::new(Counters::default());
        let mut http = HttpConnector::new_with_resolver(Guarded {
            inner: GaiResolver::new(),
            allowed: allowed.clone(),
        });
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(limits::CONNECT_TIME));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls.0.clone())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Counted {
                inner: http,
                counters: counters.clone(),
            });
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(limits::IDLE_TIME)
            .pool_max_idle_per_host(limits::IDLE_PER_HOST)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(https);
        Self {
            client,
            allowed,
            hosts: Mutex::default(),
            counters,
            user_agent: HeaderValue::from_str(agent)
                .unwrap_or_else(|_| HeaderValue::from_static("plugin-host")),
        }
    }

    /// What was sent so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Sends a request, within the limits of this module and the smaller ones of the guest.
    pub async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        if let Err(error) = self.judge(&request) {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(error);
        }
        let (mut request, upload_time) = with_length(request).await?;
        request
            .headers_mut()
            .entry(header::USER_AGENT)
            .or_insert_with(|| self.user_agent.clone());
        let host = request
            .uri()
            .authority()
            .map_or("", |a| a.as_str())
            .to_ascii_lowercase();
        let permit = self.permit(host).await?;
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let head_time = options
            .connect_timeout
            .unwrap_or(limits::CONNECT_TIME)
            .min(limits::CONNECT_TIME)
            .saturating_add(
                options
                    .first_byte_timeout
                    .unwrap_or(limits::FIRST_BYTE_TIME)
                    .min(limits::FIRST_BYTE_TIME),
            )
            .saturating_add(upload_time);
        let response = tokio::time::timeout(head_time, self.client.request(request))
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|e| self.describe(&e))?;
        if response
            .body()
            .size_hint()
            .exact()
            .is_some_and(|n| n > limits::RESPONSE_BYTES)
        {
            return Err(Error::HttpResponseBodySize(
                response.body().size_hint().exact(),
            ));
        }
        let between = options
            .between_bytes_timeout
            .unwrap_or(limits::BETWEEN_BYTES_TIME)
            .min(limits::BETWEEN_BYTES_TIME);
        let counters = self.counters.clone();
        Ok(response.map(|inner| {
            CappedBody {
                inner,
                patience: Box::pin(tokio::time::sleep(between)),
                between,
                left: limits::RESPONSE_BYTES,
                counters,
                _permit: permit,
            }
            .boxed_unsync()
        }))
    }

    /// The first layer: what is asked for, before a name is resolved.
    fn judge(&self, request: &Request<WasiBody>) -> Result<(), Error> {
        let uri = request.uri();
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Error::HttpRequestMethodInvalid);
        }
        let has_user = uri.authority().is_none_or(|a| a.as_str().contains('@'));
        if has_user || !self.allowed.allows(uri) {
            return Err(Error::HttpRequestDenied);
        }
        // The connector doesn't resolve addresses, so the resolver never sees them.
        let host = uri.host().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) if !address_policy::permits(address, self.allowed.is_internal(host)) => {
                Err(Error::DestinationIpProhibited)
            }
            _ => Ok(()),
        }
    }

    async fn permit(&self, authority: String) -> Result<OwnedSemaphorePermit, Error> {
        let host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            // A wildcard grant can bring any number of hosts: forget those with nothing under way.
            if hosts.len() > 256 {
                hosts.retain(|_, h| h.available_permits() < limits::REQUESTS_PER_HOST);
            }
            hosts
                .entry(authority)
                .or_insert_with(|| Arc::new(Semaphore::new(limits::REQUESTS_PER_HOST)))
                .clone()
        };
        host.acquire_owned()
            .await
            .map_err(|_| Error::ConnectionLimitReached)
    }

    fn describe(&self, error: &ClientError) -> Error {
        let described = describe(error);
        if matches!(described, Error::DestinationIpProhibited) {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
        }
        described
    }
}

/// Gives the request a length: guests write bodies piece by piece, and servers of providers refuse chunked ones. A body whose
/// length the guest stated is passed on as it comes, with time for a slow line.
async fn with_length(request: Request<WasiBody>) -> Result<(Request<WasiBody>, Duration), Error> {
    /// The slowest line that an upload is waited for, in bytes per second.
    const SLOWEST_UPLOAD: u64 = 128 << 10;

    let (parts, body) = request.into_parts();
    let stated = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) = stated {
        if length > limits::REQUEST_BYTES {
            return Err(Error::HttpRequestBodySize(Some(limits::REQUEST_BYTES)));
        }
        let time = Duration::from_secs(length / SLOWEST_UPLOAD);
        return Ok((Request::from_parts(parts, body), time));
    }
    let gathered = gather(body).await?;
    let time = Duration::from_secs(gathered.len() as u64 / SLOWEST_UPLOAD);
    let body = Full::new(gathered).map_err(Error::from).boxed_unsync();
    Ok((Request::from_parts(parts, body), time))
}

/// Takes a body into memory. One that is too large is read to its end all the same, up to what any request may have: a guest learns
/// why its request failed only after it has written all of it.
async fn gather(mut body: WasiBody) -> Result<Bytes, Error> {
    let mut gathered = BytesMut::new();
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len() as u64);
        if size <= limits::BUFFERED_REQUEST_BYTES {
            gathered.extend_from_slice(&data);
        } else {
            gathered = BytesMut::new();
        }
        if size > limits::REQUEST_BYTES {
            break;
        }
    }
    if size > limits::BUFFERED_REQUEST_BYTES {
        return Err(Error::HttpRequestBodySize(Some(
            limits::BUFFERED_REQUEST_BYTES,
        )));
    }
    Ok(gathered.freeze())
}

/// The second layer: resolves a name to the addresses that may be connected to, and to no others.
#[derive(Clone)]
struct Guarded {
    inner: GaiResolver,
    allowed: Arc<AllowList>,
}

/// All addresses of the name lie where this plugin may not go.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not granted")]
struct Prohibited;

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
struct Counted<C> {
    inner: C,
    counters: Arc<Counters>,
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

/// A response body that ends with an error when nothing comes for too long or too much comes.
struct CappedBody {
    inner: Incoming,
    patience: Pin<Box<Sleep>>,
    between: Duration,
    left: u64,
    counters: Arc<Counters>,
    /// The place at this host is free when the body is read or dropped.
    _permit: OwnedSemaphorePermit,
}

impl Body for CappedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let me = &mut *self;
        match Pin::new(&mut me.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |d| d.len() as u64);
                me.counters.received.fetch_add(length, Ordering::Relaxed);
                let Some(left) = me.left.checked_sub(length) else {
                    return Poll::Ready(Some(Err(Error::HttpResponseBodySize(Some(
                        limits::RESPONSE_BYTES,
                    )))));
                };
                me.left = left;
                me.patience.as_mut().reset(Instant::now() + me.between);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(describe_hyper(&error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match me.patience.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The contract's name for what went wrong. The guest sees no addresses and nothing of the host's network.
fn describe(error: &ClientError) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>()
            && let Some(described) = describe_io(io)
        {
            return described;
        }
        if let Some(hyper) = current.downcast_ref::<hyper::Error>() {
            return describe_hyper(hyper);
        }
        if let Some(own) = current.downcast_ref::<Error>() {
            return Error::InternalError(Some(own.to_string()));
        }
        cause = current.source();
    }
    if error.is_connect() {
        Error::DestinationUnavailable
    } else {
        Error::ConnectionTerminated
    }
}

fn describe_io(error: &io::Error) -> Option<Error> {
    if let Some(inner) = error.get_ref() {
        if let Some(nested) = inner.downcast_ref::<io::Error>() {
            return describe_io(nested);
        }
        if inner.is::<Prohibited>() {
            return Some(Error::DestinationIpProhibited);
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(match tls {
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    Error::TlsCertificateError
                }
                _ => Error::TlsProtocolError,
            });
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        io::ErrorKind::TimedOut => Some(Error::ConnectionTimeout),
        io::ErrorKind::NotFound => Some(Error::DnsError {
            rcode: None,
            info_code: None,
        }),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Error::ConnectionTerminated),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(Error::DestinationUnavailable)
        }
        _ => None,
    }
}

fn describe_hyper(error: &hyper::Error) -> Error {
    if error.is_timeout() {
        Error::ConnectionReadTimeout
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else {
        Error::ConnectionTerminated
    }
}
