//! Text with characters that PostgreSQL does not take.
//!
//! Its text holds every character but U+0000. So U+0000 is kept as U+0001 U+0001, and U+0001 as U+0001 U+0002. What is smaller stays
//! smaller and what begins another text still does, so that order, ranges and beginnings are what they are elsewhere. (Their bytes count
//! as kept in what a plugin is charged for.)

/// As it is kept.
pub(super) fn escape(text: String) -> String {
    if !text.bytes().any(|byte| byte <= 1) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.push_str("\u{1}\u{1}"),
            '\u{1}' => escaped.push_str("\u{1}\u{2}"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// As it was given.
pub(crate) fn unescape(text: String) -> String {
    if !text.bytes().any(|byte| byte == 1) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1}' {
            plain.push(character);
            continue;
        }
        plain.push(if characters.next() == Some('\u{1}') {
            '\0'
        } else {
            '\u{1}'
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{escape, unescape};

    #[test]
    fn order_beginnings_and_content_are_kept() {
        let mut texts: Vec<String> = Vec::new();
        for one in ["", "\0", "\u{1}", "\u{2}", "a"] {
            for two in ["", "\0", "\u{1}", "\u{2}", "b"] {
                for three in ["", "\0", "\u{1}", "z"] {
                    texts.push([one, two, three].concat());
                }
            }
        }
        for one in &texts {
            assert_eq!(unescape(escape(one.clone())), *one);
            for other in &texts {
                let (kept, kept_other) = (escape(one.clone()), escape(other.clone()));
                assert_eq!(one.cmp(other), kept.cmp(&kept_other));
                assert_eq!(one.starts_with(other), kept.starts_with(&kept_other));
            }
        }
    }
}
