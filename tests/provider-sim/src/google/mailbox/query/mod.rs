//! Gmail's search language, as far as mail clients use it.
//!
//! Labels are resolved while parsing, so that messages can be tried without holding the mailbox.

mod matching;

use chrono::{NaiveDate, TimeZone};

use super::labels::Labels;
use super::{Entry, LabelKey, system};
use matching::Candidate;

const DAY_MS: u64 = 24 * 3_600_000;
/// Dates in queries begin at midnight in California; winter time, because summer time would make results depend on the season.
const PACIFIC_MS: u64 = 8 * 3_600_000;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    root: Node,
    /// Spam and trash are asked for.
    pub(crate) anywhere: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Test),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Word(String),
    From(String),
    To(String),
    Cc(String),
    Bcc(String),
    Subject(String),
    List(String),
    DeliveredTo(String),
    FileName(String),
    MessageId(String),
    HasAttachment,
    Label(LabelKey),
    HasUserLabel,
    After(u64),
    Before(u64),
    Larger(u64),
    Smaller(u64),
    Never,
    Always,
}

/// What queries mean in this mailbox now.
pub(crate) struct Meaning<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) address: &'a str,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: u64,
}

impl Query {
    pub(crate) fn parse(text: &str, meaning: &Meaning<'_>) -> Self {
        let mut parser = Parser {
            rest: text,
            meaning,
            anywhere: false,
        };
        let root = Node::All(parser.sequence(None, ""));
        Self {
            root,
            anywhere: parser.anywhere,
        }
    }

    /// Is this message found?
    pub(crate) fn finds(&self, entry: &Entry) -> bool {
        Candidate::new(entry).passes(&self.root)
    }
}

struct Parser<'a> {
    rest: &'a str,
    meaning: &'a Meaning<'a>,
    anywhere: bool,
}

impl<'a> Parser<'a> {
    /// Terms up to `end`; a bare word belongs to `operator`.
    fn sequence(&mut self, end: Option<char>, operator: &str) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut join = false;
        loop {
            self.rest = self.rest.trim_start();
            let Some(next) = self.rest.chars().next() else {
                return nodes;
            };
            if Some(next) == end {
                self.skip(next);
                return nodes;
            }
            if matches!(next, ')' | '}') {
                // One too many.
                self.skip(next);
                continue;
            }
            if self.keyword("OR") || next == '|' && self.skip('|') {
                join = !nodes.is_empty();
                continue;
            }
            if self.keyword("AND") {
                continue;
            }
            let node = self.term(operator);
            match nodes.pop() {
                Some(Node::Any(mut any)) if join => {
                    any.push(node);
                    nodes.push(Node::Any(any));
                }
                Some(last) if join => nodes.push(Node::Any(vec![last, node])),
                Some(last) => nodes.extend([last, node]),
                None => nodes.push(node),
            }
            join = false;
        }
    }

    fn skip(&mut self, c: char) -> bool {
        self.rest = self.rest.strip_prefix(c).unwrap_or(self.rest);
        true
    }

    fn keyword(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(after) if after.starts_with([' ', '(', '{']) => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }

    fn term(&mut self, operator: &str) -> Node {
        if self.rest.starts_with('-') {
            self.skip('-');
            return Node::Not(Box::new(self.term(operator)));
        }
        if self.rest.starts_with('(') {
            self.skip('(');
            return Node::All(self.sequence(Some(')'), operator));
        }
        if self.rest.starts_with('{') {
            self.skip('{');
            return Node::Any(self.sequence(Some('}'), operator));
        }
        if !self.rest.starts_with('"') {
            let end = self
                .rest
                .find(|c: char| c == ':' || c.is_whitespace() || "(){}\"".contains(c))
                .unwrap_or(self.rest.len());
            if let Some((name, after)) = self.rest.split_at_checked(end)
                && operator.is_empty()
                && is_operator(name)
                && let Some(value) = after.strip_prefix(':')
            {
                self.rest = value;
                let name = name.to_lowercase();
                if value.starts_with(['(', '{']) {
                    return self.term(&name);
                }
                let value = self.word();
                return self.test(&name, &value);
            }
        }
        let word = self.word();
        self.test(operator, &word)
    }

    fn word(&mut self) -> String {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            self.rest = after;
            return word.to_owned();
        }
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "(){}".contains(c))
            .unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = after;
        word.to_owned()
    }

    fn test(&mut self, operator: &str, value: &str) -> Node {
        let folded = value.to_lowercase();
        let now = self.meaning.now;
        let person = || {
            if folded == "me" {
                self.meaning.address.to_owned()
            } else {
                folded.clone()
            }
        };
        let test = match operator {
            "from" => Test::From(person()),
            "to" => Test::To(person()),
            "cc" => Test::Cc(person()),
            "bcc" => Test::Bcc(person()),
            "subject" => Test::Subject(folded),
            "list" => Test::List(folded),
            "deliveredto" => Test::DeliveredTo(folded),
            "filename" => Test::FileName(folded),
            "rfc822msgid" => {
                let id = value.trim_matches(['<', '>']);
                Test::MessageId(format!("<{id}>"))
            }
            "has" => match folded.as_str() {
                "attachment" => Test::HasAttachment,
                "userlabels" => Test::HasUserLabel,
                "nouserlabels" => return Node::Not(Box::new(Node::Test(Test::HasUserLabel))),
                _ => Test::Never,
            },
            "label" | "in" | "is" | "category" => return self.place(operator, &folded),
            "after" | "newer" => date(&folded).map_or(Test::Never, Test::After),
            "before" | "older" => date(&folded).map_or(Test::Never, Test::Before),
            "newer_than" => {
                age(&folded).map_or(Test::Never, |age| Test::After(now.saturating_sub(age)))
            }
            "older_than" => {
                age(&folded).map_or(Test::Never, |age| Test::Before(now.saturating_sub(age)))
            }
            "larger" | "size" => size(&folded).map_or(Test::Never, Test::Larger),
            "smaller" => size(&folded).map_or(Test::Never, Test::Smaller),
            _ => Test::Word(folded),
        };
        Node::Test(test)
    }

    fn place(&mut self, operator: &str, name: &str) -> Node {
        let label = |key| Node::Test(Test::Label(key));
        if operator == "category" {
            let id = match name {
                "primary" => "CATEGORY_PERSONAL".to_owned(),
                other => format!("CATEGORY_{}", other.to_uppercase()),
            };
            let key = self.meaning.labels.key(&id);
            return Node::Test(key.map_or(Test::Never, Test::Label));
        }
        match name {
            "anywhere" => {
                self.anywhere = true;
                return Node::Test(Test::Always);
            }
            "read" => return Node::Not(Box::new(label(system::UNREAD))),
            "draft" | "drafts" => return label(system::DRAFT),
            "chats" => return label(system::CHAT),
            "trash" => {
                self.anywhere = true;
                return label(system::TRASH);
            }
            "spam" => {
                self.anywhere = true;
                return label(system::SPAM);
            }
            _ => {}
        }
        let wanted = flat(name);
        let key = self
            .meaning
            .labels
            .iter()
            .find(|(_, known)| flat(&known.name) == wanted || known.id.eq_ignore_ascii_case(name))
            .map(|(key, _)| key);
        Node::Test(key.map_or(Test::Never, Test::Label))
    }
}

