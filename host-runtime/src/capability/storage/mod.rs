//! `platform:host/storage`: typed collections of rows, private to the plugin.
//!
//! The store does the work; here the contract's types are turned into its own and back ([`convert`]), by moving, and the caller
//! is added: whose namespace it is, and which job lease and locks must still hold when a batch is committed.

mod convert;
mod submission;

use std::sync::Arc;

use host_store::Query;
use wasmtime::component::{HasData, Linker, Resource};

use crate::bindings::host::storage;
use crate::limits;
use crate::plugin::call::{CallState, Scope};
use crate::plugin::trace::Trace;

pub use submission::Submission;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    storage::add_to_linker::<_, HasStorage>(linker, |call| Storage { call })
}

struct HasStorage;

impl HasData for HasStorage {
    type Data<'a> = Storage<'a>;
}

struct Storage<'a> {
    call: &'a mut CallState,
}

/// Notes how the engine looks a traced query up, which tells an index range from a scan.
async fn explain(scope: &Scope, trace: &Trace, query: &Query) {
    let pending = trace.begin("storage.plan", || query.collection.clone());
    let plan = scope
        .store
        .collections()
        .explain(&scope.plugin, query)
        .await;
    pending.end(|| match plan {
        Ok(lines) => lines.join("; ").into(),
        Err(error) => error.to_string().into(),
    });
}

/// Applies a batch on behalf of a call, under the fences that it holds now; the call need not live on.
fn applied(
    call: &CallState,
    writes: Vec<storage::Write>,
) -> impl Future<Output = Result<(), storage::Error>> + Send + use<> {
    let caller = call.caller();
    let collections = call.scope.store.collections();
    let pending = call
        .trace
        .begin("storage.apply", || convert::summary(&writes));
    let writes = writes.into_iter().map(convert::write).collect();
    async move {
        let result = collections.apply(&caller, writes).await;
        let result = result.map_err(convert::error);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }
}

impl storage::Host for Storage<'_> {
    async fn define(&mut self, collection: storage::Collection) -> Result<(), storage::Error> {
        let scope = &self.call.scope;
        let pending = self
            .call
            .trace
            .begin("storage.define", || collection.name.clone());
        let result = scope
            .store
            .collections()
            .define(&scope.plugin, &convert::collection(collection))
            .await
            .map_err(convert::error);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }

    async fn apply(&mut self, writes: Vec<storage::Write>) -> Result<(), storage::Error> {
        applied(self.call, writes).await
    }

    fn submit(&mut self, writes: Vec<storage::Write>) -> wasmtime::Result<Resource<Submission>> {
        let places = Arc::clone(&self.call.submissions);
        let place = places.try_acquire_owned().map_err(|_| {
            wasmtime::format_err!(
                "a call may have {} batches on their way",
                limits::SUBMISSIONS_PER_CALL
            )
        })?;
        let work = applied(self.call, writes);
        let submission = Submission::of(async move {
            let _place = place;
            work.await
        });
        Ok(self.call.table.push(submission)?)
    }

    async fn find(&mut self, query: storage::Query) -> Result<storage::Page, storage::Error> {
        let scope = &self.call.scope;
        let (trace, collection) = (&self.call.trace, query.collection.clone());
        let query = convert::query(query);
        let explained = trace.records().then(|| query.clone());
        let pending = trace.begin("storage.find", || collection);
        let result = scope
            .store
            .collections()
            .find(&scope.plugin, &query)
            .await
            .map_err(convert::error);
        pending.end(|| match &result {
            Ok(page) => format!("{} rows", page.rows.values.len()).into(),
            Err(error) => error.to_string().into(),
        });
        if let Some(query) = explained {
            explain(scope, trace, &query).await;
        }
        result.map(|page| storage::Page {
            rows: convert::rows_back(page.rows),
            next: page.next,
        })
    }

    async fn get_many(
        &mut self,
        collection: String,
        keys: Vec<Vec<storage::Value>>,
        fields: Vec<String>,
    ) -> Result<storage::Rows, storage::Error> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("storage.get-many", || {
            format!("{collection}: {} keys", keys.len())
        });
        let keys: Vec<_> = keys.into_iter().map(convert::values).collect();
        let result = scope
            .store
            .collections()
            .get_many(&scope.plugin, &collection, &keys, &fields)
            .await
            .map_err(convert::error);
        pending.end(|| match &result {
            Ok(rows) => format!("{} rows", rows.values.len()).into(),
            Err(error) => error.to_string().into(),
        });
        result.map(convert::rows_back)
    }

    async fn count(
        &mut self,
        collection: String,
        filter: storage::Filter,
        group_by: Vec<String>,
    ) -> Result<Vec<(Vec<storage::Value>, u64)>, storage::Error> {
        let scope = &self.call.scope;
        let pending = self
            .call
            .trace
            .begin("storage.count", || collection.clone());
        let result = scope
            .store
            .collections()
            .count(
                &scope.plugin,
                &collection,
                &convert::filter(filter),
                &group_by,
            )
            .await
            .map_err(convert::error);
        pending.end(|| super::outcome(&result, |_| "ok"));
        let groups = result?;
        Ok(groups
            .into_iter()
            .map(|(values, count)| (convert::values_back(values), count))
            .collect())
    }
}
