//! The whole, running as processes: simulated providers, a host on a fresh data folder.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;
use url::Url;

use crate::programs::{Host, Paths, Simulator, free_port};
use crate::site::{CALLBACK, Site};

/// How the whole is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Messages in each main mailbox.
    pub messages: usize,
    /// Port of the host; 0 takes a free one.
    pub port: u16,
    /// The redirect URI that is registered at the fakes; none: the host's.
    pub redirect: Option<String>,
    /// Further settings of the host, as the environment names them, without `PLUGIN_HOST_`.
    pub settings: Vec<(String, String)>,
    /// Further arguments of the simulator. Quotas are off by default: Gmail's would stretch a backfill of 500 messages over minutes.
    pub simulator: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            messages: 500,
            port: 0,
            redirect: None,
            settings: Vec::new(),
            simulator: vec!["--no-limits".to_owned()],
        }
    }
}

/// Everything that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Stack {
    /// The fakes.
    pub simulator: Simulator,
    /// The host.
    pub host: Host,
    /// The host's API.
    pub site: Site,
    folder: TempDir,
}

impl Stack {
    /// Starts the processes on a fresh folder; nothing is installed yet.
    ///
    /// # Errors
    ///
    /// If one does not start.
    pub async fn start(paths: Paths, options: &Options) -> Result<Self> {
        let folder = TempDir::with_prefix("email-manager-")?;
        let port = match options.port {
            0 => free_port()?,
            port => port,
        };
        let base = Url::parse(&format!("http://127.0.0.1:{port}"))?;
        let host = Host::start_with(&paths.host, folder.path(), base, options.settings.clone())
            .await
            .context("the host")?;
        let redirect = match &options.redirect {
            Some(redirect) => redirect.clone(),
            None => host.base().join(CALLBACK)?.to_string(),
        };
        let more: Vec<&str> = options.simulator.iter().map(String::as_str).collect();
        let simulator = Simulator::start(
            &paths.providers,
            folder.path(),
            options.messages,
            &redirect,
            &more,
        )
        .await;
        let simulator = simulator.context("the simulated providers")?;
        let site = Site {
            administrator: host.client().await?,
            providers: simulator.providers.clone(),
            component: paths.component,
        };
        Ok(Self {
            simulator,
            host,
            site,
            folder,
        })
    }

    /// Where logs and data are while this runs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
