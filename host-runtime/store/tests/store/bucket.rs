//! A bucket on an S3 server that is none of ours (`s3s-fs`), over real HTTP on loopback, which can be made to fail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host_store::{BlobPlace, S3};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const BUCKET: &str = "mail-blobs";
const PREFIX: &str = "host-a";
pub(crate) const ACCESS_KEY: &str = "AKIATESTTESTTEST";
pub(crate) const SECRET_KEY: &str = "the-secret-that-nobody-may-see";

/// What the server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) length: u64,
    /// Whether the content came with its SHA-256 to be checked.
    pub(crate) checksum: bool,
}

/// What becomes of a request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// This status.
    Status(u16),
    /// Never an answer.
    Silence,
    /// It is carried out, and the connection breaks.
    AnswerLost,
    /// It waits, and says so.
    Held(Arc<Held>),
}

/// A request that waits.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) arrived: Notify,
    pub(crate) go_on: Notify,
}

type Rule = (Box<dyn Fn(&Asked) -> bool + Send + Sync>, Fault);

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    rule: Mutex<Option<Rule>>,
}

pub(crate) struct Bucket {
    root: tempfile::TempDir,
    address: SocketAddr,
    service: S3Service,
    shared: Arc<Shared>,
    server: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bucket = Self {
            root,
            address: listener.local_addr().unwrap(),
            service: builder.build(),
            shared: Arc::default(),
            server: Mutex::default(),
        };
        bucket.serve(listener);
        bucket
    }

    fn serve(&self, listener: TcpListener) {
        let (service, shared) = (self.service.clone(), Arc::clone(&self.shared));
        let server = tokio::spawn(async move {
            // Connections end with the server.
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (service, shared) = (service.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    let answer = service_fn(move |request| {
                        answer(service.clone(), Arc::clone(&shared), request)
                    });
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        *self.server.lock().unwrap() = Some(server);
    }

    /// From now on connections are refused.
    pub(crate) async fn go_away(&self) {
        let server = self.server.lock().unwrap().take().unwrap();
        server.abort();
        let _ = server.await;
    }

    pub(crate) async fn come_back(&self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    /// From now on this becomes of the requests that are meant, until [`heal`](Self::heal).
    pub(crate) fn fail(
        &self,
        meant: impl Fn(&Asked) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) {
        *self.shared.rule.lock().unwrap() = Some((Box::new(meant), fault));
    }

    pub(crate) fn heal(&self) {
        *self.shared.rule.lock().unwrap() = None;
    }

    /// What it was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }

    /// The place, for a store.
    pub(crate) fn place(&self) -> BlobPlace {
        BlobPlace::S3(Box::new(self.s3()))
    }

    pub(crate) fn s3(&self) -> S3 {
        S3 {
            bucket: BUCKET.to_owned(),
            endpoint: Some(format!("http://{}", self.address)),
            region: "us-east-1".to_owned(),
            prefix: PREFIX.to_owned(),
            access_key: ACCESS_KEY.into(),
            secret_key: SECRET_KEY.into(),
            path_style: true,
            allow_http: true,
            patience: Duration::from_secs(5),
        }
    }

    /// Files of the blobs in it.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        files(&self.root.path().join(BUCKET).join(PREFIX).join("objects"))
    }

    /// Uploads in parts that neither ended nor were aborted.
    pub(crate) fn open_uploads(&self) -> usize {
        std::fs::read_dir(self.root.path())
            .unwrap()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with(".upload-")
            })
            .count()
    }

    pub(crate) fn lose_the_marker(&self) {
        let marker = self.root.path().join(BUCKET).join(PREFIX);
        std::fs::remove_file(marker.join("plugin-host-blobs")).unwrap();
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.abort();
        }
    }
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

async fn answer(
    service: S3Service,
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, Box<dyn std::error::Error + Send + Sync>> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let asked = Asked {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        length: header("content-length").map_or(0, |v| v.parse().unwrap()),
        checksum: header("x-amz-checksum-sha256").is_some(),
    };
    let fault = match &*shared.rule.lock().unwrap() {
        Some((meant, fault)) if meant(&asked) => Some(fault.clone()),
        _ => None,
    };
    shared.asked.lock().unwrap().push(asked);
    let request = request.map(s3s::Body::from);
    match fault {
        Some(Fault::Status(status)) => {
            let mut answer = Response::new(s3s::Body::empty());
            *answer.status_mut() = status.try_into().unwrap();
            return Ok(answer);
        }
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::AnswerLost) => {
            let answer = service.call(request).await.map_err(|e| format!("{e:?}"))?;
            drop(answer);
            return Err("the answer is lost".into());
        }
        Some(Fault::Held(held)) => {
            held.arrived.notify_one();
            held.go_on.notified().await;
        }
        None => {}
    }
    Ok(service.call(request).await.map_err(|e| format!("{e:?}"))?)
}
