//! The contract's types as the store's and back. Strings and bytes are moved, never copied.

use host_store as store;

use crate::bindings::host::jobs::{Job, Priority};
use crate::bindings::host::storage as wit;

fn value(value: wit::Value) -> store::Value {
    match value {
        wit::Value::Null => store::Value::Null,
        wit::Value::Boolean(v) => store::Value::Boolean(v),
        wit::Value::Integer(v) => store::Value::Integer(v),
        wit::Value::Float(v) => store::Value::Float(v),
        wit::Value::Text(v) => store::Value::Text(v),
        wit::Value::Bytes(v) => store::Value::Bytes(v),
        wit::Value::Json(v) => store::Value::Json(v),
        wit::Value::Time(v) => store::Value::Time(v),
        wit::Value::Blob(v) => store::Value::Blob(v),
    }
}

fn value_back(value: store::Value) -> wit::Value {
    match value {
        store::Value::Null => wit::Value::Null,
        store::Value::Boolean(v) => wit::Value::Boolean(v),
        store::Value::Integer(v) => wit::Value::Integer(v),
        store::Value::Float(v) => wit::Value::Float(v),
        store::Value::Text(v) => wit::Value::Text(v),
        store::Value::Bytes(v) => wit::Value::Bytes(v),
        store::Value::Json(v) => wit::Value::Json(v),
        store::Value::Time(v) => wit::Value::Time(v),
        store::Value::Blob(v) => wit::Value::Blob(v),
    }
}

pub(super) fn values(values: Vec<wit::Value>) -> Vec<store::Value> {
    values.into_iter().map(value).collect()
}

pub(super) fn values_back(values: Vec<store::Value>) -> Vec<wit::Value> {
    values.into_iter().map(value_back).collect()
}

fn rows(rows: wit::Rows) -> store::Rows {
    store::Rows {
        fields: rows.fields,
        values: rows.values.into_iter().map(values).collect(),
    }
}

pub(super) fn rows_back(rows: store::Rows) -> wit::Rows {
    wit::Rows {
        fields: rows.fields,
        values: rows.values.into_iter().map(values_back).collect(),
    }
}

fn kind(kind: wit::Kind) -> store::Kind {
    match kind {
        wit::Kind::Boolean => store::Kind::Boolean,
        wit::Kind::Integer => store::Kind::Integer,
        wit::Kind::Float => store::Kind::Float,
        wit::Kind::Text => store::Kind::Text,
        wit::Kind::Bytes => store::Kind::Bytes,
        wit::Kind::Json => store::Kind::Json,
        wit::Kind::Time => store::Kind::Time,
        wit::Kind::Blob => store::Kind::Blob,
    }
}

pub(super) fn collection(c: wit::Collection) -> store::Collection {
    store::Collection {
        name: c.name,
        fields: c
            .fields
            .into_iter()
            .map(|f| store::Field {
                name: f.name,
                kind: kind(f.kind),
                required: f.required,
            })
            .collect(),
        key: c.key,
        indexes: c
            .indexes
            .into_iter()
            .map(|i| store::Index {
                fields: i.fields,
                unique: i.unique,
            })
            .collect(),
        full_text: c.full_text.map(|f| store::FullText {
            fields: f.fields,
            scope: f.scope,
        }),
    }
}

fn operator(operator: wit::Operator) -> store::Operator {
    match operator {
        wit::Operator::Equal => store::Operator::Equal,
        wit::Operator::Less => store::Operator::Less,
        wit::Operator::LessOrEqual => store::Operator::LessOrEqual,
        wit::Operator::Greater => store::Operator::Greater,
        wit::Operator::GreaterOrEqual => store::Operator::GreaterOrEqual,
        wit::Operator::OneOf => store::Operator::OneOf,
        wit::Operator::StartsWith => store::Operator::StartsWith,
        wit::Operator::IsNull => store::Operator::IsNull,
        wit::Operator::Matches => store::Operator::Matches,
    }
}

pub(super) fn filter(filter: wit::Filter) -> store::Filter {
    let condition = |c: wit::Condition| store::Condition {
        field: c.field,
        operator: operator(c.operator),
        operands: values(c.operands),
        negated: c.negated,
    };
    filter
        .into_iter()
        .map(|clause| clause.into_iter().map(condition).collect())
        .collect()
}

pub(super) fn query(query: wit::Query) -> store::Query {
    store::Query {
        collection: query.collection,
        filter: filter(query.filter),
        order: query
            .order
            .into_iter()
            .map(|o| store::Order {
                field: o.field,
                descending: o.direction == wit::Direction::Descending,
            })
            .collect(),
        fields: query.fields,
        limit: query.limit,
        cursor: query.cursor,
    }
}

pub(super) fn write(write: wit::Write) -> store::Write {
    match write {
        wit::Write::Put(w) => store::Write::Put {
            collection: w.collection,
            rows: rows(w.rows),
        },
        wit::Write::Patch(w) => store::Write::Patch {
            collection: w.collection,
            filter: filter(w.filter),
            fields: w.fields,
            values: values(w.values),
        },
        wit::Write::Add(w) => store::Write::Add {
            collection: w.collection,
            key: values(w.key),
            field: w.field,
            amount: w.amount,
        },
        wit::Write::Delete(w) => store::Write::Delete {
            collection: w.collection,
            filter: filter(w.filter),
        },
        wit::Write::Require(w) => store::Write::Require {
            collection: w.collection,
            filter: filter(w.filter),
            count: w.count,
        },
        wit::Write::Enqueue(job) => store::Write::Enqueue(new_job(job)),
        wit::Write::Publish(w) => store::Write::Publish {
            topic: w.topic,
            user: w.user,
            payload: w.payload,
        },
    }
}

fn new_job(job: Job) -> store::NewJob {
    store::NewJob {
        kind: job.kind,
        key: job.key,
        payload: job.payload,
        run_at: job.run_at,
        priority: match job.priority {
            Priority::Interactive => store::Priority::Interactive,
            Priority::Normal => store::Priority::Normal,
            Priority::Background => store::Priority::Background,
        },
    }
}

pub(super) fn error(error: store::StorageError) -> wit::Error {
    match error {
        store::StorageError::UnknownCollection(name) => wit::Error::UnknownCollection(name),
        store::StorageError::Invalid(subject, reason) => wit::Error::Invalid((subject, reason)),
        store::StorageError::Conflict(reason) => wit::Error::Conflict(reason),
        store::StorageError::Fenced => wit::Error::Fenced,
        store::StorageError::QuotaExceeded => wit::Error::QuotaExceeded,
        store::StorageError::Unavailable(reason) => wit::Error::Unavailable(reason),
        store::StorageError::Other(reason) => wit::Error::Other(reason),
    }
}

/// What a batch does, for a trace: how many writes of what, and no contents.
pub(super) fn summary(writes: &[wit::Write]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for write in writes.iter().take(20) {
        parts.push(match write {
            wit::Write::Put(w) => format!("put {} × {}", w.collection, w.rows.values.len()),
            wit::Write::Patch(w) => format!("patch {}", w.collection),
            wit::Write::Add(w) => format!("add {}.{}", w.collection, w.field),
            wit::Write::Delete(w) => format!("delete {}", w.collection),
            wit::Write::Require(w) => format!("require {} = {}", w.collection, w.count),
            wit::Write::Enqueue(job) => format!("enqueue {}", job.kind),
            wit::Write::Publish(w) => format!("publish {}", w.topic),
        });
    }
    if writes.len() > 20 {
        parts.push(format!("and {} more", writes.len() - 20));
    }
    parts.join(", ")
}
