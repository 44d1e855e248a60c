//! Blobs as objects of a folder or of a bucket. Nothing above knows which of the two it is.
//!
//! An object's name is random and used once. What is at a name never changes, and once it is to be deleted nobody can want it again, so that
//! no order in which several hosts write and delete can take away what another one has just put there.

use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::multipart::MultipartStore as _;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::sync::OnceCell;

use super::multipart::BucketUpload;
use super::place::{self, BlobPlace, Bucket, S3};
use crate::error::{BlobError, Error};
use crate::random;

/// Says that the names after it are a store's blobs: beside a bucket's objects, as the folder `objects` does on disk.
const MARKER: &str = "plugin-host-blobs";
const MARKER_TEXT: &str =
    "The objects with this prefix are the blobs of one plugin-host. Nothing else may write here.\n";

/// Where blobs are.
pub(crate) struct BlobFiles {
    objects: Arc<dyn ObjectStore>,
    kind: Kind,
    /// Set once it is known that this is the place of this store's blobs.
    ours: OnceCell<()>,
}

enum Kind {
    Folder(PathBuf),
    Bucket {
        bucket: Bucket,
        probe: Bucket,
        place: Box<S3>,
    },
}

/// Why an object could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectError {
    /// It is not there.
    Missing,
    /// A fault that may pass.
    Unavailable(String),
}

/// A large object that is being written.
pub(super) struct Begun {
    pub(super) upload: Box<dyn MultipartUpload>,
    /// By which a bucket knows what has arrived of it.
    pub(super) id: Option<String>,
}

impl BlobFiles {
    /// `folder`: where they are if the place does not say otherwise. Asks nothing of a server: one that is away must not keep a host from
    /// starting.
    pub(crate) fn open(folder: &FilePath, place: &BlobPlace) -> Result<Self, Error> {
        let (objects, kind): (Arc<dyn ObjectStore>, _) = match place {
            BlobPlace::Folder => (
                Arc::new(place::open_folder(folder)?),
                Kind::Folder(folder.to_owned()),
            ),
            BlobPlace::S3(place) => {
                let bucket = Arc::new(place::open_bucket(place)?);
                let probe = Arc::new(place::open_probe(place)?);
                (
                    bucket.clone(),
                    Kind::Bucket {
                        bucket,
                        probe,
                        place: place.clone(),
                    },
                )
            }
        };
        Ok(Self {
            objects,
            kind,
            ours: OnceCell::new(),
        })
    }

