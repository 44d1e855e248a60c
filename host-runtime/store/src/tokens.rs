//! Words of a text, for full-text search: the same for indexing and for queries, and the same whatever the engine.
//!
//! A token is a run of letters and digits, compatibility-normalised, case-folded and without accents, cut to 40 characters. Where a script
//! writes no spaces, runs are cut further: Chinese, Japanese and Korean into overlapping pairs of characters (a dictionary would cut a name
//! differently alone and in a sentence), Thai, Lao, Khmer and Burmese into words by ICU's dictionaries. For all other scripts the
//! word boundaries of Unicode, less what stands inside a word such as an apostrophe or a dot, are exactly these runs, so that the common case needs no tables.

use std::borrow::Cow;
use std::sync::LazyLock;

use icu_casemap::CaseMapper;
use icu_normalizer::properties::CanonicalCombiningClassMap;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;

/// Longest token, in characters: longer runs are data, not words.
const LONGEST: usize = 40;

/// Phrases of one query: more only cost time.
const MOST_PHRASES: usize = 32;

/// The tokens of a text, in the order in which they stand.
#[must_use]
pub fn tokenize(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    each_token(text, Ending::Indexed, |token| tokens.push(token.to_owned()));
    tokens
}

/// Calls `emit` with each token of a text that is to be indexed.
pub(crate) fn each_indexed(text: &str, emit: impl FnMut(&str)) {
    each_token(text, Ending::Indexed, emit);
}

/// Tokens that must follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase {
    pub(crate) tokens: Vec<String>,
    /// The last token may go on.
    pub(crate) prefix: bool,
}

/// What a person typed, as phrases that must all occur: each word, and each text in double quotes. The last word may be the beginning of one.
pub(crate) fn parse_query(text: &str) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for (number, part) in text.split(is_quote).enumerate() {
        if number % 2 == 1 {
            phrases.extend(phrase(part, false));
            continue;
        }
        for word in part.split_whitespace() {
            phrases.extend(phrase(word, false));
        }
    }
    phrases.truncate(MOST_PHRASES);
    let quotes = text.chars().filter(|c| is_quote(*c)).count();
    let ends_in_word = quotes.is_multiple_of(2) && !text.trim_end().ends_with(is_quote);
    if ends_in_word && let Some(last) = phrases.last_mut() {
        last.prefix = true;
    }
    phrases
}

/// Straight, or as keyboards of phones write them.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}')
}

fn phrase(text: &str, prefix: bool) -> Option<Phrase> {
    let mut tokens = Vec::new();
    each_token(text, Ending::Open, |token| tokens.push(token.to_owned()));
    // A single character of a script that is indexed in pairs stands at the beginning of some pair.
    let single = tokens.last().is_some_and(|last| {
        let mut characters = last.chars();
        characters.next().is_some_and(is_paired) && characters.next().is_none()
    });
    (!tokens.is_empty()).then_some(Phrase {
        tokens,
        prefix: prefix || single,
    })
}

/// What follows the last pair of a run of paired characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Its last character alone, so that every character begins some token.
    Indexed,
    /// Nothing, if the run ends the text: in the text that is searched, the run may go on.
    Open,
}

fn each_token(text: &str, ending: Ending, mut emit: impl FnMut(&str)) {
    let mut buffer = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let after = rest.get(start..).unwrap_or_default();
        let length = after.find(|c| !is_word(c)).unwrap_or(after.len());
        let (run, tail) = after.split_at_checked(length).unwrap_or((after, ""));
        rest = tail;
        if run.is_ascii() {
            buffer.clear();
            buffer.extend(run.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()));
            emit(&buffer);
        } else {
            let last = ending == Ending::Open && !rest.contains(is_word);
            let folded = fold(run);
            let mut pieces = folded
                .split(|c| !is_word(c))
                .filter(|piece| !piece.is_empty())
                .peekable();
            while let Some(piece) = pieces.next() {
                let open = last && pieces.peek().is_none();
                split_scripts(
                    piece,
                    if open { Ending::Open } else { Ending::Indexed },
                    &mut emit,
                );
            }
        }
    }
}

