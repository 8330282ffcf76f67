//! A program that continues when its caller ends: how it is started, and how it detaches itself.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::limits::without_limits;

/// The interval at which the end of a program is polled.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Starts `program` to live on, in `/` and with the environment of this process but for the variables in
/// `without`. It has nothing of this process or of its caller: no terminal, no file. It reads what [`Detached::tell`] says.
///
/// It leads a session and a process group of its own from its first instruction, so what is sent to the caller's
/// process group does not reach it.
#[expect(
    clippy::disallowed_methods,
    reason = "`process` is the module that spawns"
)]
pub fn start_detached<'a>(
    program: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    without: impl IntoIterator<Item = &'a OsStr>,
) -> io::Result<Detached> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for name in without {
        command.env_remove(name);
    }
    // A caller that opened files for us may wait until the last copy of them is closed.
    close_fds::set_fds_cloexec(3, &[]);
    let mut command = CommandWrap::from(command);
    without_limits(|| command.wrap(ProcessSession).spawn()).map(Detached)
}

/// A program that was started detached. It continues when this is dropped.
#[derive(Debug)]
pub struct Detached(Box<dyn ChildWrapper>);

impl Detached {
    /// Gives the program its input, once. Nothing is waited for, but that it takes an `input` larger than a pipe, for at
    /// most `patience`.
    pub fn tell(&mut self, input: &[u8], patience: Duration) -> io::Result<()> {
        let stdin = self.0.stdin().take();
        stdin.map_or(Ok(()), |stdin| write_within(stdin, input, patience))
    }

    /// Waits for its end, for at most `patience`. Says whether it has ended.
    pub fn has_ended_within(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        loop {
            match self.0.try_wait() {
                Ok(None) if Instant::now() < end => thread::sleep(CHECK_INTERVAL),
                Ok(None) => return false,
                Ok(Some(_)) | Err(_) => return true,
            }
        }
    }
}

/// Writes to a program that may never read.
fn write_within(mut stdin: ChildStdin, mut input: &[u8], patience: Duration) -> io::Result<()> {
    rustix::io::ioctl_fionbio(&stdin, true)?;
    let end = Instant::now() + patience;
    while !input.is_empty() {
        match stdin.write(input) {
            Ok(written) => input = input.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                wait_until_writable(&stdin, left)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait_until_writable(stdin: &ChildStdin, left: Duration) -> io::Result<()> {
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    let mut watched = [PollFd::new(stdin, PollFlags::OUT)];
    match poll(&mut watched, Some(&left)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Leaves the caller of a process that [`start_detached`] started: what it makes is for nobody else, `/dev/null` for
/// its standard streams. Returns the input that it was given.
pub fn detach() -> io::Result<Vec<u8>> {
    let _former = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(input)
}
