//! The host and the simulated providers as processes of their own, because only a process can be killed.
//!
//! Nothing survives the test that started it: processes end when their handle is dropped, folders are temporary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use url::Url;

use crate::client::{Client, Names};
use crate::process::{Process, signal};
use crate::providers::Providers;

pub use crate::process::{cpu_seconds, open_files, resident_bytes, threads};

/// An unoptimised host compiles the component on its first start.
const START: Duration = Duration::from_secs(90);

/// The address of the administrator whom the first start of a host makes.
pub const ADMINISTRATOR: &str = "admin@localhost";
/// Only ever used on loopback, with made-up mail.
pub const PASSWORD: &str = "correct-horse-battery";

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `plugin-host`.
    pub host: PathBuf,
    /// `provider-sim`.
    pub providers: PathBuf,
    /// The Email manager.
    pub component: PathBuf,
}

impl Paths {
    /// The ones that were built together with the running test, and this component.
    ///
    /// # Errors
    ///
    /// If one is missing: `cargo xtask test` builds all of them, a test of a single package does not.
    pub fn beside_this_test(component: PathBuf) -> Result<Self> {
        let test = std::env::current_exe()?;
        let folder = test
            .parent()
            .and_then(Path::parent)
            .context("a test lies in target/…/deps")?;
        let program = |name: &str| {
            let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if path.exists() {
                Ok(path)
            } else {
                bail!(
                    "{} is missing: run `cargo build --bins -p host-runtime -p provider-sim`",
                    path.display()
                )
            }
        };
        Ok(Self {
            host: program("plugin-host")?,
            providers: program("provider-sim")?,
            component,
        })
    }
}

/// What is different for a program that does not simply run beside the test.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// What its command line begins with. Each word's program becomes the next, so that the process keeps its number.
    pub before: Vec<String>,
    /// Names that only lead somewhere there.
    pub names: Names,
}

impl Surroundings {
    fn command(&self, program: &Path) -> Command {
        let Some((first, rest)) = self.before.split_first() else {
            return Command::new(program);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(program);
        command
    }
}

/// At Microsoft; shared with the owner of the main mailbox.
pub const SHARED_MAILBOX: &str = "team@outlook.example";

/// What the simulator prints once it serves.
#[derive(Debug, Deserialize)]
struct Announcement {
    google: String,
    microsoft: String,
    google_address: String,
    microsoft_address: String,
}

/// Both fakes in one process.
#[derive(Debug)]
pub struct Simulator {
    process: Process,
    /// Their control.
    pub providers: Providers,
}

impl Simulator {
    /// Starts them with that many messages in each main mailbox, for an application with exactly this redirect URI.
    ///
    /// # Errors
    ///
    /// If they do not start.
    pub async fn start(
        program: &Path,
        folder: &Path,
        messages: usize,
        redirect: &str,
        more: &[&str],
    ) -> Result<Self> {
        let here = Surroundings::default();
        Self::start_in(&here, program, folder, messages, redirect, more).await
    }

    /// … somewhere else.
    ///
    /// # Errors
    ///
    /// If they do not start.
    pub async fn start_in(
        surroundings: &Surroundings,
        program: &Path,
        folder: &Path,
        messages: usize,
        redirect: &str,
        more: &[&str],
    ) -> Result<Self> {
        let log = folder.join("providers.log");
        let mut command = surroundings.command(program);
        command
            .args([
                "--messages",
                &messages.to_string(),
                "--redirect-uri",
                redirect,
            ])
            .args(more);
        let mut process = Process::start(command.stdout(Stdio::piped()), &log)?;
        let out = process
            .child
            .stdout
            .take()
            .context("the simulator has no output")?;
        let line = tokio::task::spawn_blocking(move || {
            use std::io::BufRead as _;
            let mut line = String::new();
            std::io::BufReader::new(out)
                .read_line(&mut line)
                .map(|_| line)
        });
        let line = tokio::time::timeout(START, line)
            .await
            .context("the simulated providers do not start")???;
        let said: Announcement = match serde_json::from_str(&line) {
            Ok(said) => said,
            Err(_) => {
                process.alive()?;
                bail!("the simulator announced `{}`", line.trim())
            }
        };
        let providers = Providers::new(
            BTreeMap::from([
                ("google", Url::parse(&said.google)?),
                ("microsoft", Url::parse(&said.microsoft)?),
            ]),
            BTreeMap::from([
                ("google", said.google_address),
                ("microsoft", said.microsoft_address),
            ]),
            &surroundings.names,
        )?;
        Ok(Self { process, providers })
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The providers are down from now on.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

/// A host on a data folder.
#[derive(Debug)]
pub struct Host {
    program: PathBuf,
    folder: PathBuf,
    /// The same over restarts: the redirect URI names it.
    base: Url,
    /// Settings beside those that every host here has.
    settings: Vec<(String, String)>,
    surroundings: Surroundings,
    process: Process,
}

impl Host {
    /// Starts a host; `port` 0 takes a free one, and keeps it over restarts.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start(program: &Path, folder: &Path, port: u16) -> Result<Self> {
        let port = if port == 0 { free_port()? } else { port };
        let base = Url::parse(&format!("http://127.0.0.1:{port}"))?;
        Self::start_with(program, folder, base, Vec::new()).await
    }

    /// Starts a host at this address, with further settings as the environment names them, without `PLUGIN_HOST_`.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start_with(
        program: &Path,
        folder: &Path,
        base: Url,
        settings: Vec<(String, String)>,
    ) -> Result<Self> {
        let here = Surroundings::default();
        Self::start_in(here, program, folder, base, settings).await
    }

