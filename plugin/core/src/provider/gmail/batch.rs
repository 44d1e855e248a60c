//! Several requests in one: `multipart/mixed` of `application/http`, answered in any order, each with a status of its own.

use std::collections::HashMap;

use http::{Method, StatusCode};
use memchr::memmem;

use super::{Gmail, errors, units};
use crate::platform::{Platform, Response};
use crate::provider::client::Call;
use crate::provider::{ProviderError, Result};

/// Gmail takes 100 and discourages more than 50, but it starts all parts at once and refuses a person's requests beyond about ten in
/// flight: so ten, one batch after the other.
pub(super) const MOST: usize = 10;

/// One request of a batch.
pub(super) struct Part {
    pub(super) method: Method,
    /// With query, without host.
    pub(super) path: String,
    /// JSON, if there is a body.
    pub(super) body: Option<String>,
}

impl Part {
    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
        }
    }
}

impl<P: Platform> Gmail<'_, P> {
    /// Sends any number of requests, answers in their order. What is refused only because too much was in flight, or because
    /// its token ran out, is sent once more.
    pub(super) async fn batch(&self, parts: &[Part]) -> Result<Vec<Result<Response>>> {
        let mut found = Vec::with_capacity(parts.len());
        for chunk in parts.chunks(MOST) {
            let all: Vec<&Part> = chunk.iter().collect();
            let mut answers = match self.one_batch(&all).await {
                Ok(answers) => answers,
                Err(error) if found.is_empty() => return Err(error),
                // What was answered before stays answered.
                Err(error) => {
                    found.resize_with(parts.len(), || Err(error.clone()));
                    break;
                }
            };
            self.again(&all, &mut answers, MOST / 2, crowded).await;
            // A token can run out between the batch and its parts.
            if answers.iter().any(refused) {
                match self.client.renew().await {
                    Ok(()) => self.again(&all, &mut answers, MOST, refused).await,
                    Err(error) => answers
                        .iter_mut()
                        .filter(|answer| refused(answer))
                        .for_each(|answer| *answer = Err(error.clone())),
                }
            }
            found.extend(answers);
        }
        Ok(found)
    }

    /// Sends what was answered like that once more, so many at a time.
    async fn again(
        &self,
        parts: &[&Part],
        answers: &mut [Result<Response>],
        at_once: usize,
        like_that: fn(&Result<Response>) -> bool,
    ) {
        let places: Vec<usize> = (0..answers.len())
            .filter(|place| answers.get(*place).is_some_and(like_that))
            .collect();
        for places in places.chunks(at_once) {
            let parts: Vec<&Part> = places
                .iter()
                .filter_map(|place| parts.get(*place).copied())
                .collect();
            // Asked in vain, it is this that is in the way, and no longer what was in the way before.
            let anew = self
                .one_batch(&parts)
                .await
                .unwrap_or_else(|error| vec![Err(error); parts.len()]);
            for (place, answer) in places.iter().zip(anew) {
                if let Some(slot) = answers.get_mut(*place) {
                    *slot = answer;
                }
            }
        }
    }

    /// A part without an answer is to be waited for, and so is one for which nothing of the quota is left.
    async fn one_batch(&self, parts: &[&Part]) -> Result<Vec<Result<Response>>> {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let units = || parts.iter().map(|part| units::of(&part.method, &part.path));
        let now = self.client.platform.now();
        // None fits: that is for the request itself to say.
        let fitting = self.client.budgets.fitting(units(), now).max(1);
        let (parts, later) = parts.split_at(fitting.min(parts.len()));
        let first = later
            .first()
            .map(|part| units::of(&part.method, &part.path));
        let paced = first.map(|units| self.client.budgets.room_at(units, now));
        let mut random = [0; 12];
        self.client.platform.fill(&mut random);
        let boundary = random.iter().fold("batch_".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        });
        let url = format!("{}{}", self.endpoints.api, self.endpoints.batch);
        let call = Call::new(Method::POST, url).body(
            format!("multipart/mixed; boundary={boundary}"),
            write(parts, &boundary),
        );
        let units = parts.iter().map(|part| units::of(&part.method, &part.path));
        let call = call.units(units.sum());
        let answer = self.client.send(call).await?;
        let now = self.client.platform.now();
        let mut answers = read(&answer).ok_or_else(|| ProviderError::Wait {
            until: now + 5_000,
            reason: "Gmail's batch answer is garbled".to_owned(),
        })?;
        let lost = || ProviderError::Wait {
            until: now + 1_000,
            reason: "Gmail left out a part of a batch answer".to_owned(),
        };
        let answered = (0..parts.len()).map(|number| {
            let answer = answers.remove(&number).ok_or_else(lost)?;
            if answer.status().is_success() {
                Ok(answer)
            } else {
                Err(errors::classify(&answer, now))
            }
        });
        let later = later.iter().filter_map(|_| {
            let until = paced?;
            Some(Err(ProviderError::Paced { until }))
        });
        Ok(answered.chain(later).collect())
    }
}

