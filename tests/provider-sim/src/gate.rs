//! Every request passes here, those inside a batch too: faults befall it, and the access log takes it down.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::access_log::{Access, AccessLog, CallerAddress, RouteTemplate, loggable_query};
use crate::fault::{Action, Candidate, Faults, RetryAfter};
use crate::{Backend, Clock, Exchange};

/// The connection closes without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub struct NoAnswer;

#[derive(Debug, thiserror::Error)]
#[error("the connection was dropped within the body")]
struct BrokenOff;

/// In the extensions of every request: batch handlers send their parts through it.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Arc<dyn Backend>,
    routes: Router,
    faults: Arc<Faults>,
    log: Arc<AccessLog>,
    clock: Arc<dyn Clock>,
}

/// What is taken down before the request is given away.
struct Asked {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    user: Option<String>,
    agent: Option<String>,
    part: bool,
    /// Of a request that was carried out without being answered.
    route: Option<String>,
}

/// The template that a handler or the router has noted on its response.
fn route_of(response: &Response) -> Option<String> {
    let extensions = response.extensions();
    extensions
        .get::<RouteTemplate>()
        .map(|route| route.0.to_owned())
        .or_else(|| {
            extensions
                .get::<MatchedPath>()
                .map(|matched| matched.as_str().to_owned())
        })
}

