//! What the Email manager needs of the world, as small traits.
//!
//! The component implements them over the WIT imports (`plugin/src`), tests over memory (`testing`). Everything else in this crate
//! is generic over [`Platform`], so that the sync engine, the action queue and the outbox run natively, on a test clock, and can be
//! stopped at any await point.
//!
//! The shapes follow `wit/deps/platform-host`; the doc comments there say what a call means and when it may be repeated.

use std::future::{Future, poll_fn};
use std::task::Poll;

/// All of them. Implemented by whoever implements each.
pub trait Platform:
    Store + Blobs + Secrets + Locks + Http + Clock + Random + Routing + Users + Log
{
}

impl<T: Store + Blobs + Secrets + Locks + Http + Clock + Random + Routing + Users + Log> Platform
    for T
{
}

/// Lets what was begun go on, such as a request that is being sent, before something that takes a processor for a while.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What a field holds; see `storage.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Kind {
    Boolean,
    Integer,
    Float,
    Text,
    Bytes,
    Json,
    Time,
    Blob,
}

/// One field's content; see `storage.value`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Json(String),
    /// Milliseconds since the Unix epoch, UTC.
    Time(u64),
    Blob(String),
}

/// A field of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

/// A look-up path of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Index {
    pub fields: &'static [&'static str],
    pub unique: bool,
}

/// Full text over `fields`, kept apart by `scope`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct FullText {
    pub fields: &'static [&'static str],
    pub scope: &'static str,
}

/// A collection's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Collection {
    pub name: &'static str,
    pub fields: Vec<Field>,
    pub key: &'static [&'static str],
    pub indexes: Vec<Index>,
    pub full_text: Option<FullText>,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    OneOf,
    StartsWith,
    IsNull,
    /// Operands: scope, words.
    Matches,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Condition {
    pub field: &'static str,
    pub operator: Operator,
    pub operands: Vec<Value>,
    pub negated: bool,
}

/// All of clauses; a clause is any of conditions.
pub type Filter = Vec<Vec<Condition>>;

/// A field to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Order {
    pub field: &'static str,
    pub descending: bool,
}

/// A look-up; see `storage.query`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Query {
    pub collection: &'static str,
    pub filter: Filter,
    pub order: Vec<Order>,
    pub fields: Vec<&'static str>,
    pub limit: u32,
    pub cursor: Option<String>,
}

/// Field names once, then a list of values for each row.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Rows {
    pub fields: Vec<String>,
    pub values: Vec<Vec<Value>>,
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Page {
    pub rows: Rows,
    pub next: Option<String>,
}

/// Work to be done later; see `jobs.job`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Job {
    pub kind: String,
    pub key: String,
    pub payload: Vec<u8>,
    /// Milliseconds since the Unix epoch; none: now.
    pub run_at: Option<u64>,
    pub priority: Priority,
}

/// See `jobs.priority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Priority {
    Interactive,
    Normal,
    Background,
}

/// One write of a batch; see `storage.write`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Write {
    Put {
        collection: &'static str,
        fields: Vec<&'static str>,
        values: Vec<Vec<Value>>,
    },
    Patch {
        collection: &'static str,
        filter: Filter,
        fields: Vec<&'static str>,
        values: Vec<Value>,
    },
    Add {
        collection: &'static str,
        key: Vec<Value>,
        field: &'static str,
        amount: i64,
    },
    Delete {
        collection: &'static str,
        filter: Filter,
    },
    Require {
        collection: &'static str,
        filter: Filter,
        count: u64,
    },
    Enqueue(Job),
    Publish {
        topic: &'static str,
        user: Option<String>,
        payload: String,
    },
}

/// See `storage.error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum StoreError {
    #[error("unknown collection {0}")]
    UnknownCollection(String),
    #[error("{0}: {1}")]
    Invalid(String, String),
    #[error("conflict: {0}")]
    Conflict(String),
    #[error("the lease or lock of this call has lapsed")]
    Fenced,
    #[error("the granted storage is used up")]
    QuotaExceeded,
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Other(String),
}