fn crowded(answer: &Result<Response>) -> bool {
    matches!(answer, Err(ProviderError::Wait { reason, .. }) if reason == errors::CROWDED)
}

fn refused(answer: &Result<Response>) -> bool {
    matches!(answer, Err(ProviderError::Unauthorized))
}

fn write(parts: &[&Part], boundary: &str) -> Vec<u8> {
    let mut text = String::new();
    for (number, part) in parts.iter().enumerate() {
        text.push_str(&format!(
            "--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <item{number}>\r\n\r\n"
        ));
        text.push_str(&format!("{} {} HTTP/1.1\r\n", part.method, part.path));
        match &part.body {
            Some(body) => text.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}\r\n",
                body.len()
            )),
            None => text.push_str("\r\n\r\n"),
        }
    }
    text.push_str(&format!("--{boundary}--\r\n"));
    text.into_bytes()
}

/// Answers by the number of their request. None: no multipart answer at all.
fn read(answer: &Response) -> Option<HashMap<usize, Response>> {
    let media_type = answer.headers().get("content-type")?.to_str().ok()?;
    let boundary = media_type
        .split(';')
        .find_map(|piece| piece.trim().strip_prefix("boundary="))?
        .trim_matches('"');
    let delimiter = format!("--{boundary}").into_bytes();
    let body = answer.body().as_slice();
    // A delimiter stands at the beginning of a line; the same bytes elsewhere are content.
    let begins_line = |at: &usize| *at == 0 || body.get(at - 1) == Some(&b'\n');
    let starts: Vec<usize> = memmem::find_iter(body, &delimiter)
        .filter(begins_line)
        .collect();
    let mut answers = HashMap::new();
    for (position, start) in starts.iter().enumerate() {
        let end = starts.get(position + 1).copied().unwrap_or(body.len());
        if let Some((number, answer)) = body.get(start + delimiter.len()..end).and_then(read_part) {
            answers.insert(number, answer);
        }
    }
    Some(answers)
}

fn read_part(part: &[u8]) -> Option<(usize, Response)> {
    let (outer, inner) = split_head(part)?;
    let id = fields(outer)
        .find(|(name, _)| name.eq_ignore_ascii_case("content-id"))?
        .1
        .to_owned();
    let digits: String = id
        .chars()
        .rev()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    let number = digits.chars().rev().collect::<String>().parse().ok()?;
    let (head, body) = split_head(inner).unwrap_or((inner, &[]));
    let head_text = std::str::from_utf8(head).ok()?;
    let status = head_text.split_whitespace().nth(1)?.parse::<u16>().ok()?;
    let mut builder = http::Response::builder().status(StatusCode::from_u16(status).ok()?);
    for (name, value) in fields(head).skip_while(|(name, _)| name.starts_with("HTTP/")) {
        builder = builder.header(name, value);
    }
    let body = body
        .strip_suffix(b"\r\n")
        .or_else(|| body.strip_suffix(b"\n"))
        .unwrap_or(body);
    Some((number, builder.body(body.to_vec()).ok()?))
}

/// Header block and what follows the empty line.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes
        .strip_prefix(b"\r\n")
        .or_else(|| bytes.strip_prefix(b"\n"))
        .unwrap_or(bytes);
    let (at, length) = match (
        memmem::find(bytes, b"\r\n\r\n"),
        memmem::find(bytes, b"\n\n"),
    ) {
        (Some(crlf), Some(lf)) if lf < crlf => (lf, 2),
        (Some(crlf), _) => (crlf, 4),
        (None, Some(lf)) => (lf, 2),
        (None, None) => return None,
    };
    Some((bytes.get(..at)?, bytes.get(at + length..)?))
}

fn fields(head: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let text = std::str::from_utf8(head).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn parts_are_matched_by_their_ids_and_keep_their_own_fate() {
        let body = "--b\r\nContent-Type: application/http\r\nContent-ID: <response-item1>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nRetry-After: 3\r\n\r\n{\"error\":{\"code\":404}}\r\n--b\r\nContent-Type: application/http\r\nContent-ID: <response-item0>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"--b is text\"}\r\n--b--\r\n";
        let answer = http::Response::builder()
            .header("content-type", "multipart/mixed; boundary=\"b\"")
            .body(body.as_bytes().to_vec())
            .unwrap();
        let answers = read(&answer).unwrap();
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[&0].body(), b"{\"id\":\"--b is text\"}");
        assert_eq!(answers[&1].status(), 404);
        assert_eq!(answers[&1].headers()["retry-after"], "3");
    }

    #[test]
    fn a_batch_is_written_as_the_documentation_shows_it() {
        let parts = [Part::get(
            "/gmail/v1/users/me/messages/19aa?format=minimal".into(),
        )];
        let parts: Vec<&Part> = parts.iter().collect();
        let text = String::from_utf8(write(&parts, "b")).unwrap();
        assert_eq!(
            text,
            "--b\r\nContent-Type: application/http\r\nContent-ID: <item0>\r\n\r\nGET /gmail/v1/users/me/messages/19aa?format=minimal HTTP/1.1\r\n\r\n\r\n--b--\r\n"
        );
    }
}
