//! What people see of a fake provider: to choose an account, to consent, to be told why not.
//!
//! One plain design for both, of this project's own and clearly marked as simulated, so that nobody takes it for a provider's page. What
//! the pages ask and say, and the names of their fields, are the provider's.

use axum::response::Html;

/// Whose page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Google,
    Microsoft,
}

impl Provider {
    fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Google => "g",
            Self::Microsoft => "m",
        }
    }
}

const STYLE: &str = include_str!("pages.css");

/// A whole page. `body` is HTML.
pub(crate) fn page(provider: Provider, title: &str, body: &str) -> Html<String> {
    let name = provider.name();
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} - {name} (simulated)</title><style>{STYLE}</style></head>\
         <body class=\"{class}\"><p class=\"mark\"><strong>Simulated {name}</strong> <span>for trying out. Nothing here leaves this machine.</span></p>\
         <main>{body}</main></body></html>",
        title = escape(title),
        class = provider.class(),
    ))
}

/// An account to be chosen; its form field is `account`.
pub(crate) fn account(name: &str, address: &str, checked: bool) -> String {
    let initial: String = name
        .chars()
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    format!(
        "<label class=\"account\"><input type=\"radio\" name=\"account\" value=\"{address}\"{checked}>\
         <span class=\"initial\" aria-hidden=\"true\">{initial}</span><span>{name}<small>{address}</small></span></label>",
        initial = escape(&initial),
        name = escape(name),
        address = escape(address),
        checked = if checked { " checked" } else { "" },
    )
}

/// The two buttons. The one that goes on is the first in the document, so that Enter presses it; the style sheet puts it on the right.
pub(crate) fn decision(allow: &str) -> String {
    format!(
        "<p class=\"decide\"><button name=\"decision\" value=\"allow\">{allow}</button><button name=\"decision\" value=\"deny\">Cancel</button></p>"
    )
}

/// Why it does not go on, with the provider's own code, which whoever set it up will look for.
pub(crate) fn refused(provider: Provider, title: &str, detail: &str, code: &str) -> Html<String> {
    let code = if code.is_empty() {
        String::new()
    } else {
        format!("<p class=\"code\">{}</p>", escape(code))
    };
    let body = format!(
        "<h1>{}</h1><p id=\"error\">{}</p>{code}<p class=\"hint\">Go back to the application and try again, or ask whoever set it up.</p>",
        escape(title),
        escape(detail),
    );
    page(provider, title, &body)
}

/// Text as HTML text or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let Html(page) = refused(Provider::Google, "<b>", "\"><script>", "'");
        assert!(!page.contains("<b>") && !page.contains("<script>"));
        assert!(
            account("<i>", "a\"b@example.com", true)
                .contains("value=\"a&quot;b@example.com\" checked")
        );
    }

    #[test]
    fn every_page_says_that_it_is_simulated() {
        for provider in [Provider::Google, Provider::Microsoft] {
            let Html(page) = page(provider, "Sign in", "");
            assert!(page.contains(&format!("<strong>Simulated {}</strong>", provider.name())));
        }
    }
}
