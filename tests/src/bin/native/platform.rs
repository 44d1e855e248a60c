//! What the plugin's logic asks of its host, answered by the store itself, as far as reading asks for anything.

use std::time::{SystemTime, UNIX_EPOCH};

use email_manager_core::platform as core;
use host_store as store;

/// Whose rows they are.
const PLUGIN: &str = "email-manager";

/// The rows of the Email manager in a store.
pub(crate) struct Stored(pub(crate) store::Store);

fn value(value: core::Value) -> store::Value {
    match value {
        core::Value::Null => store::Value::Null,
        core::Value::Boolean(value) => store::Value::Boolean(value),
        core::Value::Integer(value) => store::Value::Integer(value),
        core::Value::Float(value) => store::Value::Float(value),
        core::Value::Text(value) => store::Value::Text(value),
        core::Value::Bytes(value) => store::Value::Bytes(value),
        core::Value::Json(value) => store::Value::Json(value),
        core::Value::Time(value) => store::Value::Time(value),
        core::Value::Blob(value) => store::Value::Blob(value),
    }
}

fn known(value: store::Value) -> core::Value {
    match value {
        store::Value::Null => core::Value::Null,
        store::Value::Boolean(value) => core::Value::Boolean(value),
        store::Value::Integer(value) => core::Value::Integer(value),
        store::Value::Float(value) => core::Value::Float(value),
        store::Value::Text(value) => core::Value::Text(value),
        store::Value::Bytes(value) => core::Value::Bytes(value),
        store::Value::Json(value) => core::Value::Json(value),
        store::Value::Time(value) => core::Value::Time(value),
        store::Value::Blob(value) => core::Value::Blob(value),
    }
}

fn operator(operator: core::Operator) -> store::Operator {
    match operator {
        core::Operator::Equal => store::Operator::Equal,
        core::Operator::Less => store::Operator::Less,
        core::Operator::LessOrEqual => store::Operator::LessOrEqual,
        core::Operator::Greater => store::Operator::Greater,
        core::Operator::GreaterOrEqual => store::Operator::GreaterOrEqual,
        core::Operator::OneOf => store::Operator::OneOf,
        core::Operator::StartsWith => store::Operator::StartsWith,
        core::Operator::IsNull => store::Operator::IsNull,
        core::Operator::Matches => store::Operator::Matches,
    }
}

fn filter(filter: core::Filter) -> store::Filter {
    let condition = |condition: core::Condition| store::Condition {
        field: condition.field.to_owned(),
        operator: operator(condition.operator),
        operands: condition.operands.into_iter().map(value).collect(),
        negated: condition.negated,
    };
    filter
        .into_iter()
        .map(|clause| clause.into_iter().map(condition).collect())
        .collect()
}

fn names(list: Vec<&'static str>) -> Vec<String> {
    list.into_iter().map(str::to_owned).collect()
}

fn rows(rows: store::Rows) -> core::Rows {
    let row = |row: Vec<store::Value>| row.into_iter().map(known).collect();
    core::Rows {
        fields: rows.fields,
        values: rows.values.into_iter().map(row).collect(),
    }
}

fn failed(error: store::StorageError) -> core::StoreError {
    core::StoreError::Other(error.to_string())
}

/// Nothing that reading asks for.
fn nothing() -> core::StoreError {
    core::StoreError::Unavailable("this only reads".to_owned())
}

impl core::Store for Stored {
    async fn define(&self, _: &core::Collection) -> Result<(), core::StoreError> {
        Err(nothing())
    }

    async fn apply(&self, _: Vec<core::Write>) -> Result<(), core::StoreError> {
        Err(nothing())
    }

