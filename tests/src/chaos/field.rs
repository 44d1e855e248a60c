//! What a run of chaos plays on: three hosts in namespaces of their own, and what they talk to, each thing at an address of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use url::Url;
use xtask::postgres::{Database, Server};

use super::network::{Network, Peer};
use crate::bucket::Bucket;
use crate::client::{Client, Names};
use crate::programs::{Host, Paths, Simulator, Surroundings};
use crate::site::{CALLBACK, Site};
use crate::wait::until;

/// As many as there are.
pub(super) const HOSTS: u8 = 3;

/// The host whose clock can be set: the library that does it costs each look at the clock a little.
pub(super) const OFF_CLOCK: u8 = 2;

/// What people call the hosts, as behind a load balancer.
const MAIL: &str = "mail.localhost";

/// What everybody calls the providers. Names of this kind may be spoken to unencrypted.
const PROVIDERS: &str = "providers.localhost";

/// How long an unoptimised host on a busy machine may take to compile the plugin.
const START: Duration = Duration::from_secs(120);

const PORT: u16 = 8080;
const DATABASE_PORT: u16 = 5432;

/// Everything that runs; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Field {
    /// The hosts.
    pub(super) hosts: Vec<Host>,
    /// The API, through the first host.
    pub(super) site: Site,
    /// The fakes.
    _simulator: Simulator,
    /// Their bucket.
    pub(super) bucket: Bucket,
    /// Their database.
    pub(super) database: Database,
    /// Its server.
    pub(super) server: Server,
    /// Between all of them.
    pub(super) network: Network,
    /// Tells [`OFF_CLOCK`] how far its clock is off.
    clock: PathBuf,
    folder: TempDir,
}

impl Field {
    /// What this machine lacks for it, in a line; none: nothing.
    #[must_use]
    pub(super) fn missing() -> Option<String> {
        if xtask::postgres::programs().is_none() {
            return Some("there is no PostgreSQL (Debian: postgresql)".to_owned());
        }
        if clock_library().is_none() {
            return Some("there is no libfaketime (Debian: libfaketime)".to_owned());
        }
        Network::missing()
    }

    /// Starts everything, with so many people at each provider who have so many messages each; the plugin is enabled and set up.
    ///
    /// # Errors
    ///
    /// If something does not start; see [`Self::missing`].
    pub(super) async fn start(paths: &Paths, people: u32, messages: u32) -> Result<Self> {
        let folder = TempDir::with_prefix("email-manager-chaos-")?;
        let network = Network::new(HOSTS).context("the network")?;
        let server = Server::start_at((network.peer(Peer::Database), DATABASE_PORT).into())?;
        let database = Database::on(server.url())?;
        let bucket = Bucket::start_at(network.peer(Peer::Bucket)).await?;
        let public = Url::parse(&format!("http://{MAIL}:{PORT}"))?;
        let simulator = simulator(paths, folder.path(), &network, &public, people, messages);
        let simulator = simulator.await.context("the simulated providers")?;
        let clock = folder.path().join("clock");
        std::fs::write(&clock, "+0")?;
        let names = names_file(folder.path(), &network)?;
        let start = async |host: u8| {
            let own = own(folder.path(), host);
            std::fs::create_dir_all(&own)?;
            let mut settings = bucket.settings();
            let keys = folder.path().join("keys.json");
            settings.extend(
                [
                    ("DATABASE_URL", database.url().to_string()),
                    ("KEY_FILE", keys.display().to_string()),
                    ("PUBLIC_ORIGIN", public.origin().ascii_serialization()),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
            let mut before = network.inside(host, &names)?;
            if host == OFF_CLOCK {
                before.extend(with_clock(&clock)?);
            }
            let surroundings = Surroundings {
                before,
                names: Names::new(),
            };
            let base = Url::parse(&format!("http://{}:{PORT}", network.host(host)))?;
            let started = Host::start_in(surroundings, &paths.host, &own, base, settings).await;
            started.with_context(|| format!("host {host}"))
        };
        let mut hosts = vec![start(0).await?];
        let site = Site {
            administrator: Client::named(&public, door(&network, 0)).await?,
            providers: simulator.providers.clone(),
            component: paths.component.clone(),
        };
        site.set_up().await?;
        // Compiling is most of an unoptimised host's start, and comes to the same at each.
        for host in 1..HOSTS {
            let compiled = |host| own(folder.path(), host).join("data/compiled");
            copy(&compiled(0), &compiled(host))?;
            hosts.push(start(host).await?);
        }
        let field = Self {
            hosts,
            site,
            _simulator: simulator,
            bucket,
            database,
            server,
            network,
            clock,
            folder,
        };
        field.enabled_everywhere().await?;
        Ok(field)
    }

    /// Each host starts the plugin for itself.
    async fn enabled_everywhere(&self) -> Result<()> {
        for door in self.doors(&self.site.administrator)? {
            until("the plugin at every host", START, || async {
                let answer = door.get("/api/mail/accounts").await?;
                Ok(match answer.status {
                    404 => Err("not yet".to_owned()),
                    _ => Ok(()),
                })
            })
            .await?;
        }
        Ok(())
    }

    /// The same person at each of the hosts.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub(super) fn doors(&self, client: &Client) -> Result<Vec<Client>> {
        (0..HOSTS)
            .map(|host| client.with_names(door(&self.network, host)))
            .collect()
    }

    /// A host.
    ///
    /// # Errors
    ///
    /// If there is none of this number.
    pub(super) fn host(&mut self, host: u8) -> Result<&mut Host> {
        let host = self.hosts.get_mut(usize::from(host));
        host.context("there is no such host")
    }

    /// Sets the clock of [`OFF_CLOCK`] off by this, such as `+10m`; it notices within a second.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub(super) fn set_clock(&self, off: &str) -> Result<()> {
        // Replaced whole: it may be read at any moment.
        let new = self.folder.path().join("clock-new");
        std::fs::write(&new, off)?;
        std::fs::rename(&new, &self.clock)?;
        Ok(())
    }

