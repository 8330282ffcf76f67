//! The result of a child program: how it ended, and its output up to a cap.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::threads::lock;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Code(i32),
    /// It was killed by this signal.
    Signal(i32),
}

impl Ended {
    /// Says whether the program exited with code 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }
}

/// Output up to a cap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes, up to the cap.
    pub bytes: Vec<u8>,
    /// The number of bytes that were written, with those beyond the cap.
    pub total: u64,
}

impl Captured {
    /// Says whether there was more output than the cap.
    pub fn is_cut(&self) -> bool {
        u64::try_from(self.bytes.len()).is_ok_and(|kept| kept < self.total)
    }
}

/// The result of a program that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
}

/// Reads a stream to its end on its own thread, so that the child never blocks on a full pipe.
#[derive(Debug)]
pub(super) struct Collector {
    captured: Arc<Mutex<Captured>>,
    end: Receiver<()>,
}

impl Collector {
    /// Starts to read. Keeps the first `cap` bytes and discards the rest.
    pub(super) fn start(mut stream: impl Read + Send + 'static, cap: usize) -> io::Result<Self> {
        let captured = Arc::new(Mutex::new(Captured::default()));
        let shared = Arc::clone(&captured);
        let (ended, end) = sync_channel(1);
        thread::Builder::new().spawn(move || {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                let Some(new) = buffer.get(..read) else { break };
                let mut captured = lock(&shared);
                let room = cap.saturating_sub(captured.bytes.len()).min(read);
                captured.bytes.extend(new.iter().take(room));
                captured.total += u64::try_from(read).unwrap_or(0);
            }
            let _ = ended.send(());
        })?;
        Ok(Self { captured, end })
    }

    /// Waits at most `timeout` for the end of the stream, and returns what was read so far.
    pub(super) fn collect(&self, timeout: Duration) -> Captured {
        let _ = self.end.recv_timeout(timeout);
        lock(&self.captured).clone()
    }
}
