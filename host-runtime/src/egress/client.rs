//! The sender behind `wasi:http/outgoing-handler`: one pool of connections per plugin, HTTP/1.1 and HTTP/2 over rustls.
//!
//! wasmtime's own sender opens a connection per request and trusts the guest for time-outs; this one reuses connections, connects
//! only to addresses that passed the [`address_policy`], follows no redirect, and caps time, size and the number of requests per
//! host whatever the guest asks for. A plugin's pool is its own and goes with its grants.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::allow_list::AllowList;
use super::body::{AheadBody, CappedBody, with_length};
use super::connect::{Counted, Guarded};
use super::{address_policy, fault};
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
    pub(super) connections: AtomicU64,
    pub(super) received: AtomicU64,
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
            AheadBody::new(CappedBody::new(inner, between, counters, permit)).boxed_unsync()
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
        let described = fault::describe(error);
        if matches!(described, Error::DestinationIpProhibited) {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
        }
        described
    }
}
