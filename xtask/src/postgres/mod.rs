//! The PostgreSQL server that tests use, and a database on it for one test.

mod server;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use url::Url;

pub use server::Server;

/// Where the tests find the server: `postgres://user:password@host:port/postgres` of a superuser.
pub const VARIABLE: &str = "TEST_POSTGRES_URL";

/// Where Debian puts each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The oldest that the store runs on.
pub const OLDEST: u32 = 15;

/// The folder of the newest installed version's programs.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    std::fs::read_dir(VERSIONS)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            (version >= OLDEST && programs.join("initdb").exists()).then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

/// A database and its owner, who has no more rights than the documentation asks for. Dropped soon after this.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: Url,
    server: Url,
}

impl Database {
    /// A new one on the server that [`VARIABLE`] names.
    ///
    /// # Errors
    ///
    /// If it names none, or the server refuses.
    pub fn new() -> anyhow::Result<Self> {
        Self::on(&server()?)
    }

    /// A new one on the server at this address, with all rights.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub fn on(server: &Url) -> anyhow::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        psql(
            server,
            &format!(
                "DROP DATABASE IF EXISTS {name};
                 DROP ROLE IF EXISTS {name};
                 CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{name}';
                 CREATE DATABASE {name} OWNER {name};"
            ),
        )?;
        let mut url = server.clone();
        url.set_path(&name);
        let named = url
            .set_username(&name)
            .and_then(|()| url.set_password(Some(&name)));
        if named.is_err() {
            bail!("the server's address can't name a user");
        }
        let server = server.clone();
        Ok(Self { name, url, server })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Where it is, for whoever has all rights.
    #[must_use]
    pub fn administered(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    /// Runs a statement in it with all rights; answers what it prints, unaligned and without headings.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub fn query(&self, statement: &str) -> anyhow::Result<String> {
        psql(&self.administered(), statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        // Roles belong to the server; a plugin's ends in the number of its database.
        let script = format!(
            "SELECT oid AS number FROM pg_database WHERE datname = '{name}' \\gset
             DROP DATABASE {name} WITH (FORCE);
             SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname LIKE 'plugin%@' || :'number' \\gexec
             DROP ROLE {name};"
        );
        // Nobody waits for it. The server does not drop a database while anybody signs in who has gone silent, for a minute if need be; and
        // that may be a connection of this very process, whose runtime stands still as long as this does.
        if let Err(error) = begin(&self.server, &script, Stdio::null) {
            eprintln!("a test's database was not dropped: {error:#}");
        }
    }
}

fn server() -> anyhow::Result<Url> {
    let url = std::env::var(VARIABLE).with_context(|| {
        format!("{VARIABLE} names no PostgreSQL server: `cargo xtask test` starts one")
    })?;
    Ok(Url::parse(&url)?)
}

/// Answers what a script prints, unaligned and without headings.
fn psql(url: &Url, script: &str) -> anyhow::Result<String> {
    let output = begin(url, script, Stdio::piped)?.wait_with_output()?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn begin(url: &Url, script: &str, said: fn() -> Stdio) -> anyhow::Result<Child> {
    let programs = programs().context("PostgreSQL is not installed")?;
    let mut child = Command::new(programs.join("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
        .args(["--set", "ON_ERROR_STOP=1", "--file=-"])
        .args(["--dbname", url.as_str()])
        .stdin(Stdio::piped())
        .stdout(said())
        .stderr(said())
        .spawn()?;
    let mut stdin = child.stdin.take().context("psql reads nothing")?;
    stdin.write_all(script.as_bytes())?;
    Ok(child)
}