async fn note_route(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

impl Gate {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        faults: Arc<Faults>,
        log: Arc<AccessLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let routes = backend.clone().routes().layer(from_fn(note_route));
        Self {
            inner: Arc::new(Inner {
                backend,
                routes,
                faults,
                log,
                clock,
            }),
        }
    }

    /// Carries out a request that came by wire.
    ///
    /// # Errors
    /// [`NoAnswer`]: close the connection.
    pub async fn request(&self, request: Request) -> Result<Response, NoAnswer> {
        self.pass(request, false).await
    }

    /// Carries out a part of a batch; a lost answer becomes a 503.
    pub async fn part(&self, request: Request) -> Response {
        match self.pass(request, true).await {
            Ok(response) => response,
            Err(NoAnswer) => self.plain_error(StatusCode::SERVICE_UNAVAILABLE, ""),
        }
    }

    async fn pass(&self, mut request: Request, part: bool) -> Result<Response, NoAnswer> {
        request.extensions_mut().insert(self.clone());
        let (parts, body) = request.into_parts();
        let user = self.inner.backend.caller(&parts);
        let action = if self.inner.faults.is_empty() {
            None
        } else {
            let path_and_query = parts.uri.path_and_query().map_or("/", |p| p.as_str());
            self.inner.faults.meet(&Candidate {
                provider: self.inner.backend.provider(),
                method: parts.method.as_str(),
                path_and_query,
                user: user.as_deref(),
            })
        };
        let asked = Asked {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: loggable_query(parts.uri.query()),
            user,
            agent: parts
                .headers
                .get(header::USER_AGENT)
                .and_then(|agent| agent.to_str().ok())
                .map(str::to_owned),
            part,
            route: None,
        };
        let request = Request::from_parts(parts, body);
        match action {
            None => {
                let response = if self.inner.log.exchanges.are_wanted() {
                    self.carry_out_kept(&asked, request).await
                } else {
                    self.carry_out(request).await
                };
                self.record(asked, Some(&response), None);
                Ok(response)
            }
            Some(action) => self.misfortune(action, asked, request).await,
        }
    }

    async fn misfortune(
        &self,
        action: Action,
        mut asked: Asked,
        request: Request,
    ) -> Result<Response, NoAnswer> {
        let name = serde_json::to_value(&action)
            .ok()
            .and_then(|value| value.get("do").and_then(|v| v.as_str()).map(str::to_owned))
            .unwrap_or_default();
        let response = match action {
            Action::Answer {
                status,
                body,
                retry_after,
            } => self.answer(status, body, retry_after, &asked.path),
            Action::Unauthorized => {
                let mut response = self.plain_error(StatusCode::UNAUTHORIZED, &asked.path);
                response.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer error=\"invalid_token\""),
                );
                response
            }
            Action::HtmlBadGateway => (
                StatusCode::BAD_GATEWAY,
                [(header::CONTENT_TYPE, "text/html; charset=UTF-8")],
                "<!DOCTYPE html><html><head><title>Error 502 (Server Error)</title></head><body><h1>502. That\u{2019}s an \
                 error.</h1><p>The server encountered a temporary error.</p></body></html>",
            )
                .into_response(),
            Action::DropConnection => {
                self.record(asked, None, Some(name));
                return Err(NoAnswer);
            }
            Action::LoseAnswer => {
                let response = self.carry_out(request).await;
                asked.route = route_of(&response);
                // Some handlers work while their body is being read.
                drop(collect(response.into_body()).await);
                self.record(asked, None, Some(name));
                return Err(NoAnswer);
            }
            Action::CarryOutLate { after_ms, hang_up } => {
                self.record(asked, None, Some(name));
                return self.carry_out_late(request, after_ms, hang_up).await;
            }
            Action::DropMidRequest => {
                let (parts, body) = request.into_parts();
                let whole = collect(body).await;
                let half = Body::new(HalfBody::Half(whole.slice(..whole.len() / 2)));
                let response = self.carry_out(Request::from_parts(parts, half)).await;
                asked.route = route_of(&response);
                self.record(asked, None, Some(name));
                return Err(NoAnswer);
            }
            Action::Delay { ms } => {
                let until = self.inner.clock.now().saturating_add(ms);
                self.inner.clock.sleep_until(until).await;
                self.carry_out(request).await
            }
            Action::DropMidBody => {
                let (parts, body) = self.carry_out(request).await.into_parts();
                let whole = collect(body).await;
                let half = whole.slice(..whole.len() / 2);
                let mut response = Response::from_parts(parts, Body::new(HalfBody::Half(half)));
                set_length(&mut response, whole.len());
                response
            }
            Action::TruncateBody => {
                let (parts, body) = self.carry_out(request).await.into_parts();
                let whole = collect(body).await;
                let half = whole.slice(..whole.len() / 2);
                let length = half.len();
                let mut response = Response::from_parts(parts, Body::from(half));
                set_length(&mut response, length);
                response
            }
        };
        self.record(asked, Some(&response), Some(name));
        Ok(response)
    }

    async fn carry_out(&self, request: Request) -> Response {
        let answer: Result<Response, Infallible> = self.inner.routes.clone().oneshot(request).await;
        match answer {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Carries it out and keeps both bodies, where they are JSON.
    async fn carry_out_kept(&self, asked: &Asked, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = collect(body).await;
        let sent = json_of(&parts.headers, &body);
        let response = self
            .carry_out(Request::from_parts(parts, Body::from(body)))
            .await;
        let route = route_of(&response);
        let (parts, body) = response.into_parts();
        let body = collect(body).await;
        // What has no template is no part of a mail API.
        if let Some(route) = route {
            self.inner.log.exchanges.add(Exchange {
                provider: self.inner.backend.provider(),
                method: asked.method.clone(),
                route,
                query: asked.query.clone(),
                status: parts.status.as_u16(),
                request: sent,
                answer: json_of(&parts.headers, &body),
            });
        }
        Response::from_parts(parts, Body::from(body))
    }

    async fn carry_out_late(
        &self,
        request: Request,
        after_ms: u64,
        hang_up: bool,
    ) -> Result<Response, NoAnswer> {
        let (parts, body) = request.into_parts();
        let body = collect(body).await;
        let gate = self.clone();
        gate.inner.faults.begin_late();
        // Dropped with this future, which is when the client has closed the connection or reset the stream.
        let _given_up = OnDrop(Some(move || {
            tokio::spawn(async move {
                let until = gate.inner.clock.now().saturating_add(after_ms);
                gate.inner.clock.sleep_until(until).await;
                let request = Request::from_parts(parts, Body::from(body));
                drop(collect(gate.carry_out(request).await.into_body()).await);
                gate.inner.faults.end_late();
            });
        }));
        if hang_up {
            return Err(NoAnswer);
        }
        std::future::pending().await
    }

    fn answer(
        &self,
        status: u16,
        body: Option<serde_json::Value>,
        retry_after: RetryAfter,
        path: &str,
    ) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match body {
            Some(serde_json::Value::String(text)) => (status, text).into_response(),
            Some(json) => (status, axum::Json(json)).into_response(),
            None => self.plain_error(status, path),
        };
        let value = match retry_after {
            RetryAfter::None => None,
            RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
            RetryAfter::Date(seconds) => {
                let at = self.inner.clock.now() / 1000 + u64::from(seconds);
                Some(httpdate::fmt_http_date(
                    std::time::UNIX_EPOCH + std::time::Duration::from_secs(at),
                ))
            }
        };
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }

    fn plain_error(&self, status: StatusCode, path: &str) -> Response {
        let (media_type, body) = self.inner.backend.error_body(status, path);
        (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
    }

    fn record(&self, asked: Asked, response: Option<&Response>, fault: Option<String>) {
        let route = asked.route.or_else(|| response.and_then(route_of));
        let user = response
            .and_then(|response| response.extensions().get::<CallerAddress>())
            .map(|caller| caller.0.clone())
            .or(asked.user);
        self.inner.log.record(Access {
            at: self.inner.clock.now(),
            provider: self.inner.backend.provider(),
            method: asked.method,
            route: route.unwrap_or_else(|| asked.path.clone()),
            path: asked.path,
            query: asked.query,
            user,
            status: response.map(|response| response.status().as_u16()),
            part: asked.part,
            fault,
            bytes: response
                .and_then(|response| axum::body::HttpBody::size_hint(response.body()).exact()),
            agent: asked.agent,
        });
    }
}

fn json_of(headers: &HeaderMap, body: &[u8]) -> Option<serde_json::Value> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let is_json = media_type.starts_with("application/json");
    is_json.then(|| serde_json::from_slice(body).ok()).flatten()
}

async fn collect(body: Body) -> Bytes {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default()
}

fn set_length(response: &mut Response, length: usize) {
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then();
        }
    }
}

/// Gives half of a body, lets it leave, then fails, which makes the server close the connection.
enum HalfBody {
    Half(Bytes),
    Leaving,
    Broken,
}

impl axum::body::HttpBody for HalfBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BrokenOff>>> {
        match std::mem::replace(&mut *self, HalfBody::Broken) {
            HalfBody::Half(half) => {
                *self = HalfBody::Leaving;
                Poll::Ready(Some(Ok(http_body::Frame::data(half))))
            }
            HalfBody::Leaving => {
                // The server flushes when there is nothing to send for the moment.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            HalfBody::Broken => Poll::Ready(Some(Err(BrokenOff))),
        }
    }
}
