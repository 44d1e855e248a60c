//! All people's mail in figures, for whoever runs the host: by provider and condition, never by account or person.

use std::fmt::Write as _;

use tokio::sync::Mutex;

use crate::bindings::mail::accounts::Overview;
use crate::web::AppState;
use crate::web::metrics::{escaped, head};

/// Anybody who reaches the figures can ask for them, and counting costs a look at every account: so at most once in so many milliseconds.
const FRESH_MS: u64 = 5_000;

/// What was counted last, as text, and when.
#[derive(Default)]
pub(crate) struct Figures(Mutex<Option<(u64, String)>>);

impl Figures {
    /// In Prometheus' text format; empty while no plugin brings mail, or if it can't tell.
    pub(crate) async fn text(&self, state: &AppState) -> String {
        let Ok(mail) = state.host().mail() else {
            return String::new();
        };
        let now = state.now();
        // Held while it is counted: whoever asks meanwhile gets the same.
        let mut kept = self.0.lock().await;
        if let Some((at, text)) = &*kept
            && now.saturating_sub(*at) < FRESH_MS
        {
            return text.clone();
        }
        let text = match mail.overviews().await {
            Ok(overviews) => write(&overviews),
            Err(error) => {
                tracing::warn!(plugin = mail.id(), %error, "accounts could not be counted");
                String::new()
            }
        };
        *kept = Some((now, text.clone()));
        text
    }
}

fn write(overviews: &[Overview]) -> String {
    let mut out = String::new();
    let name = "plugin_host_mail_accounts";
    head(&mut out, name, "Linked accounts.", "gauge");
    for overview in overviews {
        let provider = escaped(&overview.provider);
        for (condition, count) in [
            ("awaiting-start", overview.awaiting_start),
            ("syncing", overview.syncing),
            ("up-to-date", overview.up_to_date),
            ("waiting", overview.waiting),
            ("reconnect", overview.reconnect),
            ("administrator", overview.administrator),
        ] {
            let _ = writeln!(
                out,
                "{name}{{provider=\"{provider}\",condition=\"{condition}\"}} {count}"
            );
        }
    }
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Overview) -> Option<String>| {
        head(&mut out, name, help, "gauge");
        for overview in overviews {
            if let Some(value) = value(overview) {
                let provider = escaped(&overview.provider);
                let _ = writeln!(out, "{name}{{provider=\"{provider}\"}} {value}");
            }
        }
    };
    gauge(
        "plugin_host_mail_messages",
        "Messages kept here.",
        &|overview| Some(overview.messages.to_string()),
    );
    gauge(
        "plugin_host_mail_messages_parked",
        "Messages that could not be stored, to be tried again.",
        &|overview| Some(overview.parked.to_string()),
    );
    gauge(
        "plugin_host_mail_oldest_success_timestamp_seconds",
        "When the account that was found up to date the longest ago was.",
        &|overview| Some(decimal(overview.oldest_success?)),
    );
    gauge(
        "plugin_host_mail_quota_used_ratio",
        "Largest share of its quota that an account has used.",
        &|overview| Some(decimal(overview.quota_used)),
    );
    out
}

/// Thousandths as a number with decimals: milliseconds as seconds, a share as a ratio.
fn decimal(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_name_providers_and_conditions() {
        let text = write(&[Overview {
            provider: "google".to_owned(),
            awaiting_start: 0,
            syncing: 1,
            up_to_date: 12,
            waiting: 0,
            reconnect: 2,
            administrator: 0,
            messages: 4_711,
            parked: 3,
            oldest_success: Some(1_700_000_000_250),
            quota_used: 970,
        }]);
        for line in [
            "plugin_host_mail_accounts{provider=\"google\",condition=\"up-to-date\"} 12\n",
            "plugin_host_mail_accounts{provider=\"google\",condition=\"reconnect\"} 2\n",
            "plugin_host_mail_messages{provider=\"google\"} 4711\n",
            "plugin_host_mail_messages_parked{provider=\"google\"} 3\n",
            "plugin_host_mail_oldest_success_timestamp_seconds{provider=\"google\"} 1700000000.250\n",
            "plugin_host_mail_quota_used_ratio{provider=\"google\"} 0.970\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