    /// Whether the place answers, in less than a second.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Folder(folder) => std::fs::metadata(folder)
                .map(drop)
                .map_err(|error| Error::Unavailable(format!("{}: {error}", folder.display()))),
            Kind::Bucket { probe, .. } => match probe.head(&self.path(MARKER)).await {
                // Without a marker it is a bucket all the same; that is looked into before anything is written.
                Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed(error).into()),
            },
        }
    }

    /// Whether blobs of a store are in this place already.
    pub(crate) async fn is_used(&self) -> Result<bool, Error> {
        match &self.kind {
            Kind::Folder(folder) => Ok(folder.join("objects").is_dir()),
            Kind::Bucket { .. } => match self.objects.head(&self.path(MARKER)).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(self.failed(error).into()),
            },
        }
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.ours.initialized()
    }

    /// Makes sure that this is where the blobs of this store are, of which there are `known`: writing into another place would leave them in two.
    pub(crate) async fn claim(&self, known: u64) -> Result<(), Error> {
        self.ours
            .get_or_try_init(|| async {
                if self.is_used().await? {
                    return Ok(());
                }
                if known > 0 {
                    return Err(Error::Corrupt(format!(
                        "{self} holds none of the {known} blobs of this store. Configure the place where they are; to move them, make a backup with \
                         that configuration and restore it with the new one"
                    )));
                }
                self.mark().await
            })
            .await
            .copied()
    }

    /// Makes it a place of blobs.
    pub(crate) async fn mark(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Folder(folder) => std::fs::create_dir_all(folder.join("objects"))
                .map_err(|error| Error::Unavailable(format!("{}: {error}", folder.display()))),
            Kind::Bucket { .. } => match self
                .put(MARKER, Bytes::from_static(MARKER_TEXT.as_bytes()).into())
                .await
            {
                Err(ObjectError::Missing) => Err(Error::Unavailable(format!(
                    "{self} is not there: create the bucket, or correct its name"
                ))),
                other => other.map_err(Into::into),
            },
        }
    }

    /// Part of an object. Answers fewer bytes only if there are no more.
    pub(super) async fn read(&self, name: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.objects
            .get_range(&self.path(name), range)
            .await
            .map_err(|error| self.failed(error))
    }

    /// A whole object, as it comes.
    pub(crate) async fn stream(
        &self,
        name: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, ObjectError> {
        let found = self
            .objects
            .get(&self.path(name))
            .await
            .map_err(|error| self.failed(error))?;
        let words = self.words();
        Ok(found
            .into_stream()
            .map_err(move |error| Error::Unavailable(words(&error)))
            .boxed())
    }

    /// Writes an object whole.
    pub(super) async fn put(&self, name: &str, content: PutPayload) -> Result<(), ObjectError> {
        self.objects
            .put(&self.path(name), content)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Begins to write an object in parts.
    pub(super) async fn begin(&self, name: &str) -> Result<Begun, ObjectError> {
        let path = self.path(name);
        match &self.kind {
            Kind::Folder(_) => Ok(Begun {
                upload: self
                    .objects
                    .put_multipart(&path)
                    .await
                    .map_err(|error| self.failed(error))?,
                id: None,
            }),
            Kind::Bucket { bucket, .. } => {
                let id = bucket
                    .create_multipart(&path)
                    .await
                    .map_err(|error| self.failed(error))?;
                Ok(Begun {
                    upload: Box::new(BucketUpload::new(bucket.clone(), path, id.clone())),
                    id: Some(id),
                })
            }
        }
    }

    /// Deletes an object and what was written of it; one that is not there is fine.
    pub(crate) async fn delete(&self, name: &str, upload: Option<&str>) -> Result<(), ObjectError> {
        let path = self.path(name);
        match &self.kind {
            Kind::Folder(folder) => {
                // Where the library writes before an object gets its name; what a crash left.
                match std::fs::remove_file(folder.join(format!("{name}#1"))) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(ObjectError::Unavailable(error.to_string()));
                    }
                    _ => {}
                }
            }
            Kind::Bucket { bucket, .. } => {
                if let Some(id) = upload {
                    match bucket.abort_multipart(&path, &id.to_owned()).await {
                        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                        Err(
                            refused @ (object_store::Error::PermissionDenied { .. }
                            | object_store::Error::Unauthenticated { .. }),
                        ) => {
                            let reason = self.words()(&refused);
                            tracing::warn!(%reason, name, "the parts of an upload that broke off could not be deleted; a lifecycle rule of the bucket removes such");
                        }
                        Err(error) => return Err(self.failed(error)),
                    }
                }
            }
        }
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn path(&self, name: &str) -> Path {
        match &self.kind {
            Kind::Folder(_) => Path::from(name),
            Kind::Bucket { place, .. } => Path::from(format!("{}/{name}", place.prefix)),
        }
    }

    pub(super) fn failed(&self, error: object_store::Error) -> ObjectError {
        match error {
            object_store::Error::NotFound { .. } => ObjectError::Missing,
            other => ObjectError::Unavailable(self.words()(&other)),
        }
    }

    /// Makes words of an error.
    fn words(&self) -> impl Fn(&object_store::Error) -> String + Send + 'static {
        let place = match &self.kind {
            Kind::Folder(_) => None,
            Kind::Bucket { place, .. } => Some(place.clone()),
        };
        move |error| match &place {
            None => error.to_string(),
            Some(place) => match error {
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. } => format!(
                    "{place} refuses this access key: check the keys and what they may do: {}",
                    place.without_secrets(error)
                ),
                _ => format!("{place}: {}", place.without_secrets(error)),
            },
        }
    }
}

impl std::fmt::Display for BlobFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Kind::Bucket { place, .. } => write!(f, "{place}"),
        }
    }
}

/// A name that no object ever had. In folders of a few hundred, because some file systems are slow with larger ones.
pub(super) fn new_name() -> Result<String, Error> {
    let name = hex::encode(random::bytes::<20>()?);
    let (folder, rest) = name.split_at_checked(2).unwrap_or(("", &name));
    Ok(format!("objects/{folder}/{rest}"))
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing => Self::Corrupt("a blob's content is missing".to_owned()),
            ObjectError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

impl From<ObjectError> for BlobError {
    fn from(error: ObjectError) -> Self {
        Error::from(error).into()
    }
}