fn is_operator(name: &str) -> bool {
    const KNOWN: [&str; 22] = [
        "after",
        "bcc",
        "before",
        "category",
        "cc",
        "deliveredto",
        "filename",
        "from",
        "has",
        "in",
        "is",
        "label",
        "larger",
        "list",
        "newer",
        "newer_than",
        "older",
        "older_than",
        "rfc822msgid",
        "size",
        "smaller",
        "subject",
    ];
    name.eq_ignore_ascii_case("to") || KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Label names in queries have `-` for blanks and slashes.
fn flat(name: &str) -> String {
    name.to_lowercase().replace([' ', '/'], "-")
}

/// `YYYY/MM/DD` (midnight in California) or seconds since the Unix epoch; answers milliseconds.
fn date(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>()
        && text.len() > 4
    {
        return Some(seconds * 1000);
    }
    let text = text.replace('-', "/");
    let day = NaiveDate::parse_from_str(&text, "%Y/%m/%d")
        .or_else(|_| NaiveDate::parse_from_str(&text, "%m/%d/%Y"))
        .ok()?;
    let midnight = chrono::Utc.from_utc_datetime(&day.and_hms_opt(0, 0, 0)?);
    Some(u64::try_from(midnight.timestamp_millis()).ok()? + PACIFIC_MS)
}

/// `3d`, `2m`, `1y`; answers milliseconds.
fn age(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let unit = match unit {
        "h" => DAY_MS / 24,
        "d" => DAY_MS,
        "m" => 30 * DAY_MS,
        "y" => 365 * DAY_MS,
        _ => return None,
    };
    Some(number * unit)
}

/// `10M`, `500k` or bytes.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit = match text.get(digits.len()..)? {
        "" | "b" => 1,
        "k" | "kb" => 1024,
        "m" | "mb" => 1024 * 1024,
        _ => return None,
    };
    Some(number * unit)
}

#[cfg(test)]
mod tests;
