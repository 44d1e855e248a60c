//! Reading requests so that every mistake becomes a problem document with the place of the mistake.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// A JSON body in, a JSON body out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(body_problem(&rejection)),
        }
    }
}

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn body_problem(rejection: &JsonRejection) -> Problem {
    let text = rejection.body_text();
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            Kind::UnsupportedMediaType,
            "Send the body as JSON, with the header Content-Type: application/json.",
        ),
        JsonRejection::JsonSyntaxError(_) => Problem::new(
            Kind::MalformedRequest,
            format!("The body is no JSON: {}.", shortened(&text)),
        ),
        JsonRejection::JsonDataError(_) => Problem::field(
            path_in(&text),
            format!(
                "The body has another shape than this address takes: {}.",
                shortened(&text)
            ),
        ),
        other if other.status() == http::StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            Kind::TooLarge,
            "The body is larger than this address takes.",
        ),
        _ => Problem::new(
            Kind::MalformedRequest,
            "The body did not arrive whole. Send it again.",
        ),
    }
}

/// axum says `Failed to … : path: message at line L column C`.
fn shortened(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, rest)| rest)
}

fn path_in(text: &str) -> String {
    shortened(text)
        .split_once(": ")
        .map(|(path, _)| path)
        .filter(|p| !p.contains(' '))
        .unwrap_or("body")
        .to_owned()
}

/// Parameters of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_: PathRejection| Problem::not_found("address"))
    }
}

/// Parameters after the `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection: QueryRejection| {
                let text = rejection.body_text();
                Problem::field(
                    path_in(&text),
                    format!("A parameter after the ? is wrong: {}.", shortened(&text)),
                )
            })
    }
}
