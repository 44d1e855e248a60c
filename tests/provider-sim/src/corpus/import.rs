//! Reads `.eml` files of a folder into a mailbox.

use std::io;
use std::path::Path;

/// The bytes of every `.eml` file in `folder` and below, by path, so that the order is the same everywhere.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn from_folder(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("eml"))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(std::fs::read).collect()
}
