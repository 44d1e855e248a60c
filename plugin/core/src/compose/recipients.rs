//! Completing recipients: people whom the caller wrote to or heard from.

use crate::model::{Address, Caller, Result};
use crate::platform::Platform;
use crate::store::people;

/// Most people answered.
const LIMIT: u32 = 50;

/// Characters that are looked for; a pasted letter is no name.
const LONGEST: usize = 200;

/// What a search takes as words: quotes would ask for a phrase that is not the beginning of anything.
fn words(typed: &str) -> String {
    typed
        .chars()
        .take(LONGEST)
        .map(|c| match c {
            '"' | '\u{201c}' | '\u{201d}' | '<' | '>' => ' ',
            other => other,
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// People whose address, domain or name has words that begin like this, those who matter most first; nothing typed: simply those.
///
/// # Errors
/// What the store answers.
pub async fn recipients(
    platform: &impl Platform,
    caller: &Caller,
    typed: &str,
    limit: u32,
) -> Result<Vec<Address>> {
    let words = words(typed);
    if !typed.trim().is_empty() && !words.chars().any(char::is_alphanumeric) {
        return Ok(Vec::new());
    }
    let limit = limit.clamp(1, LIMIT);
    // The same person in three accounts is one.
    let found = people::find(platform, &caller.user, &words, limit.saturating_mul(3)).await?;
    let mut people: Vec<Address> = Vec::new();
    for person in found {
        match people.iter_mut().find(|known| known.email == person.email) {
            Some(known) if known.name.is_empty() => known.name = person.name.unwrap_or_default(),
            Some(_) => {}
            None => people.push(Address {
                name: person.name.unwrap_or_default(),
                email: person.email,
            }),
        }
    }
    people.truncate(limit as usize);
    Ok(people)
}
