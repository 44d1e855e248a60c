//! The running simulator and how it is put together.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::control::{self, Controls};
use crate::gate::Gate;
use crate::google::Google;
use crate::microsoft::Microsoft;
use crate::server::Server;
use crate::{
    AccessLog, Account, Backend, Client, Clock, Faults, Keys, PostOffice, Provider, SystemClock,
};

/// What the providers allow; `None` switches a limit off. Can be changed while running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Gmail quota units per mailbox and minute.
    pub google_units_per_minute: Option<u64>,
    /// Gmail quota units of all mailboxes together, per minute.
    pub google_project_units_per_minute: Option<u64>,
    /// Gmail requests in flight per mailbox, parts of batches included.
    pub google_concurrent: Option<u32>,
    /// Messages a Google account may send in a day.
    pub google_sends_per_day: Option<u64>,
    /// Milliseconds after which what was sent is found by `q`; lists by label have it at once. Not a limit: 0 switches it off.
    pub google_search_lag_ms: u64,
    /// Graph requests per mailbox in ten minutes.
    pub microsoft_requests_per_ten_minutes: Option<u64>,
    /// Graph requests in flight per mailbox.
    pub microsoft_concurrent: Option<u32>,
    /// Bytes uploaded to Graph per mailbox in five minutes.
    pub microsoft_upload_per_five_minutes: Option<u64>,
    /// Real milliseconds that every call of a mail API takes longer, as over a network.
    pub latency_ms: u64,
}

impl Default for Limits {
    /// As the providers publish them for new projects in autumn 2026.
    fn default() -> Self {
        Self {
            google_units_per_minute: Some(6_000),
            google_project_units_per_minute: Some(1_200_000),
            google_concurrent: Some(10),
            google_sends_per_day: Some(500),
            google_search_lag_ms: 0,
            microsoft_requests_per_ten_minutes: Some(10_000),
            microsoft_concurrent: Some(4),
            microsoft_upload_per_five_minutes: Some(150 * 1024 * 1024),
            latency_ms: 0,
        }
    }
}

impl Limits {
    /// No limit at all: for benchmarks against clients that do not pace themselves.
    pub fn none() -> Self {
        Self {
            google_units_per_minute: None,
            google_project_units_per_minute: None,
            google_concurrent: None,
            google_sends_per_day: None,
            google_search_lag_ms: 0,
            microsoft_requests_per_ten_minutes: None,
            microsoft_concurrent: None,
            microsoft_upload_per_five_minutes: None,
            latency_ms: 0,
        }
    }
}

/// What a backend is built from.
#[derive(Clone)]
pub struct Context {
    /// Scheme, host and port, no slash at the end.
    pub base_url: String,
    /// The clock of everything.
    pub clock: Arc<dyn Clock>,
    /// Seed of everything that is generated.
    pub seed: u64,
    /// Read them at each use: they change while running.
    pub limits: Arc<RwLock<Limits>>,
    /// Delivers what is sent.
    pub post: Arc<PostOffice>,
    /// Signs id tokens and push messages.
    pub keys: Keys,
    /// Owners of mailboxes.
    pub accounts: Vec<Account>,
    /// Registered applications.
    pub clients: Vec<Client>,
    /// Keeps what is posted to subscribers, beside what was asked.
    pub log: Arc<AccessLog>,
}

/// Puts a [`Sim`] together.
pub struct SimBuilder {
    clock: Arc<dyn Clock>,
    seed: u64,
    limits: Limits,
    listen: [SocketAddr; 2],
    name: Option<String>,
    accounts: Vec<(Provider, Account)>,
    clients: Vec<(Provider, Client)>,
}

impl SimBuilder {
    /// The machine's clock if not given.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Seed of everything that is generated; 1 if not given.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The providers' own if not given.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Address of one side; `127.0.0.1:0` if not given.
    #[must_use]
    pub fn listen(mut self, provider: Provider, address: SocketAddr) -> Self {
        let [google, microsoft] = &mut self.listen;
        match provider {
            Provider::Google => *google = address,
            Provider::Microsoft => *microsoft = address,
        }
        self
    }

    /// What both are called in the addresses that they tell; if not given, by the address that they listen on.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Adds a person with a mailbox.
    #[must_use]
    pub fn account(mut self, provider: Provider, account: Account) -> Self {
        self.accounts.push((provider, account));
        self
    }

    /// Registers an OAuth application.
    #[must_use]
    pub fn client(mut self, provider: Provider, client: Client) -> Self {
        self.clients.push((provider, client));
        self
    }

