//! Plain text of HTML, and its beginning for lists.

/// Lines are broken by whoever shows the text; this only bounds the work on tables.
const WIDTH: usize = 200;

/// Characters of a line's preview.
const SNIPPET: usize = 200;

/// The text of an HTML body, for search, plain view and replies.
#[must_use]
pub fn of_html(html: &str) -> String {
    let config = html2text::config::plain_no_decorate()
        .raw_mode(true)
        .no_link_wrapping()
        .allow_width_overflow()
        .link_footnotes(false);
    config
        .string_from_read(html.as_bytes(), WIDTH)
        .unwrap_or_else(|_| tagless(html))
}

/// What is left without tags: for HTML that defeats the renderer.
fn tagless(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(character),
            _ => {}
        }
    }
    text
}

/// The beginning in one line.
#[must_use]
pub fn snippet(text: &str) -> String {
    let mut snippet = String::new();
    for word in text.split_whitespace() {
        if snippet.chars().count() >= SNIPPET {
            break;
        }
        if !snippet.is_empty() {
            snippet.push(' ');
        }
        snippet.push_str(word);
    }
    snippet.chars().take(SNIPPET).collect()
}

/// Text as HTML.
#[must_use]
pub fn to_html(text: &str) -> String {
    escape(text).replace("\r\n", "\n").replace('\n', "<br>\n")
}

/// Escapes what has a meaning in HTML, and nothing else.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
