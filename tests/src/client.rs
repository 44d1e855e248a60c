//! A client of the host's HTTP API, as a program or a browser would be one: cookies, JSON, no redirects followed unseen.
//!
//! Every answer under `/api` is held against the host's OpenAPI document ([`crate::openapi`]); one that breaks it is an error, in
//! whatever test it turns up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::openapi::Contract;

/// Nothing that a test asks for takes this long, even in an unoptimised host on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where names lead that no name server knows; the port is that of the address that is asked for.
pub type Names = BTreeMap<String, SocketAddr>;

/// One person (or program) at the API.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    cookies: Arc<Jar>,
    names: Names,
    base: Url,
    /// Where a browser would say that a write comes from.
    origin: String,
    contract: Arc<Contract>,
    token: Option<String>,
}

/// What the host answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    asked: String,
}

impl Client {
    /// A stranger: not signed in.
    ///
    /// # Errors
    ///
    /// If the host serves no OpenAPI document.
    pub async fn new(base: &Url) -> Result<Self> {
        Self::named(base, Names::new()).await
    }

    /// A stranger who finds these names.
    ///
    /// # Errors
    ///
    /// If the host serves no OpenAPI document.
    pub async fn named(base: &Url, names: Names) -> Result<Self> {
        let cookies = Arc::default();
        let http = browser(&cookies, &names)?;
        let document = http
            .get(base.join("/api/openapi.json")?)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let contract = Contract::new(
            serde_json::from_slice(&document).context("the OpenAPI document is no JSON")?,
        )?;
        Ok(Self {
            http,
            cookies,
            names,
            base: base.clone(),
            origin: base.origin().ascii_serialization(),
            contract: Arc::new(contract),
            token: None,
        })
    }

    /// Another stranger at the same host.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub fn stranger(&self) -> Result<Self> {
        let cookies = Arc::default();
        Ok(Self {
            http: browser(&cookies, &self.names)?,
            cookies,
            token: None,
            ..self.clone()
        })
    }

    /// The same person, for whom names lead elsewhere: the host's to another host, if a load balancer stands behind it.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub fn with_names(&self, names: Names) -> Result<Self> {
        Ok(Self {
            http: browser(&self.cookies, &names)?,
            names,
            ..self.clone()
        })
    }

    /// The same person, whose next requests a load balancer sends to this host.
    #[must_use]
    pub fn at(&self, host: &Url) -> Self {
        Self {
            base: host.clone(),
            ..self.clone()
        }
    }

    /// Somebody who shows a token instead of signing in.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub fn with_token(&self, token: &str) -> Result<Self> {
        Ok(Self {
            token: Some(token.to_owned()),
            ..self.stranger()?
        })
    }

    /// Signs in; the session's cookie stays with this client.
    ///
    /// # Errors
    ///
    /// If the host refuses.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<()> {
        self.post(
            "/api/session",
            json!({ "email": email, "password": password }),
        )
        .await?
        .success()?;
        Ok(())
    }

    /// What a browser would send as its cookies.
    #[must_use]
    pub fn cookies(&self) -> Option<String> {
        let cookies = self.cookies.cookies(&self.base)?;
        cookies.to_str().ok().map(str::to_owned)
    }

    /// The host's address.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The browser behind this client: same cookies.
    #[must_use]
    pub fn browser(&self) -> &reqwest::Client {
        &self.http
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// If there is no answer, or one that the OpenAPI document does not promise. The status is the caller's to judge.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, |request| request).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Method::POST, path, |request| request.json(&body))
            .await
    }

    /// `PUT` of JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn put(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Method::PUT, path, |request| request.json(&body))
            .await
    }

    /// `PATCH` with JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn patch(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Method::PATCH, path, |request| request.json(&body))
            .await
    }

    /// `DELETE`.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, |request| request).await
    }

    /// Anything else: `shape` adds headers and a body.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        shape: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer> {
        let url = self.base.join(path)?;
        let asked = format!("{method} {path}");
        let mut request = self.http.request(method.clone(), url.clone());
        if method != Method::GET {
            // A browser says where a write comes from; the host refuses those of other pages.
            request = request.header("origin", &self.origin);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = shape(request)
            .send()
            .await
            .with_context(|| format!("{asked}: no answer"))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .bytes()
            .await
            .with_context(|| format!("{asked}: the answer broke off"))?;
        if url.path().starts_with("/api/") {
            let media_type = headers
                .get("content-type")
                .and_then(|value| value.to_str().ok());
            self.contract
                .check(method.as_str(), url.path(), status, media_type, &body)
                .with_context(|| {
                    format!("{asked} answered what /api/openapi.json does not promise")
                })?;
        }
        Ok(Answer {
            status,
            headers,
            body,
            asked,
        })
    }
}

impl Answer {
    /// The body as JSON; `null` if there is none.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: the body is no JSON", self.asked))
    }

    /// The body of a 2xx answer.
    ///
    /// # Errors
    ///
    /// Any other status, with the problem's own words.
    pub fn success(&self) -> Result<Value> {
        if (200..300).contains(&self.status) {
            return self.json();
        }
        bail!("{} answered {}: {}", self.asked, self.status, self.words())
    }

    /// A problem document of this status and type (the end of its `type`); answers the document.
    ///
    /// # Errors
    ///
    /// Anything else, also a problem that doesn't say what to do.
    pub fn problem(&self, status: u16, kind: &str) -> Result<Value> {
        let media_type = self
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if self.status != status || media_type != "application/problem+json" {
            bail!(
                "{} answered {} ({media_type}) instead of problem {status} {kind}: {}",
                self.asked,
                self.status,
                self.words()
            );
        }
        let problem = self.json()?;
        let text = |name: &str| {
            problem
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if text("type").rsplit(':').next() != Some(kind) {
            bail!(
                "{} answered problem {} instead of {kind}: {}",
                self.asked,
                text("type"),
                text("detail")
            );
        }
        if text("detail").is_empty() || text("action").is_empty() || text("request_id").is_empty() {
            bail!(
                "{}: the problem {kind} lacks what to do or its request id: {problem}",
                self.asked
            );
        }
        Ok(problem)
    }

    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let detail = serde_json::from_str::<Value>(&text)
            .ok()
            .and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
        detail.unwrap_or_else(|| text.chars().take(300).collect())
    }
}

/// Keeps cookies and shows redirects instead of following them.
fn browser(cookies: &Arc<Jar>, names: &Names) -> Result<reqwest::Client> {
    let mut client = reqwest::Client::builder()
        .cookie_provider(Arc::clone(cookies))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE);
    for (name, address) in names {
        client = client.resolve(name, *address);
    }
    client.build().context("no HTTP client")
}
