//! `plugin-host serve`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use host_store::SystemClock;
use secrecy::ExposeSecret as _;

use super::{Failure, print_out};
use crate::config::Config;
use crate::web::server::{Control, Running, Server, StartError};

pub(super) async fn serve(config: Config) -> Result<ExitCode, Failure> {
    let data_dir = config.data_dir.clone();
    let running = match Server::start(config, Arc::new(SystemClock::default())).await {
        Ok(running) => running,
        Err(StartError::InUse { control }) => {
            let at = control.map_or_else(String::new, |Control { origin, .. }| {
                format!(" at {origin}")
            });
            bail!(
                "a server{at} has the data folder {} already. Stop it, or name another folder with --data-dir",
                data_dir.display()
            );
        }
        Err(error) => return Err(error.into()),
    };
    greet(&running)?;
    announce(Phase::Serving);
    stop_asked().await?;
    tracing::info!("stopping");
    announce(Phase::Stopping);
    tokio::select! {
        () = running.shutdown() => Ok(ExitCode::SUCCESS),
        asked = stop_asked() => {
            asked?;
            bail!("stopped at once, because it was asked a second time; what was under way is taken up at the next start")
        }
    }
}

fn greet(running: &Running) -> Result<(), Failure> {
    let mut text = format!(
        "plugin-host {} listens on {}\n  open      {}\n  API       {}/api/openapi.json\n",
        env!("CARGO_PKG_VERSION"),
        running.address(),
        running.origin(),
        running.origin()
    );
    if let Some(first) = running.first_administrator() {
        text.push_str(&format!("  sign in   {}", first.email));
        match &first.password {
            Some(password) => text.push_str(&format!(
                "\n  password  {}   (shown this once; change it with PATCH /api/me)\n",
                password.expose_secret()
            )),
            None => text.push_str("   (with the password that you set)\n"),
        }
    }
    print_out(&text)
}

enum Phase {
    Serving,
    Stopping,
}

/// Tells a service manager that waits for it (systemd's `Type=notify`); without one it does nothing.
#[cfg(unix)]
fn announce(phase: Phase) {
    let state = match phase {
        Phase::Serving => sd_notify::NotifyState::Ready,
        Phase::Stopping => sd_notify::NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager was not told");
    }
}

#[cfg(not(unix))]
fn announce(_: Phase) {}

/// Resolves when the terminal or the service manager asks to stop.
async fn stop_asked() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("signals can't be heard")?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context("signals can't be heard"),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c()
        .await
        .context("signals can't be heard")
}
