//! Figures in Prometheus' text format. Counted by route template, never by path or person, so that the numbers stay few and
//! say nothing about anybody.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};

/// Method, route and status.
type Requested = (String, String, u16);

/// What the web layer counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<Requested, (u64, Duration)>>,
    /// Open event streams.
    pub(crate) event_streams: AtomicU64,
    /// Failed sign-ins.
    pub(crate) failed_sign_ins: AtomicU64,
}

impl Metrics {
    /// One more answer.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        elapsed: Duration,
    ) {
        // A poisoned lock only means that some thread panicked between two additions: the figures are still fit for use.
        let mut requests = self
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let entry = requests
            .entry((
                method.as_str().to_owned(),
                route.to_owned(),
                status.as_u16(),
            ))
            .or_default();
        entry.0 += 1;
        entry.1 += elapsed;
    }

    /// `more` are counters of other parts: name, help, value.
    pub(crate) fn text(&self, more: &[(&str, &str, u64)]) -> String {
        let mut out = String::new();
        let requests = self
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        head(
            &mut out,
            "plugin_host_http_requests_total",
            "Answered requests.",
            "counter",
        );
        for ((method, route, status), (count, _)) in requests.iter() {
            let _ = writeln!(
                out,
                "plugin_host_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{status}\"}} {count}",
                escaped(method),
                escaped(route)
            );
        }
        head(
            &mut out,
            "plugin_host_http_request_seconds_total",
            "Time spent answering.",
            "counter",
        );
        for ((method, route, status), (_, time)) in requests.iter() {
            let _ = writeln!(
                out,
                "plugin_host_http_request_seconds_total{{method=\"{}\",route=\"{}\",status=\"{status}\"}} {:.6}",
                escaped(method),
                escaped(route),
                time.as_secs_f64()
            );
        }
        drop(requests);
        single(
            &mut out,
            "plugin_host_event_streams",
            "Open event streams.",
            "gauge",
            self.event_streams.load(Ordering::Relaxed),
        );
        single(
            &mut out,
            "plugin_host_failed_sign_ins_total",
            "Refused sign-ins.",
            "counter",
            self.failed_sign_ins.load(Ordering::Relaxed),
        );
        for (name, help, value) in more {
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            single(&mut out, name, help, kind, *value);
        }
        out
    }
}

/// What precedes the lines of a figure.
pub(super) fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn single(out: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    head(out, name, help, kind);
    let _ = writeln!(out, "{name} {value}");
}

/// A method may hold any token, so that a stranger chooses the label.
pub(super) fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_route_and_status() {
        let metrics = Metrics::default();
        for _ in 0..2 {
            metrics.answered(
                &Method::GET,
                "/api/mail/threads/{id}",
                StatusCode::OK,
                Duration::from_millis(250),
            );
        }
        let text = metrics.text(&[("plugin_host_plugin_calls_total", "Calls.", 7)]);
        assert!(text.contains("plugin_host_http_requests_total{method=\"GET\",route=\"/api/mail/threads/{id}\",status=\"200\"} 2\n"));
        assert!(text.contains("status=\"200\"} 0.500000\n"));
        assert!(text.contains(
            "# TYPE plugin_host_plugin_calls_total counter\nplugin_host_plugin_calls_total 7\n"
        ));
    }
}
