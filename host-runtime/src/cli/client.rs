//! A client of the HTTP API: over a connection to a running server, or straight into a host inside this process.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Failure, Global};
use crate::config::Config;
use crate::web::server::{Local, StartError};

/// A list of everything that one host has fits easily.
const LARGEST_ANSWER: usize = 64 << 20;
/// Compiling and enabling a large component takes seconds; nothing else takes long.
const PATIENCE: Duration = Duration::from_secs(120);

type HttpClient = hyper_util::client::legacy::Client<
    hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>,
    Full<Bytes>,
>;

/// Where requests go.
pub(super) enum Api {
    /// A server, possibly this data folder's own.
    Remote {
        /// Without a slash at the end.
        origin: String,
        token: Option<SecretString>,
        http: Box<HttpClient>,
    },
    /// A host inside this process.
    Local(Box<Local>),
}

/// Finds the host to administer: the one named with `--server`, the one that holds the data folder, or one of its own.
pub(super) async fn connect(global: &Global, config: Config) -> Result<Api, Failure> {
    if let (Some(server), Some(token)) = (&global.server, &global.token) {
        return remote(
            server.trim_end_matches('/').to_owned(),
            Some(SecretString::from(token.clone())),
        );
    }
    let data_dir = config.data_dir.clone();
    match Local::open(config).await {
        Ok(local) => Ok(Api::Local(Box::new(local))),
        Err(StartError::InUse {
            control: Some(control),
        }) => remote(control.origin, Some(control.token)),
        Err(StartError::InUse { control: None }) => bail!(
            "another process holds the data folder {} and can't be reached from here. Try again when it has ended, or name the server with --server URL --token TOKEN",
            data_dir.display()
        ),
        Err(error) => Err(error.into()),
    }
}

fn remote(origin: String, token: Option<SecretString>) -> Result<Api, Failure> {
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .context("TLS can't be set up")?
        .https_or_http()
        .enable_http1()
        .build();
    let http = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build(connector);
    Ok(Api::Remote {
        origin,
        token,
        http: Box::new(http),
    })
}

/// What is sent along.
pub(super) enum Payload {
    Nothing,
    Json(Value),
    Component(Vec<u8>),
}

impl Api {
    /// A server, for what it tells everybody; `origin`: without a slash at the end.
    pub(super) fn anonymous(origin: &str) -> Result<Self, Failure> {
        remote(origin.to_owned(), None)
    }

    /// One request; the answer's JSON, or null if it has none. A problem document becomes the error that a person reads.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
    ) -> Result<Value, Failure> {
        let (kind, body) = match payload {
            Payload::Nothing => (None, Vec::new()),
            Payload::Json(value) => (Some("application/json"), serde_json::to_vec(&value)?),
            Payload::Component(bytes) => (Some("application/wasm"), bytes),
        };
        let mut request = Request::builder()
            .method(method)
            .header(header::ACCEPT, "application/json");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let exchange = async {
            let answered = match self {
                Self::Remote {
                    origin,
                    token,
                    http,
                } => {
                    if let Some(token) = token {
                        let token = format!("Bearer {}", token.expose_secret());
                        request = request.header(header::AUTHORIZATION, token);
                    }
                    let request = request
                        .uri(format!("{origin}{path}"))
                        .body(Full::from(body))?;
                    let response = http
                        .request(request)
                        .await
                        .with_context(|| format!("{origin} was not reached"))?;
                    let status = response.status();
                    let bytes = Limited::new(response.into_body(), LARGEST_ANSWER)
                        .collect()
                        .await
                        .map_err(|error| anyhow!("the answer broke off: {error}"))?
                        .to_bytes();
                    (status, bytes)
                }
                Self::Local(local) => {
                    let request = request
                        .uri(path)
                        .header(
                            header::AUTHORIZATION,
                            format!("Bearer {}", local.token().expose_secret()),
                        )
                        .body(Body::from(body))?;
                    let Ok(response) = local.router().oneshot(request).await;
                    let status = response.status();
                    let bytes = Limited::new(response.into_body(), LARGEST_ANSWER)
                        .collect()
                        .await
                        .map_err(|error| anyhow!("the answer broke off: {error}"))?
                        .to_bytes();
                    (status, bytes)
                }
            };
            Ok::<_, Failure>(answered)
        };
        let (status, bytes) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| anyhow!("no answer within {} s", PATIENCE.as_secs()))??;
        answer(status, &bytes)
    }

    /// `GET`.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, Payload::Nothing).await
    }

    /// `POST`.
    pub(super) async fn post(&self, path: &str, payload: Payload) -> Result<Value, Failure> {
        self.call(Method::POST, path, payload).await
    }

    /// Ends a host of this process in order.
    pub(super) async fn close(self) {
        if let Self::Local(local) = self {
            local.close().await;
        }
    }
}

fn answer(status: StatusCode, bytes: &[u8]) -> Result<Value, Failure> {
    let value = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(bytes).unwrap_or(Value::Null)
    };
    if status.is_success() {
        return Ok(value);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut message = match (text("title"), text("detail")) {
        ("", _) => format!("the server answered {status}"),
        (title, detail) => format!("{title}. {detail}"),
    };
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        message.push_str(" (The token must be an administrator's and have the scope `admin`.)");
    }
    if !text("request_id").is_empty() {
        message.push_str(&format!(" [request {}]", text("request_id")));
    }
    bail!(message)
}

/// One segment of a path.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
