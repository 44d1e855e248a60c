//! The pages: built from the npm workspace, and put into a component.
//!
//! A plugin's pages are an archive in a custom section of its component, so that one file is the whole plugin. The section is appended to the
//! component that cargo made, as the last step; the same sources give the same bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{node, process};

/// The custom section that holds the archive. The host looks for this name.
pub const SECTION: &str = "platform:pages";

/// What is built, in this order: the host's shell, which is embedded in the host, and the plugin's pages.
const WORKSPACES: [&str; 2] = ["host-runtime/shell", "plugin/pages"];

/// What the builds depend on, beside the workspaces themselves.
const SHARED: [&str; 4] = [
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "host-runtime/client",
];

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No Node, or its packages can't be installed.
    #[error(transparent)]
    Node(#[from] node::Error),
    /// Read the bundler's messages above and mend the source.
    #[error("building {workspace} failed: {reason}")]
    Build {
        /// Which.
        workspace: &'static str,
        /// What npm said.
        reason: process::Error,
    },
    /// A file can't be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The archive can't be made.
    #[error("the archive of pages can't be made: {0}")]
    Archive(String),
}

/// Where the plugin's pages are built to.
#[must_use]
pub fn folder() -> PathBuf {
    crate::root().join("plugin/pages/dist")
}

/// While this lives, no other process builds pages.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// Builds the shell and the plugin's pages, if their sources are not those of the last build.
///
/// # Errors
///
/// All of [`Error`].
pub fn build() -> Result<Turn, Error> {
    let memory = crate::target().join("pages");
    node::make_folder(&memory)?;
    // Tests of several processes may ask at the same time.
    let path = memory.join("lock");
    let lock = File::create(&path).map_err(|reason| file(&path, reason))?;
    lock.lock().map_err(|reason| file(&path, reason))?;
    let mut node = None;
    for workspace in WORKSPACES {
        let inputs = digest(&[&SHARED[..], &[workspace]].concat(), &["dist"])?;
        let result = format!("{workspace}/dist");
        let remembered = memory.join(workspace.replace('/', "-"));
        let built = |result: &str| digest(&[result], &[]).map(|made| format!("{inputs} {made}\n"));
        if std::fs::read_to_string(&remembered)
            .is_ok_and(|then| built(&result).is_ok_and(|now| then == now))
        {
            continue;
        }
        let node = match &node {
            Some(node) => node,
            None => node.insert(node::prepared()?),
        };
        eprintln!("xtask: {workspace} → {result}");
        let log = memory.join("build.log");
        process::run_within(
            node.npm().args(["run", "build", "--workspace", workspace]),
            BUILD_LIMIT,
            &log,
        )
        .map_err(|reason| Error::Build { workspace, reason })?;
        std::fs::write(&remembered, built(&result)?).map_err(|reason| file(&remembered, reason))?;
    }
    Ok(Turn { _lock: lock })
}

/// A cold build takes ten seconds, more where other builds go on.
const BUILD_LIMIT: std::time::Duration = std::time::Duration::from_secs(300);

/// Puts the files of `pages` into a copy of the component at `component`; answers where the copy is.
///
/// # Errors
///
/// [`Error::File`] and [`Error::Archive`].
pub fn put_into(component: &Path, pages: &Path) -> Result<PathBuf, Error> {
    let bytes = std::fs::read(component).map_err(|reason| file(component, reason))?;
    let whole = append(bytes, &archive(&files(pages)?)?);
    let folder = crate::target().join("components");
    node::make_folder(&folder)?;
    let path = folder.join(component.file_name().unwrap_or_default());
    if std::fs::read(&path).is_ok_and(|known| known == whole) {
        return Ok(path);
    }
    // Renamed into place: another process may read the old one.
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&beside, whole)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|reason| file(&path, reason))?;
    Ok(path)
}

/// An archive of files by name, without times or owners.
///
/// # Errors
///
/// [`Error::Archive`].
pub fn archive(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Archive(error.to_string());
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(name, options)
            .map_err(|error| failed(&error))?;
        archive.write_all(bytes).map_err(|error| failed(&error))?;
    }
    let done = archive.finish().map_err(|error| failed(&error))?;
    Ok(done.into_inner())
}

/// `component` with the archive as its last section.
#[must_use]
pub fn append(mut component: Vec<u8>, archive: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(archive.len() + SECTION.len() + 8);
    leb128(&mut content, SECTION.len());
    content.extend_from_slice(SECTION.as_bytes());
    content.extend_from_slice(archive);
    // A custom section: id 0, size, name, data.
    component.push(0);
    leb128(&mut component, content.len());
    component.extend_from_slice(&content);
    component
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// All files below a folder, by their names within it.
///
/// # Errors
///
/// [`Error::File`].
pub fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut found = BTreeMap::new();
    walk(folder, &[], &mut |path| {
        let bytes = std::fs::read(path).map_err(|reason| file(path, reason))?;
        let name = path.strip_prefix(folder).unwrap_or(path);
        let name: Vec<_> = name
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        found.insert(name.join("/"), bytes);
        Ok(())
    })?;
    Ok(found)
}

/// Of names and contents of files and folders in the repository, without `node_modules` and what `skipped` names.
fn digest(paths: &[&str], skipped: &[&str]) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for path in paths {
        let path = crate::root().join(path);
        walk(&path, skipped, &mut |path| {
            let bytes = std::fs::read(path).map_err(|reason| file(path, reason))?;
            let name = path.strip_prefix(crate::root()).unwrap_or(path);
            hash.update(name.as_os_str().as_encoded_bytes());
            hash.update([0]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
            Ok(())
        })?;
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Visits a file, or all files below a folder in the order of their names.
fn walk(
    path: &Path,
    skipped: &[&str],
    visit: &mut impl FnMut(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    if path.is_file() {
        return visit(path);
    }
    let entries = std::fs::read_dir(path).map_err(|reason| file(path, reason))?;
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name != "node_modules" && !skipped.iter().any(|skip| name == skip))
        .collect();
    names.sort();
    for name in names {
        walk(&path.join(name), skipped, visit)?;
    }
    Ok(())
}

fn file(path: &Path, reason: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn the_same_files_give_the_same_archive() {
        let files = BTreeMap::from([
            ("b.js".to_owned(), vec![b'x'; 10_000]),
            ("a/c.css".to_owned(), b"body{}".to_vec()),
        ]);
        let made = archive(&files).unwrap();
        assert_eq!(made, archive(&files).unwrap());
        assert!(made.len() < 1_000, "it is compressed");
    }

    #[test]
    fn a_section_is_appended_with_its_length() {
        let archive = vec![7; 300];
        let whole = append(b"\0asm".to_vec(), &archive);
        // 1 + 14 + 300 = 315 bytes: two groups of seven bits.
        let head = [
            b"\0asm".as_slice(),
            &[0, 0xbb, 0x02, 14],
            SECTION.as_bytes(),
        ]
        .concat();
        assert!(whole.starts_with(&head));
        assert!(whole.ends_with(&archive));
        assert_eq!(whole.len(), head.len() + archive.len());
    }
}
