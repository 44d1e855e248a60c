//! Gmail's search language, as far as mail clients use it.
//!
//! Labels are resolved while parsing, so that messages can be tried without holding the mailbox.

use std::cell::OnceCell;

use chrono::{NaiveDate, TimeZone};

use super::labels::Labels;
use super::{Entry, LabelKey, system};
use crate::google::mail::head::searchable;

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
        let candidate = Candidate {
            entry,
            text: OnceCell::new(),
        };
        candidate.passes(&self.root)
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

struct Candidate<'a> {
    entry: &'a Entry,
    text: OnceCell<String>,
}

impl Candidate<'_> {
    fn passes(&self, node: &Node) -> bool {
        match node {
            Node::All(all) => all.iter().all(|node| self.passes(node)),
            Node::Any(any) => any.iter().any(|node| self.passes(node)),
            Node::Not(node) => !self.passes(node),
            Node::Test(test) => self.is(test),
        }
    }

    fn is(&self, test: &Test) -> bool {
        let body = &self.entry.body;
        match test {
            Test::Label(key) => self.entry.has(*key),
            Test::HasUserLabel => self.entry.labels.iter().any(|key| *key >= 100),
            Test::After(ms) => body.date >= *ms,
            Test::Before(ms) => body.date < *ms,
            Test::Always => true,
            Test::Never => false,
            Test::From(who) => has_words(&body.head().from, who),
            Test::To(who) => {
                let head = body.head();
                [&head.to, &head.cc, &head.bcc]
                    .iter()
                    .any(|field| has_words(field, who))
            }
            Test::Cc(who) => has_words(&body.head().cc, who),
            Test::Bcc(who) => has_words(&body.head().bcc, who),
            Test::Subject(words) => has_words(&body.head().subject.to_lowercase(), words),
            Test::List(list) => has_words(&body.head().list, list),
            Test::DeliveredTo(who) => has_words(&body.head().delivered_to, who),
            Test::FileName(name) => body.head().file_names.iter().any(|file| {
                file == name || has_words(file, name) || file.ends_with(&format!(".{name}"))
            }),
            Test::MessageId(id) => body.head().message_id.as_ref() == Some(id),
            Test::HasAttachment => !body.head().file_names.is_empty(),
            Test::Larger(bytes) => body.head().size > *bytes,
            Test::Smaller(bytes) => body.head().size < *bytes,
            Test::Word(word) => {
                let head = body.head();
                has_words(&head.subject.to_lowercase(), word)
                    || [&head.from, &head.to, &head.cc]
                        .iter()
                        .any(|field| has_words(field, word))
                    || has_words(self.text.get_or_init(|| searchable(&body.raw())), word)
            }
        }
    }
}

/// Whole words only, except in scripts that do not part words.
fn has_words(text: &str, words: &str) -> bool {
    if words.is_empty() {
        return true;
    }
    let joins = |c: Option<char>, edge: Option<char>| {
        let parts_words = |c: char| c.is_ascii_digit() || c.is_lowercase() || c.is_uppercase();
        matches!((c, edge), (Some(c), Some(edge)) if parts_words(c) && parts_words(edge))
    };
    text.match_indices(words).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|after| after.chars().next());
        !joins(before, words.chars().next()) && !joins(after, words.chars().next_back())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use bytes::Bytes;

    use super::super::{Entry, NewMessage, State, system};
    use super::{Meaning, Query};
    use crate::Content;

    const RAW: &[u8] = b"From: Ada Lovelace <ada@example.com>\r\nTo: me@example.com\r\nSubject: Numbers of Bernoulli\r\n\
        Message-ID: <one@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe engine \xe8\xae\xa1\xe7\xae\x97\xe6\x9c\xba weaves.";

    fn found(query: &str) -> bool {
        let mut state = State::new(1);
        let work = state.labels.create("Work/Urgent things").unwrap();
        let id = state.add(
            NewMessage {
                content: Content::Held(Bytes::from_static(RAW)),
                date: 1_790_000_000_000,
                thread: None,
                labels: vec![system::INBOX, system::UNREAD, work],
                message_id: None,
            },
            Some(1),
        );
        let entry: Entry = state.entry(id).unwrap().clone();
        let meaning = Meaning {
            labels: &state.labels,
            address: "me@example.com",
            now: 1_790_000_000_000 + 3 * super::DAY_MS,
        };
        Query::parse(query, &meaning).finds(&entry)
    }

    #[test]
    fn finds_what_gmail_finds() {
        for query in [
            "",
            "engine weaves",
            "bernoulli OR nothing",
            "{nothing from:ada}",
            "from:(ada lovelace) to:me",
            "-from:bob subject:\"numbers of\"",
            "label:work-urgent-things is:unread in:inbox",
            "rfc822msgid:one@example.com",
            "after:2026/09/20 before:2026/09/30",
            "newer_than:4d older_than:2d",
            "after:1789999999",
            "\u{7b97}\u{673a}",
            "smaller:1k -has:attachment",
        ] {
            assert!(found(query), "{query}");
        }
    }

    #[test]
    fn leaves_out_what_gmail_leaves_out() {
        for query in [
            "eng",
            "from:bob",
            "is:read",
            "is:starred OR label:none",
            "-engine",
            "after:2026/10/20",
            "has:attachment",
            "larger:1M",
        ] {
            assert!(!found(query), "{query}");
        }
    }
}
