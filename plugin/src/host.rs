//! The core's traits over the contract's imports. Imports are ordinary calls, whose futures are ready at once; requests and
//! batches of rows are what other work may overlap.

use std::time::{SystemTime, UNIX_EPOCH};

use email_manager_core::platform as core;
use wstd::runtime::AsyncPollable;

use crate::bindings::platform::host::{blobs, jobs, locks, log, routing, secrets, storage, users};

/// The host that this component runs in.
pub(crate) struct Host;

fn value(value: core::Value) -> storage::Value {
    match value {
        core::Value::Null => storage::Value::Null,
        core::Value::Boolean(value) => storage::Value::Boolean(value),
        core::Value::Integer(value) => storage::Value::Integer(value),
        core::Value::Float(value) => storage::Value::Float(value),
        core::Value::Text(value) => storage::Value::Text(value),
        core::Value::Bytes(value) => storage::Value::Bytes(value),
        core::Value::Json(value) => storage::Value::Json(value),
        core::Value::Time(value) => storage::Value::Time(value),
        core::Value::Blob(value) => storage::Value::Blob(value),
    }
}

fn known(value: storage::Value) -> core::Value {
    match value {
        storage::Value::Null => core::Value::Null,
        storage::Value::Boolean(value) => core::Value::Boolean(value),
        storage::Value::Integer(value) => core::Value::Integer(value),
        storage::Value::Float(value) => core::Value::Float(value),
        storage::Value::Text(value) => core::Value::Text(value),
        storage::Value::Bytes(value) => core::Value::Bytes(value),
        storage::Value::Json(value) => core::Value::Json(value),
        storage::Value::Time(value) => core::Value::Time(value),
        storage::Value::Blob(value) => core::Value::Blob(value),
    }
}

fn values(list: Vec<core::Value>) -> Vec<storage::Value> {
    list.into_iter().map(value).collect()
}