/// Typed collections.
pub trait Store {
    /// Creates or extends a collection.
    fn define(&self, collection: &Collection) -> impl Future<Output = Result<(), StoreError>>;
    /// All writes or none.
    fn apply(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), StoreError>>;
    /// A page of matching rows.
    fn find(&self, query: Query) -> impl Future<Output = Result<Page, StoreError>>;
    /// Rows by key, in the order of the keys; missing ones are left out.
    fn get_many(
        &self,
        collection: &'static str,
        keys: Vec<Vec<Value>>,
        fields: Vec<&'static str>,
    ) -> impl Future<Output = Result<Rows, StoreError>>;
    /// Numbers of rows by the distinct values of `group_by`.
    fn count(
        &self,
        collection: &'static str,
        filter: Filter,
        group_by: Vec<&'static str>,
    ) -> impl Future<Output = Result<Vec<(Vec<Value>, u64)>, StoreError>>;
    /// Drops what waits under this kind and key.
    fn cancel_job(&self, kind: &str, key: &str) -> impl Future<Output = Result<(), StoreError>>;
}

/// See `blobs.error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum BlobError {
    #[error("no such blob or upload")]
    NotFound,
    #[error("the granted storage is used up")]
    QuotaExceeded,
    #[error("offset {0} is expected")]
    Conflict(u64),
    #[error("blobs are unavailable: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Other(String),
}

/// Bytes too large for a row.
pub trait Blobs {
    /// Begins an upload.
    fn create(&self) -> impl Future<Output = Result<String, BlobError>>;
    /// At most 1 MiB.
    fn append(
        &self,
        upload: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> impl Future<Output = Result<u64, BlobError>>;
    /// Answers what goes into [`Value::Blob`].
    fn finish(&self, upload: &str) -> impl Future<Output = Result<String, BlobError>>;
    /// Bytes in a blob.
    fn size(&self, blob: &str) -> impl Future<Output = Result<u64, BlobError>>;
    /// At most 1 MiB.
    fn read(
        &self,
        blob: &str,
        offset: u64,
        length: u32,
    ) -> impl Future<Output = Result<Vec<u8>, BlobError>>;
}

/// Small encrypted values by name.
pub trait Secrets {
    /// None if there is none.
    fn get_secret(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;
    /// Stored before it returns.
    fn put_secret(&self, name: &str, value: &[u8]) -> impl Future<Output = Result<(), StoreError>>;
    /// Idempotent.
    fn delete_secret(&self, name: &str) -> impl Future<Output = Result<(), StoreError>>;
}

/// Advisory locks across hosts.
pub trait Locks {
    /// Released when dropped.
    type Guard;
    /// None: somebody else still holds it after `wait_ms`.
    fn acquire(
        &self,
        name: &str,
        hold_ms: u32,
        wait_ms: u32,
    ) -> impl Future<Output = Option<Self::Guard>>;
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The administrator did not grant this origin, or the address behind it is not allowed.
    #[error("not allowed to reach {0}")]
    Denied(String),
    /// Nobody answered, or the connection broke before the answer was whole. The request may have been carried out.
    #[error("{0}")]
    Unreachable(String),
}

/// A request with its whole body.
pub type Request = http::Request<Vec<u8>>;
/// An answer with its whole body.
pub type Response = http::Response<Vec<u8>>;

/// Outbound HTTP.
pub trait Http {
    /// Many may be in flight at once.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>>;
    /// One at a time: OAuth and single calls.
    fn send_alone(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>>;
}

/// Time.
pub trait Clock {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> u64;
}

/// Randomness fit for secrets.
pub trait Random {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Addresses under which this plugin is reached.
pub trait Routing {
    /// The path of the redirect URI.
    fn register_oauth_callback(&self, path: &str) -> Result<(), String>;
    /// `POST /hooks/{plugin}/{name}`.
    fn register_webhook(&self, name: &str) -> Result<(), String>;
    /// Scheme, host and port, without a slash at the end.
    fn public_origin(&self) -> String;
    /// None before a callback path is registered.
    fn redirect_uri(&self) -> Option<String>;
}

/// A person of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct User {
    pub id: String,
    pub name: String,
    pub email: String,
    pub locale: String,
}

/// The people of the host.
pub trait Users {
    /// None: no such user (any more).
    fn user(&self, id: &str) -> Option<User>;
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// The host's log. Never secrets, never mail contents.
pub trait Log {
    /// `fields` are names and values to search by.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}
