//! What Graph does to bodies: takes the active parts out of HTML, makes HTML of plain text and text of HTML, finds what is new in an
//! answer.
//!
//! This is Graph's light cleaning, not a sanitiser to rely on: style sheets, remote images and odd markup pass, as they do there.

use std::sync::LazyLock;

/// Elements that go with all that is in them.
const DROPPED: &[&str] = &["script", "iframe", "object", "embed", "applet", "noscript"];
/// Tags that go alone.
const BARE: &[&str] = &[
    "!doctype", "meta", "base", "link", "form", "input", "button", "svg",
];
const META: &str = "\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">";

/// The body as Graph gives it: cleaned and framed.
pub(crate) fn cleaned(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 200);
    let start: String = html
        .chars()
        .take(4_096)
        .collect::<String>()
        .to_ascii_lowercase();
    let framed = start.contains("<html");
    if !framed {
        out.push_str("<html><head>");
        out.push_str(META);
        out.push_str("</head><body>");
    }
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag_on) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = tag_end(tag_on) else {
            rest = "";
            break;
        };
        let (tag, after) = tag_on.split_at(end + 1);
        rest = after;
        let name = tag_name(tag);
        let opening = !tag.starts_with("</");
        if DROPPED.contains(&name.as_str()) {
            if opening {
                rest = skip_element(after, &name);
            }
        } else if BARE.contains(&name.as_str()) {
            // Gone without a trace.
        } else if opening && (name == "head" || name == "html" && !start.contains("<head")) {
            out.push_str(tag);
            if name == "html" {
                out.push_str("<head>");
            }
            out.push_str(META);
            if name == "html" {
                out.push_str("</head>");
            }
        } else if suspicious(tag) {
            out.push_str(&disarmed(tag));
        } else {
            out.push_str(tag);
        }
    }
    out.push_str(rest);
    if !framed {
        out.push_str("</body></html>");
    }
    out
}

/// Where the tag that `text` starts with ends; a `>` within a quoted value doesn't end it.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut last = b' ';
    for (at, b) in text.bytes().enumerate() {
        match quote {
            Some(q) if b == q => quote = None,
            Some(_) => {}
            None if b == b'>' => return Some(at),
            None if (b == b'"' || b == b'\'') && last == b'=' => quote = Some(b),
            None => {}
        }
        if !b.is_ascii_whitespace() {
            last = b;
        }
    }
    // A quote that is never closed is no quote.
    text.find('>')
}

fn tag_name(tag: &str) -> String {
    tag.trim_start_matches(['<', '/'])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '!' || *c == '-')
        .collect::<String>()
        .to_ascii_lowercase()
}

fn skip_element<'a>(after: &'a str, name: &str) -> &'a str {
    let lower = after.to_ascii_lowercase();
    match lower.find(&format!("</{name}")) {
        Some(at) => {
            let tail = after.get(at..).unwrap_or_default();
            tail.find('>')
                .and_then(|e| tail.get(e + 1..))
                .unwrap_or_default()
        }
        // Never closed: only the tag goes, so that a stray tag doesn't swallow the mail.
        None => after,
    }
}

fn suspicious(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    ["script:", "data:text", " on", "\non", "/on", "\ton"]
        .iter()
        .any(|s| lower.contains(s))
}

/// The tag without event handlers and active addresses.
fn disarmed(tag: &str) -> String {
    static ATTRIBUTES: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
        regex::Regex::new(
            r#"(?is)[\s/](on[a-z]+\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)|(href|src|action|background)\s*=\s*("\s*(java|vb|data:text)[^"]*"|'\s*(java|vb|data:text)[^']*'))"#,
        )
        .ok()
    });
    ATTRIBUTES
        .as_ref()
        .map_or_else(String::new, |r| r.replace_all(tag, "").into_owned())
}

/// Plain text as Exchange frames it.
pub(crate) fn from_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 300);
    out.push_str("<html><head>");
    out.push_str(META);
    out.push_str(
        "</head><body><font size=\"2\"><span style=\"font-size:11pt;\"><div class=\"PlainText\">",
    );
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push_str("<br>\r\n");
        }
        escape_into(line, &mut out);
    }
    out.push_str("</div></span></font></body></html>");
    out
}

/// Appends text as HTML.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
}

/// Text of HTML: blocks end lines, entities are resolved.
pub(crate) fn to_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag_on) = rest.split_at(at);
        push_text(before, &mut out);
        let Some(end) = tag_end(tag_on) else {
            rest = "";
            break;
        };
        let (tag, after) = tag_on.split_at(end + 1);
        rest = after;
        let name = tag_name(tag);
        let opening = !tag.starts_with("</");
        match name.as_str() {
            "script" | "style" | "head" | "title" if opening => rest = skip_element(after, &name),
            "br" => out.push_str("\r\n"),
            "p" | "div" | "tr" | "h1" | "h2" | "h3" | "li" | "blockquote" | "table"
                if !opening && !out.ends_with("\r\n\r\n") =>
            {
                out.push_str("\r\n");
            }
            _ => {}
        }
    }
    push_text(rest, &mut out);
    out.trim().to_owned()
}

fn push_text(text: &str, out: &mut String) {
    let mut space = out.is_empty() || out.ends_with(char::is_whitespace);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            if !space {
                out.push(' ');
                space = true;
            }
        } else if c == '&' {
            let (resolved, used) = entity(rest);
            out.push_str(resolved);
            rest = rest.get(used..).unwrap_or_default();
            space = false;
            continue;
        } else {
            out.push(c);
            space = false;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

fn entity(text: &str) -> (&'static str, usize) {
    const KNOWN: [(&str, &str); 6] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", "\u{a0}"),
    ];
    KNOWN
        .iter()
        .find(|(name, _)| text.starts_with(name))
        .map_or(("&", 1), |(name, value)| (*value, name.len()))
}

/// The part of an answer that is new: what stands before the quoted history.
pub(crate) fn unique(html: &str) -> String {
    const MARKS: [&str; 5] = [
        "<blockquote",
        "<div id=\"appendonsend\"",
        "<hr tabindex=\"-1\"",
        "<div id=\"divRplyFwdMsg\"",
        "<div class=\"gmail_quote",
    ];
    match MARKS
        .iter()
        .filter_map(|m| html.find(m))
        .min()
        .and_then(|at| html.get(..at))
    {
        Some(head) => format!("{head}</body></html>"),
        None => html.to_owned(),
    }
}
