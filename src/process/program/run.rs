//! Runs a program to its end, its deadline, or until it is to stop.

use std::io::{self, Write};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use super::super::error::ProcessError;
use super::super::group::{Killer, end_of};
use super::super::output::{Collector, Output};
use super::{Leftovers, Program};

/// How long to wait for the end of the output after the program ended and its group was killed. Longer in a development
/// build, because its tests share a busy machine.
const OUTPUT_GRACE: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 200 });

/// The interval at which the stop flag is checked.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(20);

impl Program {
    /// Runs the program to its end. At the deadline its process group is killed.
    pub fn run(&self) -> Result<Output, ProcessError> {
        self.wait_for(&AtomicBool::new(false), |_| ())
    }

    /// Like [`run`](Self::run), but also kills the program soon after `stop` is set.
    pub fn run_until(&self, stop: &AtomicBool) -> Result<Output, ProcessError> {
        self.wait_for(stop, |_| ())
    }

    /// Like [`run`](Self::run), but passes a [`Killer`] to `on_start` first.
    pub fn run_with(&self, on_start: impl FnOnce(Killer)) -> Result<Output, ProcessError> {
        self.wait_for(&AtomicBool::new(false), on_start)
    }

    fn wait_for(
        &self,
        stop: &AtomicBool,
        on_start: impl FnOnce(Killer),
    ) -> Result<Output, ProcessError> {
        let started = Instant::now();
        let (mut child, killer) = self.spawn()?;
        on_start(killer.clone());
        let (stdout, stderr, end) = match self.attend(&mut child) {
            Ok(attended) => attended,
            Err(source) => {
                killer.kill();
                let _status = killer.reap(&mut child);
                return Err(self.failed(source));
            }
        };
        let remaining = || self.deadline.saturating_sub(started.elapsed());
        let mut in_time = false;
        while !in_time && !remaining().is_zero() && !stop.load(Ordering::Relaxed) {
            in_time = end
                .recv_timeout(remaining().min(STOP_CHECK_INTERVAL))
                .is_ok();
        }
        if !in_time || self.leftovers == Leftovers::Kill {
            killer.kill();
        }
        let status = killer
            .reap(&mut child)
            .map_err(|source| self.wait(source))?;
        if !in_time && stop.load(Ordering::Relaxed) {
            return Err(ProcessError::Stopped(self.path.clone()));
        }
        if !in_time {
            return Err(ProcessError::Deadline {
                program: self.path.clone(),
                limit: self.deadline,
            });
        }
        let collect = |stream: Option<Collector>| {
            stream.map_or_else(Default::default, |stream| {
                stream.collect(remaining().min(OUTPUT_GRACE))
            })
        };
        Ok(Output {
            ended: status.into(),
            stdout: collect(stdout),
            stderr: collect(stderr),
        })
    }

    /// Starts the threads that read the program's output, write its input and see its end.
    fn attend(
        &self,
        child: &mut Child,
    ) -> io::Result<(Option<Collector>, Option<Collector>, Receiver<()>)> {
        let stdout = child.stdout.take().map(|s| Collector::start(s, self.cap));
        let stderr = child.stderr.take().map(|s| Collector::start(s, self.cap));
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.clone();
            // A program that does not read its input ends this thread with a broken pipe.
            thread::Builder::new().spawn(move || stdin.write_all(&input))?;
        }
        Ok((stdout.transpose()?, stderr.transpose()?, end_of(child)?))
    }

    fn spawn(&self) -> Result<(Child, Killer), ProcessError> {
        self.begin(if self.input.is_empty() {
            Stdio::null
        } else {
            Stdio::piped
        })
    }

    fn wait(&self, source: io::Error) -> ProcessError {
        ProcessError::Wait {
            program: self.path.clone(),
            source,
        }
    }
}
