//! `platform:host/routing`: where plugins are reached, and the table of it that the web server reads.
//!
//! The table lives in memory: every enabling and every start of the host calls `lifecycle.enable`, which registers again. A
//! plugin gets only paths that were granted; its web hooks lie below its own name and need no grant.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::routing;
use crate::plugin::call::CallState;
use crate::plugin::manifest::{Grants, is_path};

pub use crate::bindings::host::routing::Target;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    routing::add_to_linker::<_, HasRouting>(linker, |call| Routing { call })
}

/// What is reached at a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The plugin's id.
    pub plugin: String,
    /// What of it.
    pub target: Target,
    /// Which running version of the plugin registered it.
    generation: u64,
}

/// All routes of all enabled plugins.
#[derive(Default)]
pub struct Routes {
    origin: RwLock<String>,
    paths: RwLock<BTreeMap<String, Route>>,
}

impl Routes {
    /// `public_origin`: scheme, host and port under which people reach the host.
    pub fn new(public_origin: &str) -> Self {
        let routes = Self::default();
        routes.set_public_origin(public_origin);
        routes
    }

    /// Scheme, host and port, without a slash at the end.
    pub fn public_origin(&self) -> String {
        self.origin
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// For a host that learns its port when it listens.
    pub fn set_public_origin(&self, origin: &str) {
        *self.origin.write().unwrap_or_else(PoisonError::into_inner) =
            origin.trim_end_matches('/').to_owned();
    }

    /// What is reached at `path`, such as an OAuth callback.
    pub fn find(&self, path: &str) -> Option<Route> {
        self.read(|paths| paths.get(path).cloned())
    }

    /// Whether `/hooks/{plugin}/{name}` is served.
    pub fn has_webhook(&self, plugin: &str, name: &str) -> bool {
        self.find(&hook_path(plugin, name)).is_some()
    }

    /// The redirect URI of `plugin`'s OAuth flows.
    pub fn redirect_uri(&self, plugin: &str) -> Option<String> {
        let path = self.read(|paths| {
            paths
                .iter()
                .find(|(_, r)| r.plugin == plugin && r.target == Target::OauthCallback)
                .map(|(path, _)| path.clone())
        })?;
        Some(self.public_origin() + &path)
    }

    fn register(
        &self,
        plugin: &str,
        generation: u64,
        grants: &Grants,
        path: String,
        target: Target,
    ) -> Result<(), routing::Error> {
        let denied = |why: &str| Err(routing::Error::NotGranted(format!("{path}: {why}")));
        let path = match &target {
            Target::Webhook(name)
                if *name == path && is_path(&format!("/{path}")) && !path.contains('/') =>
            {
                hook_path(plugin, name)
            }
            Target::Webhook(_) => return denied("a web hook's path is its name, one plain word"),
            _ if !grants.paths.contains(&path) => return denied("the path was not granted"),
            _ if !is_path(&path) => return denied("the path is reserved"),
            _ => path,
        };
        let mut paths = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = paths.get(&path).filter(|r| r.plugin != plugin) {
            return Err(routing::Error::Taken(other.plugin.clone()));
        }
        if target == Target::OauthCallback {
            // One per plugin: the newest counts.
            paths.retain(|_, r| r.plugin != plugin || r.target != Target::OauthCallback);
        }
        paths.insert(
            path,
            Route {
                plugin: plugin.to_owned(),
                target,
                generation,
            },
        );
        Ok(())
    }

    fn unregister(&self, plugin: &str, path: &str) {
        let hook = hook_path(plugin, path);
        self.paths
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|p, r| r.plugin != plugin || (p != path && *p != hook));
    }

