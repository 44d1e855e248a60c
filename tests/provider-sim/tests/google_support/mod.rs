//! A simulator with two Google people on a test clock, and the few calls that every test needs.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "shared by tests, each of which uses a part"
)]

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use provider_sim::{
    Account, Backend, Client, Deliver, Limits, Provider, Sim, SimBuilder, TestClock,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
pub const FULL: &str = "https://mail.google.com/";
pub const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
pub const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
pub const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
pub const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
pub const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";
pub const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
pub const REDIRECT: &str = "http://127.0.0.1:9000/admin/settings/mail/oauth2";
pub const VERIFIER: &str = "a-code-verifier-of-at-least-forty-three-characters";
pub const HOUR_MS: u64 = 3_600_000;
pub const DAY_MS: u64 = 24 * HOUR_MS;

pub struct World {
    pub sim: Sim,
    pub clock: TestClock,
    pub http: reqwest::Client,
    pub token: String,
}

pub fn builder(clock: &TestClock) -> SimBuilder {
    let mut ada = Account::new(ADA, "Ada Lovelace");
    ada.aliases = vec![("countess@example.com".to_owned(), "The Countess".to_owned())];
    Sim::builder()
        .clock(clock.clone())
        .limits(Limits::none())
        .account(Provider::Google, ada)
        .account(Provider::Google, Account::new(BOB, "Bob Stone"))
        .client(Provider::Google, Client::web("client", "secret", REDIRECT))
        .client(
            Provider::Google,
            Client {
                testing: true,
                ..Client::web("testing", "secret", REDIRECT)
            },
        )
}

pub async fn world() -> World {
    let clock = TestClock::default();
    world_of(builder(&clock), clock).await
}

pub async fn world_of(builder: SimBuilder, clock: TestClock) -> World {
    let sim = builder.start().await.unwrap();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let token = sim.google().access_token(ADA, &[FULL]);
    World {
        sim,
        clock,
        http,
        token,
    }
}

impl World {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.base_url(Provider::Google))
    }

    pub fn advance(&self, ms: u64) {
        self.clock.advance(std::time::Duration::from_millis(ms));
    }

    /// Any call with a token; `path` below `/gmail/v1/users/me/`.
    pub async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = self
            .http
            .request(method, self.url(&format!("/gmail/v1/users/me/{path}")))
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.call_as(&self.token, method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.call(Method::GET, path, None).await;
        ok(response).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        ok(self.call(Method::POST, path, Some(body)).await).await
    }

    pub async fn status(&self, path: &str) -> StatusCode {
        self.call(Method::GET, path, None).await.status()
    }

    pub fn deliver(&self, to: &str, raw: impl Into<Bytes>) -> String {
        self.sim
            .google()
            .deliver(to, &Deliver::new(raw.into()))
            .unwrap()
    }

    pub async fn history_id(&self) -> String {
        text(&self.get("profile").await["historyId"])
    }

    /// From the consent page to the redirect, by HTTP forms. `scopes`: those ticked.
    pub async fn consent(
        &self,
        url: &str,
        account: &str,
        scopes: &[&str],
        decision: &str,
    ) -> Response {
        let page = self.http.get(url).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        let request = page
            .split_once("name=\"request\" value=\"")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0
            .to_owned();
        let mut form = vec![
            ("request", request.as_str()),
            ("account", account),
            ("decision", decision),
        ];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        self.http
            .post(self.url("/signin/oauth/consent"))
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
        let scope = format!("openid email profile {MODIFY}");
        let mut parameters = vec![
            ("client_id", "client"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", &scope),
            ("state", "st/ate?&="),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("access_type", "offline"),
            ("nonce", "n-1"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if !value.is_empty() {
                parameters.push((name, value));
            }
        }
        let mut url = url::Url::parse(&self.url("/o/oauth2/v2/auth")).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }

    /// A code for Ada.
    pub async fn code(&self, changes: &[(&str, &str)]) -> String {
        let answer = self
            .consent(&self.authorize_url(changes), ADA, &[MODIFY], "allow")
            .await;
        query(&location(&answer), "code").unwrap()
    }

    pub async fn token_request(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let response = self
            .http
            .post(self.url("/token"))
            .form(form)
            .send()
            .await
            .unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", "client"),
            ("client_secret", "secret"),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            if !value.is_empty() {
                form.push((name, value));
            }
        }
        self.token_request(&form).await
    }

    pub async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.refresh_as("client", token).await
    }

    pub async fn refresh_as(&self, client: &str, token: &str) -> (StatusCode, Value) {
        self.token_request(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", client),
            ("client_secret", "secret"),
        ])
        .await
    }

    /// Tokens for Ada through the whole ceremony.
    pub async fn linked(&self) -> Value {
        let code = self.code(&[]).await;
        let (status, body) = self.exchange(&code, &[]).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

pub async fn ok(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap()
    }
}

/// Status, reason and message of an error.
pub async fn error(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let error = &body["error"];
    assert_eq!(error["code"], status);
    (
        status,
        text(&error["errors"][0]["reason"]),
        text(&error["message"]),
    )
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no string: {value}"))
        .to_owned()
}

pub fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .map(|all| all.iter().map(text).collect())
        .unwrap_or_default()
}

pub fn location(response: &Response) -> String {
    assert!(response.status().is_redirection(), "{}", response.status());
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub fn query(url: &str, name: &str) -> Option<String> {
    url::Url::parse(url)
        .unwrap()
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub fn raw64(raw: &str) -> String {
    URL_SAFE.encode(raw.replace('\n', "\r\n"))
}

pub fn unraw(value: &Value) -> String {
    String::from_utf8(URL_SAFE.decode(text(value)).unwrap()).unwrap()
}

pub fn message(raw: &str) -> Value {
    json!({"raw": raw64(raw)})
}

pub fn simple(subject: &str) -> String {
    format!(
        "From: Carol <carol@elsewhere.example>\r\nTo: {ADA}\r\nSubject: {subject}\r\nMessage-ID: <{}@elsewhere.example>\r\n\
         Date: Thu, 1 Oct 2026 07:00:00 +0000\r\n\r\nText of {subject}.\r\n",
        subject.replace(' ', "-")
    )
}

/// Header of a `full` or `metadata` message.
pub fn header(message: &Value, name: &str) -> Option<String> {
    message["payload"]["headers"]
        .as_array()?
        .iter()
        .find(|header| text(&header["name"]).eq_ignore_ascii_case(name))
        .map(|header| text(&header["value"]))
}

pub fn ids(list: &Value, of: &str) -> Vec<String> {
    list[of]
        .as_array()
        .map(|all| all.iter().map(|one| text(&one["id"])).collect())
        .unwrap_or_default()
}
