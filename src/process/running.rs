//! `Running`: a child program that we talk with.

use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use super::error::ProcessError;
use super::group::{Killer, wait_for_end};
use super::output::{Captured, Collector, Ended};

/// A child program that we talk with. Dropping it kills its whole group and reaps it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    program: PathBuf,
    killer: Killer,
    stderr: Option<Collector>,
    reaped: bool,
}

impl Running {
    pub(super) fn new(mut child: Child, program: PathBuf, cap: usize) -> Self {
        let killer = Killer::of(&child);
        let stderr = child.stderr.take().map(|s| Collector::start(s, cap));
        Self {
            child,
            program,
            killer,
            stderr,
            reaped: false,
        }
    }

    /// Takes the pipe to its input; none the second time. Dropping the pipe ends the input.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the pipe from its output; none the second time.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Returns what kills it from another thread.
    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Returns what it wrote to stderr, after waiting at most `patience` for the rest.
    pub fn stderr(&self, patience: Duration) -> Captured {
        self.stderr
            .as_ref()
            .map_or_else(Captured::default, |stream| stream.collect(patience))
    }

    /// Waits for its end for at most `patience`, then kills it with its group.
    pub fn finish(mut self, patience: Duration) -> Result<Ended, ProcessError> {
        drop(self.child.stdin.take());
        let leader = self.child.id();
        let (ended, end) = sync_channel(1);
        thread::spawn(move || {
            wait_for_end(leader);
            ended.send(())
        });
        let in_time = end.recv_timeout(patience).is_ok();
        self.killer.kill();
        self.reaped = true;
        let status = self.killer.reap(&mut self.child);
        match status {
            Ok(status) if in_time => Ok(status.into()),
            Ok(_) => Err(ProcessError::Deadline {
                program: self.program.clone(),
                limit: patience,
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
            // Nobody is left to hear of a failure, and SIGKILL cannot be refused.
            drop(self.killer.reap(&mut self.child));
        }
    }
}
