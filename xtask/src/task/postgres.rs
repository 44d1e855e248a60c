//! The PostgreSQL server of a run of the tests: installed where there is none.

use anyhow::Context as _;
use xtask::postgres::{OLDEST, Server, VARIABLE, programs};

use super::test::apt;

/// Starts one; none: the environment names one already.
pub(super) fn start() -> anyhow::Result<Option<Server>> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(None);
    }
    install()?;
    Server::start().map(Some)
}

/// Installs the programs where there are none.
pub(super) fn install() -> anyhow::Result<()> {
    if programs().is_none() {
        let log = xtask::target().join("postgresql.log");
        apt(&["postgresql"], &log).context("the tests of the store need PostgreSQL")?;
    }
    programs()
        .map(drop)
        .with_context(|| format!("there is no PostgreSQL {OLDEST} or newer"))
}
