//! A PostgreSQL server for one run of the tests: in a folder of its own, on a port of loopback that was free, and gone with the run.
//!
//! Nothing of it is worth keeping, so that it never waits for the disk.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use xtask::postgres::{OLDEST, VARIABLE, programs};
use xtask::process;

use super::test::apt;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tests run in processes of their own, each with a few connections.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=400",
    "listen_addresses=127.0.0.1",
];

/// A server that runs until this is dropped.
pub(super) struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Server {
    /// Starts one; none: the environment names one already.
    pub(super) fn start() -> anyhow::Result<Option<Self>> {
        if std::env::var_os(VARIABLE).is_some() {
            return Ok(None);
        }
        let programs = installed()?;
        let unique = format!("plugin-host-postgres-{}", std::process::id());
        let folder = std::env::temp_dir().join(unique);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        let started = launch(&programs, &folder);
        if started.is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        let (child, url) = started?;
        let mut server = Self { child, folder, url };
        server.wait(&programs)?;
        Ok(Some(server))
    }

    /// The address for the tests, with all rights.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn wait(&mut self, programs: &Path) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("postgres ended with {status}: {log}");
            }
            let mut ready = Command::new(programs.join("pg_isready"));
            if process::capture(ready.args(["--quiet", "--dbname", &self.url])).is_ok() {
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
        let number = self.child.id().to_string();
        let asked = Command::new("kill").args(["-INT", &number]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn launch(programs: &Path, folder: &Path) -> anyhow::Result<(Child, String)> {
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
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let mut postgres = unprivileged(owner, &programs.join("postgres"));
    postgres.current_dir(folder).arg("-D").arg(&data);
    for setting in SETTINGS {
        postgres.args(["-c", setting]);
    }
    let log = std::fs::File::create(folder.join("log"))?;
    postgres
        .args(["-c", &format!("port={port}"), "-c"])
        .arg(format!("unix_socket_directories={}", folder.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let child = postgres.spawn().with_context(|| process::line(&postgres))?;
    let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
    Ok((child, url))
}

/// The programs' folder; installs them where there are none.
fn installed() -> anyhow::Result<PathBuf> {
    if let Some(programs) = programs() {
        return Ok(programs);
    }
    let log = xtask::target().join("postgresql.log");
    apt(&["postgresql"], &log).context("the tests of the store need PostgreSQL")?;
    programs().with_context(|| format!("there is no PostgreSQL {OLDEST} or newer"))
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
