//! Other programs: run with a time limit, with what they said in the error.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started: it is missing, or not executable.
    #[error("cannot start `{program}`: {reason}")]
    NotStarted {
        /// The program's name.
        program: String,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// It ended with an error.
    #[error("`{line}` failed ({status}){output}")]
    Failed {
        /// The command line.
        line: String,
        /// The exit status.
        status: std::process::ExitStatus,
        /// The end of what it said, on lines of its own, or nothing.
        output: String,
    },
    /// It was stopped because it took too long.
    #[error("`{line}` gave no result in {} s", .limit.as_secs())]
    TooSlow {
        /// The command line.
        line: String,
        /// How long it was given.
        limit: Duration,
    },
}

/// The command line as one would type it.
#[must_use]
pub fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Runs to the end and answers what was written to standard output, without surrounding white space.
///
/// # Errors
///
/// [`Error::NotStarted`] or [`Error::Failed`] with the last lines of standard error.
pub fn capture(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|reason| not_started(command, reason))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(failed(command, &output))
    }
}

/// Runs to the end; the program writes to this program's own output.
///
/// # Errors
///
/// [`Error::NotStarted`] or [`Error::Failed`].
pub fn run(command: &mut Command) -> Result<(), Error> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|reason| not_started(command, reason))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed {
            line: line(command),
            status,
            output: String::new(),
        })
    }
}

/// Runs to the end, or ends it when `limit` is over: a network that swallows packets lets some programs wait for minutes. What the
/// program says goes to `log`, and its end into the error.
///
/// # Errors
///
/// All of [`Error`].
pub fn run_within(command: &mut Command, limit: Duration, log: &Path) -> Result<(), Error> {
    let sink = std::fs::File::create(log).and_then(|file| Ok((file.try_clone()?, file)));
    let (out, err) = sink.map_err(|reason| not_started(command, reason))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|reason| not_started(command, reason))?;
    let end = Instant::now() + limit;
    loop {
        match child
            .try_wait()
            .map_err(|reason| not_started(command, reason))?
        {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let said = std::fs::read(log).unwrap_or_default();
                return Err(Error::Failed {
                    line: line(command),
                    status,
                    output: tail(&said),
                });
            }
            None if Instant::now() >= end => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::TooSlow {
                    line: line(command),
                    limit,
                });
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn not_started(command: &Command, reason: std::io::Error) -> Error {
    Error::NotStarted {
        program: command.get_program().to_string_lossy().into_owned(),
        reason,
    }
}

fn failed(command: &Command, output: &Output) -> Error {
    Error::Failed {
        line: line(command),
        status: output.status,
        output: tail(&output.stderr),
    }
}

/// The last lines, each on a line of its own and indented, so that they stand apart in an error.
fn tail(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(5))
        .map(|line| format!("\n      {line}"))
        .collect()
}
