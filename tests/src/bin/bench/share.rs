//! A fixed share of one processor for a process, so that a machine with few of them shows what several machines would do.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The kernel's second hierarchy of groups, or the first one's controller.
const UNIFIED: &str = "/sys/fs/cgroup";
const CONTROLLER: &str = "/sys/fs/cgroup/cpu";

/// Over which time the share is kept, in microseconds: short, or requests would wait for a period's end.
const PERIOD: u64 = 10_000;

/// A control group that ends with this; its processes then have no limit any more.
#[derive(Debug)]
pub(super) struct Share(PathBuf);

impl Share {
    /// So many hundredths of one processor for a process and all of its threads.
    ///
    /// # Errors
    ///
    /// If this may not make control groups: it takes root, and a kernel that limits processors.
    pub(super) fn of(pid: u32, percent: u64) -> Result<Self> {
        let first = Path::new(CONTROLLER);
        let root = if first.join("cpu.cfs_quota_us").exists() {
            first
        } else {
            Path::new(UNIFIED)
        };
        let folder = root.join(format!("bench-{pid}"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("no control group at {}", folder.display()))?;
        let share = Self(folder);
        let quota = PERIOD * percent / 100;
        if root == first {
            share.set("cpu.cfs_period_us", &PERIOD.to_string())?;
            share.set("cpu.cfs_quota_us", &quota.to_string())?;
        } else {
            share.set("cpu.max", &format!("{quota} {PERIOD}"))?;
        }
        share.set("cgroup.procs", &pid.to_string())?;
        Ok(share)
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        let path = self.0.join(name);
        std::fs::write(&path, value).with_context(|| path.display().to_string())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // A group can only go without processes. Those that ended have left it.
        if let Some(root) = self.0.parent()
            && let Ok(left) = std::fs::read_to_string(self.0.join("cgroup.procs"))
        {
            for pid in left.lines() {
                let _ = std::fs::write(root.join("cgroup.procs"), pid);
            }
        }
        let _ = std::fs::remove_dir(&self.0);
    }
}
