//! A running simulator with one Microsoft mailbox, and a client for it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test support; not every file uses all of it"
)]

use std::collections::HashMap;

use provider_sim::{Account, AccountKind, Client, Provider, Sim, TestClock};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub const ME: &str = "nora@contoso.example";
pub const PERSONAL: &str = "pat@outlook.example";
pub const SHARED: &str = "team@contoso.example";
pub const REDIRECT: &str = "http://127.0.0.1:9/admin/settings/mail/oauth2";
pub const IMMUTABLE: (&str, &str) = ("Prefer", "IdType=\"ImmutableId\"");

pub struct World {
    pub sim: Sim,
    pub clock: TestClock,
    pub http: reqwest::Client,
    pub base: String,
    pub token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }
    pub fn values(&self) -> &Vec<Value> {
        self.json["value"].as_array().unwrap()
    }
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap().to_owned()
    }
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

pub async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let headers = response.headers().clone();
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status,
        headers,
        text,
        json,
    }
}

impl World {
    /// Nora (work) with generated mail, Pat (personal) without, and a shared mailbox of Nora's.
    pub async fn new(messages: u32) -> Self {
        Self::build(messages, |account| account).await
    }

    pub async fn build(messages: u32, change: impl Fn(Account) -> Account) -> Self {
        let clock = TestClock::default();
        let mut pat = Account::new(PERSONAL, "Pat Lee");
        pat.kind = AccountKind::Personal;
        let shared = Account::shared(SHARED, "Team", &[ME]);
        let nora = Account::new(ME, "Nora Berg")
            .with_messages(messages)
            .with_profile(provider_sim::corpus::Profile::Small);
        let mut single = Client::web("single", "secret", REDIRECT);
        single.audience =
            provider_sim::Audience::Tenant("f8cdef31-a31e-4b4a-93e4-5f571e91255a".to_owned());
        let sim = Sim::builder()
            .clock(clock.clone())
            .account(Provider::Microsoft, change(nora))
            .account(Provider::Microsoft, pat)
            .account(Provider::Microsoft, shared)
            .client(Provider::Microsoft, Client::web("app", "secret", REDIRECT))
            .client(Provider::Microsoft, single)
            .start()
            .await
            .unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let base = sim.base_url(Provider::Microsoft).to_owned();
        let token = sim.microsoft().access_token(
            ME,
            "app",
            &[
                "Mail.ReadWrite",
                "Mail.Send",
                "User.Read",
                "MailboxSettings.ReadWrite",
            ],
        );
        Self {
            sim,
            clock,
            http,
            base,
            token,
        }
    }

    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}/v1.0{path}", self.base)
        }
    }

    pub fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
        let mut request = self
            .http
            .request(method, self.url(path))
            .bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path, &[])).await
    }
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        read(self.request(Method::GET, path, headers)).await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        read(self.request(Method::POST, path, &[]).json(&body)).await
    }
    pub async fn post_with(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        read(self.request(Method::POST, path, headers).json(&body)).await
    }
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        read(self.request(Method::PATCH, path, &[]).json(&body)).await
    }
    pub async fn delete(&self, path: &str) -> Answer {
        read(self.request(Method::DELETE, path, &[])).await
    }

    /// All pages behind an address: the items and the delta link, if there is one.
    pub async fn follow(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Vec<Value>, Option<String>) {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get_with(&next, headers).await.is(200);
            items.extend(page.values().iter().cloned());
            match page.json["@odata.nextLink"].as_str() {
                Some(link) => next = link.to_owned(),
                None => {
                    return (
                        items,
                        page.json["@odata.deltaLink"].as_str().map(str::to_owned),
                    );
                }
            }
        }
    }

    /// A plain mail from outside into the inbox; its immutable id.
    pub fn arrives(&self, subject: &str) -> String {
        let raw = format!(
            "From: Ada <ada@example.org>\r\nTo: {ME}\r\nSubject: {subject}\r\nMessage-ID: <{}@example.org>\r\nDate: Thu, 01 Oct 2026 07:00:00 +0000\r\n\r\nHello {subject}\r\n",
            subject.replace(' ', "-")
        );
        self.sim
            .backend(Provider::Microsoft)
            .deliver(ME, &provider_sim::Deliver::new(raw))
            .unwrap()
    }

    pub fn advance(&self, ms: u64) {
        self.clock.advance(std::time::Duration::from_millis(ms));
    }

    pub async fn token_form(&self, tenant: &str, pairs: &[(&str, &str)]) -> Answer {
        read(
            self.http
                .post(format!("{}/{tenant}/oauth2/v2.0/token", self.base))
                .form(pairs),
        )
        .await
    }

    /// The consent page's hidden request, or the page's error text.
    pub async fn authorize(&self, tenant: &str, change: &[(&str, &str)]) -> Answer {
        let mut pairs: Vec<(&str, &str)> = vec![
            ("client_id", "app"),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPES),
            ("state", "st 1"),
            ("nonce", "n1"),
        ];
        for (name, value) in change {
            pairs.retain(|(n, _)| n != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        read(
            self.http
                .get(format!("{}/{tenant}/oauth2/v2.0/authorize", self.base))
                .query(&pairs),
        )
        .await
    }

    /// Posts the consent form; the parameters of the redirect, or the page.
    pub async fn decide(
        &self,
        tenant: &str,
        page: &Answer,
        account: &str,
        decision: &str,
    ) -> (HashMap<String, String>, Answer) {
        let request = page
            .text
            .split("name=\"request\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        let answer = read(
            self.http
                .post(format!("{}/{tenant}/oauth2/v2.0/consent", self.base))
                .form(&[
                    ("request", request.as_str()),
                    ("account", account),
                    ("decision", decision),
                ]),
        )
        .await;
        (location(&answer), answer)
    }

    /// A whole sign-in; the token answer.
    pub async fn sign_in(&self, account: &str, change: &[(&str, &str)]) -> Answer {
        let page = self.authorize("common", change).await.is(200);
        let (back, _) = self.decide("common", &page, account, "allow").await;
        self.redeem(&back["code"]).await
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.token_form(
            "common",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "app"),
                ("client_secret", "secret"),
                ("redirect_uri", REDIRECT),
                ("code", code),
            ],
        )
        .await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token_form(
            "common",
            &[
                ("grant_type", "refresh_token"),
                ("client_id", "app"),
                ("client_secret", "secret"),
                ("refresh_token", token),
            ],
        )
        .await
    }
}

pub const SCOPES: &str = "openid profile email offline_access https://graph.microsoft.com/Mail.ReadWrite Mail.Send User.Read";

pub fn location(answer: &Answer) -> HashMap<String, String> {
    answer
        .headers
        .get("location")
        .and_then(|l| url::Url::parse(l.to_str().unwrap()).ok())
        .map(|u| u.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

pub fn message_to(address: &str, subject: &str) -> Value {
    json!({
        "subject": subject,
        "body": {"contentType": "html", "content": "<p>Hello</p>"},
        "toRecipients": [{"emailAddress": {"address": address}}],
    })
}
