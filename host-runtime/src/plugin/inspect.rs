//! What can be told of a component before anything of it is granted.
//!
//! Compiling needs no trust beyond a size limit; `describe` runs with nothing linked but the log and the shells of WASI, every
//! other import being a trap. Whether the imports are known and the exports have the contract's shape is found out here, when a
//! plugin is added, and not by whoever first clicks on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker};

use super::call::{CallState, OnBehalf, Scope};
use super::detect::Exports;
use super::fault::root_cause;
use super::manifest::{InvalidManifest, Manifest};
use super::pages::{self, InvalidPages, Pages};
use super::trace::Trace;
use super::{CallError, instance};
use crate::bindings::plugin::lifecycle;
use crate::capability;
use crate::engine::Engine;
use crate::limits;

/// Why a file can't become a plugin, in words for whoever added it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It is larger than the host takes: its size and the limit, in bytes.
    #[error("the file has {size} bytes; a plugin may have {limit}")]
    TooLarge {
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
    /// It is something else than a component.
    #[error("the file is no WebAssembly component: {0}")]
    NotAComponent(String),
    /// It imports what this host gives to nobody, or gives in another shape.
    #[error("the component imports what this host does not grant: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// It doesn't export what every plugin must, or exports it in another shape.
    #[error("the component does not follow the plugin contract: {0}")]
    Exports(String),
    /// What it says of itself is not valid.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// The pages that it brings can't be shown.
    #[error(transparent)]
    Pages(#[from] InvalidPages),
    /// It could not be asked what it is.
    #[error("the plugin could not describe itself: {0}")]
    Describe(CallError),
}

/// What a component is and wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its own description.
    pub manifest: Manifest,
    /// Interfaces that it imports.
    pub imports: Vec<String>,
    /// Interfaces that it exports.
    pub exports: Vec<String>,
    /// Addresses that its pages show.
    #[serde(default)]
    pub pages: Vec<String>,
    /// What it is, in languages beside that of the manifest.
    #[serde(default)]
    pub descriptions: BTreeMap<String, String>,
    /// BLAKE3 of the file, hex.
    pub digest: String,
}

impl Inspection {
    /// What the plugin is, in the language of a tag such as `zh-Hans` if it knows it, else as the manifest says.
    pub fn description(&self, tag: &str) -> &str {
        let language = tag.split('-').next().unwrap_or(tag);
        self.descriptions
            .get(tag)
            .or_else(|| self.descriptions.get(language))
            .unwrap_or(&self.manifest.description)
    }
}

/// A component that is compiled and found to fit the contract.
pub struct Prepared {
    /// What it is.
    pub inspection: Inspection,
    /// Its pages, if it brings some.
    pub(crate) pages: Option<Arc<Pages>>,
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) exports: Exports,
}

/// Compiles `bytes` and finds out all that can be known without granting anything. Takes a second of a processor per few
/// megabytes; it runs on the blocking pool.
///
/// `scope` is what `describe` runs in: nothing granted.
pub async fn prepare(
    engine: &Engine,
    linker: &Linker<CallState>,
    scope: Arc<Scope>,
    bytes: Vec<u8>,
) -> Result<Prepared, InspectError> {
    check_form(&bytes)?;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let (component, pages) = {
        let engine = engine.wasmtime().clone();
        tokio::task::spawn_blocking(move || {
            let component = Component::from_binary(&engine, &bytes)
                .map_err(|e| InspectError::NotAComponent(root_cause(&e)))?;
            let pages = pages::read(&bytes)?;
            Ok::<_, InspectError>((component, pages.map(Arc::new)))
        })
        .await
        .map_err(|e| InspectError::NotAComponent(e.to_string()))??
    };
    let ty = component.component_type();
    let wasmtime = engine.wasmtime();
    let imports: Vec<String> = ty
        .imports(wasmtime)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exports: Vec<String> = ty
        .exports(wasmtime)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name.to_owned())
        .collect();
    let unknown: Vec<String> = imports
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(InspectError::UnknownImports(unknown));
    }
    let pre = linker
        .instantiate_pre(&component)
        .map_err(|e| InspectError::UnknownImports(vec![format!("{e:#}")]))?;
    let found = Exports::of(&pre).map_err(|e| InspectError::Exports(root_cause(&e)))?;
    let (manifest, found) = describe(engine, &component, scope, found).await?;
    let manifest = Manifest::check(manifest)?;
    let shown = check_pages(&manifest, pages.as_deref())?;
    Ok(Prepared {
        inspection: Inspection {
            manifest,
            imports,
            exports,
            pages: shown,
            descriptions: pages
                .as_ref()
                .map(|pages| pages.index.description.clone())
                .unwrap_or_default(),
            digest,
        },
        pages,
        pre,
        exports: found,
    })
}

