//! A fresh trivial call through all of the host's layers, beside a bare instance of the same component on the same engine.
//!
//! Both answer `accounts.list` of the test guest `postbox`. The bare one is what wasmtime needs at least: a store, an instance from
//! the prepared component, a typed call. The difference is permits, limits, deadlines, the call's state and the verdict.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark"
)]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use host_runtime::bindings::mail::accounts;
use host_runtime::bindings::types::{Caller, Role};
use host_runtime::engine::Engine;
use host_runtime::plugin::Grants;
use host_runtime::{Host, HostOptions};
use host_store::{Purpose, Store, SystemClock};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

struct Bare {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

fn caller() -> Caller {
    Caller {
        user: "somebody".into(),
        role: Role::Member,
        permissions: vec![],
        locale: "en".into(),
        request: "request".into(),
    }
}

fn prepare(engine: &Engine, component: &[u8]) -> InstancePre<Bare> {
    let component = Component::from_binary(engine.wasmtime(), component).unwrap();
    let mut linker = Linker::new(engine.wasmtime());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    // The guest names the host's interfaces for their types; it calls none of them.
    for (interface, item) in component.component_type().imports(engine.wasmtime()) {
        if interface.starts_with("platform:") {
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                continue;
            };
            let mut traps = linker.instance(interface).unwrap();
            for (name, item) in instance.exports(engine.wasmtime()) {
                if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                    traps
                        .func_new(name, |_, _, _, _| Err(wasmtime::format_err!("not here")))
                        .unwrap();
                }
            }
        }
    }
    linker.instantiate_pre(&component).unwrap()
}

async fn bare_call(engine: &Engine, pre: &InstancePre<Bare>, indices: &accounts::GuestIndices) {
    let state = Bare {
        wasi: WasiCtx::builder().build(),
        table: ResourceTable::new(),
    };
    let mut store = wasmtime::Store::new(engine.wasmtime(), state);
    // The engine interrupts by epochs: far away, for a call without limits.
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = pre.instantiate_async(&mut store).await.unwrap();
    let guest = indices.load(&mut store, &instance).unwrap();
    let answer = guest.call_list(&mut store, &caller()).await.unwrap();
    assert!(answer.unwrap().is_empty());
}

fn call(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let guests = xtask::component::guests().expect("the test guests build");
    let component = std::fs::read(guests.get("postbox").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = runtime.block_on(async {
        let store = Store::open(
            folder.path(),
            Arc::new(SystemClock::default()),
            Purpose::Serve,
        )
        .await
        .unwrap();
        let options = HostOptions::new(&store, "http://localhost");
        let host = Host::start(store, options).await.unwrap();
        let status = host.plugins().add(component.clone()).await.unwrap();
        let grants = Grants::proposed(&status.inspection.manifest);
        host.plugins().approve(&status.id, grants).await.unwrap();
        host.plugins().enable(&status.id).await.unwrap();
        host
    });
    let pre = prepare(host.engine(), &component);
    let indices = accounts::GuestIndices::new(&pre).unwrap();
    let mut group = c.benchmark_group("fresh trivial call");
    group.bench_function("bare", |b| {
        b.to_async(&runtime)
            .iter(|| bare_call(host.engine(), &pre, &indices));
    });
    group.bench_function("through the host", |b| {
        b.to_async(&runtime).iter(|| async {
            let answer = host.mail().unwrap().list_accounts(&caller()).await.unwrap();
            assert!(answer.is_empty());
        });
    });
    group.finish();
    runtime.block_on(host.stop());
}

criterion_group!(benches, call);
criterion_main!(benches);
