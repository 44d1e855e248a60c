//! The way to compile components is chosen in the promised order, within its time limits, and when there is none the error names
//! every step that was tried.
//!
//! `rustc`, `rustup`, `apt-get` and `id` are scripts here, and the root of the file system is a temporary folder.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xtask::component::toolchain::{Machine, Toolchain, Wish, select};

/// A machine made of scripts.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    /// rustup's compiler without the target's library, a rustup that is refused, and a user who is not root.
    fn new() -> Self {
        let fake = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in [
            "bin",
            "libdir",
            "root",
            "sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin",
        ] {
            std::fs::create_dir_all(fake.at(folder)).unwrap();
        }
        for linker in ["wasm-component-ld", "rust-lld"] {
            fake.file(&format!(
                "sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin/{linker}"
            ));
        }
        let base = fake.at("").display().to_string();
        fake.script(
            "rustc",
            &format!("case \"$*\" in *target-libdir*) echo {base}libdir;; *sysroot*) echo {base}sysroot;; -vV) echo 'host: x86_64-unknown-linux-gnu';; esac"),
        );
        fake.script(
            "rustup",
            "echo rustup >> $CALLS; echo 'error: could not download' >&2; exit 1",
        );
        fake.script("apt-get", "echo apt-get $* >> $CALLS; exit 1");
        fake.script("id", "echo 1000");
        fake
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    fn script(&self, name: &str, body: &str) {
        let path = self.at("bin").join(name);
        let calls = self.at("calls").display().to_string();
        std::fs::write(&path, format!("#!/bin/sh\nCALLS={calls}\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn standard_library(&self) {
        self.file("libdir/libstd-0123456789abcdef.rlib");
    }

    fn debian_packages(&self) {
        for file in [
            "usr/bin/rustc",
            "usr/lib/rustlib/src/rust/library/Cargo.lock",
            "usr/lib/wasm32-wasi/libc.a",
        ] {
            self.file(&format!("root/{file}"));
        }
    }

    fn machine(&self) -> Machine {
        let mut path = OsString::from(self.at("bin"));
        path.push(":/bin");
        Machine {
            path,
            root: self.at("root"),
            memory: self.at("memory"),
            install: true,
            rustup_limit: Duration::from_secs(20),
        }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.at("calls")).unwrap_or_default()
    }
}

fn is_debian(chosen: &Toolchain, root: &Path) -> bool {
    matches!(chosen, Toolchain::Debian { rustc, linkers, .. } if *rustc == root.join("usr/bin/rustc") && linkers.join("rust-lld").exists())
}

#[test]
fn an_installed_library_is_taken_and_nothing_is_installed() {
    let fake = Fake::new();
    fake.standard_library();
    fake.debian_packages();
    assert_eq!(
        select(&fake.machine(), Wish::Any).unwrap(),
        Toolchain::Native
    );
    assert_eq!(fake.calls(), "");
}

#[test]
fn rustup_is_asked_next() {
    let fake = Fake::new();
    let libdir = fake.at("libdir").display().to_string();
    fake.script(
        "rustup",
        &format!("echo rustup $* >> $CALLS; : > {libdir}/libstd-1.rlib"),
    );
    assert_eq!(
        select(&fake.machine(), Wish::Any).unwrap(),
        Toolchain::Native
    );
    assert_eq!(fake.calls(), "rustup target add wasm32-wasip2\n");
}

#[test]
fn a_refused_download_is_remembered_and_debian_is_taken() {
    let fake = Fake::new();
    fake.debian_packages();
    for _ in 0..2 {
        assert!(is_debian(
            &select(&fake.machine(), Wish::Any).unwrap(),
            &fake.at("root")
        ));
    }
    assert_eq!(
        fake.calls(),
        "rustup\n",
        "the second time it is not asked again"
    );
}

#[test]
fn a_silent_network_is_not_waited_for() {
    let fake = Fake::new();
    fake.debian_packages();
    fake.script("rustup", "exec sleep 60");
    let machine = Machine {
        rustup_limit: Duration::from_millis(300),
        ..fake.machine()
    };
    let begun = Instant::now();
    assert!(is_debian(
        &select(&machine, Wish::Any).unwrap(),
        &fake.at("root")
    ));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn root_gets_only_the_packages_that_are_missing() {
    let fake = Fake::new();
    fake.debian_packages();
    std::fs::remove_file(fake.at("root/usr/lib/wasm32-wasi/libc.a")).unwrap();
    fake.script("id", "echo 0");
    let libc = fake
        .at("root/usr/lib/wasm32-wasi/libc.a")
        .display()
        .to_string();
    fake.script(
        "apt-get",
        &format!("echo $* >> $CALLS; case \"$*\" in *install*) : > {libc};; esac"),
    );
    assert!(is_debian(
        &select(&fake.machine(), Wish::Debian).unwrap(),
        &fake.at("root")
    ));
    let calls = fake.calls();
    assert!(
        calls.contains("update")
            && calls.contains("install -y --no-install-recommends wasi-libc\n"),
        "{calls}"
    );
}

#[test]
fn a_wish_excludes_the_other_way() {
    let fake = Fake::new();
    fake.standard_library();
    fake.debian_packages();
    assert!(is_debian(
        &select(&fake.machine(), Wish::parse(Some("debian")).unwrap()).unwrap(),
        &fake.at("root")
    ));
    assert_eq!(fake.calls(), "");

    let fake = Fake::new();
    fake.debian_packages();
    let error = select(&fake.machine(), Wish::parse(Some("native")).unwrap()).unwrap_err();
    assert!(
        !error.to_string().contains("only root"),
        "Debian is not tried: {error}"
    );

    assert!(
        Wish::parse(Some("gentoo"))
            .unwrap_err()
            .to_string()
            .contains("gentoo")
    );
}

#[test]
fn with_no_way_every_step_is_named_and_what_to_do() {
    let fake = Fake::new();
    let error = select(&fake.machine(), Wish::Any).unwrap_err();
    assert_eq!(error.steps.len(), 3);
    let text = error.to_string();
    for part in [
        "1. `rustc --print target-libdir",
        "could not download",
        "3. Debian packages are missing (rustc-web rust-web-src wasi-libc), and only root can install them",
        "rustup target add wasm32-wasip2",
        "apt-get install -y",
        "PLUGIN_WASM",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_compiler_without_component_linkers_is_explained() {
    let fake = Fake::new();
    fake.debian_packages();
    std::fs::remove_file(
        fake.at("sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin/wasm-component-ld"),
    )
    .unwrap();
    let text = select(&fake.machine(), Wish::Debian)
        .unwrap_err()
        .to_string();
    assert!(text.contains("wasm-component-ld is missing"), "{text}");
}

#[test]
fn where_nothing_may_be_installed_nothing_is() {
    let fake = Fake::new();
    let machine = Machine {
        install: false,
        ..fake.machine()
    };
    assert_eq!(select(&machine, Wish::Any).unwrap_err().steps.len(), 3);
    assert_eq!(fake.calls(), "");
}
