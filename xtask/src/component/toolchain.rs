//! Which compiler makes components: the ways to a `wasm32-wasip2` standard library, tried in this order.
//!
//! 1. it is installed already;
//! 2. `rustup target add`, the ordinary way, under a time limit and remembered for a day when it fails;
//! 3. Debian's compiler with its matching library sources, which need nothing but the package registries.
//!
//! All that is asked of the machine goes through [`Machine`], so that tests can put other programs in its place.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process;

/// What components are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// A refused download fails at once; a network that swallows packets would be waited on for minutes.
const RUSTUP_LIMIT: Duration = Duration::from_secs(30);

/// About 110 MB are loaded and 620 MB unpacked: a slow mirror needs minutes.
const APT_LIMIT: Duration = Duration::from_secs(900);

/// After this, a failed `rustup target add` is worth another try.
const REMEMBER_FAILURE: Duration = Duration::from_secs(24 * 60 * 60);

/// Debian's packages, each with the file that shows that it is there.
const DEBIAN: [(&str, &str); 3] = [
    ("rustc-web", "usr/bin/rustc"),
    (
        "rust-web-src",
        "usr/lib/rustlib/src/rust/library/Cargo.lock",
    ),
    ("wasi-libc", "usr/lib/wasm32-wasi/libc.a"),
];

/// The machine that is asked, and that packages are installed on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where programs are looked for.
    pub path: OsString,
    /// `/`, where Debian's packages put their files.
    pub root: PathBuf,
    /// Where failures are remembered and programs' output is kept.
    pub memory: PathBuf,
    /// Whether packages and targets may be installed.
    pub install: bool,
    /// How long `rustup target add` may take.
    pub rustup_limit: Duration,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here() -> Self {
        Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            root: PathBuf::from("/"),
            memory: crate::target().join("plugin-toolchain"),
            install: true,
            rustup_limit: RUSTUP_LIMIT,
        }
    }

    /// A program of this machine, without what an outer cargo put into the environment.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        super::clear_inherited(&mut command);
        command.env("PATH", &self.path);
        command
    }
}

/// `PLUGIN_TOOLCHAIN`: which ways may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The first that works.
    Any,
    /// `native`: rustup's compiler or none.
    Native,
    /// `debian`: Debian's compiler or none.
    Debian,
}

impl Wish {
    /// From the value of `PLUGIN_TOOLCHAIN`; empty or absent means any.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] for a value that is neither `native` nor `debian`.
    pub fn parse(value: Option<&str>) -> Result<Self, Unavailable> {
        match value.unwrap_or_default() {
            "" => Ok(Self::Any),
            "native" => Ok(Self::Native),
            "debian" => Ok(Self::Debian),
            other => Err(Unavailable {
                steps: vec![format!(
                    "PLUGIN_TOOLCHAIN is `{other}`; it can be `native` or `debian`"
                )],
            }),
        }
    }
}

/// A way to compile components that works on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler in use has the target's standard library.
    Native,
    /// Debian's compiler, which builds the standard library from Debian's sources.
    Debian {
        /// Debian's compiler.
        rustc: PathBuf,
        /// Where rustup's compiler keeps `wasm-component-ld` and `rust-lld`.
        linkers: PathBuf,
        /// Where `wasi-libc` keeps its libraries.
        libc: PathBuf,
    },
}

impl Toolchain {
    /// Names the target folder and stands in the line that a person sees.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Debian { .. } => "debian",
        }
    }
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Native => write!(
                out,
                "native: the compiler in use has the standard library of {TARGET}"
            ),
            Self::Debian { rustc, .. } => write!(
                out,
                "debian: {} builds the standard library of {TARGET} from Debian's sources",
                rustc.display()
            ),
        }
    }
}

/// No way worked: what was tried, and why each step did not help.
#[derive(Debug)]
pub struct Unavailable {
    /// In the order in which they were tried.
    pub steps: Vec<String>,
}

impl std::error::Error for Unavailable {}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "there is no way to compile for {TARGET} here:")?;
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(out, "  {number}. {step}")?;
        }
        let packages: Vec<&str> = DEBIAN.iter().map(|(package, _)| *package).collect();
        write!(
            out,
            "Do one of these:\n  rustup target add {TARGET}\n  apt-get install -y --no-install-recommends {}   (as root, on Debian 12)\n  set PLUGIN_WASM to a component that was built elsewhere",
            packages.join(" ")
        )
    }
}

