//! Where blobs are kept: a folder of the data folder, which needs nothing, or a bucket that speaks S3, which several hosts can share.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;

/// Where blobs are kept.
#[derive(Debug, Clone, Default)]
pub enum BlobPlace {
    /// `blobs` in the data folder.
    #[default]
    Folder,
    /// A bucket.
    S3(Box<S3>),
}

/// A bucket of Amazon's, or of a server that speaks as it does.
#[derive(Debug, Clone)]
pub struct S3 {
    /// It must exist.
    pub bucket: String,
    /// Scheme, host and port of the server; none: Amazon's for the region.
    pub endpoint: Option<String>,
    /// Part of every signature; servers that know no regions mostly take `us-east-1`.
    pub region: String,
    /// What the names of all objects begin with, so that a bucket can be shared with others; empty: nothing. Each store needs its own.
    pub prefix: String,
    /// Identifies the key.
    pub access_key: SecretString,
    /// Signs requests.
    pub secret_key: SecretString,
    /// Whether the bucket is named in the path rather than in the host name.
    pub path_style: bool,
    /// Whether requests and content may go unencrypted.
    pub allow_http: bool,
    /// How long the server may be silent before a request is tried again, and how long it is tried again before it has failed.
    pub patience: Duration,
}

/// How long connecting may take, at most: longer than any network that works.
const CONNECT: Duration = Duration::from_secs(5);

/// Beginning of the waits between tries, which double.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Enough for the waits above to fill any patience; it is time that bounds them.
const TRIES: usize = 20;

/// How long it may take to say that it is there. Whoever asks for readiness mostly gives the whole answer a second.
const PROBE: Duration = Duration::from_millis(700);

/// For work.
pub(super) fn open_bucket(place: &S3) -> Result<AmazonS3, Error> {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: FIRST_WAIT,
            max_backoff: LONGEST_WAIT,
            base: 2.0,
        },
        max_retries: TRIES,
        retry_timeout: place.patience,
    };
    build(place, retry, place.patience)
}

/// For asking whether it is there: one try, and the answer soon.
pub(super) fn open_probe(place: &S3) -> Result<AmazonS3, Error> {
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    build(place, retry, PROBE.min(place.patience))
}

fn build(place: &S3, retry: RetryConfig, patience: Duration) -> Result<AmazonS3, Error> {
    // The library's client takes the process' provider of cryptography and has none of its own. An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = ClientOptions::new()
        .with_allow_http(place.allow_http)
        .with_connect_timeout(CONNECT.min(patience))
        // Not for a whole answer, which may be a long download, but from one piece of it to the next.
        .with_timeout_disabled()
        .with_read_timeout(patience);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&place.bucket)
        .with_region(&place.region)
        .with_access_key_id(place.access_key.expose_secret())
        .with_secret_access_key(place.secret_key.expose_secret())
        .with_virtual_hosted_style_request(!place.path_style)
        // The server refuses what did not arrive as it was sent.
        .with_checksum_algorithm(Checksum::SHA256)
        // Deleting many at once is the call that servers beside Amazon's understand least.
        .with_disable_bulk_delete(true)
        .with_client_options(client)
        .with_retry(retry);
    if let Some(endpoint) = place.address() {
        builder = builder.with_endpoint(endpoint);
    }
    builder
        .build()
        .map_err(|error| Error::Unavailable(place.without_secrets(&error)))
}

/// A folder, which is made if it isn't there.
pub(super) fn open_folder(folder: &FilePath) -> Result<LocalFileSystem, Error> {
    let failed = |error: &dyn fmt::Display| {
        Error::Unavailable(format!(
            "the blobs in {} can't be reached: {error}",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    Ok(LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| failed(&error))?
        .with_fsync(true))
}

/// Longest reason that is worth reading: servers answer with whole pages.
const REASON: usize = 400;

impl S3 {
    /// The endpoint as the library wants it: with the bucket in it, if it is to be in the host name.
    fn address(&self) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?;
        match endpoint.split_once("://") {
            Some((scheme, host)) if !self.path_style => {
                Some(format!("{scheme}://{}.{host}", self.bucket))
            }
            _ => Some(endpoint.clone()),
        }
    }

    /// An error in words. A server may repeat what it was sent.
    pub(super) fn without_secrets(&self, error: &dyn fmt::Display) -> String {
        let mut text = error.to_string();
        for secret in [&self.access_key, &self.secret_key] {
            if !secret.expose_secret().is_empty() {
                text = text.replace(secret.expose_secret(), "…");
            }
        }
        text.chars().take(REASON).collect()
    }
}

impl fmt::Display for S3 {
    /// For people: where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bucket {}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, ", prefix {}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, ", at {endpoint}"),
            None => write!(f, ", in {}", self.region),
        }
    }
}

/// Shared by everything that reads and writes.
pub(super) type Bucket = Arc<AmazonS3>;
