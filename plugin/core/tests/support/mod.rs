//! A world for tests: both providers' fakes, the host in memory, one clock.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "every test file uses a part of it"
)]

use std::time::Duration;

use email_manager_core::accounts;
use email_manager_core::model::{Caller, Error};
use email_manager_core::oauth::flow::Purpose;
use email_manager_core::oauth::{self, Link, OAuthError};
use email_manager_core::platform::{Routing as _, Store as _};
use email_manager_core::provider::{self, Mailbox};
use email_manager_core::settings::form::{self, Entry, SecretState};
use email_manager_core::settings::texts::Locale;
use email_manager_core::settings::{self, ProviderKind, REDIRECT_PATH, Secret, Section};
use email_manager_core::store::schema;
use email_manager_core::testing::Memory;
use provider_sim::{Account, Client, Clock as _, Provider, Sim, TestClock};

pub const GOOGLE: ProviderKind = ProviderKind::Google;
pub const MICROSOFT: ProviderKind = ProviderKind::Microsoft;
pub const OWNER: &str = "ada@example.com";
pub const ORIGIN: &str = "http://127.0.0.1:8080";
pub const ACCOUNT: &str = "account-1";

/// Everything, on one clock.
pub struct World {
    pub sim: Sim,
    pub clock: TestClock,
    pub host: Memory,
    pub kind: ProviderKind,
}

pub fn side(kind: ProviderKind) -> Provider {
    match kind {
        ProviderKind::Google => Provider::Google,
        ProviderKind::Microsoft => Provider::Microsoft,
    }
}

impl World {
    /// A provider with Ada's mailbox of that many messages, and saved settings.
    pub async fn with(kind: ProviderKind, messages: u32) -> Self {
        Self::of(
            kind,
            Account::new(OWNER, "Ada Lovelace").with_messages(messages),
        )
        .await
    }

    pub async fn of(kind: ProviderKind, account: Account) -> Self {
        Self::among(kind, [account]).await
    }

    /// A provider with these mailboxes and Bob's, and saved settings.
    pub async fn among(kind: ProviderKind, accounts: impl IntoIterator<Item = Account>) -> Self {
        let clock = TestClock::default();
        let redirect = format!("{ORIGIN}{REDIRECT_PATH}");
        let bob = Account::new("bob@example.com", "Bob");
        let everybody = accounts.into_iter().chain([bob]);
        let sim = everybody
            .fold(Sim::builder(), |sim, account| {
                sim.account(side(kind), account)
            })
            .clock(clock.clone())
            .client(
                side(kind),
                Client::web("client-id", "client-secret", &redirect),
            )
            .start()
            .await
            .unwrap();
        let time = clock.clone();
        let host = Memory::on_clock(move || time.now());
        host.set_origin(ORIGIN);
        host.register_oauth_callback(REDIRECT_PATH).unwrap();
        host.define(&settings::collection()).await.unwrap();
        schema::define(&host).await.unwrap();
        let world = Self {
            sim,
            clock,
            host,
            kind,
        };
        assert_eq!(world.save(&[]).await, []);
        world
    }

    pub fn base(&self) -> String {
        self.sim.base_url(side(self.kind)).to_owned()
    }

    /// Saves the settings that lead to the fakes, with changes.
    pub async fn save(&self, changes: &[(&str, Entry)]) -> Vec<form::Problem> {
        let base = self.base();
        let text = |text: &str| Entry::Text(text.to_owned());
        let mut values = vec![
            ("client_id", text("client-id")),
            (
                "client_secret",
                Entry::Secret(SecretState::Replace(Secret("client-secret".to_owned()))),
            ),
        ];
        match self.kind {
            ProviderKind::Google => values.extend([
                ("authorize_url", text(&format!("{base}/o/oauth2/v2/auth"))),
                ("token_url", text(&format!("{base}/token"))),
                ("revoke_url", text(&format!("{base}/revoke"))),
                ("userinfo_url", text(&format!("{base}/v1/userinfo"))),
                ("keys_url", text(&format!("{base}/oauth2/v3/certs"))),
                ("api_url", text(&base)),
            ]),
            ProviderKind::Microsoft => {
                values.extend([("authority_url", text(&base)), ("graph_url", text(&base))])
            }
        }
        for (name, entry) in changes {
            values.retain(|(known, _)| known != name);
            values.push((name, entry.clone()));
        }
        let values = values
            .into_iter()
            .map(|(name, entry)| (name.to_owned(), entry))
            .collect();
        form::save(
            &self.host,
            Section::Provider(self.kind),
            values,
            Locale::English,
        )
        .await
        .unwrap()
    }

