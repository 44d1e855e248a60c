//! `platform:host/log`: a plugin's lines in the host's log, under its name and its request's id.
//!
//! A flood is cut off: after [`limits::LOG_LINES`] lines a call only counts.

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::log;
use crate::limits;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasLog>(linker, |call| Log { call })
}

struct HasLog;

impl HasData for HasLog {
    type Data<'a> = Log<'a>;
}

struct Log<'a> {
    call: &'a mut CallState,
}

impl log::Host for Log<'_> {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        self.call.log_lines = self.call.log_lines.saturating_add(1);
        if self.call.log_lines > limits::LOG_LINES {
            if self.call.log_lines == limits::LOG_LINES + 1 {
                tracing::warn!(
                    plugin = self.call.scope.plugin,
                    request = self.call.behalf.request,
                    "too many log lines in one call; the rest is left out"
                );
            }
            return;
        }
        let line = line(message, &fields);
        let plugin = self.call.scope.plugin.as_str();
        let request = self.call.behalf.request.as_str();
        // The target is constant, so that a filter finds all that plugins say.
        match level {
            log::Level::Trace => tracing::trace!(target: "plugin", plugin, request, "{line}"),
            log::Level::Debug => tracing::debug!(target: "plugin", plugin, request, "{line}"),
            log::Level::Info => tracing::info!(target: "plugin", plugin, request, "{line}"),
            log::Level::Warn => tracing::warn!(target: "plugin", plugin, request, "{line}"),
            log::Level::Error => tracing::error!(target: "plugin", plugin, request, "{line}"),
        }
    }
}

/// One line without control characters, which could forge other lines, of bounded length.
fn line(message: String, fields: &[(String, String)]) -> String {
    let mut line = message;
    for (name, value) in fields {
        if line.len() > limits::LOG_LINE_BYTES {
            break;
        }
        line.push(' ');
        line.push_str(name);
        line.push('=');
        line.push_str(value);
    }
    if line.len() > limits::LOG_LINE_BYTES {
        let mut end = limits::LOG_LINE_BYTES;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push('…');
    }
    if line.contains(char::is_control) {
        line = line.replace(char::is_control, " ");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_short() {
        let forged = line("a\nb".into(), &[("k".into(), "v\r".into())]);
        assert_eq!(forged, "a b k=v ");
        let long = line("ж".repeat(10_000), &[]);
        assert!(long.len() <= limits::LOG_LINE_BYTES + '…'.len_utf8());
    }
}