/// The first way that works, installing what is missing if `machine` allows it.
///
/// # Errors
///
/// [`Unavailable`] with every step that was tried.
pub fn select(machine: &Machine, wish: Wish) -> Result<Toolchain, Unavailable> {
    let mut steps = Vec::new();
    if wish != Wish::Debian {
        if has_standard_library(machine) {
            return Ok(Toolchain::Native);
        }
        steps.push(format!(
            "`rustc --print target-libdir --target {TARGET}` holds no standard library"
        ));
        match add_target(machine) {
            Ok(()) => return Ok(Toolchain::Native),
            Err(why) => steps.push(why),
        }
    }
    if wish != Wish::Native {
        match debian(machine) {
            Ok(found) => return Ok(found),
            Err(why) => steps.push(why),
        }
    }
    Err(Unavailable { steps })
}

fn has_standard_library(machine: &Machine) -> bool {
    let Ok(folder) = process::capture(machine.program("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ])) else {
        return false;
    };
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

fn add_target(machine: &Machine) -> Result<(), String> {
    if !machine.install {
        return Err("`rustup target add` was left out: nothing may be installed".to_owned());
    }
    let failed = machine.memory.join("rustup-target-add.failed");
    let recent = std::fs::metadata(&failed)
        .and_then(|file| file.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < REMEMBER_FAILURE));
    if recent {
        return Err(format!(
            "`rustup target add {TARGET}` failed less than a day ago (remove {} to try again)",
            failed.display()
        ));
    }
    let log = remember(machine, "rustup-target-add.log")?;
    eprintln!(
        "xtask: rustup target add {TARGET} (at most {} s)",
        machine.rustup_limit.as_secs()
    );
    let outcome = process::run_within(
        machine.program("rustup").args(["target", "add", TARGET]),
        machine.rustup_limit,
        &log,
    );
    let why = match outcome {
        Ok(()) if has_standard_library(machine) => return Ok(()),
        Ok(()) => format!(
            "`rustup target add {TARGET}` worked, but the compiler in use still lacks the library (is another rustc first on the PATH?)"
        ),
        Err(error) => error.to_string(),
    };
    let _ = std::fs::write(&failed, &why);
    Err(why)
}

fn debian(machine: &Machine) -> Result<Toolchain, String> {
    let mut missing = missing_packages(machine);
    if !missing.is_empty() {
        install_packages(machine, &missing)?;
        missing = missing_packages(machine);
    }
    if !missing.is_empty() {
        return Err(format!(
            "Debian packages are still missing after their installation: {}",
            missing.join(" ")
        ));
    }
    let linkers = linkers(machine)?;
    Ok(Toolchain::Debian {
        rustc: machine.root.join("usr/bin/rustc"),
        linkers,
        libc: machine.root.join("usr/lib/wasm32-wasi"),
    })
}

fn missing_packages(machine: &Machine) -> Vec<&'static str> {
    DEBIAN
        .iter()
        .filter(|(_, file)| !machine.root.join(file).exists())
        .map(|(package, _)| *package)
        .collect()
}

fn install_packages(machine: &Machine, missing: &[&str]) -> Result<(), String> {
    let names = missing.join(" ");
    if !machine.install {
        return Err(format!(
            "Debian packages are missing ({names}), and nothing may be installed"
        ));
    }
    let user =
        process::capture(machine.program("id").arg("-u")).map_err(|error| error.to_string())?;
    if user != "0" {
        return Err(format!(
            "Debian packages are missing ({names}), and only root can install them"
        ));
    }
    let log = remember(machine, "apt-get.log")?;
    eprintln!(
        "xtask: apt-get install {names} (some minutes; log in {})",
        log.display()
    );
    let apt = |arguments: &[&str]| {
        let mut command = machine.program("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
            .args(arguments);
        process::run_within(&mut command, APT_LIMIT, &log).map_err(|error| error.to_string())
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing].concat())
}

/// Debian's compiler has no linker for components; the ones of rustup's compiler fit.
fn linkers(machine: &Machine) -> Result<PathBuf, String> {
    let ask = |arguments: &[&str]| {
        process::capture(machine.program("rustc").args(arguments))
            .map_err(|error| error.to_string())
    };
    let sysroot = ask(&["--print", "sysroot"])?;
    let host = ask(&["-vV"])?;
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("`rustc -vV` names no host")?;
    let folder = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin");
    for linker in ["wasm-component-ld", "rust-lld"] {
        if !folder.join(linker).exists() {
            return Err(format!(
                "{} is missing: the first `rustc` on the PATH must be rustup's, which brings it",
                folder.join(linker).display()
            ));
        }
    }
    Ok(folder)
}

/// A file beside the remembered failures.
fn remember(machine: &Machine, name: &str) -> Result<PathBuf, String> {
    std::fs::create_dir_all(&machine.memory)
        .map_err(|error| format!("cannot make {}: {error}", machine.memory.display()))?;
    Ok(machine.memory.join(name))
}