fn check_form(bytes: &[u8]) -> Result<(), InspectError> {
    if bytes.len() > limits::COMPONENT_BYTES {
        return Err(InspectError::TooLarge {
            size: bytes.len(),
            limit: limits::COMPONENT_BYTES,
        });
    }
    if wasmparser::Parser::is_core_wasm(bytes) {
        return Err(InspectError::NotAComponent(
            "it is a core module; build it for wasm32-wasip2 or wrap it with wasm-tools component new".into(),
        ));
    }
    if !wasmparser::Parser::is_component(bytes) {
        return Err(InspectError::NotAComponent(
            "it does not begin like one".into(),
        ));
    }
    Ok(())
}

/// Whether the component brings the pages that its manifest says; answers the addresses that they show.
fn check_pages(manifest: &Manifest, pages: Option<&Pages>) -> Result<Vec<String>, InvalidPages> {
    let pages = match (manifest.pages, pages) {
        (false, None) => return Ok(vec![]),
        (true, Some(pages)) => pages,
        (true, None) => {
            return Err(InvalidPages(format!(
                "the manifest says that there are some, but the component has no section `{}`",
                pages::SECTION
            )));
        }
        (false, Some(_)) => {
            return Err(InvalidPages(format!(
                "the component has the section `{}`, but the manifest says that there are no pages",
                pages::SECTION
            )));
        }
    };
    let shown: Vec<String> = pages.paths().map(str::to_owned).collect();
    match shown.iter().find(|path| manifest.paths.contains(path)) {
        Some(path) => Err(InvalidPages(format!(
            "`{path}` is shown by a page and is a path of the manifest as well"
        ))),
        None => Ok(shown),
    }
}

/// Interfaces that some plugin may import, whatever their version: a version that isn't linked is told by the type check.
fn is_known(import: &str) -> bool {
    const KNOWN: &[&str] = &[
        "platform:host/",
        "platform:plugin/types@",
        "platform:mail/types@",
        "wasi:http/types@",
        "wasi:http/outgoing-handler@",
        "wasi:io/",
        "wasi:clocks/",
        "wasi:random/",
        "wasi:cli/",
        "wasi:filesystem/",
    ];
    KNOWN.iter().any(|known| import.starts_with(known))
}

/// Asks the component what it is, with nothing granted, and checks on the way that every interface it exports has the
/// contract's shape.
async fn describe(
    engine: &Engine,
    component: &Component,
    scope: Arc<Scope>,
    exports: Exports,
) -> Result<(lifecycle::Manifest, Exports), InspectError> {
    let pre = capability::sealed_linker(engine.wasmtime(), component)
        .and_then(|linker| linker.instantiate_pre(component))
        .map_err(|e| InspectError::UnknownImports(vec![format!("{e:#}")]))?;
    let exports = Arc::new(exports);
    let checked = exports.clone();
    let mut store = instance::open(
        engine,
        CallState::new(scope, OnBehalf::default(), Trace::default()),
        limits::DESCRIBE_TIME,
    );
    let answer = instance::run(
        &pre,
        &mut store,
        limits::DESCRIBE_TIME,
        Box::new(move |store, instance| {
            Box::pin(async move {
                if let Err(error) = checked.check_shapes(store, instance) {
                    return Ok(Err(root_cause(&error)));
                }
                let lifecycle = checked.lifecycle.load(&mut *store, instance)?;
                Ok(Ok(lifecycle.call_describe(&mut *store).await?))
            })
        }),
    )
    .await
    .map_err(InspectError::Describe)?
    .map_err(InspectError::Exports)?;
    match Arc::try_unwrap(exports) {
        Ok(exports) => Ok((answer, exports)),
        // The body that shared it has ended.
        Err(_) => Err(InspectError::Exports(
            "the component is still in use".into(),
        )),
    }
}
