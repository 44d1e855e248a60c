//! Partial responses: the `fields` mask, such as `messages(id,threadId),nextPageToken` or `payload/headers`.

use serde_json::Value;

use super::error::{ApiError, ApiResult};

/// A parsed mask: names with what is wanted below them; nothing below means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mask(Vec<(String, Mask)>);

impl Mask {
    /// # Errors
    /// 400 as Google words it.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let mut rest = text;
        let mask = list(&mut rest);
        match mask {
            Some(mask) if rest.is_empty() => Ok(mask),
            _ => Err(ApiError::invalid(format!(
                "Request contains an invalid argument: invalid field selection {text}"
            ))),
        }
    }

    /// What the mask leaves of a value.
    pub(crate) fn apply(&self, value: Value) -> Value {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.apply(item)).collect())
            }
            Value::Object(object) => Value::Object(
                object
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let (_, below) = self
                            .0
                            .iter()
                            .find(|(wanted, _)| *wanted == name || wanted == "*")?;
                        Some((name, below.apply(value)))
                    })
                    .collect(),
            ),
            other => other,
        }
    }
}

fn list(rest: &mut &str) -> Option<Mask> {
    let mut mask = Mask::default();
    loop {
        let entry = path(rest)?;
        mask.0.push(entry);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(mask),
        }
    }
}

fn path(rest: &mut &str) -> Option<(String, Mask)> {
    let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    *rest = after;
    if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        let below = path(rest)?;
        return Some((name.to_owned(), Mask(vec![below])));
    }
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let below = list(rest)?;
        *rest = rest.strip_prefix(')')?;
        return Some((name.to_owned(), below));
    }
    Some((name.to_owned(), Mask::default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::Mask;

    #[test]
    fn keeps_what_is_named_at_any_depth() {
        let value = json!({"messages": [{"id": "1", "threadId": "2", "payload": {"headers": [1], "body": {}}}], "n": 1});
        let mask = Mask::parse("messages(id,payload/headers),nextPageToken").unwrap();
        assert_eq!(
            mask.apply(value),
            json!({"messages": [{"id": "1", "payload": {"headers": [1]}}]})
        );
    }

    #[test]
    fn refuses_a_broken_mask() {
        for broken in ["", "a(", "a(b", "a,,b", "a)"] {
            assert!(Mask::parse(broken).is_err(), "{broken}");
        }
    }
}
