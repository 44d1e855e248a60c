//! Outbound HTTP: `waki` for one request at a time, `wstd` where several are in flight. No other module knows of either.

use std::time::Duration;

use email_manager_core::platform::{HttpError, Request, Response};
use wstd::http::{Body, error::ErrorCode};

/// A provider that does not even accept a connection in this time is down. The host bounds the rest of an exchange.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends one request and waits for its whole answer.
pub(crate) fn send_alone(request: Request) -> Result<Response, HttpError> {
    let (parts, body) = request.into_parts();
    let unreachable = |error: &dyn std::fmt::Display| HttpError::Unreachable(error.to_string());
    let method = match parts.method.as_str() {
        "GET" => waki::Method::Get,
        "POST" => waki::Method::Post,
        "PUT" => waki::Method::Put,
        "PATCH" => waki::Method::Patch,
        "DELETE" => waki::Method::Delete,
        other => waki::Method::Other(other.to_owned()),
    };
    let mut builder = waki::Client::new()
        .request(method, &parts.uri.to_string())
        .connect_timeout(CONNECT);
    for (name, value) in &parts.headers {
        builder = builder.header(name.clone(), value.clone());
    }
    let response = builder
        .body(body)
        .send()
        .map_err(|error| refused(&parts.uri, &format!("{error:?}"), &format!("{error:#}")))?;
    let mut answer = ::http::Response::builder().status(response.status_code());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let body = response.body().map_err(|error| unreachable(&error))?;
    answer.body(body).map_err(|error| unreachable(&error))
}

/// `waki` hands the host's error on as text.
fn refused(uri: &::http::Uri, debug: &str, display: &str) -> HttpError {
    let denied = [
        "HttpRequestDenied",
        "HTTP-request-denied",
        "DestinationIpProhibited",
        "destination-IP-prohibited",
    ];
    if denied
        .iter()
        .any(|code| debug.contains(code) || display.contains(code))
    {
        return HttpError::Denied(origin(uri));
    }
    HttpError::Unreachable(display.to_owned())
}

fn origin(uri: &::http::Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    uri.authority().map_or_else(
        || uri.to_string(),
        |authority| format!("{scheme}://{authority}"),
    )
}

/// Sends a request; others may be in flight.
pub(crate) async fn send(request: Request) -> Result<Response, HttpError> {
    let uri = request.uri().clone();
    let mut client = wstd::http::Client::new();
    client.set_connect_timeout(CONNECT);
    let answer = client
        .send(request.map(Body::from))
        .await
        .map_err(|error| classify(&uri, &error))?;
    let (parts, mut body) = answer.into_parts();
    let bytes = body
        .contents()
        .await
        .map_err(|error| classify(&uri, &error))?
        .to_vec();
    Ok(Response::from_parts(parts, bytes))
}

fn classify(uri: &::http::Uri, error: &wstd::http::Error) -> HttpError {
    match error.downcast_ref::<ErrorCode>() {
        Some(ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited) => {
            HttpError::Denied(origin(uri))
        }
        _ => HttpError::Unreachable(format!("{error:#}")),
    }
}
