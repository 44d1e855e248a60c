//! What plugins may ask of the host, one file per interface of `platform:host`, all of one shape.
//!
//! Each file has a view that borrows the state of the call, implements the generated `Host` trait for it, and adds itself to the
//! linker. A capability knows its caller from the [`CallState`], never from an argument; it records what was asked in the
//! call's trace; and it answers the errors of the contract, so that a guest never sees a database's or a file system's words.

pub mod blobs;
pub mod clocks;
pub mod http;
pub mod jobs;
pub mod locks;
pub mod log;
pub mod output;
pub mod routing;
pub mod secrets;
pub mod storage;
pub mod users;

use std::borrow::Cow;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};
use wasmtime_wasi::p2::DynPollable;

use crate::plugin::call::CallState;

/// Everything that any plugin can be granted. Interfaces that no plugin is granted (sockets) are not linked, so that a component
/// that imports them is refused when it is added and not when it runs.
pub fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    http::add_to_linker(&mut linker)?;
    shells(&mut linker)?;
    clocks::add_to_linker(&mut linker)?;
    storage::add_to_linker(&mut linker)?;
    blobs::add_to_linker(&mut linker)?;
    secrets::add_to_linker(&mut linker)?;
    locks::add_to_linker(&mut linker)?;
    routing::add_to_linker(&mut linker)?;
    jobs::add_to_linker(&mut linker)?;
    users::add_to_linker(&mut linker)?;
    log::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// For asking a component what it is before anything is granted: the log, clocks and shells work, requests are all denied (its
/// sender has an empty list), and everything else of the host is a trap.
pub(crate) fn sealed_linker(
    engine: &wasmtime::Engine,
    component: &Component,
) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    shells(&mut linker)?;
    clocks::add_to_linker(&mut linker)?;
    http::add_to_linker(&mut linker)?;
    log::add_to_linker(&mut linker)?;
    for (interface, item) in component.component_type().imports(engine) {
        let sealed =
            interface.starts_with("platform:") && !interface.starts_with("platform:host/log@");
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        if !sealed {
            continue;
        }
        let mut traps = linker.instance(interface)?;
        for (name, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{interface}#{name}");
                    traps.func_new(name, move |_, _, _, _| {
                        Err(wasmtime::format_err!("{function} is not granted yet"))
                    })?;
                }
                // WASI's, which is not sealed, under a name that the interface gives it.
                ComponentItem::Resource(_) if name == "pollable" => {
                    traps.resource(name, ResourceType::host::<DynPollable>(), |_, _| Ok(()))?;
                }
                ComponentItem::Resource(_) => {
                    traps.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(linker)
}

/// The interfaces of WASI that a standard library imports whether or not it uses them. Nothing is preopened, there is no
/// environment and no argument, standard input is at its end.
fn shells(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    use wasmtime_wasi::WasiView as _;
    use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
    use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
    use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
    use wasmtime_wasi::random::WasiRandom;
    use wasmtime_wasi_io::bindings::wasi::io;

    type S = CallState;
    io::error::add_to_linker::<S, HasTable>(linker, |s| &mut s.table)?;
    io::poll::add_to_linker::<S, HasTable>(linker, |s| &mut s.table)?;
    io::streams::add_to_linker::<S, HasTable>(linker, |s| &mut s.table)?;
    random::random::add_to_linker::<S, WasiRandom>(linker, |s| s.ctx().ctx.random())?;
    random::insecure::add_to_linker::<S, WasiRandom>(linker, |s| s.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<S, WasiRandom>(linker, |s| s.ctx().ctx.random())?;
    cli::exit::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::environment::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_input::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_output::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    filesystem::types::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)?;
    filesystem::preopens::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)?;
    Ok(())
}

struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

/// How a host call ended, for the trace.
fn outcome<T, E: std::fmt::Display>(
    result: &Result<T, E>,
    ok: impl FnOnce(&T) -> &'static str,
) -> Cow<'static, str> {
    match result {
        Ok(answer) => ok(answer).into(),
        Err(error) => error.to_string().into(),
    }
}
