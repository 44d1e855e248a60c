//! The wasmtime engine that all plugins share: how it compiles, allocates, interrupts and queues.
//!
//! One engine per process. It owns the pool of instance slots, and a semaphore that is smaller than the pool, because a full
//! pool is an error while a full semaphore is a queue. A thread outside the async runtime moves the epoch, so that a guest
//! that computes without end gives its thread back even when every runtime thread is busy with such guests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine as Wasmtime, InstanceAllocationStrategy,
    PoolingAllocationConfig,
};

use crate::limits;

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The folder for compiled code can't be used.
    #[error("the folder for compiled plugins can't be used: {0}")]
    Cache(String),
    /// The machine or the configuration doesn't allow it.
    #[error("the WebAssembly engine could not be started: {0}")]
    Start(String),
}

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    wasmtime: Wasmtime,
    permits: Arc<Semaphore>,
    cache: Option<Cache>,
    live_calls: usize,
    pooled: bool,
}

impl Engine {
    /// Sets up the engine; compiled code is kept in `cache_folder`, which must belong to this host alone: it holds native code.
    pub fn start(cache_folder: Option<&Path>, live_calls: usize) -> Result<Self, EngineError> {
        let cache = cache_folder.map(open_cache).transpose()?;
        let (wasmtime, live_calls, pooled) = probe(cache.as_ref(), live_calls.max(1))?;
        tick(&wasmtime)?;
        Ok(Self {
            wasmtime,
            permits: Arc::new(Semaphore::new(live_calls)),
            cache,
            live_calls,
            pooled,
        })
    }

    /// The wasmtime engine.
    pub fn wasmtime(&self) -> &Wasmtime {
        &self.wasmtime
    }

    /// Waits at most `wait` for a slot in which a call may live; none: the host is full.
    pub(crate) async fn permit(&self, wait: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        tokio::time::timeout(wait, self.permits.clone().acquire_owned())
            .await
            .ok()?
            .ok()
    }

    /// Calls that may live at the same time, and those that do.
    pub fn capacity(&self) -> (usize, usize) {
        let live = self
            .live_calls
            .saturating_sub(self.permits.available_permits());
        (self.live_calls, live)
    }

    /// Whether instances come from a pool; false where the machine has too little address space for one.
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Components taken from the folder for compiled code, and components that had to be compiled.
    pub fn cache_hits_and_misses(&self) -> (usize, usize) {
        self.cache
            .as_ref()
            .map_or((0, 0), |c| (c.cache_hits(), c.cache_misses()))
    }
}

fn open_cache(folder: &Path) -> Result<Cache, EngineError> {
    let describe =
        |e: &dyn std::fmt::Display| EngineError::Cache(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|e| describe(&e))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Whoever can write here can run native code as this host.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .map_err(|e| describe(&e))?;
    }
    let folder = folder.canonicalize().map_err(|e| describe(&e))?;
    let mut config = CacheConfig::new();
    config.with_directory(folder.clone());
    Cache::new(config).map_err(|e| describe(&e))
}

/// A pool reserves gigabytes of addresses per slot, which containers may not have: halve it until it fits, then do without.
fn probe(cache: Option<&Cache>, live_calls: usize) -> Result<(Wasmtime, usize, bool), EngineError> {
    let mut calls = live_calls;
    while calls >= 4 || calls == live_calls {
        match Wasmtime::new(&config(cache, Some(calls))) {
            Ok(engine) => return Ok((engine, calls, true)),
            Err(error) => tracing::warn!(calls, %error, "no room for a pool of this size"),
        }
        calls /= 2;
    }
    let engine =
        Wasmtime::new(&config(cache, None)).map_err(|e| EngineError::Start(format!("{e:#}")))?;
    Ok((engine, live_calls, false))
}

fn config(cache: Option<&Cache>, pool: Option<usize>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Plugins are WASI 0.2; the bookkeeping of component-model async costs every call.
        .concurrency_support(false)
        .epoch_interruption(true)
        .cache(cache.cloned());
    if let Some(calls) = pool {
        let slots = u32::try_from(calls)
            .unwrap_or(u32::MAX)
            .saturating_add(limits::SPARE_SLOTS);
        let memory = usize::try_from(limits::MEMORY_CEILING).unwrap_or(usize::MAX);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots)
            .total_stacks(slots)
            .total_core_instances(slots.saturating_mul(limits::CORE_INSTANCES_PER_CALL))
            // Most components have one memory; a few with more may share the second half.
            .total_memories(slots.saturating_mul(2))
            .total_tables(slots.saturating_mul(4))
            .max_memories_per_component(limits::MEMORIES_PER_CALL)
            .max_tables_per_component(limits::TABLES_PER_CALL)
            .max_core_instances_per_component(limits::CORE_INSTANCES_PER_CALL)
            .table_elements(limits::TABLE_ELEMENTS)
            .max_memory_size(memory)
            .linear_memory_keep_resident(if PoolingAllocationConfig::is_pagemap_scan_available() {
                limits::KEEP_WRITTEN
            } else {
                limits::KEEP_RESIDENT
            })
            .pagemap_scan(Enabled::Auto)
            .table_keep_resident(limits::KEEP_RESIDENT)
            .async_stack_keep_resident(limits::KEEP_RESIDENT);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// Moves the epoch for as long as the engine lives.
fn tick(engine: &Wasmtime) -> Result<(), EngineError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("plugin-epoch".into())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(limits::EPOCH_TICK);
            }
        })
        .map(drop)
        .map_err(|e| EngineError::Start(e.to_string()))
}
