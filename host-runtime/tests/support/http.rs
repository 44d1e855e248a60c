//! A server in a temporary folder, and people with browsers or programs at it.

use std::sync::Arc;
use std::time::Duration;

use host_runtime::config::Config;
use host_runtime::web::{Running, Server};
use host_store::TestClock;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::NOW;

pub const PASSWORD: &str = "correct horse battery";
pub const ADMIN: &str = "admin@localhost";
pub const QUARTER: Duration = Duration::from_secs(15 * 60);

pub struct World {
    pub server: Option<Running>,
    pub base: String,
    pub clock: TestClock,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With another configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(NOW);
        let server = Self::start_with(&folder, &clock, change).await;
        let base = server.origin().to_owned();
        Self {
            server: Some(server),
            base,
            clock,
            folder,
        }
    }

    pub async fn start(folder: &tempfile::TempDir, clock: &TestClock) -> Running {
        Self::start_with(folder, clock, |_| {}).await
    }

    async fn start_with(
        folder: &tempfile::TempDir,
        clock: &TestClock,
        change: impl FnOnce(&mut Config),
    ) -> Running {
        let mut config = Config {
            data_dir: folder.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            admin_password: Some(SecretString::from(PASSWORD)),
            upload_bytes: 1000,
            shutdown_seconds: 5,
            ..Config::default()
        };
        change(&mut config);
        Server::start(config, Arc::new(clock.clone()))
            .await
            .unwrap()
    }

    pub fn stranger(&self) -> Person {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Person {
            client,
            base: self.base.clone(),
        }
    }

    pub async fn signed_in(&self, email: &str) -> Person {
        let person = self.stranger();
        let body = json!({ "email": email, "password": PASSWORD });
        let (status, _) = person.json(Method::POST, "/api/session", body).await;
        assert_eq!(status, StatusCode::CREATED);
        person
    }

    pub async fn admin(&self) -> Person {
        self.signed_in(ADMIN).await
    }

    pub async fn member(&self, admin: &Person, name: &str) -> Person {
        let email = format!("{name}@localhost");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        assert_eq!(
            admin.json(Method::POST, "/api/users", body).await.0,
            StatusCode::CREATED
        );
        self.signed_in(&email).await
    }

    pub async fn stop(mut self) {
        self.server.take().unwrap().shutdown().await;
    }
}

#[derive(Clone)]
pub struct Person {
    pub client: Client,
    pub base: String,
}

impl Person {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn json(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        answered(self.request(method, path).json(&body)).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answered(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str) -> (StatusCode, Value) {
        answered(self.request(Method::POST, path)).await
    }

    pub async fn install(&self, component: Vec<u8>) -> String {
        let upload = self
            .request(Method::POST, "/api/plugins")
            .header("content-type", "application/wasm")
            .body(component);
        let (status, plugin) = answered(upload).await;
        assert_eq!(status, StatusCode::CREATED, "{plugin}");
        let id = plugin["id"].as_str().unwrap().to_owned();
        let grants = plugin["proposed_grants"].clone();
        assert_eq!(
            self.json(Method::PUT, &format!("/api/plugins/{id}/grants"), grants)
                .await
                .0,
            StatusCode::OK
        );
        id
    }
}

pub async fn answered(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    assert!(response.headers().contains_key("x-request-id"));
    let problem = status.is_client_error() || status.is_server_error();
    if problem {
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
    let text = response.text().await.unwrap();
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if problem {
        assert_eq!(value["status"], status.as_u16());
        for name in ["title", "detail", "action", "request_id"] {
            assert!(
                value[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name} of {value}"
            );
        }
    }
    (status, value)
}

pub fn kind(value: &Value) -> &str {
    value["type"]
        .as_str()
        .unwrap()
        .strip_prefix("urn:plugin-host:problem:")
        .unwrap()
}

#[track_caller]
pub fn is_problem((status, value): &(StatusCode, Value), expected: StatusCode, name: &str) {
    assert_eq!((*status, kind(value)), (expected, name), "{value}");
}
