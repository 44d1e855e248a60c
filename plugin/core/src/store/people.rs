//! Whom an account's owner wrote to or heard from, for completing recipients.
//!
//! Kept by the batch that stores the messages, without slowing it down: a batch counts each person once, whoever was counted often enough
//! is written only when they are heard of again after a day, and the words that are searched are written only for whoever is new or
//! has a new name.

use std::collections::BTreeMap;

use super::folders::Folders;
use super::query;
use super::rows::{Account, Light, Person, PersonUse};
use crate::platform::{Platform, StoreError, Value, Write};
use crate::provider::{Address, RemoteMessage, Role};

/// From here on more letters say nothing more about how much somebody matters, and cost no row.
const OFTEN: i64 = 6;

/// Newer than known by less than this is not worth a row.
const DAY: u64 = 86_400_000;

/// Recipients counted of one message: who is one of more was not written to.
const PEOPLE: usize = 100;

/// How much later a person seems to have been heard of, in days, for each letter to them and from them, and for any to them.
const SENT_DAYS: i64 = 25;
const HEARD_DAYS: i64 = 5;
const EVER_SENT_DAYS: i64 = 60;

/// What a batch tells of one person.
#[derive(Debug, Default)]
struct Seen {
    name: String,
    sent: i64,
    heard: i64,
    last: u64,
}

/// What a batch tells of people, by address.
#[derive(Debug, Default)]
pub(super) struct People(BTreeMap<String, Seen>);

/// An address as it is looked up; none: it is no real one.
fn usual(email: &str) -> Option<String> {
    let email = email.trim();
    let (local, domain) = email.rsplit_once('@')?;
    let clean = !email
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    (clean && !local.is_empty() && !domain.is_empty() && email.len() <= 254)
        .then(|| email.to_lowercase())
}

/// A name as it is shown; empty: it says no more than the address.
fn shown(address: &Address) -> String {
    let name = address.name.trim().trim_matches(['"', '\'']).trim();
    let plain: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    if plain.eq_ignore_ascii_case(address.email.trim()) {
        String::new()
    } else {
        plain
    }
}

/// Use and recency in one number, so that an index can order by it: the time of the last letter, moved on by how many there were.
fn score(sent: i64, heard: i64, last: u64) -> i64 {
    let ever = if sent > 0 { EVER_SENT_DAYS } else { 0 };
    let days = sent * SENT_DAYS + heard * HEARD_DAYS + ever;
    let day = i64::try_from(DAY).unwrap_or(i64::MAX);
    i64::try_from(last)
        .unwrap_or(i64::MAX)
        .saturating_add(days.saturating_mul(day))
}

impl People {
    /// Counts the people of a message that was not known before.
    pub(super) fn count(
        &mut self,
        account: &Account,
        folders: &Folders,
        message: &RemoteMessage,
        light: &Light,
    ) {
        if message.draft || folders.hidden(&light.folders.0) {
            return;
        }
        let own = |address: &Address| {
            address.email.eq_ignore_ascii_case(&account.email)
                || account
                    .aliases
                    .0
                    .iter()
                    .any(|alias| alias.email.eq_ignore_ascii_case(&address.email))
        };
        let filed = |id: &String| folders.role(id) == Some(Role::Sent);
        if message.from.as_ref().is_some_and(own) || light.folders.0.iter().any(filed) {
            let to = message.to.iter().chain(&message.cc).chain(&message.bcc);
            for address in to.take(PEOPLE) {
                self.note(address, light.received, 1, 0);
            }
        } else if let Some(from) = &message.from {
            self.note(from, light.received, 0, 1);
        }
    }

    fn note(&mut self, address: &Address, at: u64, sent: i64, heard: i64) {
        let Some(email) = usual(&address.email) else {
            return;
        };
        let seen = self.0.entry(email).or_default();
        let name = shown(address);
        if !name.is_empty() && (seen.name.is_empty() || at >= seen.last) {
            seen.name = name;
        }
        seen.sent += sent;
        seen.heard += heard;
        seen.last = seen.last.max(at);
    }

    /// Rows for those of whom there is something new to say.
    pub(super) async fn writes(
        self,
        platform: &impl Platform,
        account: &Account,
    ) -> Result<Vec<Write>, StoreError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let text = |text: &str| Value::Text(text.to_owned());
        let keys: Vec<Vec<Value>> = self
            .0
            .keys()
            .map(|email| vec![text(&account.id), text(email)])
            .collect();
        let known: BTreeMap<String, Person> = query::get_keyed::<Person>(platform, &keys)
            .await?
            .into_iter()
            .map(|person| (person.email.clone(), person))
            .collect();
        let (mut people, mut uses) = (Vec::new(), Vec::new());
        for (email, seen) in self.0 {
            let before = known.get(&email);
            let count = |before: Option<i64>, more: i64| {
                before.unwrap_or(0).saturating_add(more).min(OFTEN)
            };
            let sent = count(before.map(|before| before.sent), seen.sent);
            let heard = count(before.map(|before| before.heard), seen.heard);
            let last = before.map_or(seen.last, |before| before.last.max(seen.last));
            let person_use = PersonUse {
                account: account.id.clone(),
                email,
                sent,
                heard,
                last,
                score: score(sent, heard, last),
            };
            let renamed = |before: &Person| {
                let name = before.name.as_deref().unwrap_or_default();
                !seen.name.is_empty()
                    && seen.name != name
                    && (name.is_empty() || seen.last > before.last)
            };
            match before {
                Some(before) if !renamed(before) => {
                    let counts = (before.sent, before.heard) != (sent, heard);
                    if counts || last >= before.last.saturating_add(DAY) {
                        uses.push(person_use);
                    }
                }
                _ => people.push(Person {
                    account: person_use.account,
                    address: Some(person_use.email.clone()),
                    email: person_use.email,
                    user: Some(account.user.clone()),
                    name: Some(seen.name),
                    sent,
                    heard,
                    last,
                    score: person_use.score,
                }),
            }
        }
        Ok(query::put(people)
            .into_iter()
            .chain(query::put(uses))
            .collect())
    }
}

/// People of a user who match, those who matter most first; no words: all. The same address may be there for several accounts.
pub(crate) async fn find(
    platform: &impl Platform,
    user: &str,
    words: &str,
    limit: u32,
) -> Result<Vec<Person>, StoreError> {
    let mut filter = vec![query::text("user", user)];
    if !words.is_empty() {
        filter.push(query::matches("address", user, words));
    }
    let page = query::newest("score", limit, None);
    Ok(query::find(platform, filter, page).await?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_written_to_counts_for_more_than_who_writes() {
        let month = 30 * DAY;
        assert!(score(1, 0, month) > score(0, OFTEN, month));
        assert!(score(0, 1, 2 * month) > score(0, 1, month));
        assert!(score(OFTEN, 0, 0) > score(1, 0, month), "a friend of old");
    }

    #[test]
    fn only_real_addresses_are_offered() {
        assert_eq!(usual(" Ann@Example.COM "), Some("ann@example.com".into()));
        for odd in [
            "",
            "ann",
            "@x",
            "ann@",
            "a b@x.example",
            "<a@x>",
            "undisclosed-recipients:;",
        ] {
            assert_eq!(usual(odd), None, "{odd}");
        }
        let address = |name: &str| Address {
            name: name.into(),
            email: "ann@example.com".into(),
        };
        assert_eq!(shown(&address("'Ann Lee'")), "Ann Lee");
        assert_eq!(shown(&address("ann@example.com")), "");
    }
}