/// Compatibility forms made alike, accents taken off, case folded.
fn fold(run: &str) -> String {
    // Most text needs no tables: what they would say of these letters is known.
    run.chars()
        .map(fold_common)
        .collect::<Option<String>>()
        .unwrap_or_else(|| fold_any(run))
}

/// What [`fold_any`] makes of a letter of the commonest kinds, whatever stands beside it.
fn fold_common(c: char) -> Option<char> {
    match c {
        'a'..='z' | '0'..='9' => Some(c),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        'й' | 'Й' => Some('и'),
        'ё' | 'Ё' => Some('е'),
        'а'..='я' => Some(c),
        'А'..='Я' => char::from_u32(u32::from(c) + 0x20),
        // Ideographs, kana and Hangul syllables.
        '\u{4e00}'..='\u{9fff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'
        | '\u{ac00}'..='\u{d7a3}' => Some(c),
        _ => None,
    }
}

fn fold_any(run: &str) -> String {
    let classes = CanonicalCombiningClassMap::new();
    let mut bare = String::with_capacity(run.len());
    for c in DecomposingNormalizer::new_nfkd().normalize_iter(run.chars()) {
        if !is_ignored(c) && !is_accent(classes.get_u8(c)) {
            bare.push(c);
        }
    }
    let folded: Cow<'_, str> = CaseMapper::new().fold_string(&bare);
    ComposingNormalizer::new_nfc()
        .normalize(&folded)
        .into_owned()
}

/// Marks by their combining class: Hebrew and Arabic points, and everything above and below. Not nukta, kana voicing and virama (7–9), nor the
/// vowel signs of Indic scripts (0), without which a word is another word.
fn is_accent(class: u8) -> bool {
    matches!(class, 10..=35 | 200..)
}

/// Part of a word without a meaning of its own: soft hyphen, joiners, the stretcher of Arabic, variation selectors.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{640}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    let at = u32::from(c);
    match WORDS.get((at / 64) as usize) {
        Some(bits) => bits >> (at % 64) & 1 == 1,
        None => is_word_by_tables(c),
    }
}

/// Every character of a text is asked for several times, so that the answer for the basic plane is kept: a bit each, 8 KiB.
static WORDS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let word = |at: u32| char::from_u32(at).is_some_and(is_word_by_tables);
    let bits = |from: u32| (0..64).fold(0, |bits, bit| bits | u64::from(word(from + bit)) << bit);
    (0..0x1_0000).step_by(64).map(bits).collect()
});

fn is_word_by_tables(c: char) -> bool {
    c.is_alphanumeric() || is_ignored(c) || CanonicalCombiningClassMap::new().get_u8(c) != 0
}

/// Scripts that are indexed in pairs.
fn is_paired(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11ff | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3041..=0x31ff | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0x1b000..=0x1b16f | 0x20000..=0x3ffff)
}

/// Scripts whose words only a dictionary finds: Thai, Lao, Burmese, Khmer.
fn needs_dictionary(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Plain,
    Paired,
    Dictionary,
}

fn script(c: char) -> Script {
    if is_paired(c) {
        Script::Paired
    } else if needs_dictionary(c) {
        Script::Dictionary
    } else {
        Script::Plain
    }
}

