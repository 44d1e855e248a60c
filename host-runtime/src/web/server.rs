//! Starting and stopping a host that serves people.
//!
//! The order matters: the data folder is taken before anything is bound, so that a second server fails with the right reason; the
//! port is known before plugins start, because they ask for the redirect URI; jobs run last and end first.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use host_store::{Clock, NewUser, Options, Purpose, Role, Store};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::limiter::SignInLimiter;
use super::metrics::Metrics;
use super::shell::Shell;
use super::signed::Signer;
use super::{AppState, HASHES_AT_ONCE, Shared, description_document, passwords, router};
use crate::config::Config;
use crate::egress::client::Tls;
use crate::{Host, HostOptions};

/// A client that has not sent its request's head by then holds up a connection for nothing.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// When the machine is out of connections, wait for some to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Left in the data folder by a running server for the command line of the same machine.
const CONTROL_FILE: &str = "control.json";

/// Why a host did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the data folder; how to reach it, if it is a server.
    #[error("another process serves the data folder")]
    InUse {
        /// None: it left no word.
        control: Option<Control>,
    },
    /// The address can't be listened on.
    #[error("{address} can't be listened on: {error}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The data folder can't be used.
    #[error("the data folder can't be used: {0}")]
    Store(host_store::Error),
    /// Engine or plugins.
    #[error(transparent)]
    Host(#[from] crate::StartError),
    /// A file of the data folder can't be written.
    #[error("{} can't be written: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// TLS for outgoing requests.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

impl From<host_store::Error> for StartError {
    fn from(error: host_store::Error) -> Self {
        Self::Store(error)
    }
}

/// How a running server is reached from its own machine.
#[derive(Debug, Clone, Deserialize)]
pub struct Control {
    /// Without a slash at the end.
    pub origin: String,
    /// Lets its bearer administer. Whoever can read the file can read the keys beside it as well.
    #[serde(deserialize_with = "passwords::secret")]
    pub token: SecretString,
}

/// The administrator that a first start made.
#[derive(Debug, Clone)]
pub struct FirstAdministrator {
    /// To sign in with.
    pub email: String,
    /// Set if the host made it up: it is shown once, and nowhere kept.
    pub password: Option<SecretString>,
}

/// Starts servers.
#[derive(Debug, Clone, Copy)]
pub struct Server;

/// A server that runs. Dropping it leaves it running until the runtime ends; [`Running::shutdown`] ends it in order.
pub struct Running {
    address: SocketAddr,
    state: AppState,
    first: Option<FirstAdministrator>,
    accepting: JoinHandle<()>,
    connections: TaskTracker,
    control_file: PathBuf,
}

impl Server {
    /// Takes the data folder, listens, starts the plugins that are enabled, and runs their jobs.
    ///
    /// # Errors
    ///
    /// Why it did not start; nothing is left running.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
        let store = open(&config, clock, Purpose::Serve).await?;
        let listener =
            TcpListener::bind(config.listen)
                .await
                .map_err(|error| StartError::Listen {
                    address: config.listen,
                    error,
                })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen {
            address: config.listen,
            error,
        })?;
        let origin = config
            .public_origin
            .clone()
            .unwrap_or_else(|| local_origin(address));
        let token = SecretString::from(format!(
            "control-{}",
            passwords::random() + &passwords::random()
        ));
        let control_file = config.data_dir.join(CONTROL_FILE);
        let first = first_administrator(&store, &config).await?;
        let grace = Duration::from_secs(config.shutdown_seconds.into());
        let state = state(config, store, &origin, Some(token.clone())).await?;
        write_control(&control_file, &local_origin(address), &token)?;
        state.host().start_jobs().await;
        let connections = TaskTracker::new();
        let accepting = tokio::spawn(accept(
            listener,
            router(state.clone()),
            state.stopping().clone(),
            connections.clone(),
            grace,
        ));
        tracing::info!(%address, %origin, "listening");
        Ok(Running {
            address,
            state,
            first,
            accepting,
            connections,
            control_file,
        })
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme, host and port under which people reach it, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.state.public_origin()
    }

    /// The host behind it.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.state.host()
    }

    /// Set if this start made an administrator.
    #[must_use]
    pub fn first_administrator(&self) -> Option<&FirstAdministrator> {
        self.first.as_ref()
    }

    /// Its router, to be called without a connection.
    pub fn router(&self) -> Router {
        router(self.state.clone())
    }

    /// Takes no more connections, ends event streams, lets requests and jobs under way end within the configured time, and closes the store.
    pub async fn shutdown(self) {
        self.state.stopping().cancel();
        let _ = self.accepting.await;
        self.connections.close();
        self.connections.wait().await;
        self.state.host().stop().await;
        self.state.store().close().await;
        if let Err(error) = std::fs::remove_file(&self.control_file) {
            tracing::warn!(path = %self.control_file.display(), %error, "the control file was not removed");
        }
    }
}

/// A host inside this process, without a socket and without jobs, for one command.
pub struct Local {
    state: AppState,
    token: SecretString,
}

impl Local {
    /// Takes the data folder and starts the plugins that are enabled.
    ///
    /// # Errors
    ///
    /// [`StartError::InUse`] with the way to the server that has the folder, and as for [`Server::start`].
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let clock = Arc::new(host_store::SystemClock::default());
        let store = open(&config, clock, Purpose::Administer).await?;
        let origin = config
            .public_origin
            .clone()
            .unwrap_or_else(|| local_origin(config.listen));
        let token = SecretString::from(passwords::random());
        let state = state(config, store, &origin, Some(token.clone())).await?;
        Ok(Self { state, token })
    }

    /// The same addresses as a server's.
    pub fn router(&self) -> Router {
        router(self.state.clone())
    }

    /// The host behind it.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.state.host()
    }

    /// Lets its bearer administer.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Ends it in order.
    pub async fn close(self) {
        self.state.stopping().cancel();
        self.state.host().stop().await;
        self.state.store().close().await;
    }
}

async fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
    purpose: Purpose,
) -> Result<Store, StartError> {
    let options = Options {
        database: config.database(),
        blobs: config.blob_place()?,
        key_file: config.key_file.clone(),
        clock,
        purpose,
    };
    Store::open_with(&config.data_dir, options)
        .await
        .map_err(|error| match error {
            host_store::Error::InUse(_) => StartError::InUse {
                control: read_control(&config.data_dir),
            },
            error => StartError::Store(error),
        })
}

async fn state(
    config: Config,
    store: Store,
    origin: &str,
    control: Option<SecretString>,
) -> Result<AppState, StartError> {
    let mut options = HostOptions::new(&store, origin);
    if let Some(calls) = config.max_concurrent_calls {
        options.live_calls = usize::try_from(calls).unwrap_or(usize::MAX).max(1);
        options.live_jobs = options.live_jobs.min((options.live_calls / 4).max(1));
    }
    let limiter = SignInLimiter::new(config.sign_in_tries, store.tries());
    let signer = Signer::new(store.secrets());
    let host = Host::start(store, options).await?;
    Ok(AppState(Arc::new(Shared {
        host,
        public_origin: origin.to_owned(),
        secure: !is_loopback(origin),
        control,
        tls: Tls::new([]).map_err(|error| StartError::Tls(error.to_string()))?,
        metrics: Metrics::default(),
        figures: super::mail::Figures::default(),
        limiter,
        signer,
        hashing: Semaphore::new(HASHES_AT_ONCE),
        streams: Mutex::default(),
        stopping: CancellationToken::new(),
        shell: Shell::new(config.shell_dir.clone()),
        openapi: description_document().to_string(),
        config,
    })))
}

/// A host that nobody can administer is of no use: the first start makes somebody who can.
async fn first_administrator(
    store: &Store,
    config: &Config,
) -> Result<Option<FirstAdministrator>, StartError> {
    if store
        .users()
        .list()
        .await?
        .iter()
        .any(|user| user.role == Role::Administrator)
    {
        return Ok(None);
    }
    let (password, made) = match &config.admin_password {
        Some(password) => (password.clone(), None),
        None => {
            let password = SecretString::from(passwords::random());
            (password.clone(), Some(password))
        }
    };
    let user = NewUser {
        name: config.admin_name.clone(),
        email: config.admin_email.clone(),
        role: Role::Administrator,
        locale: "en".to_owned(),
        password: Some(password),
    };
    let user = match store.users().add(user).await {
        // Another host started at the same time.
        Err(host_store::Error::Conflict(_)) if store.is_shared() => return Ok(None),
        added => added?,
    };
    Ok(Some(FirstAdministrator {
        email: user.email,
        password: made,
    }))
}

/// `http://` and the address, as a browser on this machine would write it.
fn local_origin(address: SocketAddr) -> String {
    let reachable = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(reachable, address.port()))
}

/// Browsers treat loopback as a safe place without TLS.
pub(crate) fn is_loopback(origin: &str) -> bool {
    match url::Url::parse(origin)
        .ok()
        .as_ref()
        .and_then(url::Url::host)
    {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[derive(Serialize)]
struct ControlFile<'a> {
    origin: &'a str,
    token: &'a str,
}

fn write_control(path: &Path, origin: &str, token: &SecretString) -> Result<(), StartError> {
    let failed = |error| StartError::File {
        path: path.to_owned(),
        error,
    };
    // An older one may be open to others, or be a link to somewhere else.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let text = serde_json::to_vec(&ControlFile {
        origin,
        token: token.expose_secret(),
    })
    .map_err(|error| failed(error.into()))?;
    options
        .open(path)
        .and_then(|mut file| file.write_all(&text))
        .map_err(failed)
}

fn read_control(data_dir: &Path) -> Option<Control> {
    serde_json::from_slice(&std::fs::read(data_dir.join(CONTROL_FILE)).ok()?).ok()
}

/// Serves connections until it is told to stop, and then lets each finish what it is answering.
async fn accept(
    listener: TcpListener,
    router: Router,
    stopping: CancellationToken,
    connections: TaskTracker,
    grace: Duration,
) {
    loop {
        let (stream, peer) = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        connections.spawn(connection(
            stream,
            peer,
            router.clone(),
            stopping.clone(),
            grace,
        ));
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stopping: CancellationToken,
    grace: Duration,
) {
    // Answers are written in one piece: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let service =
        hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE);
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => note(ended),
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            if let Ok(ended) = tokio::time::timeout(grace, connection).await {
                note(ended);
            }
        }
    }
}

/// Peers that go away in the middle are everyday life.
fn note<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_without_tls() {
        for origin in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:1",
            "http://app.localhost:80",
        ] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in [
            "https://mail.example.com",
            "http://192.168.1.5:8080",
            "http://localhost.example.com",
        ] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }

    #[test]
    fn an_origin_is_one_that_a_browser_here_can_open() {
        assert_eq!(
            local_origin(SocketAddr::from(([0, 0, 0, 0], 8080))),
            "http://127.0.0.1:8080"
        );
        assert_eq!(
            local_origin(SocketAddr::from(([10, 0, 0, 1], 80))),
            "http://10.0.0.1:80"
        );
    }
}
