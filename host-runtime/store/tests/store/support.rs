//! A store in a fresh folder on a test clock, on the engine of the module that this is part of, and short names for what tests write down often.

#![allow(
    dead_code,
    reason = "is part of two modules, of which each uses its part"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use host_store::*;

use super::ENGINE;
use crate::bucket::{Bucket, files};
use crate::engine::{Engine, TestDatabase};

/// When tests begin: 2026-01-01.
pub(crate) const START: u64 = 1_767_225_600_000;

pub(crate) const PLUGIN: &str = "test-plugin";

/// Where blobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    InFolder,
    InBucket,
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: TestClock,
    pub(crate) folder: tempfile::TempDir,
    /// If blobs are in one.
    pub(crate) bucket: Option<Bucket>,
    /// Goes last: the store uses it.
    pub(crate) database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Kept::InFolder).await
    }

    pub(crate) async fn with(kept: Kept) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(START);
        let bucket = match kept {
            Kept::InFolder => None,
            Kept::InBucket => Some(Bucket::start().await),
        };
        let database = TestDatabase::new(ENGINE).await;
        let options = Options::new(Arc::new(clock.clone()), Purpose::Serve)
            .database(&database.database)
            .blobs(&place(bucket.as_ref()));
        let store = Store::open_with(folder.path(), options).await.unwrap();
        Self {
            store,
            clock,
            folder,
            bucket,
            database,
        }
    }

    /// How the store is opened.
    pub(crate) fn options(&self, purpose: Purpose) -> Options {
        Options::new(Arc::new(self.clock.clone()), purpose)
            .database(&self.database.database)
            .blobs(&self.place())
    }

    /// Opens the same data once more.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<Store, Error> {
        Store::open_with(self.folder.path(), self.options(purpose)).await
    }

    /// The same store on another host.
    pub(crate) async fn another_host(&self) -> Store {
        self.open(Purpose::Tool).await.unwrap()
    }

    /// Where the blobs are.
    pub(crate) fn place(&self) -> BlobPlace {
        place(self.bucket.as_ref())
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        self.bucket.as_ref().unwrap()
    }

    /// Files of blobs, wherever they are, with what is being written.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        match &self.bucket {
            Some(bucket) => bucket.objects(),
            None => files(&self.folder.path().join("blobs")),
        }
    }

    /// After a crash: leases and locks of who is gone are free. At once where nobody else can hold them, or else when they lapse.
    pub(crate) fn let_lapse(&self, seconds: u64) {
        if ENGINE == Engine::Postgres {
            self.advance(seconds);
        }
    }

    /// As after a crash: nothing is closed in order.
    pub(crate) async fn reopen(self) -> Self {
        self.reopen_for(Purpose::Serve).await
    }

    /// … for something else.
    pub(crate) async fn reopen_for(self, purpose: Purpose) -> Self {
        let options = self.options(purpose);
        let Self {
            store,
            clock,
            folder,
            bucket,
            database,
        } = self;
        drop(store);
        // The operating system frees the lock when the last file handle goes, the server a little after the connection of who was alone; pools close
        // theirs in the background.
        for _ in 0..500 {
            match Store::open_with(folder.path(), options.clone()).await {
                Ok(store) => {
                    return Self {
                        store,
                        clock,
                        folder,
                        bucket,
                        database,
                    };
                }
                Err(Error::InUse(_) | Error::Unfinished(_)) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the store was not freed")
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn define(&self, collection: Collection) {
        self.store
            .collections()
            .define(PLUGIN, &collection)
            .await
            .unwrap();
    }

    pub(crate) async fn apply(&self, writes: Vec<Write>) -> Result<(), StorageError> {
        self.store.collections().apply(&caller(), writes).await
    }

    pub(crate) async fn put(&self, name: &str, fields: &[&str], rows: Vec<Vec<Value>>) {
        self.apply(vec![put(name, fields, rows)]).await.unwrap();
    }

    pub(crate) async fn find(&self, query: &Query) -> Result<Page, StorageError> {
        self.store.collections().find(PLUGIN, query).await
    }

    /// All pages of a query.
    pub(crate) async fn all(&self, query: &Query) -> Vec<Vec<Value>> {
        let mut query = query.clone();
        let mut rows = Vec::new();
        loop {
            let page = self.find(&query).await.unwrap();
            rows.extend(page.rows.values);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return rows,
            }
        }
    }

    /// The first column of all pages, as text.
    pub(crate) async fn texts(&self, query: &Query) -> Vec<String> {
        self.all(query)
            .await
            .into_iter()
            .map(|row| match &row[0] {
                Value::Text(text) => text.clone(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    pub(crate) async fn count(&self, name: &str, filter: Filter) -> u64 {
        self.store
            .collections()
            .count(PLUGIN, name, &filter, &[])
            .await
            .unwrap()[0]
            .1
    }

    /// A plugin whose jobs may run.
    pub(crate) async fn enable(&self, id: &str) {
        self.set_state(id, PluginState::Enabled).await;
    }

    pub(crate) async fn save_plugin(&self, record: &PluginRecord) -> Result<(), Error> {
        save(&self.store, record).await
    }

    pub(crate) async fn delete_data(&self, id: &str) {
        let plugins = self.store.plugins();
        let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
        plugins.delete_data(id, &turn).await.unwrap();
        turn.end().await;
    }

    pub(crate) async fn set_state(&self, id: &str, state: PluginState) {
        self.save_plugin(&plugin(id, state)).await.unwrap();
    }
}

pub(crate) fn plugin(id: &str, state: PluginState) -> PluginRecord {
    PluginRecord {
        id: id.to_owned(),
        version: "1.0.0".to_owned(),
        digest: String::new(),
        state,
        reason: None,
        manifest: serde_json::json!({}),
        grants: None,
        installed_version: None,
        pending: None,
        updated_at: 0,
    }
}

pub(crate) async fn save(store: &Store, record: &PluginRecord) -> Result<(), Error> {
    let plugins = store.plugins();
    let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
    let saved = plugins.save(record, &turn).await;
    turn.end().await;
    saved
}

fn place(bucket: Option<&Bucket>) -> BlobPlace {
    bucket.map_or(BlobPlace::Folder, Bucket::place)
}

/// Of a host on which all of them run.
pub(crate) fn every_plugin(_: &str) -> bool {
    true
}

pub(crate) fn caller() -> Caller {
    Caller {
        plugin: PLUGIN.to_owned(),
        ..Caller::default()
    }
}

pub(crate) fn caller_for(user: &str) -> Caller {
    Caller {
        plugin: PLUGIN.to_owned(),
        user: Some(user.to_owned()),
        fences: Vec::new(),
    }
}

pub(crate) fn fenced(fence: Fence) -> Caller {
    Caller {
        fences: vec![fence],
        ..caller()
    }
}

pub(crate) fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(crate) fn field(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        required: false,
    }
}

pub(crate) fn required(name: &str, kind: Kind) -> Field {
    Field {
        required: true,
        ..field(name, kind)
    }
}

pub(crate) fn index(fields: &[&str]) -> Index {
    Index {
        fields: strings(fields),
        unique: false,
    }
}

pub(crate) fn unique(fields: &[&str]) -> Index {
    Index {
        fields: strings(fields),
        unique: true,
    }
}

pub(crate) fn collection(
    name: &str,
    fields: Vec<Field>,
    key: &[&str],
    indexes: Vec<Index>,
) -> Collection {
    Collection {
        name: name.to_owned(),
        fields,
        key: strings(key),
        indexes,
        full_text: None,
    }
}

pub(crate) fn put(name: &str, fields: &[&str], rows: Vec<Vec<Value>>) -> Write {
    Write::Put {
        collection: name.to_owned(),
        rows: Rows {
            fields: strings(fields),
            values: rows,
        },
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn int(number: i64) -> Value {
    Value::Integer(number)
}

pub(crate) fn condition(field: &str, operator: Operator, operands: Vec<Value>) -> Condition {
    Condition {
        field: field.to_owned(),
        operator,
        operands,
        negated: false,
    }
}

pub(crate) fn not(condition: Condition) -> Condition {
    Condition {
        negated: !condition.negated,
        ..condition
    }
}

pub(crate) fn equal(field: &str, value: Value) -> Condition {
    condition(field, Operator::Equal, vec![value])
}

pub(crate) fn one_of(field: &str, values: Vec<Value>) -> Condition {
    condition(field, Operator::OneOf, values)
}

pub(crate) fn matches(scope: &str, words: &str) -> Condition {
    condition("", Operator::Matches, vec![text(scope), text(words)])
}

/// All of these.
pub(crate) fn all_of(conditions: Vec<Condition>) -> Filter {
    conditions
        .into_iter()
        .map(|condition| vec![condition])
        .collect()
}

pub(crate) fn ascending(field: &str) -> Order {
    Order {
        field: field.to_owned(),
        descending: false,
    }
}

pub(crate) fn descending(field: &str) -> Order {
    Order {
        field: field.to_owned(),
        descending: true,
    }
}

pub(crate) fn query(name: &str, filter: Filter, order: Vec<Order>, limit: u32) -> Query {
    Query {
        collection: name.to_owned(),
        filter,
        order,
        fields: Vec::new(),
        limit,
        cursor: None,
    }
}

pub(crate) fn new_job(kind: &str, key: &str) -> NewJob {
    NewJob {
        kind: kind.to_owned(),
        key: key.to_owned(),
        payload: Vec::new(),
        run_at: None,
        priority: Priority::Normal,
    }
}

/// Threads in folders, as mail would have them.
pub(crate) fn joins() -> Collection {
    collection(
        "joins",
        vec![
            required("folder", Kind::Text),
            required("thread", Kind::Text),
            required("account", Kind::Text),
            required("latest", Kind::Time),
            field("unread", Kind::Integer),
            field("snoozed", Kind::Time),
        ],
        &["folder", "thread"],
        vec![
            index(&["folder", "latest"]),
            index(&["account", "latest"]),
            index(&["account", "unread", "latest"]),
            index(&["account", "snoozed"]),
        ],
    )
}
