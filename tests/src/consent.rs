//! Goes through a provider's sign-in pages as a person with a browser does: reads the forms that are there, fills them in, presses
//! a button, follows redirects, until the browser is sent back to the host.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// A person never sees more pages than these in one sign-in; more means that the pages go in circles.
const PAGES: usize = 12;

/// What the person does on the pages.
#[derive(Debug, Clone)]
pub struct Person {
    /// The account that is chosen.
    pub address: String,
    /// Whether consent is given.
    pub consents: bool,
    /// Scopes (ends of their names) whose boxes are unticked, where there are boxes.
    pub unticks: BTreeSet<String>,
}

impl Person {
    /// Chooses this account and consents to everything.
    #[must_use]
    pub fn willing(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            consents: true,
            unticks: BTreeSet::new(),
        }
    }

    /// Chooses this account and declines.
    #[must_use]
    pub fn unwilling(address: &str) -> Self {
        Self {
            consents: false,
            ..Self::willing(address)
        }
    }

    /// Unticks the box of a scope.
    #[must_use]
    pub fn without(mut self, scope: &str) -> Self {
        self.unticks.insert(scope.to_owned());
        self
    }

    /// From the provider's authorize address to where the provider sends the browser back: an address that begins with `back`.
    /// That address itself is not asked for.
    ///
    /// # Errors
    ///
    /// If a page has no form that leads on; the page's text is in the error.
    pub async fn visit(
        &self,
        browser: &reqwest::Client,
        authorize: &str,
        back: &str,
    ) -> Result<Url> {
        let mut url = Url::parse(authorize).context("the authorize address")?;
        let mut response = browser.get(url.clone()).send().await?;
        for _ in 0..PAGES {
            if response.status().is_redirection() {
                let target = response
                    .headers()
                    .get("location")
                    .context("a redirect without a target")?
                    .to_str()?;
                url = url.join(target)?;
                if url.as_str().starts_with(back) {
                    return Ok(url);
                }
                response = browser.get(url.clone()).send().await?;
                continue;
            }
            let status = response.status();
            let page = response.text().await?;
            let Some(filled) = self.fill(&page, &url)? else {
                bail!(
                    "the provider's page ({status}) leads nowhere: {}",
                    text_of(&page)
                );
            };
            url = filled.action.clone();
            response = if filled.post {
                browser
                    .post(url.clone())
                    .form(&filled.fields)
                    .send()
                    .await?
            } else {
                url.query_pairs_mut().extend_pairs(&filled.fields);
                browser.get(url.clone()).send().await?
            };
        }
        bail!("the provider's pages go in circles")
    }

    /// The form to send, or none if the page has none that fits.
    fn fill(&self, page: &str, at: &Url) -> Result<Option<Filled>> {
        let page = Html::parse_document(page);
        let forms = selector("form")?;
        let mut best: Option<(i32, Filled)> = None;
        for form in page.select(&forms) {
            let (worth, filled) = self.fill_form(form, at)?;
            if best.as_ref().is_none_or(|(known, _)| worth > *known) {
                best = Some((worth, filled));
            }
        }
        Ok(best.map(|(_, filled)| filled))
    }

    /// How much a form is what this person would use, and what they would send.
    fn fill_form(&self, form: ElementRef<'_>, at: &Url) -> Result<(i32, Filled)> {
        let mut worth = 0;
        let mut fields: Vec<(String, String)> = Vec::new();
        for input in form.select(&selector("input, select")?) {
            let attribute = |name: &str| input.value().attr(name).unwrap_or_default().to_owned();
            let (name, value) = (attribute("name"), attribute("value"));
            match attribute("type").as_str() {
                _ if name.is_empty() => {}
                "submit" | "button" | "image" => {}
                "checkbox" => {
                    let unticked = self
                        .unticks
                        .iter()
                        .any(|scope| value.ends_with(scope.as_str()));
                    if !unticked {
                        fields.push((
                            name,
                            if value.is_empty() {
                                "on".to_owned()
                            } else {
                                value
                            },
                        ));
                    }
                }
                "radio" => {
                    if value == self.address {
                        worth += 2;
                        fields.push((name, value));
                    }
                }
                "hidden" => {
                    if value == self.address {
                        worth += 2;
                    }
                    fields.push((name, value));
                }
                _ => fields.push((name, self.address.clone())),
            }
        }
        for button in form.select(&selector("button, input[type=submit]")?) {
            let name = button.value().attr("name").unwrap_or_default().to_owned();
            let value = button.value().attr("value").unwrap_or_default().to_owned();
            let label = format!("{value} {}", button.text().collect::<String>()).to_lowercase();
            let declines = ["deny", "cancel", "decline", "no,"]
                .iter()
                .any(|word| label.contains(word));
            let chooses = value == self.address || label.contains(&self.address.to_lowercase());
            if chooses || declines != self.consents {
                worth += if chooses { 3 } else { 1 };
                if !name.is_empty() {
                    fields.retain(|(known, _)| *known != name);
                    fields.push((name, value));
                }
                if chooses {
                    break;
                }
            }
        }
        let action = form.value().attr("action").unwrap_or_default();
        let action = if action.is_empty() {
            at.clone()
        } else {
            at.join(action)?
        };
        let post = form
            .value()
            .attr("method")
            .is_some_and(|method| method.eq_ignore_ascii_case("post"));
        Ok((
            worth,
            Filled {
                action,
                post,
                fields,
            },
        ))
    }
}

/// A form that is ready to be sent.
struct Filled {
    action: Url,
    post: bool,
    fields: Vec<(String, String)>,
}

fn selector(text: &str) -> Result<Selector> {
    Selector::parse(text).map_err(|error| anyhow::anyhow!("{text}: {error}"))
}

fn text_of(page: &str) -> String {
    let words: Vec<String> = Html::parse_document(page)
        .root_element()
        .text()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    const PAGE: &str = r#"
        <form method="post" action="/approve">
          <input type="hidden" name="flow" value="f1">
          <input type="hidden" name="account" value="ann@example.com">
          <input type="checkbox" name="scope" value="https://x/auth/gmail.modify" checked>
          <input type="checkbox" name="scope" value="https://x/auth/gmail.compose" checked>
          <button name="decision" value="allow">Allow</button>
          <button name="decision" value="deny">Cancel</button>
        </form>"#;

    fn fill(person: &Person) -> Vec<(String, String)> {
        person
            .fill(PAGE, &Url::parse("http://localhost/o").unwrap())
            .unwrap()
            .unwrap()
            .fields
    }

    fn values(fields: &[(String, String)], name: &str) -> Vec<String> {
        fields
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    #[test]
    fn the_button_that_is_pressed_follows_the_persons_mind() {
        assert_eq!(
            values(&fill(&Person::willing("ann@example.com")), "decision"),
            ["allow"]
        );
        assert_eq!(
            values(&fill(&Person::unwilling("ann@example.com")), "decision"),
            ["deny"]
        );
    }

    #[test]
    fn unticked_boxes_are_not_sent() {
        let fields = fill(&Person::willing("ann@example.com").without("gmail.modify"));
        assert_eq!(values(&fields, "scope"), ["https://x/auth/gmail.compose"]);
        assert_eq!(values(&fields, "flow"), ["f1"]);
    }
}
