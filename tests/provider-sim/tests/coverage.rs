//! Every behaviour that the fakes must show (facts E) has a test named after its number.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

/// Numbers `NN` of tests `fn eNN_…` in the files of one provider.
fn shown(provider: &str) -> BTreeSet<u32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut numbers = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with(provider) || !path.is_file() {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let test = line.trim_start().trim_start_matches("async ");
            let number = test
                .strip_prefix("fn e")
                .and_then(|rest| rest.split_once('_'))
                .and_then(|(number, _)| number.parse().ok());
            numbers.extend::<Option<u32>>(number);
        }
    }
    numbers
}

#[test]
fn google_shows_1_to_11_and_13_to_29() {
    let expected: BTreeSet<u32> = (1..=11).chain(13..=29).collect();
    let missing: Vec<u32> = expected.difference(&shown("google")).copied().collect();
    assert_eq!(missing, Vec::<u32>::new());
}

/// 5 and 11 are Google's own.
#[test]
fn microsoft_shows_1_to_12_and_30_to_46() {
    let expected: BTreeSet<u32> = (1..=12)
        .filter(|number| ![5, 11].contains(number))
        .chain(30..=46)
        .collect();
    let missing: Vec<u32> = expected.difference(&shown("microsoft")).copied().collect();
    assert_eq!(missing, Vec::<u32>::new());
}
