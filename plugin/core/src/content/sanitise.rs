//! HTML mail made harmless.
//!
//! The view is also framed and under a policy of its own; this is the layer that holds even where a client shows the HTML
//! elsewhere. What is not known to be harmless is dropped: scripts, forms, frames, event handlers, style sheets (their selectors
//! reach outside of the message), `javascript:`. Nothing is fetched from anywhere unless the reader allowed it, and then only
//! through the host, so that the sender learns nothing: images in `src`, `background` and CSS `url()` alike.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::Showing;
use crate::provider::RemoteAttachment;

/// What may stand in a path segment or a query value as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// CSS that can't leave its box, cover the page or load anything. `url()` is looked at in values.
const STYLES: &[&str] = &[
    "background",
    "background-color",
    "background-image",
    "background-position",
    "background-repeat",
    "background-size",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "opacity",
    "overflow",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "unicode-bidi",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-wrap",
];

/// Presentational attributes that mail is full of.
const ATTRIBUTES: &[&str] = &[
    "align",
    "background",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "face",
    "height",
    "lang",
    "size",
    "style",
    "title",
    "valign",
    "width",
];

/// Kinds of `data:` images that can't carry a script.
const DATA_IMAGES: &[&str] = &[
    "data:image/png;",
    "data:image/jpeg;",
    "data:image/jpg;",
    "data:image/gif;",
    "data:image/webp;",
];

/// HTML that can be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clean {
    /// A fragment, to be put into a body.
    pub html: String,
    /// Remote images and the like that were left out.
    pub blocked: u32,
}

struct Rewrite {
    by_content_id: HashMap<String, String>,
    showing: Showing,
    /// Remote images keep their addresses.
    own: bool,
    blocked: AtomicU32,
}

impl Rewrite {
    /// Where an image may be fetched from instead; none: nowhere.
    fn image(&self, address: &str) -> Option<String> {
        let address = address.trim();
        let lower = address.to_ascii_lowercase();
        if let Some(content_id) = lower.strip_prefix("cid:") {
            let content_id = percent_encoding::percent_decode_str(content_id)
                .decode_utf8_lossy()
                .into_owned();
            let id = self.by_content_id.get(&content_id)?;
            return Some(format!(
                "{}{}",
                self.showing.inline_prefix,
                utf8_percent_encode(id, PLAIN)
            ));
        }
        if DATA_IMAGES.iter().any(|kind| lower.starts_with(kind)) {
            return Some(address.to_owned());
        }
        let absolute = if lower.starts_with("//") {
            format!("https:{address}")
        } else {
            address.to_owned()
        };
        if !lower.starts_with("//")
            && !lower.starts_with("http://")
            && !lower.starts_with("https://")
        {
            return None;
        }
        if self.own {
            return Some(absolute);
        }
        if !self.showing.allow_remote {
            self.blocked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(format!(
            "{}{}",
            self.showing.remote_prefix,
            utf8_percent_encode(&absolute, PLAIN)
        ))
    }

    fn style(&self, style: &str) -> Option<String> {
        // An escape can spell anything, a comment can split anything.
        if style.contains('\\') || style.contains("/*") {
            if style.to_ascii_lowercase().contains("url") {
                self.blocked.fetch_add(1, Ordering::Relaxed);
            }
            return None;
        }
        let declarations = declarations(style)
            .into_iter()
            .filter_map(|declaration| self.declaration(declaration))
            .collect::<Vec<_>>();
        (!declarations.is_empty()).then(|| declarations.join("; "))
    }

    fn declaration(&self, declaration: &str) -> Option<String> {
        let (property, value) = declaration.split_once(':')?;
        let (property, value) = (property.trim().to_ascii_lowercase(), value.trim());
        if !STYLES.contains(&property.as_str()) {
            return None;
        }
        let lower = value.to_ascii_lowercase();
        // A negative offset would move the message's text over what surrounds it.
        if property.starts_with("margin") && lower.contains('-')
            || lower.contains("expression")
            || lower.contains("image-set")
        {
            return None;
        }
        let Some(start) = lower.find("url(") else {
            return Some(format!("{property}: {value}"));
        };
        let inner = value.get(start + 4..)?;
        let (address, rest) = inner.split_once(')')?;
        if rest.to_ascii_lowercase().contains("url(") {
            self.blocked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let address = address.trim().trim_matches(['"', '\'']);
        let image = self.image(address)?;
        Some(format!(
            "{property}: {}url(\"{}\"){rest}",
            value.get(..start)?,
            image.replace('"', "%22")
        ))
    }

    fn attribute<'v>(
        &self,
        element: &str,
        attribute: &str,
        value: &'v str,
    ) -> Option<Cow<'v, str>> {
        match (element, attribute) {
            (_, "style") => self.style(value).map(Cow::Owned),
            (_, "background") | ("img", "src") => self.image(value).map(Cow::Owned),
            (_, "href") => {
                let lower = value.trim_start().to_ascii_lowercase();
                ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|scheme| lower.starts_with(scheme))
                    .then_some(Cow::Borrowed(value))
            }
            (_, "src" | "cite" | "srcset") => None,
            _ => Some(Cow::Borrowed(value)),
        }
    }
}

