//! What the fakes are asked and answer, held against the providers' own descriptions of their APIs: Google's discovery document, Microsoft's types.
//!
//! `cargo xtask test` installs both and says where their Python and Node are; without it they are looked for in `target/clients` and by the
//! search path.

use std::path::PathBuf;
use std::process::Command;

use end_to_end::providers::Providers;

pub(crate) fn python() -> Command {
    let python = std::env::var_os("CLIENTS_PYTHON")
        .map_or_else(|| xtask::target().join("clients/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: `cargo xtask test` installs the official libraries",
        python.display()
    );
    let mut python = Command::new(python);
    // What the scripts import would be compiled beside them.
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

pub(crate) fn node() -> Command {
    let mut node = Command::new("node");
    if let Some(path) = std::env::var_os("CLIENTS_NODE") {
        node.env("PATH", path);
    }
    node
}

pub(crate) fn script(name: &str) -> PathBuf {
    xtask::root().join("tests/clients").join(name)
}

/// Everything that was kept fits what the provider says of its API.
pub(crate) async fn fits(providers: &Providers, provider: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), providers.exchanges().await.unwrap()).unwrap();
    let (mut program, name) = match provider {
        "google" => (python(), "check_google.py"),
        _ => (node(), "check_microsoft.js"),
    };
    program.arg(script(name)).arg(file.path());
    let run = tokio::task::spawn_blocking(move || program.output().unwrap())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "does not fit the provider's description:\n{told}{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
