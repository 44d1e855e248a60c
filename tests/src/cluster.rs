//! Several hosts on one database and one bucket, as they stand behind a load balancer: each has a folder of its own, and a copy of the first one's keys.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;
use url::Url;
use xtask::postgres::Database;

use crate::bucket::Bucket;
use crate::client::Client;
use crate::programs::{Host, Paths, Simulator, free_port};
use crate::site::{CALLBACK, Site};
use crate::stack::Options;

/// Everything that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    /// The fakes.
    pub simulator: Simulator,
    /// The hosts. The address of the first is what people know; which host a request reaches is up to whoever sends it.
    pub hosts: Vec<Host>,
    /// The API of the first host.
    pub site: Site,
    /// Their bucket.
    pub bucket: Bucket,
    /// Their database.
    pub database: Database,
    folder: TempDir,
}

impl Cluster {
    /// Starts so many hosts and the fakes; nothing is installed yet.
    ///
    /// # Errors
    ///
    /// If one does not start.
    pub async fn start(paths: Paths, hosts: usize, options: &Options) -> Result<Self> {
        let folder = TempDir::with_prefix("email-manager-")?;
        let database = Database::new()?;
        let bucket = Bucket::start().await?;
        let addresses = (0..hosts)
            .map(|_| Ok(Url::parse(&format!("http://127.0.0.1:{}", free_port()?))?))
            .collect::<Result<Vec<Url>>>()?;
        let public = addresses.first().context("a cluster has a host")?;
        let mut running = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let own = folder.path().join(format!("host-{number}"));
            std::fs::create_dir(&own)?;
            let keys = key_file(&folder, number);
            if number > 0 {
                std::fs::copy(key_file(&folder, 0), &keys)?;
            }
            let mut settings = bucket.settings();
            settings.extend(
                [
                    ("DATABASE_URL", database.url().to_string()),
                    ("KEY_FILE", keys.display().to_string()),
                    ("PUBLIC_ORIGIN", public.origin().ascii_serialization()),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
            let host = Host::start_with(&paths.host, &own, address.clone(), settings).await;
            running.push(host.with_context(|| format!("host {number}"))?);
        }
        let redirect = public.join(CALLBACK)?.to_string();
        let more: Vec<&str> = options.simulator.iter().map(String::as_str).collect();
        let simulator = Simulator::start(
            &paths.providers,
            folder.path(),
            options.messages,
            &redirect,
            &more,
        );
        let simulator = simulator.await.context("the simulated providers")?;
        let first = running.first().context("a cluster has a host")?;
        let site = Site {
            administrator: first.client().await?,
            providers: simulator.providers.clone(),
            component: paths.component,
        };
        Ok(Self {
            simulator,
            hosts: running,
            site,
            bucket,
            database,
            folder,
        })
    }

    /// Copies the first host's keys to the others, as one must who added some.
    ///
    /// # Errors
    ///
    /// If it can't be copied.
    pub fn bring_keys(&self) -> Result<()> {
        for number in 1..self.hosts.len() {
            // Read whole or not at all, also by a host that looks at this moment.
            let draft = self.folder.path().join("keys.new");
            std::fs::copy(key_file(&self.folder, 0), &draft)?;
            std::fs::rename(draft, key_file(&self.folder, number))?;
        }
        Ok(())
    }

    /// The keys of a host.
    #[must_use]
    pub fn key_file(&self, host: usize) -> PathBuf {
        key_file(&self.folder, host)
    }

    /// The same person at another host.
    ///
    /// # Errors
    ///
    /// If there is no such host.
    pub fn at(&self, client: &Client, host: usize) -> Result<Client> {
        let host = self.hosts.get(host).context("there is no such host")?;
        Ok(client.at(host.base()))
    }
}

fn key_file(folder: &TempDir, host: usize) -> PathBuf {
    folder.path().join(format!("host-{host}")).join("keys.json")
}