    /// Forgets all routes of a plugin that was disabled.
    pub(crate) fn forget(&self, plugin: &str) {
        self.paths
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, r| r.plugin != plugin);
    }

    /// The routes of a plugin, for [`restore`](Self::restore).
    pub(crate) fn of(&self, plugin: &str) -> BTreeMap<String, Route> {
        self.read(|paths| {
            let own = paths.iter().filter(|(_, r)| r.plugin == plugin);
            own.map(|(p, r)| (p.clone(), r.clone())).collect()
        })
    }

    /// Forgets what an older version of the plugin registered and the running one did not.
    pub(crate) fn keep_only(&self, plugin: &str, generation: u64) {
        self.paths
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, r| r.plugin != plugin || r.generation == generation);
    }

    /// Back to what the plugin's routes were before a version that failed to start.
    pub(crate) fn restore(&self, plugin: &str, routes: BTreeMap<String, Route>) {
        let mut paths = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|_, r| r.plugin != plugin);
        paths.extend(routes);
    }

    fn read<T>(&self, f: impl FnOnce(&BTreeMap<String, Route>) -> T) -> T {
        f(&self.paths.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn hook_path(plugin: &str, name: &str) -> String {
    format!("/hooks/{plugin}/{name}")
}

struct HasRouting;

impl HasData for HasRouting {
    type Data<'a> = Routing<'a>;
}

struct Routing<'a> {
    call: &'a mut CallState,
}

impl routing::Host for Routing<'_> {
    fn register(&mut self, path: String, target: Target) -> Result<(), routing::Error> {
        let scope = &self.call.scope;
        let pending = self.call.trace.begin("routing.register", || path.clone());
        let result =
            scope
                .routes
                .register(&scope.plugin, scope.generation, &scope.grants, path, target);
        pending.end(|| match &result {
            Ok(()) => "ok".into(),
            Err(error) => error.to_string().into(),
        });
        result
    }

    fn unregister(&mut self, path: String) {
        let scope = &self.call.scope;
        self.call
            .trace
            .begin("routing.unregister", || path.clone())
            .end(|| "ok".into());
        scope.routes.unregister(&scope.plugin, &path);
    }

    fn public_origin(&mut self) -> String {
        self.call.scope.routes.public_origin()
    }

    fn redirect_uri(&mut self) -> Option<String> {
        let scope = &self.call.scope;
        scope.routes.redirect_uri(&scope.plugin)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn grants(paths: &[&str]) -> Grants {
        Grants {
            origins: vec![],
            paths: paths.iter().map(ToString::to_string).collect(),
            pages: false,
            storage_bytes: 0,
            memory_bytes: 1,
            call_seconds: 1,
        }
    }

    #[test]
    fn only_granted_paths_are_registered_and_only_once() {
        let routes = Routes::new("http://localhost:8080/");
        let granted = grants(&["/admin/a", "/admin/b"]);
        let callback = || Target::OauthCallback;
        routes
            .register("mail", 1, &granted, "/admin/a".into(), callback())
            .unwrap();
        routes
            .register("mail", 1, &granted, "/admin/b".into(), callback())
            .unwrap();
        assert_eq!(
            routes.redirect_uri("mail").unwrap(),
            "http://localhost:8080/admin/b"
        );
        assert_eq!(routes.find("/admin/a"), None);
        assert!(matches!(
            routes.register("mail", 1, &granted, "/admin/c".into(), callback()),
            Err(routing::Error::NotGranted(_))
        ));
        assert!(matches!(
            routes.register("other", 1, &granted, "/admin/b".into(), callback()),
            Err(routing::Error::Taken(who)) if who == "mail"
        ));
        routes.forget("mail");
        assert_eq!(routes.find("/admin/b"), None);
    }

    #[test]
    fn a_web_hook_lies_below_its_plugin() {
        let routes = Routes::new("http://localhost");
        let hook = |path: &str, name: &str| {
            routes.register(
                "mail",
                1,
                &grants(&[]),
                path.into(),
                Target::Webhook(name.into()),
            )
        };
        hook("push", "push").unwrap();
        assert!(routes.has_webhook("mail", "push"));
        assert!(!routes.has_webhook("other", "push"));
        assert!(hook("../api", "../api").is_err());
        assert!(hook("a", "b").is_err());
    }
}
