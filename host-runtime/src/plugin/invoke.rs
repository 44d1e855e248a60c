//! Any export by name, with arguments and answer in WAVE: the runner for plugin authors.
//!
//! `settings.describe({user: "u", …})` calls the function `describe` of the exported interface whose name ends in `settings`; the
//! full name (`platform:plugin/settings.describe(…)`) is taken too. The call is made like any other, within the same limits,
//! and what it asked of the host can be traced.

use serde::Serialize;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::{Component, Val};

use super::call::{CallError, OnBehalf};
use super::instance::Running;
use super::trace::{Entry, Trace};

/// Why an expression could not be called, for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// It can't be read: what is wrong with it.
    #[error("`{expression}` is no call such as `settings.load(…)`: {reason}")]
    Expression {
        /// As it was typed.
        expression: String,
        /// For people.
        reason: String,
    },
    /// There is no such function; what there is.
    #[error("the plugin exports no `{function}`; it exports {}", .exported.join(", "))]
    NoFunction {
        /// What was asked for.
        function: String,
        /// `interface.function` of everything exported.
        exported: Vec<String>,
    },
    /// The plugin did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What came of an invocation.
#[derive(Debug, Clone, Serialize)]
pub struct Invocation {
    /// The answer in WAVE; empty if the function answers nothing.
    pub answer: String,
    /// What it asked of the host.
    pub trace: Vec<Entry>,
    /// What it wrote to its standard output and error.
    pub output: String,
}

/// An exported function that was found.
struct Target {
    interface: String,
    function: String,
    ty: ComponentFunc,
}

/// Calls what `expression` says on behalf of nobody in particular, or of `user`. The trace is also filled if the call fails.
pub(crate) async fn invoke(
    running: &Running,
    expression: &str,
    user: Option<String>,
    trace: Trace,
) -> Result<Invocation, InvokeError> {
    let unreadable = |reason: String| InvokeError::Expression {
        expression: expression.to_owned(),
        reason,
    };
    let open = expression
        .find('(')
        .ok_or_else(|| unreadable("it has no arguments in parentheses".into()))?;
    let (path, arguments) = expression.split_at(open);
    let (interface, function) = path
        .trim()
        .rsplit_once(['.', '#'])
        .ok_or_else(|| unreadable("it names no interface before a dot".into()))?;
    let target = find(running.component(), interface, function)?;
    let call = format!("{function}{arguments}");
    let parameters: Vec<Val> = UntypedFuncCall::parse(&call)
        .and_then(|call| {
            let types: Vec<_> = target.ty.params().map(|(_, ty)| ty).collect();
            call.to_wasm_params(types.iter())
        })
        .map_err(|e| unreadable(e.to_string()))?;
    let name = format!("{interface}.{function}");
    let behalf = OnBehalf {
        user,
        request: "invoke".into(),
        lease: None,
    };
    let time = running.scope.grants.call_time();
    let results = target.ty.results().len();
    let (answer, output) = running
        .call_traced(
            &name,
            behalf,
            trace.clone(),
            time,
            Box::new(move |store, instance| {
                Box::pin(async move {
                    let missing = || wasmtime::format_err!("the export is gone");
                    let interface = instance
                        .get_export_index(&mut *store, None, &target.interface)
                        .ok_or_else(missing)?;
                    let function = instance
                        .get_export_index(&mut *store, Some(&interface), &target.function)
                        .ok_or_else(missing)?;
                    let function = instance
                        .get_func(&mut *store, function)
                        .ok_or_else(missing)?;
                    let mut answer = vec![Val::Bool(false); results];
                    function
                        .call_async(&mut *store, &parameters, &mut answer)
                        .await?;
                    let written = answer
                        .iter()
                        .map(Val::to_wave)
                        .collect::<wasmtime::Result<Vec<_>>>()?;
                    Ok((written.join(", "), store.data().output.text()))
                })
            }),
        )
        .await?;
    Ok(Invocation {
        answer,
        trace: trace.take(),
        output,
    })
}

/// Looks for `function` in the exported interface that `interface` names, in full or by its last word.
fn find(component: &Component, interface: &str, function: &str) -> Result<Target, InvokeError> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut exported = Vec::new();
    let mut found = None;
    for (name, item) in ty.exports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        let full = name.split('@').next().unwrap_or(name);
        let short = full.rsplit('/').next().unwrap_or(full);
        let matches = [name, full, short].contains(&interface);
        for (export, item) in instance.exports(engine) {
            let ComponentItem::ComponentFunc(ty) = item.ty else {
                continue;
            };
            if matches && export == function {
                found = Some(Target {
                    interface: name.to_owned(),
                    function: export.to_owned(),
                    ty,
                });
            }
            exported.push(format!("{short}.{export}"));
        }
    }
    found.ok_or_else(|| InvokeError::NoFunction {
        function: format!("{interface}.{function}"),
        exported,
    })
}
