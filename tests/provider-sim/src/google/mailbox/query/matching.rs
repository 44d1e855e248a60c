//! Tries a message against a query.

use std::cell::OnceCell;

use super::super::Entry;
use super::{Node, Test};
use crate::google::mail::head::searchable;

/// A message that may match, with its text read at most once.
pub(super) struct Candidate<'a> {
    entry: &'a Entry,
    text: OnceCell<String>,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        Self {
            entry,
            text: OnceCell::new(),
        }
    }

    pub(super) fn passes(&self, node: &Node) -> bool {
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
