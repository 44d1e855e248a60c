//! Whom the owner of a mailbox corresponds with.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::text::Language;

/// A correspondent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As shown.
    pub name: String,
    /// Without angle brackets.
    pub address: String,
    /// In which they write.
    pub language: Language,
}

impl Person {
    /// Somebody who writes English.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: address.into(),
            language: Language::English,
        }
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, d)| d)
    }
}

const NAMES: &[(Language, &str, &str)] = &[
    (Language::English, "Ada Whitfield", "ada.whitfield"),
    (Language::English, "Samuel Okafor", "sokafor"),
    (Language::English, "Priya Raman", "priya"),
    (Language::English, "O'Neill, Grace", "grace.oneill"),
    (Language::English, "Tom (Facilities)", "tom.facilities"),
    (Language::English, "Lena Park", "lena+team"),
    (Language::English, "Hugo Marsh", "hugo"),
    (Language::English, "", "noname"),
    (Language::German, "Jörg Müller", "joerg.mueller"),
    (Language::German, "Käthe Weiß", "k.weiss"),
    (Language::German, "Sebastian Grün", "s.gruen"),
    (Language::Russian, "Мария Соколова", "m.sokolova"),
    (Language::Russian, "Иван Петров", "ivan.petrov"),
    (Language::Russian, "Ольга Ёлкина", "elkina"),
    (Language::Chinese, "王小明", "wang.xiaoming"),
    (Language::Chinese, "李娜", "li.na"),
    (Language::Japanese, "田中 太郎", "tanaka"),
    (Language::Japanese, "佐藤 花子", "sato.hanako"),
    (Language::Arabic, "ليلى حداد", "l.haddad"),
    (Language::Arabic, "يوسف منصور", "y.mansour"),
    (Language::Hebrew, "נועה לוי", "noa.levi"),
    (Language::Hebrew, "דוד כהן", "d.cohen"),
];

const DOMAINS: &[&str] = &[
    "northwind.example",
    "harbour-works.example",
    "familie.example",
    "pochta.example",
    "institute.example.org",
    "studio.example.net",
    "firma.example.de",
];

/// The correspondents of one mailbox, the same for the same generator state.
pub(super) fn address_book(rng: &mut ChaCha8Rng) -> Vec<Person> {
    let mut people = Vec::with_capacity(NAMES.len() * 2);
    for round in 0..2 {
        for (language, name, local) in NAMES {
            let domain = DOMAINS.choose(rng).copied().unwrap_or("example.org");
            let local = if round == 0 {
                (*local).to_owned()
            } else {
                format!("{local}{}", rng.random_range(2..90))
            };
            people.push(Person {
                name: (*name).to_owned(),
                address: format!("{local}@{domain}"),
                language: *language,
            });
        }
    }
    people
}
