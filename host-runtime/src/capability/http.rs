//! `wasi:http/outgoing-handler`: the bridge from the guest's requests to the plugin's [`Sender`].

use std::sync::Arc;

use http::uri::Scheme;
use tokio_util::task::AbortOnDropHandle;
use wasmtime::component::Linker;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::egress::client::Sender;
use crate::egress::threads;
use crate::plugin::call::CallState;
use crate::plugin::trace::Trace;

/// Adds `wasi:http/types` and `wasi:http/outgoing-handler`.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// Hands requests of one call to its plugin's sender.
pub struct Hooks {
    sender: Arc<Sender>,
    trace: Trace,
}

impl Hooks {
    pub(crate) fn new(sender: Arc<Sender>, trace: Trace) -> Self {
        Self { sender, trace }
    }
}

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    /// The client sets `host` or `:authority` itself.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// No default: a guest that forgets the scheme learns it.
    fn default_scheme(&mut self) -> Option<Scheme> {
        None
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Done,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Done), Error>> + Send> {
        let sender = self.sender.clone();
        let pending = self.trace.begin("http.send", || {
            // Without the query, which may carry tokens.
            let uri = request.uri();
            format!(
                "{} {}://{}{}",
                request.method(),
                uri.scheme_str().unwrap_or_default(),
                uri.authority().map_or("", |a| a.as_str()),
                uri.path()
            )
        });
        // Begun here and now: the future may first be looked at when the guest has nothing else to do.
        let sent = AbortOnDropHandle::new(
            threads::handle()
                .spawn(async move { sender.send(request, options.unwrap_or_default()).await }),
        );
        Box::new(async move {
            let result = sent
                .await
                .unwrap_or_else(|fault| Err(Error::InternalError(Some(fault.to_string()))));
            pending.end(|| match &result {
                Ok(response) => response.status().as_u16().to_string().into(),
                Err(error) => error.to_string().into(),
            });
            let done: Done = Box::new(async { Ok(()) });
            result.map(|response| (response, done))
        })
    }
}
