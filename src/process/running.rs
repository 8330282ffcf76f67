//! `Running`: a child program with pipes to its stdin and stdout.

use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::Duration;

use super::error::ProcessError;
use super::group::{Killer, end_of, ended};
use super::output::{Captured, Collector, Ended};

/// A running child program. Dropping it kills its process group and reaps it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    program: PathBuf,
    killer: Killer,
    stderr: Option<Collector>,
    reaped: bool,
}

impl Running {
    /// Takes over a child that was started; where its output cannot be read, it is killed.
    pub(super) fn new(
        child: Child,
        killer: Killer,
        program: PathBuf,
        cap: usize,
    ) -> io::Result<Self> {
        let mut running = Self {
            child,
            program,
            killer,
            stderr: None,
            reaped: false,
        };
        let stderr = running.child.stderr.take();
        running.stderr = stderr.map(|s| Collector::start(s, cap)).transpose()?;
        Ok(running)
    }

    /// Takes the pipe to its stdin; `None` the second time. Dropping the pipe closes stdin.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the pipe from its stdout; `None` the second time.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Returns a killer for its process group.
    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Waits at most `timeout` for the end of its stderr, and returns what it wrote.
    pub fn stderr(&self, timeout: Duration) -> Captured {
        self.stderr
            .as_ref()
            .map_or_else(Captured::default, |stream| stream.collect(timeout))
    }

    /// Waits at most `timeout` for its end, and returns how it ended; `None` where it still runs.
    pub fn ended(&self, timeout: Duration) -> Option<Ended> {
        ended(&self.child).or_else(|| {
            let end = end_of(&self.child).ok()?;
            end.recv_timeout(timeout).ok()?;
            ended(&self.child)
        })
    }

    /// Waits at most `timeout` for its end, then kills its process group.
    pub fn finish(mut self, timeout: Duration) -> Result<Ended, ProcessError> {
        drop(self.child.stdin.take());
        // Without a thread to see its end, it is killed at once.
        let in_time = end_of(&self.child).is_ok_and(|end| end.recv_timeout(timeout).is_ok());
        self.killer.kill();
        self.reaped = true;
        let status = self.killer.reap(&mut self.child);
        match status {
            Ok(status) if in_time => Ok(status.into()),
            Ok(_) => Err(ProcessError::Deadline {
                program: self.program.clone(),
                limit: timeout,
            }),
            Err(source) => Err(ProcessError::Wait {
                program: self.program.clone(),
                source,
            }),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.killer.kill();
            // There is no caller to report a failure to, and SIGKILL cannot be ignored.
            drop(self.killer.reap(&mut self.child));
        }
    }
}
