//! The subset of KQL that `$search` takes.

use crate::microsoft::letter::{Address, Letter};
use crate::microsoft::mailbox::message::Message;

/// All terms must hold.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// Lower-case field (empty: anywhere) and lower-case text.
    terms: Vec<(String, String)>,
}

impl Search {
    /// `"from:ada subject:budget"`, `"exact words"`, `"a AND b"`; quotes around the whole are the syntax of OData.
    pub(crate) fn parse(text: &str) -> Self {
        let inner = text.trim();
        let inner = inner
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(inner)
            .replace("\\\"", "\"");
        let mut terms = Vec::new();
        let mut rest = inner.as_str();
        while !rest.trim_start().is_empty() {
            rest = rest.trim_start();
            let end = rest.find([' ', '"', ':']).unwrap_or(rest.len());
            let (mut field, mut after) = ("", rest);
            if rest.get(end..).is_some_and(|t| t.starts_with(':')) {
                field = rest.get(..end).unwrap_or_default();
                after = rest.get(end + 1..).unwrap_or_default();
            }
            let (value, next) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => after.split_once(' ').unwrap_or((after, "")),
            };
            let operator = field.is_empty() && value == "AND";
            if !value.is_empty() && !operator {
                terms.push((
                    field.to_lowercase(),
                    value.trim_end_matches('*').to_lowercase(),
                ));
            }
            rest = next;
        }
        Self { terms }
    }

    pub(crate) fn matches(&self, row: &Message, letter: &Letter) -> bool {
        self.terms
            .iter()
            .all(|(field, value)| term(field, value, row, letter))
    }
}

fn term(field: &str, value: &str, row: &Message, letter: &Letter) -> bool {
    let from: Vec<&Address> = letter.from.iter().collect();
    let everybody = || letter.to.iter().chain(&letter.cc).chain(&letter.bcc);
    let anywhere = || {
        text(&letter.subject, value)
            || text(&letter.plain(), value)
            || people(from.iter().copied(), value)
    };
    match field {
        "from" => people(from.iter().copied(), value),
        "to" => people(letter.to.iter(), value),
        "cc" => people(letter.cc.iter(), value),
        "bcc" => people(letter.bcc.iter(), value),
        "recipients" => people(everybody(), value),
        "participants" => people(everybody().chain(from.iter().copied()), value),
        "subject" => text(&letter.subject, value),
        "body" => text(&letter.plain(), value),
        "attachment" => letter.attachments.iter().any(|a| text(&a.name, value)),
        "hasattachments" => letter.has_attachments() == matches!(value, "true" | "yes" | "1"),
        "importance" => row.importance.name() == value,
        "kind" => value == "email" || value == "meetings" && letter.meeting.is_some(),
        "received" | "sent" => day(row.received, value),
        "size" => true,
        _ => anywhere(),
    }
}

fn text(haystack: &str, value: &str) -> bool {
    haystack.to_lowercase().contains(value)
}

fn people<'a>(mut all: impl Iterator<Item = &'a Address>, value: &str) -> bool {
    all.any(|a| text(&a.address, value) || text(&a.name, value))
}

/// `2026-10-01`, `>=2026-10-01`, `<2026-10-01`.
fn day(ms: u64, value: &str) -> bool {
    let bare = value.trim_start_matches(['<', '>', '=']);
    let Some(bound) = super::time::parse(bare) else {
        return false;
    };
    match value.get(..value.len() - bare.len()) {
        Some(">=") => ms >= bound,
        Some(">") => ms > bound,
        Some("<=") => ms <= bound + 86_399_999,
        Some("<") => ms < bound,
        _ => (bound..bound + 86_400_000).contains(&ms),
    }
}