    /// … somewhere else.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start_in(
        surroundings: Surroundings,
        program: &Path,
        folder: &Path,
        base: Url,
        settings: Vec<(String, String)>,
    ) -> Result<Self> {
        let process = launch(&surroundings, program, folder, &base, &settings)?;
        let mut host = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            base,
            settings,
            surroundings,
            process,
        };
        host.ready().await?;
        Ok(host)
    }

    /// Its address.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// What it logged, over all starts.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        log_of(&self.folder)
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it without warning (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, on the same data and port.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.process = launch(
            &self.surroundings,
            &self.program,
            &self.folder,
            &self.base,
            &self.settings,
        )?;
        self.ready().await
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    ///
    /// If it does not end, or not in order.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop().await
    }

    /// Starts it again on the same data and port, with other further settings.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start_again(&mut self, settings: Vec<(String, String)>) -> Result<()> {
        self.set(settings);
        self.restart().await
    }

    /// Its settings beside those that every host here has.
    #[must_use]
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// Other further settings, for its next start and for commands.
    pub fn set(&mut self, settings: Vec<(String, String)>) {
        self.settings = settings;
    }

    /// Another command of the same program, on the same data folder and with the same settings.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = without_settings(&self.surroundings, &self.program);
        command
            .args(words)
            .arg("--data-dir")
            .arg(self.data())
            .envs(named(&self.settings));
        command
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data_of(&self.folder)
    }

    /// Stops it in its tracks (SIGSTOP), or lets it go on where it was (SIGCONT).
    ///
    /// # Errors
    ///
    /// If there is no program `kill`.
    pub fn pause(&self, pause: bool) -> Result<()> {
        signal(if pause { "-STOP" } else { "-CONT" }, self.pid())
    }

    /// A client that is not signed in.
    ///
    /// # Errors
    ///
    /// If the host serves no OpenAPI document.
    pub async fn client(&self) -> Result<Client> {
        Client::new(&self.base).await
    }

    async fn ready(&mut self) -> Result<()> {
        let url = self.base.join("/readyz")?;
        let begun = Instant::now();
        loop {
            self.process.alive().context("the host does not start")?;
            if let Ok(answer) = reqwest::get(url.clone()).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if begun.elapsed() > START {
                bail!(
                    "the host is not ready after {} s; its log ends with:\n{}",
                    START.as_secs(),
                    self.process.tail()
                );
            }
            // A process has no other way to say that it is ready to somebody who did not wait for its output.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

fn data_of(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("host.log")
}

fn launch(
    surroundings: &Surroundings,
    program: &Path,
    folder: &Path,
    base: &Url,
    settings: &[(String, String)],
) -> Result<Process> {
    let listen = format!(
        "{}:{}",
        base.host_str().unwrap_or_default(),
        base.port().unwrap_or_default()
    );
    let mut command = without_settings(surroundings, program);
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(data_of(folder))
        .args(["--listen", &listen])
        .env("PLUGIN_HOST_ADMIN_EMAIL", ADMINISTRATOR)
        .env("PLUGIN_HOST_ADMIN_PASSWORD", PASSWORD)
        // A program that checks wrong passwords on purpose is not to be slowed down as somebody who guesses.
        .env("PLUGIN_HOST_SIGN_IN_TRIES", "1000")
        .envs(named(settings));
    Process::start(command.stdout(Stdio::null()), &log_of(folder))
}

/// The program, with no settings of whoever runs the tests.
fn without_settings(surroundings: &Surroundings, program: &Path) -> Command {
    let mut command = surroundings.command(program);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLUGIN_HOST_"))
    {
        command.env_remove(name);
    }
    command
}

fn named(settings: &[(String, String)]) -> impl Iterator<Item = (String, &String)> {
    settings
        .iter()
        .map(|(name, value)| (format!("PLUGIN_HOST_{name}"), value))
}

/// A port of loopback that nobody listens on.
///
/// # Errors
///
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}
