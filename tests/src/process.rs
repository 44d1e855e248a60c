//! A process of a test: started, signalled, ended, looked at.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Requests, jobs and calls under way have a minute together.
const STOP: Duration = Duration::from_secs(70);

/// A process that ends with its handle.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the process has ended.
    pub(crate) fn alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!(
                "it ended with {status}; its log ends with:\n{}",
                self.tail()
            );
        }
        Ok(())
    }

    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .iter()
            .skip(lines.len().saturating_sub(15))
            .map(|line| format!("  {line}\n"))
            .collect()
    }

    /// SIGTERM, and waiting until it has ended.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        signal("-TERM", self.child.id())?;
        let begun = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!(
                    "it ended with {status}; its log ends with:\n{}",
                    self.tail()
                ),
                None if begun.elapsed() > STOP => {
                    bail!("it does not stop; its log ends with:\n{}", self.tail())
                }
                None => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// SIGKILL: nothing can be tidied up.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal, such as `-TERM`.
pub(crate) fn signal(signal: &str, process: u32) -> Result<()> {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status()?;
    if !sent.success() {
        bail!("the process was not signalled: {sent}");
    }
    Ok(())
}

/// CPU seconds that a process has used so far, in user and system.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name, in parentheses, may hold anything; what is counted comes after it. See proc(5): utime, stime.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks: f64 = [11, 12]
        .iter()
        .filter_map(|place| fields.get(*place)?.parse::<f64>().ok())
        .sum();
    // Linux reports in hundredths of a second on every architecture that it runs on.
    Ok(ticks / 100.0)
}

/// Memory of a process that lies in RAM, in bytes.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    // See proc(5): `VmRSS:     1234 kB`, where a kB has 1,024 bytes.
    Ok(status(pid, "VmRSS:")? * 1_024)
}

/// Threads of a process.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn threads(pid: u32) -> Result<u64> {
    status(pid, "Threads:")
}

/// Files and sockets that a process has open.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn open_files(pid: u32) -> Result<u64> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}

/// A number of a process's status; see proc(5).
fn status(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.with_context(|| format!("the process has no {name}"))?;
    Ok(number.parse()?)
}
