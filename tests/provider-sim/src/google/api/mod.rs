//! The front of the Gmail API: who calls, may they, can they afford it; then the method itself.

pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod methods;
pub(crate) mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodFilter, on, post};
use http::Method as Verb;

use super::Google;
use methods::{METHODS, Method};

/// Largest request body, in bytes: an import of 150 MB, with its MIME wrapping.
pub(crate) const MOST_BODY: usize = 160 * 1024 * 1024;

fn filter(verb: &Verb) -> MethodFilter {
    match *verb {
        Verb::POST => MethodFilter::POST,
        Verb::PUT => MethodFilter::PUT,
        Verb::PATCH => MethodFilter::PATCH,
        Verb::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

pub(crate) fn routes() -> Router<Arc<Google>> {
    let mut router = Router::new()
        .route("/batch/gmail/v1", post(batch::batch))
        // The official Python client asks here if the discovery document says only `batch`.
        .route("/batch", post(batch::batch));
    for method in METHODS {
        let handler = move |State(google): State<Arc<Google>>, request: Request| {
            call::serve(google, method, request)
        };
        router = router.route(
            &format!("/gmail/v1/users/{{userId}}/{}", method.path),
            on(filter(&method.verb), handler),
        );
        if method.upload.is_some() {
            router = with_uploads(router, method);
        }
    }
    router
}

fn with_uploads(mut router: Router<Arc<Google>>, method: &'static Method) -> Router<Arc<Google>> {
    for prefix in ["/upload", "/resumable/upload"] {
        let path = format!("{prefix}/gmail/v1/users/{{userId}}/{}", method.path);
        let begin = move |State(google): State<Arc<Google>>, request: Request| {
            upload::begin(google, method, request)
        };
        router = router.route(&path, on(filter(&method.verb), begin));
        let resume = move |State(google): State<Arc<Google>>, request: Request| {
            upload::resume(google, method, request)
        };
        // An upload session is continued by PUT; where the method itself is one, `begin` tells them apart.
        if method.verb != Verb::PUT {
            router = router.route(&path, on(MethodFilter::PUT, resume));
        }
    }
    router
}
