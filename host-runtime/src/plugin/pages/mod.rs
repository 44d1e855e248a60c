//! A plugin's own pages: files that browsers load, in an archive that is a custom section of the component.
//!
//! They are no code to the host: it reads the archive once ([`archive`]), checks what [`index`] says of it, and hands out the files for as long as
//! the plugin is enabled and its pages are granted. No instance of the plugin carries them.

pub mod archive;
pub mod index;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::asset::Asset;
pub use archive::read;
pub use index::{Badge, Entry, Index, Role};

/// The custom section of a component that holds the archive.
pub const SECTION: &str = "platform:pages";

/// The file of the archive that says what the others are.
pub const INDEX: &str = "pages.json";

/// What is wrong with a component's pages, for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pages in the component are not valid: {0}")]
pub struct InvalidPages(pub String);

/// An archive that was read and found sound.
#[derive(Debug)]
pub struct Pages {
    /// Stands in the addresses of the files, so that they can be kept for ever by whoever loaded them.
    pub digest: String,
    /// Where they appear.
    pub index: Index,
    files: BTreeMap<String, Arc<Asset>>,
}

impl Pages {
    /// A file by its name in the archive.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Arc<Asset>> {
        self.files.get(name)
    }

    /// The addresses of the entries.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.index.entries.iter().map(|entry| entry.path.as_str())
    }

    /// Whether an entry has exactly this address.
    #[must_use]
    pub fn shows(&self, path: &str) -> bool {
        self.paths().any(|own| own == path)
    }

    /// Whether an address of the host is shown by these pages: an entry's, or one below it.
    #[must_use]
    pub fn claims(&self, path: &str) -> bool {
        self.paths().any(|own| {
            path.strip_prefix(own)
                .is_some_and(|below| below.is_empty() || below.starts_with('/'))
        })
    }
}
