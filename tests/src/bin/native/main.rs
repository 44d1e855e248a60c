//! The plugin's logic without component and host: what two of the API's addresses cost if it is compiled into a server.
//!
//! The same store, the same check of who is signed in, and the same bytes in answer; what is left out is WebAssembly and what the host does
//! around each request. `cargo xtask bench api` holds the host against it.

mod mail;
mod platform;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use clap::Parser;
use email_manager_core::mailbox;
use email_manager_core::model::{Caller, Error, Filter, Slice};
use host_store::{Database, Options, Purpose, Store, SystemClock};

use platform::Stored;

/// As the host names it.
const SESSION: &str = "plugin_host_session";

/// Serves a mailbox that a host has filled, while that host is stopped.
#[derive(Debug, Parser)]
struct Arguments {
    /// The host's data folder.
    #[arg(long)]
    data_dir: PathBuf,
    /// The host's database, if it is not in the folder.
    #[arg(long, env = "NATIVE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let database = match arguments.database_url {
        None => Database::Folder,
        Some(url) => Database::Postgres {
            url: url.into(),
            connections: 16,
        },
    };
    let options = Options::new(Arc::new(SystemClock::default()), Purpose::Serve);
    let options = options.database(&database);
    let store = Store::open_with(&arguments.data_dir, options).await?;
    let router = Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/api/mail/threads", get(threads))
        .route("/api/mail/threads/{id}", get(thread))
        .with_state(store);
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    // As the host's.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

/// Why there is no answer.
struct Refused(StatusCode);

impl IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Invalid(..) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

/// Who is signed in, by the session's cookie.
async fn signed(store: &Store, headers: &HeaderMap) -> Result<Caller, Refused> {
    let stranger = || Refused(StatusCode::UNAUTHORIZED);
    let cookies = headers.get(header::COOKIE);
    let token = cookies
        .and_then(|cookies| cookies.to_str().ok())
        .into_iter()
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION)
        .ok_or_else(stranger)?;
    let session = store.sessions().get(token.1).await;
    let session = session
        .map_err(|_| Refused(StatusCode::INTERNAL_SERVER_ERROR))?
        .ok_or_else(stranger)?;
    Ok(Caller {
        user: session.user.id,
        locale: session.user.locale,
        ..Caller::default()
    })
}

async fn threads(
    State(store): State<Store>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<mail::Page>, Refused> {
    let caller = signed(&store, &headers).await?;
    let mut filter = Filter::default();
    let mut slice = Slice {
        limit: 50,
        cursor: None,
    };
    for (name, value) in pairs {
        match name.as_str() {
            "folder" => filter.folders.push(value),
            "q" => filter.text = Some(value),
            "limit" => slice.limit = value.parse().unwrap_or(50),
            "cursor" => slice.cursor = Some(value),
            _ => return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY)),
        }
    }
    let page = mailbox::list_threads(&Stored(store), &caller, &filter, slice).await?;
    Ok(Json(page.into()))
}

async fn thread(
    State(store): State<Store>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<mail::Thread>, Refused> {
    let caller = signed(&store, &headers).await?;
    let messages = mailbox::thread(&Stored(store), &caller, &id).await?;
    Ok(Json(mail::Thread {
        id,
        messages: messages.into_iter().map(Into::into).collect(),
    }))
}