fn names(list: &[&'static str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn kind(kind: core::Kind) -> storage::Kind {
    match kind {
        core::Kind::Boolean => storage::Kind::Boolean,
        core::Kind::Integer => storage::Kind::Integer,
        core::Kind::Float => storage::Kind::Float,
        core::Kind::Text => storage::Kind::Text,
        core::Kind::Bytes => storage::Kind::Bytes,
        core::Kind::Json => storage::Kind::Json,
        core::Kind::Time => storage::Kind::Time,
        core::Kind::Blob => storage::Kind::Blob,
    }
}

fn operator(operator: core::Operator) -> storage::Operator {
    match operator {
        core::Operator::Equal => storage::Operator::Equal,
        core::Operator::Less => storage::Operator::Less,
        core::Operator::LessOrEqual => storage::Operator::LessOrEqual,
        core::Operator::Greater => storage::Operator::Greater,
        core::Operator::GreaterOrEqual => storage::Operator::GreaterOrEqual,
        core::Operator::OneOf => storage::Operator::OneOf,
        core::Operator::StartsWith => storage::Operator::StartsWith,
        core::Operator::IsNull => storage::Operator::IsNull,
        core::Operator::Matches => storage::Operator::Matches,
    }
}

fn filter(filter: core::Filter) -> storage::Filter {
    let condition = |condition: core::Condition| storage::Condition {
        field: condition.field.to_owned(),
        operator: operator(condition.operator),
        operands: values(condition.operands),
        negated: condition.negated,
    };
    filter
        .into_iter()
        .map(|clause| clause.into_iter().map(condition).collect())
        .collect()
}

fn job(job: core::Job) -> jobs::Job {
    jobs::Job {
        kind: job.kind,
        key: job.key,
        payload: job.payload,
        run_at: job.run_at,
        priority: match job.priority {
            core::Priority::Interactive => jobs::Priority::Interactive,
            core::Priority::Normal => jobs::Priority::Normal,
            core::Priority::Background => jobs::Priority::Background,
        },
    }
}

fn write(write: core::Write) -> storage::Write {
    match write {
        core::Write::Put {
            collection,
            fields,
            values: rows,
        } => storage::Write::Put(storage::Put {
            collection: collection.to_owned(),
            rows: storage::Rows {
                fields: names(&fields),
                values: rows.into_iter().map(values).collect(),
            },
        }),
        core::Write::Patch {
            collection,
            filter: which,
            fields,
            values: new,
        } => storage::Write::Patch(storage::Patch {
            collection: collection.to_owned(),
            filter: filter(which),
            fields: names(&fields),
            values: values(new),
        }),
        core::Write::Add {
            collection,
            key,
            field,
            amount,
        } => storage::Write::Add(storage::Add {
            collection: collection.to_owned(),
            key: values(key),
            field: field.to_owned(),
            amount,
        }),
        core::Write::Delete {
            collection,
            filter: which,
        } => storage::Write::Delete(storage::Delete {
            collection: collection.to_owned(),
            filter: filter(which),
        }),
        core::Write::Require {
            collection,
            filter: which,
            count,
        } => storage::Write::Require(storage::Require {
            collection: collection.to_owned(),
            filter: filter(which),
            count,
        }),
        core::Write::Enqueue(new) => storage::Write::Enqueue(job(new)),
        core::Write::Publish {
            topic,
            user,
            payload,
        } => storage::Write::Publish(storage::Publish {
            topic: topic.to_owned(),
            user,
            payload,
        }),
    }
}

fn rows(rows: storage::Rows) -> core::Rows {
    core::Rows {
        fields: rows.fields,
        values: rows
            .values
            .into_iter()
            .map(|row| row.into_iter().map(known).collect())
            .collect(),
    }
}

fn fault(error: storage::Error) -> core::StoreError {
    match error {
        storage::Error::UnknownCollection(name) => core::StoreError::UnknownCollection(name),
        storage::Error::Invalid((what, why)) => core::StoreError::Invalid(what, why),
        storage::Error::Conflict(what) => core::StoreError::Conflict(what),
        storage::Error::Fenced => core::StoreError::Fenced,
        storage::Error::QuotaExceeded => core::StoreError::QuotaExceeded,
        storage::Error::Unavailable(why) => core::StoreError::Unavailable(why),
        storage::Error::Other(why) => core::StoreError::Other(why),
    }
}

impl core::Store for Host {
    async fn define(&self, collection: &core::Collection) -> Result<(), core::StoreError> {
        let field = |field: &core::Field| storage::Field {
            name: field.name.to_owned(),
            kind: kind(field.kind),
            required: field.required,
        };
        let index = |index: &core::Index| storage::Index {
            fields: names(index.fields),
            unique: index.unique,
        };
        let full_text = collection.full_text.as_ref().map(|text| storage::FullText {
            fields: names(text.fields),
            scope: text.scope.to_owned(),
        });
        storage::define(&storage::Collection {
            name: collection.name.to_owned(),
            fields: collection.fields.iter().map(field).collect(),
            key: names(collection.key),
            indexes: collection.indexes.iter().map(index).collect(),
            full_text,
        })
        .map_err(fault)
    }

    async fn apply(&self, writes: Vec<core::Write>) -> Result<(), core::StoreError> {
        let writes: Vec<storage::Write> = writes.into_iter().map(write).collect();
        let submission = storage::submit(&writes);
        drop(writes);
        let ready = AsyncPollable::new(submission.subscribe());
        loop {
            ready.wait_for().await;
            if let Some(answer) = submission.take() {
                return answer.map_err(fault);
            }
        }
    }

    async fn find(&self, query: core::Query) -> Result<core::Page, core::StoreError> {
        let order = |order: core::Order| storage::Order {
            field: order.field.to_owned(),
            direction: if order.descending {
                storage::Direction::Descending
            } else {
                storage::Direction::Ascending
            },
        };
        let page = storage::find(&storage::Query {
            collection: query.collection.to_owned(),
            filter: filter(query.filter),
            order: query.order.into_iter().map(order).collect(),
            fields: names(&query.fields),
            limit: query.limit,
            cursor: query.cursor,
        })
        .map_err(fault)?;
        Ok(core::Page {
            rows: rows(page.rows),
            next: page.next,
        })
    }

    async fn get_many(
        &self,
        collection: &'static str,
        keys: Vec<Vec<core::Value>>,
        fields: Vec<&'static str>,
    ) -> Result<core::Rows, core::StoreError> {
        let keys: Vec<Vec<storage::Value>> = keys.into_iter().map(values).collect();
        storage::get_many(collection, &keys, &names(&fields))
            .map(rows)
            .map_err(fault)
    }

    async fn count(
        &self,
        collection: &'static str,
        which: core::Filter,
        group_by: Vec<&'static str>,
    ) -> Result<Vec<(Vec<core::Value>, u64)>, core::StoreError> {
        let counts =
            storage::count(collection, &filter(which), &names(&group_by)).map_err(fault)?;
        Ok(counts
            .into_iter()
            .map(|(group, count)| (group.into_iter().map(known).collect(), count))
            .collect())
    }

    async fn cancel_job(&self, kind: &str, key: &str) -> Result<(), core::StoreError> {
        jobs::cancel(kind, key).map_err(|error| match error {
            jobs::Error::Unavailable(why) => core::StoreError::Unavailable(why),
            jobs::Error::Other(why) => core::StoreError::Other(why),
        })
    }
}

fn blob_fault(error: blobs::Error) -> core::BlobError {
    match error {
        blobs::Error::NotFound => core::BlobError::NotFound,
        blobs::Error::QuotaExceeded => core::BlobError::QuotaExceeded,
        blobs::Error::Conflict(offset) => core::BlobError::Conflict(offset),
        blobs::Error::Unavailable(why) => core::BlobError::Unavailable(why),
        blobs::Error::Other(why) => core::BlobError::Other(why),
    }
}

impl core::Blobs for Host {
    async fn create(&self) -> Result<String, core::BlobError> {
        blobs::create().map_err(blob_fault)
    }

    async fn append(
        &self,
        upload: &str,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<u64, core::BlobError> {
        blobs::append(upload, offset, &chunk).map_err(blob_fault)
    }

    async fn finish(&self, upload: &str) -> Result<String, core::BlobError> {
        blobs::finish(upload).map_err(blob_fault)
    }

    async fn size(&self, blob: &str) -> Result<u64, core::BlobError> {
        blobs::size(blob).map_err(blob_fault)
    }

    async fn read(&self, blob: &str, offset: u64, length: u32) -> Result<Vec<u8>, core::BlobError> {
        blobs::read(blob, offset, length).map_err(blob_fault)
    }
}

fn secret_fault(error: secrets::Error) -> core::StoreError {
    match error {
        secrets::Error::Unavailable(why) => core::StoreError::Unavailable(why),
        secrets::Error::Other(why) => core::StoreError::Other(why),
    }
}

impl core::Secrets for Host {
    async fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, core::StoreError> {
        secrets::get(name).map_err(secret_fault)
    }

    async fn put_secret(&self, name: &str, value: &[u8]) -> Result<(), core::StoreError> {
        secrets::put(name, value).map_err(secret_fault)
    }

    async fn delete_secret(&self, name: &str) -> Result<(), core::StoreError> {
        secrets::delete(name).map_err(secret_fault)
    }
}

impl core::Locks for Host {
    type Guard = locks::Guard;

    async fn acquire(&self, name: &str, hold_ms: u32, wait_ms: u32) -> Option<locks::Guard> {
        locks::acquire(name, hold_ms, wait_ms)
    }
}

impl core::Http for Host {
    async fn send(&self, request: core::Request) -> Result<core::Response, core::HttpError> {
        crate::http::send(request).await
    }

    async fn send_alone(&self, request: core::Request) -> Result<core::Response, core::HttpError> {
        crate::http::send_alone(request)
    }
}

impl core::Clock for Host {
    fn now(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl core::Random for Host {
    #[expect(
        clippy::panic,
        reason = "without randomness no token may be made; the host always grants it"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            panic!("no randomness: {error}");
        }
    }
}

fn route(result: Result<(), routing::Error>) -> Result<(), String> {
    result.map_err(|error| match error {
        routing::Error::Taken(plugin) => format!("the plugin {plugin} has this path"),
        routing::Error::NotGranted(path) => format!("{path} is not granted"),
        routing::Error::Other(why) => why,
    })
}

impl core::Routing for Host {
    fn register_oauth_callback(&self, path: &str) -> Result<(), String> {
        route(routing::register(path, &routing::Target::OauthCallback))
    }

    fn register_webhook(&self, name: &str) -> Result<(), String> {
        route(routing::register(
            name,
            &routing::Target::Webhook(name.to_owned()),
        ))
    }

    fn public_origin(&self) -> String {
        routing::public_origin()
    }

    fn redirect_uri(&self) -> Option<String> {
        routing::redirect_uri()
    }
}

impl core::Users for Host {
    fn user(&self, id: &str) -> Option<core::User> {
        users::get(id).map(|user| core::User {
            id: user.id,
            name: user.name,
            email: user.email,
            locale: user.locale,
        })
    }
}

impl core::Log for Host {
    fn log(&self, level: core::Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            core::Level::Debug => log::Level::Debug,
            core::Level::Info => log::Level::Info,
            core::Level::Warn => log::Level::Warn,
            core::Level::Error => log::Level::Error,
        };
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        log::write(level, message, &fields);
    }
}
