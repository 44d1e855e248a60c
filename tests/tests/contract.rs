//! The component asks for nothing but what a host grants, and brings everything that a mail plugin must: read from the built file,
//! not from its sources.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeSet;

use wasmparser::{Encoding, Parser, Payload};

/// What every mail plugin exports (`wit/mail.wit`).
const EXPORTS: [&str; 9] = [
    "platform:mail/accounts@0.1.0",
    "platform:mail/actions@0.1.0",
    "platform:mail/compose@0.1.0",
    "platform:mail/mailbox@0.1.0",
    "platform:plugin/job-handler@0.1.0",
    "platform:plugin/lifecycle@0.1.0",
    "platform:plugin/oauth-callback@0.1.0",
    "platform:plugin/settings@0.1.0",
    "platform:plugin/webhook@0.1.0",
];

/// Without their versions: WASI's grow within 0.2.
const IMPORTS: [&str; 13] = [
    "platform:host/blobs",
    "platform:host/jobs",
    "platform:host/locks",
    "platform:host/log",
    "platform:host/routing",
    "platform:host/secrets",
    "platform:host/storage",
    "platform:host/users",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:random/random",
    "wasi:random/insecure-seed",
];

/// What the standard library and the imports above bring along: types, and doors that lead nowhere because the host opens no
/// folder, sets no environment and connects no terminal. Which of them appear depends on how the standard library was built.
const SHELLS: [&str; 16] = [
    "platform:mail/types",
    "platform:plugin/types",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/types",
    "wasi:io/",
];

/// Names of a component's own imports and exports; those of what is nested in it are left out.
fn interfaces(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => {
                assert!(
                    depth > 0 || encoding == Encoding::Component,
                    "a component, not a core module"
                );
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|import| import.unwrap().name.name.to_owned()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn allowed(import: &str) -> bool {
    let bare = import.split('@').next().unwrap_or_default();
    IMPORTS.contains(&bare)
        || SHELLS
            .iter()
            .any(|shell| bare == *shell || (shell.ends_with('/') && bare.starts_with(shell)))
}

#[test]
fn the_component_imports_only_what_the_contract_names() {
    let (imports, _) = interfaces(&std::fs::read(xtask::component::plugin().unwrap()).unwrap());
    let surplus: Vec<&String> = imports.iter().filter(|import| !allowed(import)).collect();
    assert!(
        surplus.is_empty(),
        "the contract names none of these: {surplus:?}"
    );
    for needed in ["platform:host/storage@0.1.0", "platform:host/log@0.1.0"] {
        assert!(
            imports.contains(needed),
            "{needed} is not imported: was the right file read?"
        );
    }
}

#[test]
fn the_component_exports_all_of_a_mail_plugin_and_nothing_else() {
    let (_, exports) = interfaces(&std::fs::read(xtask::component::plugin().unwrap()).unwrap());
    let exports: Vec<&str> = exports
        .iter()
        .map(String::as_str)
        .filter(|name| !name.ends_with("/types@0.1.0"))
        .collect();
    assert_eq!(exports, EXPORTS);
}

#[test]
fn the_component_brings_its_pages() {
    let component = std::fs::read(xtask::component::plugin().unwrap()).unwrap();
    let pages = host_runtime::plugin::pages::read(&component).unwrap();
    let pages = pages.expect("a section with pages");
    for path in ["/mail", "/admin/settings/mail"] {
        assert!(pages.shows(path), "{path}");
    }
}

#[test]
fn sockets_and_foreign_interfaces_would_be_noticed() {
    assert!(!allowed("wasi:sockets/tcp@0.2.6"));
    assert!(!allowed("wasi:http/incoming-handler@0.2.6"));
    assert!(!allowed("platform:host/files@0.1.0"));
    assert!(allowed("wasi:io/poll@0.2.6"));
}
