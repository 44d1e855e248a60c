//! Where the quoted history of a plain text begins, so that it can be folded away.
//!
//! Only a quote that reaches to the end is folded: an answer between the lines of a quote must stay in sight.

/// Separators after which everything is history.
const SEPARATORS: &[&str] = &[
    "-----original message-----",
    "-----original-nachricht-----",
    "-----ursprüngliche nachricht-----",
    "-----исходное сообщение-----",
    "-----пересылаемое сообщение-----",
    "---------- forwarded message",
    "---------- пересылаемое сообщение",
    "---------- 转发的邮件",
    "-----原始邮件-----",
    "------------------ 原始邮件 ------------------",
    "------------------ original ------------------",
    "________________________________",
];

/// How a line ends that introduces a quote.
const ATTRIBUTIONS: &[&str] = &[
    "wrote:",
    "schrieb:",
    "написал:",
    "написал(а):",
    "писал:",
    "писал(а):",
    "пишет:",
    "a écrit :",
    "escribió:",
    "写道：",
    "写道:",
];

/// The byte at which the quoted history begins; none: there is no such history.
#[must_use]
pub fn begins(text: &str) -> Option<usize> {
    let mut lines = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        lines.push((offset, line.trim()));
        offset += line.len();
    }
    let separator = lines.iter().position(|(_, line)| {
        let line = line.to_lowercase();
        SEPARATORS
            .iter()
            .any(|separator| line.starts_with(separator))
    });
    let quote = trailing_quote(&lines);
    let first = separator.into_iter().chain(quote).min()?;
    // A message that is nothing but history has nothing else to show.
    let own = lines.iter().take(first).any(|(_, line)| !line.is_empty());
    own.then(|| lines.get(first).map(|(offset, _)| *offset))
        .flatten()
}

/// The line at which a block of `>` begins that reaches to the end, its introduction included.
fn trailing_quote(lines: &[(usize, &str)]) -> Option<usize> {
    let mut first = None;
    for (index, (_, line)) in lines.iter().enumerate().rev() {
        match *line {
            line if line.starts_with('>') => first = Some(index),
            "" => {}
            _ => break,
        }
    }
    let first = first?;
    // An introduction may be broken over two lines, with an empty one after it.
    let mut before = lines
        .iter()
        .enumerate()
        .take(first)
        .rev()
        .filter(|(_, (_, line))| !line.is_empty());
    let introduction = before.next().filter(|(_, (_, line))| {
        ATTRIBUTIONS
            .iter()
            .any(|end| line.to_lowercase().ends_with(end))
    });
    let Some((index, (_, line))) = introduction else {
        return Some(first);
    };
    let begins = |line: &str| {
        ["On ", "Am ", "Le ", "El ", "在"]
            .iter()
            .any(|begin| line.starts_with(begin))
    };
    match before.next() {
        Some((above, (_, text))) if !begins(line) && begins(text) && above + 1 == index => {
            Some(above)
        }
        _ => Some(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> &str {
        begins(text).and_then(|at| text.get(..at)).unwrap_or(text)
    }

    #[test]
    fn history_at_the_end_is_folded_with_its_introduction() {
        assert_eq!(
            shown("Yes.\n\nOn Monday, Ann wrote:\n> Shall we?\n> Ann\n"),
            "Yes.\n\n"
        );
        assert_eq!(shown("Да.\n\n1 окт. Анна пишет:\n\n> Идём?\n"), "Да.\n\n");
        assert_eq!(
            shown("Yes.\nOn Monday, 1 October, Ann\n<ann@example.com> wrote:\n> Shall we?"),
            "Yes.\n"
        );
        assert_eq!(
            shown("OK\r\n-----Original Message-----\r\nFrom: Ann\r\n"),
            "OK\r\n"
        );
    }

    #[test]
    fn answers_between_the_lines_stay_in_sight() {
        for text in [
            "> Shall we?\nYes.\n",
            "Hi\n> One?\nNo.\n> Two?\nYes.",
            "> only a quote\n",
            "no quote",
        ] {
            assert_eq!(begins(text), None, "{text}");
        }
    }
}
