//! A host in a temporary folder with test guests, and a server for them to call.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by tests that use different parts"
)]

pub mod http;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use host_runtime::bindings::plugin::settings::Entry;
use host_runtime::bindings::types::{Caller, Error, Role};
use host_runtime::egress::allow_list::OriginGrant;
use host_runtime::plugin::{Grants, Manifest};
use host_runtime::{Host, HostOptions, PluginError};
use host_store::{Purpose, Store, TestClock};

/// The component of a test guest.
pub fn guest(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<BTreeMap<String, std::path::PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| xtask::component::guests().expect("the test guests build"));
    std::fs::read(built.get(name).expect("a known guest")).unwrap()
}

/// Overwrites a marked string of a guest with one of the same length.
pub fn marked(mut component: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = component
        .windows(from.len())
        .position(|w| w == from.as_bytes())
        .expect("the mark is in the component");
    component[at..at + to.len()].copy_from_slice(to.as_bytes());
    component
}

pub const DOUBLE: &str = "guest-double-a";

pub fn double() -> Vec<u8> {
    guest("double")
}

/// The double with pages: these files, and `pages.json` made of `index`.
pub fn with_pages(index: &serde_json::Value, files: &[(&str, &str)]) -> Vec<u8> {
    let component = marked(double(), "pages:none", "pages:some");
    let mut all: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect();
    all.insert("pages.json".into(), index.to_string().into_bytes());
    xtask::pages::append(component, &xtask::pages::archive(&all).unwrap())
}

/// A host in a temporary folder.
pub struct Fixture {
    pub folder: tempfile::TempDir,
    pub clock: TestClock,
    pub host: Host,
}

/// 2026-01-01.
pub const NOW: u64 = 1_767_225_600_000;

pub async fn open(folder: &std::path::Path, clock: &TestClock, live_calls: usize) -> Host {
    let store = reopened(folder, clock).await;
    let mut options = HostOptions::new(&store, "http://host.test");
    options.live_calls = live_calls;
    // Shared by all tests: compiling takes most of their time.
    options.compiled = Some(xtask::target().join("compiled-guests"));
    Host::start(store, options).await.unwrap()
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with_live_calls(8).await
    }

    pub async fn with_live_calls(live_calls: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(NOW);
        let host = open(folder.path(), &clock, live_calls).await;
        Self {
            folder,
            clock,
            host,
        }
    }

    /// With the double enabled, as its manifest proposes.
    pub async fn with_double() -> Self {
        Self::with_double_granted(|_| {}).await
    }

    pub async fn with_double_granted(change: impl FnOnce(&mut Grants)) -> Self {
        let fixture = Self::new().await;
        fixture.install(double(), change).await;
        fixture
    }

    /// Adds, approves and enables.
    pub async fn install(&self, component: Vec<u8>, change: impl FnOnce(&mut Grants)) -> String {
        let plugins = self.host.plugins();
        let status = plugins.add(component).await.unwrap();
        let mut grants = Grants::proposed(&status.inspection.manifest);
        change(&mut grants);
        plugins.approve(&status.id, grants).await.unwrap();
        plugins.enable(&status.id).await.unwrap();
        status.id.clone()
    }

    /// What the double answers to a command.
    pub async fn obey(&self, command: &str) -> Result<String, PluginError> {
        obey(&self.host, command).await
    }

    /// As after a restart of the process.
    pub async fn restarted(self) -> Self {
        self.host.stop().await;
        self.host.store().close().await;
        let Self {
            folder,
            clock,
            host,
        } = self;
        drop(host);
        let host = open(folder.path(), &clock, 8).await;
        Self {
            folder,
            clock,
            host,
        }
    }
}