    async fn find(&self, query: core::Query) -> Result<core::Page, core::StoreError> {
        let order = |order: core::Order| store::Order {
            field: order.field.to_owned(),
            descending: order.descending,
        };
        let query = store::Query {
            collection: query.collection.to_owned(),
            filter: filter(query.filter),
            order: query.order.into_iter().map(order).collect(),
            fields: names(query.fields),
            limit: query.limit,
            cursor: query.cursor,
        };
        let page = self.0.collections().find(PLUGIN, &query).await;
        let page = page.map_err(failed)?;
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
        let keys: Vec<Vec<store::Value>> = keys
            .into_iter()
            .map(|key| key.into_iter().map(value).collect())
            .collect();
        let (collections, fields) = (self.0.collections(), names(fields));
        let found = collections.get_many(PLUGIN, collection, &keys, &fields);
        found.await.map(rows).map_err(failed)
    }

    async fn count(
        &self,
        collection: &'static str,
        which: core::Filter,
        group_by: Vec<&'static str>,
    ) -> Result<Vec<(Vec<core::Value>, u64)>, core::StoreError> {
        let collections = self.0.collections();
        let (which, group_by) = (filter(which), names(group_by));
        let counts = collections.count(PLUGIN, collection, &which, &group_by);
        let group = |(group, count): (Vec<store::Value>, u64)| {
            (group.into_iter().map(known).collect(), count)
        };
        let counts = counts.await.map_err(failed)?;
        Ok(counts.into_iter().map(group).collect())
    }

    async fn cancel_job(&self, _: &str, _: &str) -> Result<(), core::StoreError> {
        Err(nothing())
    }
}

fn no_blobs<T>() -> Result<T, core::BlobError> {
    Err(core::BlobError::NotFound)
}

impl core::Blobs for Stored {
    async fn create(&self) -> Result<String, core::BlobError> {
        no_blobs()
    }

    async fn append(&self, _: &str, _: u64, _: Vec<u8>) -> Result<u64, core::BlobError> {
        no_blobs()
    }

    async fn finish(&self, _: &str) -> Result<String, core::BlobError> {
        no_blobs()
    }

    async fn size(&self, _: &str) -> Result<u64, core::BlobError> {
        no_blobs()
    }

    async fn read(&self, _: &str, _: u64, _: u32) -> Result<Vec<u8>, core::BlobError> {
        no_blobs()
    }
}

impl core::Secrets for Stored {
    async fn get_secret(&self, _: &str) -> Result<Option<Vec<u8>>, core::StoreError> {
        Ok(None)
    }

    async fn put_secret(&self, _: &str, _: &[u8]) -> Result<(), core::StoreError> {
        Err(nothing())
    }

    async fn delete_secret(&self, _: &str) -> Result<(), core::StoreError> {
        Err(nothing())
    }
}

impl core::Locks for Stored {
    type Guard = ();

    async fn acquire(&self, _: &str, _: u32, _: u32) -> Option<()> {
        None
    }
}

impl core::Http for Stored {
    async fn send(&self, request: core::Request) -> Result<core::Response, core::HttpError> {
        Err(core::HttpError::Denied(request.uri().to_string()))
    }

    async fn send_alone(&self, request: core::Request) -> Result<core::Response, core::HttpError> {
        Err(core::HttpError::Denied(request.uri().to_string()))
    }
}

impl core::Clock for Stored {
    fn now(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl core::Random for Stored {
    fn fill(&self, buffer: &mut [u8]) {
        rand::fill(buffer);
    }
}

impl core::Routing for Stored {
    fn register_oauth_callback(&self, path: &str) -> Result<(), String> {
        Err(path.to_owned())
    }

    fn register_webhook(&self, name: &str) -> Result<(), String> {
        Err(name.to_owned())
    }

    fn public_origin(&self) -> String {
        String::new()
    }

    fn redirect_uri(&self) -> Option<String> {
        None
    }
}

impl core::Users for Stored {
    fn user(&self, _: &str) -> Option<core::User> {
        None
    }
}

impl core::Log for Stored {
    fn log(&self, _: core::Level, _: &str, _: &[(&str, &str)]) {}
}