fn split_scripts(piece: &str, ending: Ending, emit: &mut impl FnMut(&str)) {
    let mut rest = piece;
    while let Some(first) = rest.chars().next() {
        let kind = script(first);
        let length = rest.find(|c| script(c) != kind).unwrap_or(rest.len());
        let (run, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = tail;
        match kind {
            Script::Plain => emit(cut(run)),
            Script::Paired => emit_pairs(
                run,
                if rest.is_empty() {
                    ending
                } else {
                    Ending::Indexed
                },
                emit,
            ),
            Script::Dictionary => emit_words(run, emit),
        }
    }
}

fn cut(run: &str) -> &str {
    run.char_indices()
        .nth(LONGEST)
        .and_then(|(end, _)| run.get(..end))
        .unwrap_or(run)
}

fn emit_pairs(run: &str, ending: Ending, emit: &mut impl FnMut(&str)) {
    let starts: Vec<usize> = run
        .char_indices()
        .map(|(at, _)| at)
        .chain([run.len()])
        .collect();
    for window in starts.windows(3) {
        if let [start, _, end] = *window {
            emit(run.get(start..end).unwrap_or_default());
        }
    }
    if ending == Ending::Indexed || starts.len() == 2 {
        let last = starts.iter().rev().nth(1).copied().unwrap_or_default();
        emit(run.get(last..).unwrap_or_default());
    }
}

fn emit_words(run: &str, emit: &mut impl FnMut(&str)) {
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut start = 0;
    for end in segmenter.segment_str(run) {
        let word = run.get(start..end).unwrap_or_default();
        if !word.is_empty() {
            emit(cut(word));
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ascii("Hello, World! user@example.com 3.14", &["hello", "world", "user", "example", "com", "3", "14"])]
    #[case::accents("Ünïcödé Straße ﬁn", &["unicode", "strasse", "fin"])]
    #[case::combining("e\u{301}te\u{301}", &["ete"])]
    #[case::cyrillic("Ёлка в Йошкар-Оле", &["елка", "в", "иошкар", "оле"])]
    #[case::greek("ΟΔΟΣ οδός", &["οδοσ", "οδοσ"])]
    #[case::chinese("电子邮件", &["电子", "子邮", "邮件", "件"])]
    #[case::one("中", &["中"])]
    #[case::japanese("ｶﾞｷﾞ東京", &["ガギ", "ギ東", "東京", "京"])]
    #[case::korean("회의를", &["회의", "의를", "를"])]
    #[case::arabic("مُحَمَّد أحمد كتـــاب", &["محمد", "احمد", "كتاب"])]
    #[case::hebrew("שָׁלוֹם", &["שלום"])]
    #[case::mixed("iPhone手机x", &["iphone", "手机", "机", "x"])]
    #[case::hindi("हिन्दी", &["हिन्दी"])]
    #[case::persian("می\u{200c}خواهم", &["میخواهم"])]
    #[case::symbols("😀 — … \u{0}", &[])]
    #[case::underscore("foo_bar", &["foo", "bar"])]
    fn tokens_of(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(tokenize(text), expected);
    }

    #[test]
    fn the_short_way_folds_as_the_long_way_does() {
        let common: Vec<char> = ('\0'..=char::MAX)
            .filter(|c| fold_common(*c).is_some())
            .collect();
        assert!(common.len() > 30_000);
        for pair in common.windows(2) {
            let run: String = pair.iter().collect();
            assert_eq!(fold(&run), fold_any(&run), "{run:?}");
        }
    }

    #[test]
    fn thai_is_cut_into_words() {
        let tokens = tokenize("สวัสดีครับ");
        assert!(tokens.len() >= 2, "{tokens:?}");
        assert_eq!(tokens.concat(), "สวัสดีครับ");
    }

    #[test]
    fn long_runs_are_cut() {
        assert_eq!(tokenize(&"x".repeat(1000)), ["x".repeat(LONGEST)]);
        assert_eq!(tokenize(&"ж".repeat(1000)), ["ж".repeat(LONGEST)]);
    }

    /// Phrases by `|`, their tokens by `+`; `*`: may go on.
    #[rstest]
    #[case("hello wor", "hello|wor*")]
    #[case("\"hello world\" x", "hello+world|x*")]
    #[case("x \"hello world\"", "x|hello+world")]
    #[case("a@b.com ", "a+b+com*")]
    #[case("电子邮件", "电子+子邮+邮件*")]
    #[case("中 x", "中*|x*")]
    #[case("手机x", "手机+机+x*")]
    #[case("\"手机\"", "手机")]
    #[case("\"open", "open")]
    #[case("word !!!", "word*")]
    #[case("!!! \"\"", "")]
    fn query(#[case] text: &str, #[case] expected: &str) {
        let phrases: Vec<String> = parse_query(text)
            .into_iter()
            .map(|phrase| {
                format!(
                    "{}{}",
                    phrase.tokens.join("+"),
                    if phrase.prefix { "*" } else { "" }
                )
            })
            .collect();
        assert_eq!(phrases.join("|"), expected);
    }
}
