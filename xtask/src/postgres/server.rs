//! A PostgreSQL server for one run of the tests: in a folder of its own, at an address of its own, and gone with the run.
//!
//! Nothing of it is worth keeping longer, so that it never waits for the disk, unless it is measured. What was committed survives the server's own crash all the same:
//! it is in the system's memory, which only the machine's crash would take.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use url::Url;

use super::programs;
use crate::process;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tests run in processes of their own, each with a few connections. Commits are not asynchronous: without `fsync` they wait for nothing, and a
/// server that crashes must not have forgotten what it said to be committed.
const SETTINGS: &[&str] = &["fsync=off", "full_page_writes=off", "max_connections=400"];

/// Everything else is as it comes. Larger logs than the default's: a mailbox that is filled would otherwise be written down every few seconds.
const DURABLE: &[&str] = &["max_wal_size=4GB"];

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    programs: PathBuf,
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    address: SocketAddr,
    settings: &'static [&'static str],
    url: Url,
}

impl Server {
    /// Starts one on loopback, at a port that was free.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::begin(free_address()?, SETTINGS)
    }

    /// … that waits for the disk as any other does: its speed is that of one that is worth keeping.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed or does not start.
    pub fn start_durable() -> anyhow::Result<Self> {
        Self::begin(free_address()?, DURABLE)
    }

    /// Starts one that is reached at this address, from wherever that is.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed or does not start.
    pub fn start_at(address: SocketAddr) -> anyhow::Result<Self> {
        Self::begin(address, SETTINGS)
    }

    fn begin(address: SocketAddr, settings: &'static [&'static str]) -> anyhow::Result<Self> {
        let programs = programs().context("PostgreSQL is not installed")?;
        let unique = format!(
            "plugin-host-postgres-{}-{}",
            std::process::id(),
            address.port()
        );
        let folder = std::env::temp_dir().join(unique);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        let started = prepare(&programs, &folder).and_then(|(owner, password)| {
            let url = format!("postgres://postgres:{password}@{address}/postgres");
            let child = launch(&programs, &folder, owner, address, settings)?;
            Ok((owner, child, Url::parse(&url)?))
        });
        if started.is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        let (owner, child, url) = started?;
        let mut server = Self {
            child,
            programs,
            folder,
            owner,
            address,
            settings,
            url,
        };
        server.wait()?;
        Ok(server)
    }

    /// The address for the tests, with all rights.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// An immediate shutdown, as after a crash: transactions end where they are, and nothing is written down.
    ///
    /// # Errors
    ///
    /// If it can't be signalled.
    pub fn crash(&mut self) -> anyhow::Result<()> {
        signal(&self.child, "-QUIT")?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on the same data, after [`Self::crash`].
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = launch(
            &self.programs,
            &self.folder,
            self.owner,
            self.address,
            self.settings,
        )?;
        self.wait()
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("postgres ended with {status}: {log}");
            }
            let mut ready = Command::new(self.programs.join("pg_isready"));
            if process::capture(ready.args(["--quiet", "--dbname", self.url.as_str()])).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("postgres did not answer within {} s", PATIENCE.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A fast shutdown: its processes end with it.
        if signal(&self.child, "-INT").is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(free.local_addr()?)
}

fn signal(child: &Child, signal: &str) -> anyhow::Result<()> {
    let number = child.id().to_string();
    process::capture(Command::new("kill").args([signal, &number]))?;
    Ok(())
}

/// Makes the data; answers whose they are and the superuser's password.
fn prepare(programs: &Path, folder: &Path) -> anyhow::Result<(Option<(u32, u32)>, String)> {
    let password = uuid::Uuid::new_v4().simple().to_string();
    let (data, secret) = (folder.join("data"), folder.join("password"));
    std::fs::write(&secret, &password)?;
    let owner = owner()?;
    if let Some((user, group)) = owner {
        for path in [folder, &secret] {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
    }
    let mut initdb = unprivileged(owner, &programs.join("initdb"));
    initdb
        .current_dir(folder)
        .args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ])
        .arg("--auth=scram-sha-256")
        .arg("--pwfile")
        .arg(&secret)
        .arg("--pgdata")
        .arg(&data);
    process::capture(&mut initdb)?;
    // From wherever its address is reached; that it listens at no other is what keeps strangers out.
    let rules = "local all all scram-sha-256\nhost all all all scram-sha-256\n";
    std::fs::write(data.join("pg_hba.conf"), rules)?;
    Ok((owner, password))
}

fn launch(
    programs: &Path,
    folder: &Path,
    owner: Option<(u32, u32)>,
    address: SocketAddr,
    settings: &[&str],
) -> anyhow::Result<Child> {
    let mut postgres = unprivileged(owner, &programs.join("postgres"));
    postgres
        .current_dir(folder)
        .arg("-D")
        .arg(folder.join("data"));
    for setting in settings {
        postgres.args(["-c", setting]);
    }
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))?;
    postgres
        .args(["-c", &format!("listen_addresses={}", address.ip())])
        .args(["-c", &format!("port={}", address.port()), "-c"])
        .arg(format!("unix_socket_directories={}", folder.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    postgres.spawn().with_context(|| process::line(&postgres))
}

/// Whom it runs as: it refuses to be root. None: whoever runs this.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt as _;
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let numbers = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let (user, group) = (fields.nth(1)?, fields.next()?);
        (name == "postgres").then(|| Some((user.parse().ok()?, group.parse().ok()?)))?
    });
    numbers
        .map(Some)
        .context("there is no user postgres, as whom PostgreSQL could run")
}

/// Ended by the system when this process is, however that ends.
fn unprivileged(owner: Option<(u32, u32)>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if let Some((user, group)) = owner {
        command
            .args(["--reuid", &user.to_string(), "--regid", &group.to_string()])
            .arg("--clear-groups");
    }
    command.arg(program);
    command
}
