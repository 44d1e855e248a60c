//! OData query options and `Prefer` headers.

use std::collections::HashSet;

use http::HeaderMap;

use super::error::GraphError;
use crate::microsoft::mailbox::ids::IdKind;

/// Largest `$top` (and page size) for messages.
const MAX_TOP: usize = 1000;
/// Page size when nobody says otherwise.
pub(crate) const DEFAULT_TOP: usize = 10;

/// Query options, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Lower-case names without `$`, and values, in order.
    pub(crate) pairs: Vec<(String, String)>,
    /// Lower-case property names.
    pub(crate) select: Option<HashSet<String>>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) skip_token: Option<String>,
    pub(crate) delta_token: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) search: Option<String>,
    /// Lower-case property path and whether it descends.
    pub(crate) order_by: Vec<(String, bool)>,
    pub(crate) count: bool,
    pub(crate) expand: Option<String>,
}

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, GraphError> {
        let mut out = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let name = name.trim_start_matches('$').to_ascii_lowercase();
            let value = value.into_owned();
            let number = || {
                value.parse::<usize>().map_err(|_| {
                    GraphError::bad(
                        "BadRequest",
                        format!("Invalid value '{value}' for $top or $skip query option found."),
                    )
                })
            };
            match name.as_str() {
                "select" => {
                    out.select = Some(
                        value
                            .split(',')
                            .map(|s| s.trim().to_ascii_lowercase())
                            .filter(|s| !s.is_empty())
                            .collect(),
                    );
                }
                "top" => out.top = Some(number()?.clamp(1, MAX_TOP)),
                "skip" => out.skip = number()?,
                "skiptoken" => out.skip_token = Some(value.clone()),
                "deltatoken" => out.delta_token = Some(value.clone()),
                "filter" => out.filter = Some(value.clone()),
                "search" => out.search = Some(value.clone()),
                "orderby" => out.order_by = order_by(&value),
                "count" => out.count = value.eq_ignore_ascii_case("true"),
                "expand" => out.expand = Some(value.clone()),
                _ => {}
            }
            out.pairs.push((name, value));
        }
        Ok(out)
    }

    /// An option that isn't OData's, such as `changeType` or `includeHiddenFolders`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}

fn order_by(value: &str) -> Vec<(String, bool)> {
    value
        .split(',')
        .filter_map(|part| {
            let mut words = part.split_whitespace();
            let property = words.next()?.to_ascii_lowercase();
            Some((
                property,
                words.next().is_some_and(|d| d.eq_ignore_ascii_case("desc")),
            ))
        })
        .collect()
}

/// `Prefer` headers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prefer {
    pub(crate) ids: IdKind,
    pub(crate) text_body: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) said_ids: bool,
    said_body: bool,
}

impl Prefer {
    pub(crate) fn parse(headers: &HeaderMap) -> Self {
        let mut out = Self::default();
        for value in headers
            .get_all("prefer")
            .iter()
            .filter_map(|v| v.to_str().ok())
        {
            for part in value.split([',', ';']) {
                let Some((name, value)) = part.split_once('=') else {
                    continue;
                };
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "idtype" => {
                        out.said_ids = true;
                        out.ids = if value.eq_ignore_ascii_case("ImmutableId") {
                            IdKind::Immutable
                        } else {
                            IdKind::Mutable
                        };
                    }
                    "outlook.body-content-type" => {
                        out.said_body = true;
                        out.text_body = value.eq_ignore_ascii_case("text");
                    }
                    "odata.maxpagesize" => {
                        out.page_size = value.parse().ok().map(|n: usize| n.clamp(1, MAX_TOP))
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// For `Preference-Applied`.
    pub(crate) fn applied(&self) -> Option<String> {
        let mut out = Vec::new();
        if self.said_ids {
            out.push(match self.ids {
                IdKind::Immutable => "IdType=\"ImmutableId\"".to_owned(),
                IdKind::Mutable => "IdType=\"Default\"".to_owned(),
            });
        }
        if self.said_body {
            out.push(format!(
                "outlook.body-content-type=\"{}\"",
                if self.text_body { "text" } else { "html" }
            ));
        }
        if let Some(size) = self.page_size {
            out.push(format!("odata.maxpagesize={size}"));
        }
        (!out.is_empty()).then(|| out.join(", "))
    }
}
