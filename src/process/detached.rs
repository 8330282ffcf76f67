//! A program that lives on when its caller is gone: started here, and what it does first itself.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// What a program that lives on writes to say that it is on its own.
const READY: &[u8] = b"+";

/// Whether a program that lives on said in time that it is on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// It did.
    Yes,
    /// It has not yet; it may still.
    NotYet,
}

/// Starts `program` to live on, in `/` and with the environment of this process but for the variables in
/// `without`. It gets `input`, and nothing else of this process or of its caller: no terminal, no file.
///
/// Waits for at most `patience` until it says, by [`detach`], that the end of the caller does not concern it.
#[expect(
    clippy::disallowed_methods,
    reason = "`process` is the module that spawns"
)]
pub fn start_detached<'a>(
    program: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    without: impl IntoIterator<Item = &'a OsStr>,
    input: Vec<u8>,
    patience: Duration,
) -> io::Result<Acknowledged> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for name in without {
        command.env_remove(name);
    }
    // A caller that opened files for us may wait until the last copy of them is closed.
    close_fds::set_fds_cloexec(3, &[]);
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (said, heard) = sync_channel(1);
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // One that ends before it has read everything has no use for the rest.
            let _gone = stdin.write_all(&input);
        }
        let mut ready = [0; READY.len()];
        let read = stdout.map(|mut stdout| stdout.read_exact(&mut ready));
        said.send(matches!(read, Some(Ok(()))))
    });
    Ok(match heard.recv_timeout(patience) {
        Ok(true) => Acknowledged::Yes,
        Ok(false) | Err(_) => Acknowledged::NotYet,
    })
}

/// Leaves the caller of a process that [`start_detached`] started: a session of its own, what it makes for
/// nobody else, `/dev/null` for its standard streams. Returns the input that it was given.
pub fn detach() -> io::Result<Vec<u8>> {
    // Whoever leads a group already, as under a debugger, stays in its session.
    let _leader = rustix::process::setsid();
    let _former = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    let mut stdout = io::stdout().lock();
    // The caller may be gone already; that changes nothing.
    let _gone = stdout.write_all(READY).and_then(|()| stdout.flush());
    drop(stdout);
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(input)
}
