//! `plugin-host ready`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::client::Api;
use super::{Failure, Global, print_out};
use crate::config::Config;

/// What a container's health check has by itself is often longer, and then says nothing of the reason.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server that listens where the configuration says, or the one that is named. Unlike other commands it starts none, and needs no data folder.
pub(super) async fn run(global: &Global, config: &Config) -> Result<ExitCode, Failure> {
    let server = global
        .server
        .clone()
        .unwrap_or_else(|| format!("http://{}", reachable(config.listen)));
    let api = Api::anonymous(server.trim_end_matches('/'))?;
    let answer = tokio::time::timeout(PATIENCE, api.get("/readyz"))
        .await
        .map_err(|_| anyhow!("no answer within {} s", PATIENCE.as_secs()))
        .flatten()
        .context("not ready")?;
    if global.json {
        print_out(&serde_json::to_string_pretty(&answer)?)?;
    } else {
        print_out(&said(&answer))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn said(answer: &Value) -> String {
    let names = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let away = answer.get("unavailable").map(names).unwrap_or_default();
    if away.is_empty() {
        "ready".to_owned()
    } else {
        format!("ready, but not reached: {}", away.join(", "))
    }
}

/// Who listens at all addresses is asked at this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_networks_is_asked_on_the_machine_itself() {
        let all = (Ipv4Addr::UNSPECIFIED, 8080).into();
        assert_eq!(reachable(all).to_string(), "127.0.0.1:8080");
        let all = (Ipv6Addr::UNSPECIFIED, 8080).into();
        assert_eq!(reachable(all).to_string(), "[::1]:8080");
        let one = (Ipv4Addr::new(10, 0, 0, 7), 80).into();
        assert_eq!(reachable(one), one);
    }
}
