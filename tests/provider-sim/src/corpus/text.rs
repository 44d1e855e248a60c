//! Sentences in the languages that the mailboxes speak.
//!
//! Text is put together from openings, middles and endings, so that it reads like a message and not like noise, and is sprinkled
//! with invented proper names, so that a full-text index meets a vocabulary with a long tail, as it does in real mail.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::mime::Charset;
use super::phrases::{ARABIC, CHINESE, ENGLISH, GERMAN, HEBREW, JAPANESE, Phrases, RUSSIAN};

/// A language of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "names of languages")]
pub enum Language {
    English,
    German,
    Russian,
    Chinese,
    Japanese,
    Arabic,
    Hebrew,
}

impl Language {
    /// Is it written from right to left?
    pub fn right_to_left(self) -> bool {
        matches!(self, Self::Arabic | Self::Hebrew)
    }

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Russian => "ru",
            Self::Chinese => "zh-CN",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
            Self::Hebrew => "he",
        }
    }

    /// One of the charsets in which mail of this language is met.
    pub(super) fn charset(self, rng: &mut ChaCha8Rng) -> Charset {
        let legacy = rng.random_ratio(2, 5);
        match self {
            Self::English => Charset::Utf8,
            Self::German if legacy => Charset::Windows1252,
            Self::Russian if legacy => {
                if rng.random() {
                    Charset::Windows1251
                } else {
                    Charset::Koi8R
                }
            }
            Self::Chinese if legacy => Charset::Gb18030,
            Self::Japanese if legacy => Charset::Iso2022Jp,
            Self::Arabic if legacy => Charset::Windows1256,
            Self::Hebrew if legacy => Charset::Windows1255,
            _ => Charset::Utf8,
        }
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Russian => &RUSSIAN,
            Self::Chinese => &CHINESE,
            Self::Japanese => &JAPANESE,
            Self::Arabic => &ARABIC,
            Self::Hebrew => &HEBREW,
        }
    }
}

fn pick(list: &'static [&'static str], rng: &mut ChaCha8Rng) -> &'static str {
    list.choose(rng).copied().unwrap_or_default()
}

/// A subject line.
pub(super) fn subject(language: Language, rng: &mut ChaCha8Rng) -> String {
    let base = pick(language.phrases().subjects, rng);
    if rng.random_ratio(1, 3) {
        format!("{base}: {}", name_of_thing(rng))
    } else if rng.random_ratio(1, 4) {
        format!("{base} {}", rng.random_range(2..400))
    } else {
        base.to_owned()
    }
}

/// One sentence.
pub(super) fn sentence(language: Language, rng: &mut ChaCha8Rng) -> String {
    let p = language.phrases();
    let mut out = String::from(pick(p.openings, rng));
    out.push_str(p.gap);
    out.push_str(pick(p.middles, rng));
    if rng.random_ratio(1, 4) {
        out.push_str(" (");
        out.push_str(&name_of_thing(rng));
        out.push(')');
    }
    out.push_str(p.gap);
    out.push_str(pick(p.endings, rng));
    out
}

/// A paragraph of at least `bytes` bytes of UTF-8.
pub(super) fn paragraph(language: Language, bytes: usize, rng: &mut ChaCha8Rng) -> String {
    let gap = language.phrases().gap;
    let mut out = sentence(language, rng);
    while out.len() < bytes {
        out.push_str(gap);
        out.push_str(&sentence(language, rng));
    }
    out
}

/// Greeting line.
pub(super) fn greeting(language: Language, rng: &mut ChaCha8Rng) -> &'static str {
    pick(language.phrases().greetings, rng)
}

/// Closing line.
pub(super) fn closing(language: Language, rng: &mut ChaCha8Rng) -> &'static str {
    pick(language.phrases().closings, rng)
}

/// What a client puts before a quoted message: "… wrote:".
pub(super) fn wrote(language: Language) -> &'static str {
    language.phrases().wrote
}

/// An invented proper name: a project, a town, a customer.
pub(super) fn name_of_thing(rng: &mut ChaCha8Rng) -> String {
    const START: &[&str] = &[
        "Al", "Bor", "Cal", "Dun", "Eb", "Fal", "Gor", "Hel", "Ir", "Jas", "Kel", "Lor", "Mar",
        "Nor", "Os", "Per", "Quin", "Ros", "Sel", "Tor", "Ul", "Vel", "Wen", "Xan", "Yor", "Zel",
    ];
    const MIDDLE: &[&str] = &[
        "a", "e", "i", "o", "u", "and", "en", "er", "il", "on", "or", "um",
    ];
    const END: &[&str] = &[
        "bach", "brook", "dale", "den", "dor", "field", "gate", "ham", "ia", "lin", "mere", "mond",
        "nis", "port", "rix", "sk", "ton", "tra", "ville", "wick", "zen",
    ];
    let mut out = String::from(pick(START, rng));
    for _ in 0..rng.random_range(0..3) {
        out.push_str(pick(MIDDLE, rng));
    }
    out.push_str(pick(END, rng));
    out
}
