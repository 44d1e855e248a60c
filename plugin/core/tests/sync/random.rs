//! How random histories are played.

use std::future::Future;

use proptest::prelude::ProptestConfig;

/// So many cases, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: given.and_then(|text| text.parse().ok()).unwrap_or(usual),
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    }
}

/// Plays one to its end, on a runtime of its own.
pub(crate) fn played(history: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(history);
}
