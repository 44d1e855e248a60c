//! Real HTTP over loopback, or canned answers.

use std::sync::Arc;
use std::time::Duration;

use super::Memory;
use crate::platform::{Http, HttpError, Request, Response};

/// Answers some requests instead of the network; `None`: ask the network.
pub type Canned = Arc<dyn Fn(&Request) -> Option<Result<Response, HttpError>> + Send + Sync>;

pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .no_proxy()
        .build()
        .expect("a client without TLS can always be built")
}

impl Memory {
    /// Answers requests before they reach the network.
    pub fn answer_http(
        &self,
        canned: impl Fn(&Request) -> Option<Result<Response, HttpError>> + Send + Sync + 'static,
    ) {
        self.state().canned = Some(Arc::new(canned));
    }

    /// Does this at the beginning of each request, such as letting time pass.
    pub fn on_request(&self, act: impl Fn() + Send + Sync + 'static) {
        self.state().on_request = Some(Arc::new(act));
    }

    /// The administrator doesn't grant this origin (`scheme://host:port`).
    pub fn deny_origin(&self, origin: &str) {
        self.state().denied.push(origin.to_owned());
    }

    async fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        self.step().await;
        let (canned, denied, on_request) = {
            let state = self.state();
            (
                state.canned.clone(),
                state.denied.clone(),
                state.on_request.clone(),
            )
        };
        if let Some(act) = on_request {
            act();
        }
        if let Some(answer) = canned.and_then(|canned| canned(&request)) {
            self.step().await;
            return answer;
        }
        let target = request.uri().to_string();
        if let Some(origin) = denied
            .into_iter()
            .find(|origin| target.starts_with(origin.as_str()))
        {
            return Err(HttpError::Denied(origin));
        }
        let unreachable =
            |error: reqwest::Error| HttpError::Unreachable(error.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let answer = self
            .shared
            .client
            .execute(request)
            .await
            .map_err(unreachable)?;
        let mut builder = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            builder = builder.header(name, value);
        }
        let body = answer.bytes().await.map_err(unreachable)?;
        self.step().await;
        builder
            .body(body.to_vec())
            .map_err(|error| HttpError::Unreachable(error.to_string()))
    }
}

impl Http for Memory {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.exchange(request).await
    }

    async fn send_alone(&self, request: Request) -> Result<Response, HttpError> {
        self.exchange(request).await
    }
}
