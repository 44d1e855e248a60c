//! Every fact that the provider fakes must show has a test of its own, named after the fact's number.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;

/// What the fakes must show, by number, in the order in which `docs/provider-facts.md` lists them.
const FACTS: std::ops::RangeInclusive<u32> = 1..=46;

/// Facts about push notifications: the plugin polls, so nobody would notice if these were wrong.
const NOT_YET: [u32; 2] = [29, 43];

/// Numbers of the functions named `eNN_…` that stand under a test attribute, with their names.
fn numbered(folder: &Path, found: &mut BTreeMap<u32, Vec<String>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            numbered(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut tested = false;
            for line in text.lines().map(str::trim) {
                tested |= line.starts_with("#[test]")
                    || line.starts_with("#[tokio::test")
                    || line.starts_with("#[rstest");
                let Some(name) = line.split("fn ").nth(1).filter(|_| tested) else {
                    continue;
                };
                tested = false;
                let name = name.split('(').next().unwrap_or_default();
                let number = name
                    .strip_prefix('e')
                    .and_then(|rest| rest.split('_').next())
                    .and_then(|digits| digits.parse().ok());
                if let Some(number) = number {
                    found.entry(number).or_default().push(name.to_owned());
                }
            }
        }
    }
}

#[test]
fn no_fact_is_without_a_test() {
    let mut found = BTreeMap::new();
    let fakes = xtask::root().join("tests/provider-sim");
    numbered(&fakes.join("src"), &mut found);
    if fakes.join("tests").exists() {
        numbered(&fakes.join("tests"), &mut found);
    }
    let missing: Vec<u32> = FACTS
        .filter(|number| !found.contains_key(number) && !NOT_YET.contains(number))
        .collect();
    assert!(
        missing.is_empty(),
        "no test in tests/provider-sim is named after: {missing:?}"
    );
    let unknown: Vec<&u32> = found
        .keys()
        .filter(|number| !FACTS.contains(number))
        .collect();
    assert!(
        unknown.is_empty(),
        "there are no facts with the numbers {unknown:?}"
    );
}
