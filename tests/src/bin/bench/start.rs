//! From the start of the process until it serves.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use end_to_end::stack::Stack;

use super::Arguments;

/// With the plugin enabled, with an empty and with a filled cache of compiled code.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let mut stack = arguments.stack(10, "small").await?;
    let (mut empty, mut filled) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        stack.host.kill();
        remove_cache(&stack.folder().join("data"))?;
        empty.push(restart(&mut stack).await?);
        filled.push(restart(&mut stack).await?);
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let (empty, filled) = (middle(&mut empty), middle(&mut filled));
    println!("### Cold start: process start to `/readyz`, plugin enabled, median of 5\n");
    println!(
        "| compile cache | time |\n|---|---|\n| empty | {empty:.0} ms |\n| filled | {filled:.0} ms |\n| **ratio** | **{:.1} ×** |\n",
        empty / filled
    );
    Ok(())
}

async fn restart(stack: &mut Stack) -> Result<f64> {
    stack.host.kill();
    let begun = Instant::now();
    stack.host.restart().await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

/// Compiled components, which the host makes anew.
fn remove_cache(data: &Path) -> Result<()> {
    let mut removed = 0;
    for entry in std::fs::read_dir(data)?.flatten() {
        if entry.file_name() == "compiled" {
            std::fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    if removed == 0 {
        bail!("{} has no compile cache", data.display())
    } else {
        Ok(())
    }
}
