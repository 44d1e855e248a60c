//! Errors, named by what the caller can do about them.

/// Why something that the host itself remembers could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Something else has this name, address or place.
    #[error("{0}")]
    Conflict(String),
    /// What was given can't be kept: field and reason.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    /// Another process uses this data folder.
    #[error("{0}")]
    InUse(String),
    /// Rows of another database are being moved here, or were and not all of them came: move them again.
    #[error("{0}")]
    Unfinished(String),
    /// A fault that may pass; nothing was changed.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// What is stored does not fit together: a key is missing, a record was changed from outside.
    #[error("{0}")]
    Corrupt(String),
}

/// Why a plugin's storage call was not carried out; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// Define it first.
    #[error("unknown collection {0}")]
    UnknownCollection(String),
    /// Collection or field, and what is wrong with it.
    #[error("{0}: {1}")]
    Invalid(String, String),
    /// A `require` did not hold, or a unique index would be violated.
    #[error("{0}")]
    Conflict(String),
    /// The lease or lock of this call has lapsed.
    #[error("the job lease or lock of this call has lapsed")]
    Fenced,
    /// The granted storage is used up.
    #[error("the granted storage is used up")]
    QuotaExceeded,
    /// Retry later.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl StorageError {
    pub(crate) fn invalid(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(subject.into(), reason.into())
    }
}

/// Why a blob could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// No such blob or upload, or not the caller's: the two can't be told apart.
    #[error("no such blob or upload")]
    NotFound,
    /// The granted storage is used up.
    #[error("the granted storage is used up")]
    QuotaExceeded,
    /// The offset that is expected next.
    #[error("offset {0} is expected")]
    Conflict(u64),
    /// Retry later.
    #[error("blobs are unavailable: {0}")]
    Unavailable(String),
    /// Anything else, such as a chunk that is too large.
    #[error("{0}")]
    Other(String),
}

impl From<Error> for StorageError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(reason) => Self::Unavailable(reason),
            Error::Conflict(reason) => Self::Conflict(reason),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Error> for BlobError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::NotFound,
            Error::Unavailable(reason) => Self::Unavailable(reason),
            other => Self::Other(other.to_string()),
        }
    }
}
