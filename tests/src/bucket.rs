//! A bucket on an S3 server that is none of ours (`s3s-fs`), over real HTTP.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, anyhow};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

const BUCKET: &str = "mail-blobs";
const ACCESS_KEY: &str = "AKIATESTTESTTEST";
const SECRET_KEY: &str = "only-ever-used-in-tests";

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Bucket {
    root: tempfile::TempDir,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Bucket {
    /// Starts a server with one empty bucket.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start() -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST).await
    }

    /// … that is reached at this address.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start_at(address: Ipv4Addr) -> Result<Self> {
        let root = tempfile::tempdir()?;
        std::fs::create_dir(root.path().join(BUCKET))?;
        let listener = TcpListener::bind((address, 0)).await?;
        let mut bucket = Self {
            root,
            address: listener.local_addr()?,
            server: None,
        };
        bucket.serve(listener)?;
        Ok(bucket)
    }

    /// From now on connections are refused.
    pub async fn go_away(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// It is there again.
    ///
    /// # Errors
    ///
    /// If somebody else has taken its address.
    pub async fn come_back(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.serve(listener)
    }

    /// How a host is told of it.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("S3_BUCKET", BUCKET.to_owned()),
            ("S3_ENDPOINT", format!("http://{}", self.address)),
            ("S3_ALLOW_HTTP", "true".to_owned()),
            ("S3_REGION", "us-east-1".to_owned()),
            ("S3_ACCESS_KEY", ACCESS_KEY.to_owned()),
            ("S3_SECRET_KEY", SECRET_KEY.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn serve(&mut self, listener: TcpListener) -> Result<()> {
        let files = s3s_fs::FileSystem::new(self.root.path())
            .map_err(|error| anyhow!("the bucket does not start: {error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        self.server = Some(tokio::spawn(async move {
            // Connections end with the server.
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        }));
        Ok(())
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}