/// Declarations of a style attribute; a `;` within quotes or brackets (`url(data:…;base64,…)`) ends none.
fn declarations(style: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (index, character) in style.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => {
                found.extend(style.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    found.extend(style.get(start..));
    found
}

/// What a person has written to send it on, such as a signature or a draft: as harmless as mail that is shown, but remote images keep
/// their addresses, which are the sender's to give away, and so do inline ones that are among the attachments.
#[must_use]
pub fn own(html: &str, attachments: &[RemoteAttachment]) -> String {
    rewrite(html, &kept_inline(attachments), &by_cid(), true).html
}

/// Someone else's message, to be quoted: nothing remote is left, inline images keep their `cid:` if they are among the attachments.
#[must_use]
pub fn quoted(html: &str, attachments: &[RemoteAttachment]) -> String {
    rewrite(html, &kept_inline(attachments), &by_cid(), false).html
}

/// Inline images stay what they are.
fn by_cid() -> Showing {
    Showing {
        inline_prefix: "cid:".into(),
        ..Showing::default()
    }
}

fn kept_inline(attachments: &[RemoteAttachment]) -> Vec<RemoteAttachment> {
    let mut inline = attachments.to_vec();
    for file in &mut inline {
        file.id = file.content_id.clone().unwrap_or_default();
    }
    inline
}

/// Makes HTML harmless.
#[must_use]
pub fn clean(html: &str, attachments: &[RemoteAttachment], showing: &Showing) -> Clean {
    rewrite(html, attachments, showing, false)
}

fn rewrite(html: &str, attachments: &[RemoteAttachment], showing: &Showing, own: bool) -> Clean {
    let by_content_id = attachments
        .iter()
        .filter_map(|attachment| {
            Some((
                attachment.content_id.as_ref()?.to_ascii_lowercase(),
                attachment.id.clone(),
            ))
        })
        .collect();
    let rewrite = Arc::new(Rewrite {
        by_content_id,
        showing: showing.clone(),
        own,
        blocked: AtomicU32::new(0),
    });
    let filter = Arc::clone(&rewrite);
    let mut builder = ammonia::Builder::default();
    builder
        .add_tags(["font", "section", "big", "tfoot", "main", "address"])
        .add_clean_content_tags([
            "title", "template", "noscript", "iframe", "object", "svg", "math", "select",
            "textarea",
        ])
        .add_generic_attributes(ATTRIBUTES)
        .add_tag_attributes("img", ["alt", "src"])
        .add_tag_attributes("ol", ["start", "type"])
        .add_tag_attributes("ul", ["type"])
        .add_tag_attributes("td", ["colspan", "rowspan", "nowrap"])
        .add_tag_attributes("th", ["colspan", "rowspan", "nowrap"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid", "data"]))
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| {
            filter.attribute(element, attribute, value)
        });
    let html = builder.clean(html).to_string();
    Clean {
        html,
        blocked: rewrite.blocked.load(Ordering::Relaxed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline() -> Vec<RemoteAttachment> {
        vec![RemoteAttachment {
            id: "0.1".into(),
            content_id: Some("Logo@x".into()),
            ..RemoteAttachment::default()
        }]
    }

    fn shown(html: &str, allow_remote: bool) -> Clean {
        let showing = Showing {
            allow_remote,
            inline_prefix: "/inline/".into(),
            remote_prefix: "/remote?u=".into(),
        };
        clean(html, &inline(), &showing)
    }

    #[test]
    fn nothing_that_runs_survives() {
        let hostile = [
            "<script>steal()</script>",
            "<img src=x onerror=steal()>",
            "<a href='javascript:steal()'>x</a>",
            "<a href=' JaVaScRiPt:steal()'>x</a>",
            "<a href='data:text/html,<script>steal()</script>'>x</a>",
            "<svg onload=steal()><script>steal()</script></svg>",
            "<form action=/steal><input name=steal></form>",
            "<iframe src='https://evil.example/steal'></iframe>",
            "<style>@import 'https://evil.example/steal'</style>",
            "<div style='width:expression(steal())'>x</div>",
            "<div style='behavior:url(steal)'>x</div>",
            "<math><mtext></mtext><style><img src=x onerror=steal()></style></math>",
            "<base href='https://evil.example/steal'>",
            "<meta http-equiv=refresh content='0;url=https://evil.example/steal'>",
            "<a href='/api/steal'>x</a>",
        ];
        for html in hostile {
            let clean = shown(html, true).html;
            assert!(!clean.contains("steal"), "{html} became {clean}");
        }
    }

    #[test]
    fn nothing_is_fetched_from_the_sender_unless_it_is_allowed() {
        let remote = "<img src='https://t.example/a.png'><td background='http://t.example/b'></td>\
            <div style=\"background-image: url('https://t.example/c'); color: red\">x</div>\
            <div style='background:u\\72l(https://t.example/d)'>x</div><img srcset='https://t.example/e 2x'><img src='//t.example/f'>";
        let remote = format!("<table><tr>{remote}</tr></table>");
        let blocked = shown(&remote, false);
        assert!(!blocked.html.contains("t.example"), "{}", blocked.html);
        assert!(blocked.html.contains("color: red"));
        assert!(blocked.blocked >= 4, "{}", blocked.blocked);
        let allowed = shown(&remote, true);
        assert!(
            allowed
                .html
                .contains("/remote?u=https%3A%2F%2Ft.example%2Fa.png"),
            "{}",
            allowed.html
        );
        assert!(
            !allowed.html.contains("\"https://t.example"),
            "{}",
            allowed.html
        );
    }

    #[test]
    fn what_a_person_writes_keeps_its_pictures_and_still_runs_nothing() {
        let html = "<p onclick=x()>Ada <img src='https://x.example/a.png' onerror=x()><script>x()</script></p>";
        assert_eq!(
            own(html, &[]),
            "<p>Ada <img src=\"https://x.example/a.png\"></p>"
        );
    }

    #[test]
    fn inline_images_direction_tables_and_links_are_kept() {
        let clean = shown(
            "<table dir=rtl width=600 style='border-collapse:collapse'><tr><td>שלום<img src='cid:logo@X' alt=l></td></tr></table><a href='https://x.example'>x</a>",
            false,
        );
        for part in [
            "dir=\"rtl\"",
            "/inline/0.1",
            "border-collapse: collapse",
            "target=\"_blank\"",
            "noopener",
            "שלום",
        ] {
            assert!(
                clean.html.contains(part),
                "{part} is missing in {}",
                clean.html
            );
        }
        assert_eq!(clean.blocked, 0);
    }
}
