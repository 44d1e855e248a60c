//! Reads the archive of a component's pages. Whoever made the component is not trusted: sizes are counted while unpacking and not believed, names
//! are plain, and only media types that a page needs are taken.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::sync::Arc;

use wasmparser::{Parser, Payload};
use zip::ZipArchive;

use super::{INDEX, Index, InvalidPages, Pages, SECTION};
use crate::asset::{Asset, is_plain, media_type};
use crate::limits;

/// The pages of a component; none if it brings none. Takes a moment of a processor: call it on the blocking pool.
///
/// # Errors
///
/// [`InvalidPages`].
pub fn read(component: &[u8]) -> Result<Option<Pages>, InvalidPages> {
    section(component)?.map(unpacked).transpose()
}

/// The section's content. Sections of that name in modules and components within count for nothing.
fn section(component: &[u8]) -> Result<Option<&[u8]>, InvalidPages> {
    let mut depth = 0_u32;
    let mut found = None;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| InvalidPages(error.to_string()))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom)
                if depth == 0
                    && custom.name() == SECTION
                    && found.replace(custom.data()).is_some() =>
            {
                return Err(InvalidPages(format!(
                    "there are several sections `{SECTION}`"
                )));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn unpacked(archive: &[u8]) -> Result<Pages, InvalidPages> {
    if archive.len() > limits::PAGES_ARCHIVE_BYTES {
        return Err(InvalidPages(format!(
            "the archive has {} bytes; {} are allowed",
            archive.len(),
            limits::PAGES_ARCHIVE_BYTES
        )));
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        InvalidPages(format!("the archive can't be read as zip: {error}"))
    };
    let mut zip = ZipArchive::new(Cursor::new(archive)).map_err(|error| unreadable(&error))?;
    if zip.len() > limits::PAGES_FILES {
        return Err(InvalidPages(format!(
            "the archive has {} files; {} are allowed",
            zip.len(),
            limits::PAGES_FILES
        )));
    }
    let mut left = limits::PAGES_BYTES;
    let mut files = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).map_err(|error| unreadable(&error))?;
        if file.is_dir() {
            continue;
        }
        let name = file
            .name()
            .map_err(|error| unreadable(&error))?
            .into_owned();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        if !is_plain(&name) || file.is_symlink() {
            return Err(InvalidPages(format!(
                "`{shown}` is no plain name of a file: letters, digits, `-`, `_` and `.` in segments joined by `/`"
            )));
        }
        let Some(media_type) = media_type(&name) else {
            return Err(InvalidPages(format!(
                "`{shown}` is no kind of file that pages have: scripts (.js), styles (.css), images, fonts and .json"
            )));
        };
        // One byte more than is left tells a file that is too long from one that just fits.
        let mut bytes = Vec::new();
        file.by_ref()
            .take(left as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&error))?;
        left = left.checked_sub(bytes.len()).ok_or_else(|| {
            InvalidPages(format!(
                "the unpacked files have more than the {} bytes that are allowed",
                limits::PAGES_BYTES
            ))
        })?;
        if files
            .insert(name, Arc::new(Asset::new(bytes.into(), media_type)))
            .is_some()
        {
            return Err(InvalidPages(format!("`{shown}` is there twice")));
        }
    }
    let index = files
        .remove(INDEX)
        .ok_or_else(|| InvalidPages(format!("`{INDEX}` is missing")))?;
    let index = Index::parse(index.bytes(), |name| files.contains_key(name))?;
    Ok(Pages {
        digest: blake3::hash(archive)
            .to_hex()
            .chars()
            .take(DIGEST_LENGTH)
            .collect(),
        index,
        files,
    })
}

/// 128 bits: nobody makes two archives of one digest by accident, and addresses stay readable.
const DIGEST_LENGTH: usize = 32;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const SOUND: &str = r#"{"module":"index.js","entries":[{"path":"/mail","place":"main","title":{"en":"Mail"}}]}"#;

    fn component(files: &[(&str, &[u8])]) -> Vec<u8> {
        let files = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
            .collect();
        xtask::pages::append(EMPTY.to_vec(), &xtask::pages::archive(&files).unwrap())
    }

    fn refused(files: &[(&str, &[u8])]) -> String {
        read(&component(files)).unwrap_err().0
    }

    #[test]
    fn a_component_without_the_section_has_no_pages() {
        assert!(read(EMPTY).unwrap().is_none());
    }

    #[test]
    fn files_are_found_by_name_and_the_digest_is_that_of_the_content() {
        let files: &[(&str, &[u8])] = &[
            ("index.js", b"export {}"),
            ("chunks/a-1.css", b"a{}"),
            ("pages.json", SOUND.as_bytes()),
        ];
        let pages = read(&component(files)).unwrap().unwrap();
        let again = read(&component(files)).unwrap().unwrap();
        assert_eq!(pages.digest, again.digest);
        assert_eq!(
            pages.file("chunks/a-1.css").unwrap().bytes().as_ref(),
            b"a{}"
        );
        assert!(pages.file("pages.json").is_none());
        assert!(pages.claims("/mail") && pages.claims("/mail/1"));
        assert!(!pages.claims("/mailbox") && !pages.claims("/"));
    }

    #[test]
    fn what_no_page_needs_is_refused_by_name() {
        let index = ("pages.json", SOUND.as_bytes());
        for name in [
            "../up.js",
            "/root.js",
            "a//b.js",
            ".hidden.js",
            "a\\b.js",
            "a b.js",
        ] {
            let said = refused(&[index, ("index.js", b""), (name, b"")]);
            assert!(said.contains("no plain name"), "{name}: {said}");
        }
        for name in ["page.html", "program.wasm", "README"] {
            let said = refused(&[index, ("index.js", b""), (name, b"")]);
            assert!(said.contains("no kind of file"), "{name}: {said}");
        }
        assert!(refused(&[("index.js", b"")]).contains("`pages.json` is missing"));
        assert!(refused(&[index]).contains("index.js"));
    }

    #[test]
    fn an_archive_that_grows_beyond_all_measure_is_not_unpacked() {
        let long = vec![0; limits::PAGES_BYTES + 1];
        let said = refused(&[("pages.json", SOUND.as_bytes()), ("index.js", &long)]);
        assert!(said.contains("bytes that are allowed"), "{said}");
    }

    #[test]
    fn what_is_no_archive_or_is_there_twice_is_refused() {
        let broken = xtask::pages::append(EMPTY.to_vec(), b"no zip");
        assert!(read(&broken).unwrap_err().0.contains("zip"));
        let once = component(&[("index.js", b""), ("pages.json", SOUND.as_bytes())]);
        let twice = xtask::pages::append(once, b"");
        assert!(read(&twice).unwrap_err().0.contains("several"));
    }
}