    /// Signs in on the consent page; `granted`: only these scopes.
    pub async fn sign_in(
        &self,
        purpose: Purpose,
        address: &str,
        granted: Option<&[&str]>,
        deny: bool,
    ) -> Result<Link, OAuthError> {
        let redirect = self.host.redirect_uri().unwrap();
        let begun = oauth::begin(&self.host, self.kind, purpose, &redirect, "the-state").await?;
        let location = url::Url::parse(
            &self
                .consent(&begun.authorize_url, address, granted, deny)
                .await,
        )
        .unwrap();
        assert_eq!(location.path(), REDIRECT_PATH);
        let query: Vec<(String, String)> = location.query_pairs().into_owned().collect();
        assert!(query.contains(&("state".to_owned(), "the-state".to_owned())));
        let query: Vec<_> = query
            .into_iter()
            .filter(|(name, _)| name != "state")
            .collect();
        oauth::complete(&self.host, &begun.flow, &query).await
    }

    /// Links Ada's mailbox as a person would, with these options; answers where the browser goes on.
    pub async fn link_account(&self, caller: &Caller, options: &[(&str, &str)]) -> String {
        self.try_link(caller, options).await.unwrap()
    }

    /// The same, if it can be linked.
    pub async fn try_link(
        &self,
        caller: &Caller,
        options: &[(&str, &str)],
    ) -> Result<String, Error> {
        self.try_link_of(caller, OWNER, options).await
    }

    /// The same, of the mailbox at another address.
    pub async fn try_link_of(
        &self,
        caller: &Caller,
        address: &str,
        options: &[(&str, &str)],
    ) -> Result<String, Error> {
        let redirect = self.host.redirect_uri().unwrap();
        let options = options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let begun = accounts::begin(
            &self.host,
            caller,
            self.kind.name(),
            options,
            &redirect,
            "the-state",
        )
        .await?;
        let location = self
            .consent(&begun.authorize_url, address, None, false)
            .await;
        let query: Vec<(String, String)> = url::Url::parse(&location)
            .unwrap()
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| name != "state")
            .collect();
        accounts::complete(&self.host, caller, &begun.flow, &query).await
    }

    /// What a browser does on the provider's page: answers where the provider redirects to.
    async fn consent(
        &self,
        authorize: &str,
        address: &str,
        granted: Option<&[&str]>,
        deny: bool,
    ) -> String {
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let page = browser.get(authorize).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        let attributes = |tag: &str, attribute: &str| -> Vec<String> {
            let pieces = page.split(tag).skip(1);
            pieces
                .filter_map(|piece| {
                    Some(
                        piece
                            .split_once(&format!("{attribute}=\""))?
                            .1
                            .split_once('"')?
                            .0
                            .to_owned(),
                    )
                })
                .collect()
        };
        let action = attributes("<form", "action").remove(0);
        let mut form = vec![(
            "request".to_owned(),
            attributes("name=\"request\"", "value").remove(0),
        )];
        form.push(("account".to_owned(), address.to_owned()));
        form.push((
            "decision".to_owned(),
            if deny { "deny" } else { "allow" }.to_owned(),
        ));
        let boxes = attributes("name=\"scope\"", "value");
        let ticked = boxes
            .into_iter()
            .filter(|scope| granted.is_none_or(|granted| granted.contains(&scope.as_str())));
        form.extend(ticked.map(|scope| ("scope".to_owned(), scope)));
        let answer = browser
            .post(format!("{}{action}", self.base()))
            .form(&form)
            .send()
            .await
            .unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Links Ada's account.
    pub async fn link(&self) -> Link {
        let link = self
            .sign_in(Purpose::default(), OWNER, None, false)
            .await
            .unwrap();
        oauth::tokens::keep(&self.host, ACCOUNT, &link.grant)
            .await
            .unwrap();
        link
    }

    pub async fn mailbox(&self) -> Mailbox<'_, Memory> {
        provider::open(&self.host, self.kind, ACCOUNT, None)
            .await
            .unwrap()
    }

    pub fn at_provider(&self) -> provider_sim::MailboxState {
        self.sim.backend(side(self.kind)).mailbox(OWNER).unwrap()
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
