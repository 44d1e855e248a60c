//! Which threads or messages: the parameters of a list, and the same filter as JSON for actions on everything that matches.
//!
//! Parameters may be repeated (`folder=a&folder=b`: in either), so they are read as pairs. An unknown one is refused: a mistyped
//! filter must not turn "trash what matches" into "trash everything".

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bindings::mail::{mailbox as m, types as t};
use crate::web::problem::{Problem, Result};

/// A page's length when none is asked for: what fits a screen or two.
const DEFAULT_LIMIT: u32 = 50;
/// The contract's.
const MAX_LIMIT: u32 = 200;

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the page after this one; none: this was the last.
    pub next: Option<String>,
}

/// A whole list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Items<T> {
    /// All of them.
    pub items: Vec<T>,
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SliceParams {
    /// How many at most; 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl SliceParams {
    pub(super) fn slice(self) -> Result<t::Slice> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::field(
                "limit",
                format!("`limit` goes from 1 to {MAX_LIMIT}."),
            ));
        }
        Ok(t::Slice {
            limit,
            cursor: self.cursor,
        })
    }
}

/// Parameters of a list of threads or messages, for the documentation; they are read by [`list`].
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documentation of what `list` reads")]
pub(crate) struct ListParams {
    /// Only of these accounts; may be repeated.
    account: Option<Vec<String>>,
    /// Only in these folders; may be repeated. Without: everything but spam and trash.
    folder: Option<Vec<String>>,
    /// Words that must all occur; words in double quotes must follow each other.
    q: Option<String>,
    /// Only unread (`true`) or read ones.
    unread: Option<bool>,
    /// Only with or without a star.
    starred: Option<bool>,
    /// Only with or without files.
    attachments: Option<bool>,
    /// Only with or without the to-do mark.
    to_do: Option<bool>,
    /// Sender or recipient is one of these; may be repeated.
    address: Option<Vec<String>>,
    /// Sender's or recipient's domain is one of these; may be repeated.
    domain: Option<Vec<String>>,
    /// Received at or after this time, in milliseconds since the Unix epoch.
    after: Option<u64>,
    /// Received before this time.
    before: Option<u64>,
    /// How many at most; 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Reads a query string.
pub(super) fn list(pairs: Vec<(String, String)>) -> Result<(m::Filter, t::Slice)> {
    let mut matching = Matching::default();
    let mut slice = SliceParams::default();
    for (name, value) in pairs {
        match name.as_str() {
            "account" => matching.accounts.push(value),
            "folder" => matching.folders.push(value),
            "q" => matching.q = Some(value),
            "unread" => matching.unread = Some(switch(&name, &value)?),
            "starred" => matching.starred = Some(switch(&name, &value)?),
            "attachments" => matching.attachments = Some(switch(&name, &value)?),
            "to_do" => matching.to_do = Some(switch(&name, &value)?),
            "address" => matching.addresses.push(value),
            "domain" => matching.domains.push(value),
            "after" => matching.after = Some(number(&name, &value)?),
            "before" => matching.before = Some(number(&name, &value)?),
            "limit" => slice.limit = Some(number(&name, &value)?),
            "cursor" => slice.cursor = Some(value),
            _ => {
                return Err(Problem::field(
                    name.clone(),
                    format!("There is no parameter `{name}` here; /api/openapi.json lists them."),
                ));
            }
        }
    }
    Ok((matching.into(), slice.slice()?))
}

fn switch(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::field(
            name,
            format!("`{name}` is `true` or `false`."),
        )),
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T> {
    value
        .parse()
        .map_err(|_| Problem::field(name, format!("`{name}` is a whole number.")))
}

/// Everything that a list with this filter would show.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Matching {
    /// Ids of accounts; empty: all of yours.
    pub accounts: Vec<String>,
    /// Ids of folders; empty: everything but spam and trash.
    pub folders: Vec<String>,
    /// Words that must all occur.
    pub q: Option<String>,
    /// Only unread (`true`) or read ones.
    pub unread: Option<bool>,
    /// Only with or without a star.
    pub starred: Option<bool>,
    /// Only with or without files.
    pub attachments: Option<bool>,
    /// Only with or without the to-do mark.
    pub to_do: Option<bool>,
    /// Sender or recipient is one of these.
    pub addresses: Vec<String>,
    /// Sender's or recipient's domain is one of these.
    pub domains: Vec<String>,
    /// Received at or after this time, in milliseconds since the Unix epoch.
    pub after: Option<u64>,
    /// Received before this time.
    pub before: Option<u64>,
}

impl From<Matching> for m::Filter {
    fn from(x: Matching) -> Self {
        let (mut having, mut lacking) = (t::Marks::empty(), t::Marks::empty());
        for (asked, mark) in [
            (x.unread, t::Marks::UNREAD),
            (x.starred, t::Marks::STARRED),
            (x.attachments, t::Marks::ATTACHMENTS),
            (x.to_do, t::Marks::TO_DO),
        ] {
            match asked {
                Some(true) => having |= mark,
                Some(false) => lacking |= mark,
                None => {}
            }
        }
        Self {
            accounts: x.accounts,
            folders: x.folders,
            text: x.q.filter(|q| !q.trim().is_empty()),
            having,
            lacking,
            addresses: x.addresses,
            domains: x.domains,
            after: x.after,
            before: x.before,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn pairs(query: &str) -> Result<(m::Filter, t::Slice)> {
        list(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    #[test]
    fn a_list_is_filtered_by_what_is_asked() {
        let (filter, slice) =
            pairs("account=a&folder=x&folder=y&q=&unread=true&starred=false&limit=3").unwrap();
        assert_eq!(filter.folders, ["x", "y"]);
        assert_eq!(filter.text, None);
        assert_eq!(
            (filter.having, filter.lacking),
            (t::Marks::UNREAD, t::Marks::STARRED)
        );
        assert_eq!(slice.limit, 3);
    }

    #[test]
    fn a_mistyped_filter_is_refused_by_name() {
        for query in [
            "fodler=x",
            "unread=maybe",
            "limit=0",
            "limit=201",
            "after=yesterday",
        ] {
            assert!(pairs(query).is_err(), "{query}");
        }
    }
}