    /// What each host has complained of last, for a failure's text.
    #[must_use]
    pub(super) fn logs(&self) -> String {
        let mut all = String::new();
        for host in &self.hosts {
            let text = std::fs::read_to_string(host.log()).unwrap_or_default();
            // Each request is logged as well, and there are thousands.
            let wrong = |line: &&str| !line.contains(" INFO ");
            let lines: Vec<&str> = text.lines().filter(wrong).collect();
            all.push_str(&format!("{}:\n", host.base()));
            for line in lines.iter().skip(lines.len().saturating_sub(40)) {
                all.push_str(&format!("  {line}\n"));
            }
        }
        all
    }
}

/// Where a host has its data and its log.
fn own(folder: &Path, host: u8) -> PathBuf {
    folder.join(format!("host-{host}"))
}

/// A folder with everything in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &copied)?;
        } else {
            std::fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}

async fn simulator(
    paths: &Paths,
    folder: &Path,
    network: &Network,
    public: &Url,
    people: u32,
    messages: u32,
) -> Result<Simulator> {
    let address = network.peer(Peer::Providers);
    let more = format!(
        "--no-limits --profile small --name {PROVIDERS} --google {address}:0 --microsoft {address}:0 --people {people} --each {messages}"
    );
    let more: Vec<&str> = more.split(' ').collect();
    let surroundings = Surroundings {
        // Ended by the system when this process is, however that ends.
        before: ["setpriv", "--pdeathsig", "KILL"].map(str::to_owned).into(),
        names: [providers(network)].into(),
    };
    let redirect = public.join(CALLBACK)?.to_string();
    Simulator::start_in(&surroundings, &paths.providers, folder, 1, &redirect, &more).await
}

/// Where the names lead for somebody whom the load balancer sends to this host.
fn door(network: &Network, host: u8) -> Names {
    [named(MAIL, network.host(host)), providers(network)].into()
}

fn providers(network: &Network) -> (String, SocketAddr) {
    named(PROVIDERS, network.peer(Peer::Providers))
}

fn named(name: &str, address: Ipv4Addr) -> (String, SocketAddr) {
    (name.to_owned(), SocketAddr::from((address, 0)))
}

/// The names that hosts find.
fn names_file(folder: &Path, network: &Network) -> Result<PathBuf> {
    let file = folder.join("names");
    let providers = network.peer(Peer::Providers);
    std::fs::write(
        &file,
        format!("127.0.0.1 localhost\n{providers} {PROVIDERS}\n"),
    )?;
    Ok(file)
}

/// What a command line goes on with, so that the program's clock is as far off as this file says.
fn with_clock(file: &Path) -> Result<Vec<String>> {
    let library = clock_library().context("there is no libfaketime")?;
    Ok(vec![
        "env".to_owned(),
        format!("LD_PRELOAD={}", library.display()),
        format!("FAKETIME_TIMESTAMP_FILE={}", file.display()),
        "FAKETIME_CACHE_DURATION=1".to_owned(),
        // A clock that is set moves no timer, and nothing is left in shared memory by a process that is killed.
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        "FAKETIME_DISABLE_SHM=1".to_owned(),
    ])
}

/// Debian's, for programs with threads.
fn clock_library() -> Option<PathBuf> {
    std::fs::read_dir("/usr/lib").ok()?.find_map(|entry| {
        let library = entry.ok()?.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    })
}