    /// Binds both listeners and serves until the [`Sim`] is dropped.
    ///
    /// # Errors
    /// An address cannot be bound.
    pub async fn start(self) -> std::io::Result<Sim> {
        let [google_at, microsoft_at] = self.listen;
        let google_listener = TcpListener::bind(google_at).await?;
        let microsoft_listener = TcpListener::bind(microsoft_at).await?;
        let limits = Arc::new(RwLock::new(self.limits.clone()));
        let post = Arc::new(PostOffice::default());
        let google_url = url_of(&google_listener, self.name.as_deref())?;
        let microsoft_url = url_of(&microsoft_listener, self.name.as_deref())?;
        let log = Arc::new(AccessLog::default());
        let context = |provider: Provider, base_url: &str| Context {
            base_url: base_url.to_owned(),
            clock: self.clock.clone(),
            seed: self.seed,
            limits: limits.clone(),
            post: post.clone(),
            keys: Keys,
            accounts: of(provider, &self.accounts),
            clients: of(provider, &self.clients),
            log: log.clone(),
        };
        let google = Arc::new(Google::new(context(Provider::Google, &google_url)));
        let microsoft = Arc::new(Microsoft::new(context(Provider::Microsoft, &microsoft_url)));
        let backends: Vec<Arc<dyn Backend>> = vec![google.clone(), microsoft.clone()];
        post.open(&backends);

        let faults = Arc::new(Faults::default());
        let routes = control::routes(Controls {
            backends: backends.clone(),
            faults: faults.clone(),
            log: log.clone(),
            clock: self.clock.clone(),
            limits: limits.clone(),
        });
        let mut servers = Vec::new();
        for (listener, backend) in [google_listener, microsoft_listener]
            .into_iter()
            .zip(backends)
        {
            let gate = Gate::new(backend, faults.clone(), log.clone(), self.clock.clone());
            servers.push(Server::start(listener, gate, routes.clone()));
        }
        Ok(Sim {
            google,
            microsoft,
            urls: [google_url, microsoft_url],
            clock: self.clock,
            limits,
            faults,
            log,
            _servers: servers,
        })
    }
}

fn url_of(listener: &TcpListener, name: Option<&str>) -> std::io::Result<String> {
    let mut address = listener.local_addr()?;
    if let Some(name) = name {
        return Ok(format!("http://{name}:{}", address.port()));
    }
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(format!("http://{address}"))
}

fn of<T: Clone>(provider: Provider, all: &[(Provider, T)]) -> Vec<T> {
    all.iter()
        .filter(|(of, _)| *of == provider)
        .map(|(_, item)| item.clone())
        .collect()
}

/// Both providers, running. Dropping it closes every connection.
pub struct Sim {
    google: Arc<Google>,
    microsoft: Arc<Microsoft>,
    urls: [String; 2],
    clock: Arc<dyn Clock>,
    limits: Arc<RwLock<Limits>>,
    faults: Arc<Faults>,
    log: Arc<AccessLog>,
    _servers: Vec<Server>,
}

impl Sim {
    /// Nobody and nothing in it yet.
    pub fn builder() -> SimBuilder {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        SimBuilder {
            clock: Arc::new(SystemClock),
            seed: 1,
            limits: Limits::default(),
            listen: [any, any],
            name: None,
            accounts: Vec::new(),
            clients: Vec::new(),
        }
    }

    /// Scheme, host and port of one side.
    pub fn base_url(&self, provider: Provider) -> &str {
        let [google, microsoft] = &self.urls;
        match provider {
            Provider::Google => google,
            Provider::Microsoft => microsoft,
        }
    }

    /// One side, for tests that run the same for both.
    pub fn backend(&self, provider: Provider) -> Arc<dyn Backend> {
        match provider {
            Provider::Google => self.google.clone(),
            Provider::Microsoft => self.microsoft.clone(),
        }
    }

    /// The Google side.
    pub fn google(&self) -> &Arc<Google> {
        &self.google
    }

    /// The Microsoft side.
    pub fn microsoft(&self) -> &Arc<Microsoft> {
        &self.microsoft
    }

    /// The clock of everything.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Faults to inject.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Who asked what.
    pub fn log(&self) -> &AccessLog {
        &self.log
    }

    /// Changes the limits from the next request on.
    pub fn set_limits(&self, limits: Limits) {
        *self.limits.write() = limits;
    }
}
