//! A host whose blobs are in a bucket: they go where the configuration says, and while the bucket is away everything else is served.

use std::net::SocketAddr;

use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::{Method, StatusCode};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};

use crate::support::guest;
use crate::support::http::{World, answered, is_problem};

/// An S3 server that is none of ours.
async fn serve(folder: &std::path::Path, at: &str) -> (SocketAddr, JoinHandle<()>) {
    let files = s3s_fs::FileSystem::new(folder).unwrap();
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service.clone();
            connections.spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    (address, server)
}

#[tokio::test]
async fn uploads_are_in_the_bucket_and_the_rest_works_without_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mail")).unwrap();
    let (address, server) = serve(folder.path(), "127.0.0.1:0").await;
    let world = World::with(|config| {
        config.s3_bucket = Some("mail".to_owned());
        config.s3_endpoint = Some(format!("http://{address}"));
        config.s3_prefix = "blobs/host".to_owned();
        config.s3_access_key = Some("key".into());
        config.s3_secret_key = Some("secret".into());
        config.s3_timeout_seconds = 1;
    })
    .await;
    let admin = world.admin().await;
    let id = admin.install(guest("postbox")).await;
    admin.post(&format!("/api/plugins/{id}/enable")).await;
    let upload = || answered(admin.request(Method::POST, "/api/uploads").body("content"));
    let (status, stored) = upload().await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!("/api/uploads/{}", stored["id"].as_str().unwrap());
    assert!(folder.path().join("mail/blobs/host/objects").is_dir());
    assert!(!world.folder.path().join("blobs").exists());
    let read = async || {
        let answer = admin.request(Method::GET, &path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(read().await, (StatusCode::OK, "content".to_owned()));
    let ready = json!({ "status": "ok", "unavailable": [] });
    assert_eq!(admin.get("/readyz").await, (StatusCode::OK, ready.clone()));

    server.abort();
    let _ = server.await;
    let degraded = json!({ "status": "degraded", "unavailable": ["blobs"] });
    assert_eq!(admin.get("/readyz").await, (StatusCode::OK, degraded));
    is_problem(
        &upload().await,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
    );
    assert_eq!(read().await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(admin.get("/api/me").await.0, StatusCode::OK);

    let (_, _server) = serve(folder.path(), &address.to_string()).await;
    assert_eq!(admin.get("/readyz").await, (StatusCode::OK, ready));
    assert_eq!(read().await, (StatusCode::OK, "content".to_owned()));
    world.stop().await;
}