/// The folder's lock goes with the last clone of an older store, which a task may hold for a moment.
async fn reopened(folder: &std::path::Path, clock: &TestClock) -> Store {
    for _ in 0..1_000 {
        match Store::open(folder, Arc::new(clock.clone()), Purpose::Serve).await {
            Err(host_store::Error::InUse(_)) => tokio::time::sleep(Duration::from_millis(2)).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the older host still holds its folder");
}

pub async fn obey(host: &Host, command: &str) -> Result<String, PluginError> {
    let plugin = host.plugin(DOUBLE)?;
    let answer = plugin.load_settings(&caller(), command.to_owned()).await?;
    match answer.into_iter().next() {
        Some((_, Entry::Text(text))) => Ok(text),
        other => panic!("no answer: {other:?}"),
    }
}

pub fn refusal(error: PluginError) -> String {
    match error {
        PluginError::Refused(Error::Other(reason)) => reason,
        other => panic!("not refused by the plugin: {other:?}"),
    }
}

pub fn caller() -> Caller {
    Caller {
        user: "somebody".into(),
        role: Role::Administrator,
        permissions: vec![],
        locale: "en".into(),
        request: "r-1".into(),
    }
}

/// An origin on this machine, granted as such.
pub fn internal(origin: &str) -> OriginGrant {
    OriginGrant {
        origin: origin.parse().unwrap(),
        internal: true,
    }
}

/// The same, granted as if it were public.
pub fn public(origin: &str) -> OriginGrant {
    OriginGrant {
        origin: origin.parse().unwrap(),
        internal: false,
    }
}

pub fn proposed(manifest: &Manifest) -> Grants {
    Grants::proposed(manifest)
}

/// A server on loopback.
pub struct Server {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    pub requests: Arc<AtomicUsize>,
    /// Lets one held request go.
    pub release: Arc<tokio::sync::Semaphore>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let release = Arc::new(tokio::sync::Semaphore::new(0));
        let count = requests.clone();
        let gate = release.clone();
        let app = Router::new()
            .route("/hello", get(|| async { "hello" }))
            .route(
                "/bytes/{n}",
                get(|Path(n): Path<usize>| async move { vec![b'x'; n] }),
            )
            .route(
                "/length",
                post(|headers: axum::http::HeaderMap, body: Bytes| async move {
                    let stated = headers
                        .get(header::CONTENT_LENGTH)
                        .map_or("none", |v| v.to_str().unwrap());
                    format!("{} stated {stated}", body.len())
                }),
            )
            .route(
                "/redirect",
                get(|| async {
                    (StatusCode::FOUND, [(header::LOCATION, "/hello")]).into_response()
                }),
            )
            .route(
                "/held",
                get(move || async move {
                    gate.acquire().await.unwrap().forget();
                    "released"
                }),
            )
            .route(
                "/never",
                get(|| async { std::future::pending::<String>().await }),
            )
            .route(
                "/stalls",
                get(|| async {
                    let begun = futures::stream::iter([Ok::<_, std::io::Error>(
                        Bytes::from_static(b"begun"),
                    )]);
                    let stream = futures::StreamExt::chain(begun, futures::stream::pending());
                    Response::new(Body::from_stream(stream))
                }),
            )
            .layer(axum::extract::DefaultBodyLimit::disable())
            .layer(axum::middleware::from_fn(
                move |request, next: axum::middleware::Next| {
                    count.fetch_add(1, Ordering::SeqCst);
                    next.run(request)
                },
            ));
        let counted = Counted {
            inner: listener,
            accepted: connections.clone(),
        };
        tokio::spawn(async move { axum::serve(counted, app).await });
        Self {
            port,
            connections,
            requests,
            release,
        }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Until so many requests have come.
    pub async fn requested(&self, requests: usize) {
        until(|| self.requests() >= requests).await;
    }
}

/// Until something is so that another task makes so; looks again at every turn, and gives up after a while.
pub async fn until(so: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    patience.await.expect("it came to be so in time");
}

struct Counted {
    inner: tokio::net::TcpListener,
    accepted: Arc<AtomicUsize>,
}

impl axum::serve::Listener for Counted {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let accepted = axum::serve::Listener::accept(&mut self.inner).await;
        self.accepted.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}
