//! A git service behind two streams: a child program, ssh, or a socket to git's daemon.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::git::push::commands::SideBand;
use crate::git::push::diagnosis::from_stderr;
use crate::git::push::error::PushError;
use crate::names::Scheme;
use crate::process::Killer;
use crate::process::Program;
use crate::process::Running;
use crate::process::find_program;

use super::answer::{Answer, Demux};
use super::pulse::{Interruption, Pulse, TICK};
use super::{AllowFile, Failed, Service, Target, WritePack};

/// The longest advertisement that is read, in bytes: a million refs.
const ADVERTISEMENT_CAP: usize = 128 << 20;
/// How long a service that said everything may take to end.
const FAREWELL: Duration = Duration::from_millis(500);
/// Where distributions put git's programs when they are not on the search path.
const GIT_DIRECTORIES: &[&str] = &[
    "/usr/lib/git-core",
    "/usr/libexec/git-core",
    "/usr/local/libexec/git-core",
];

/// Returns the program that serves a repository on this machine.
pub(super) fn program(target: Target<'_>, service: Service) -> Result<Program, PushError> {
    if target.options.allow_file == AllowFile::No {
        return Err(PushError::FileRemote);
    }
    let path = target.url.file_path().ok_or(PushError::Scheme("file"))?;
    let inheritance = &target.options.inheritance;
    let own: Vec<PathBuf> = GIT_DIRECTORIES.iter().map(PathBuf::from).collect();
    let found = inheritance
        .find(service.name())
        .or_else(|_| find_program(service.name(), &own))
        .map_err(PushError::Start)?;
    let program = Program::new(found)
        .inherit(inheritance)
        .arg(target.directory.join(path));
    Ok(match service.protocol() {
        Some(version) => program.variable("GIT_PROTOCOL", version),
        None => program,
    })
}

/// What is at the other end.
#[derive(Debug)]
enum Peer {
    Child(Running),
    Socket(TcpStream),
}

/// Ends the conversation from another thread, whatever the other side does.
#[derive(Debug)]
enum Cut {
    Child(Killer),
    Socket(Option<TcpStream>),
}

impl Peer {
    fn cut(&self) -> Cut {
        match self {
            Self::Child(running) => Cut::Child(running.killer()),
            Self::Socket(socket) => Cut::Socket(socket.try_clone().ok()),
        }
    }
}

impl Cut {
    fn now(&self) {
        match self {
            Self::Child(killer) => killer.kill(),
            Self::Socket(Some(socket)) => {
                // One that is closed already is what we want.
                drop(socket.shutdown(Shutdown::Both));
            }
            Self::Socket(None) => {}
        }
    }
}

/// A conversation over two streams.
pub(in crate::git::push) struct ChildLink<'a> {
    peer: Peer,
    stdin: Option<Box<dyn Write + Send>>,
    /// Buffered, because an advertisement is thousands of short lines.
    stdout: BufReader<Box<dyn Read + Send>>,
    pulse: Pulse,
    stop: &'a AtomicBool,
    scheme: Scheme,
}

impl std::fmt::Debug for ChildLink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildLink")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl<'a> ChildLink<'a> {
    /// Takes a socket to git's daemon, and sends what opens the conversation.
    pub(super) fn over(
        socket: TcpStream,
        request: &[u8],
        target: Target<'a>,
    ) -> Result<Self, PushError> {
        let failed = |error: std::io::Error| PushError::Network {
            said: error.to_string(),
            source: None,
        };
        let mut stdin = socket.try_clone().map_err(failed)?;
        let stdout = socket.try_clone().map_err(failed)?;
        stdin.write_all(request).map_err(failed)?;
        Ok(Self {
            peer: Peer::Socket(socket),
            stdin: Some(Box::new(stdin)),
            stdout: BufReader::new(Box::new(stdout)),
            pulse: Pulse::new(target.options.push_timeout),
            stop: target.stop,
            scheme: target.url.scheme(),
        })
    }

    /// Starts the program.
    pub(super) fn start(program: &Program, target: Target<'a>) -> Result<Self, PushError> {
        let mut running = program.start().map_err(PushError::Start)?;
        let stdin = running.take_stdin();
        let stdout = running.take_stdout().ok_or(PushError::Garbled)?;
        Ok(Self {
            peer: Peer::Child(running),
            stdin: stdin.map(|stdin| Box::new(stdin) as Box<dyn Write + Send>),
            stdout: BufReader::new(Box::new(stdout)),
            pulse: Pulse::new(target.options.push_timeout),
            stop: target.stop,
            scheme: target.url.scheme(),
        })
    }

    /// Reads the lines up to the first flush.
    pub(super) fn advertise(&mut self) -> Result<Vec<u8>, PushError> {
        let (stdout, pulse) = (&mut self.stdout, &self.pulse);
        pulse.beat();
        let (lines, interruption) = watched(&self.peer.cut(), pulse, self.stop, || {
            read_lines(stdout, pulse)
        });
        match (lines, interruption) {
            (Ok(lines), _) => Ok(lines),
            (Err(_), Some(interruption)) => Err(interruption.into()),
            (Err(Broken::End), None) => Err(self.ended()),
            (Err(Broken::Malformed), None) => Err(PushError::Garbled),
        }
    }

    /// Writes a small request, and reads the lines of the answer.
    pub(super) fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, PushError> {
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(body));
        match written {
            Some(Ok(())) => self.advertise(),
            _ => Err(self.ended()),
        }
    }

    /// Sends the request; the answer is read meanwhile, so that neither side waits for the other.
    pub(super) fn exchange(
        &mut self,
        head: &[u8],
        pack: WritePack<'_>,
        side_band: SideBand,
    ) -> Result<Answer, Failed> {
        let Some(mut stdin) = self.stdin.take() else {
            return Err(Failed::without_effect(PushError::Garbled));
        };
        let (stdout, pulse) = (&mut self.stdout, &self.pulse);
        let cut = self.peer.cut();
        pulse.beat();
        let ((written, read), interruption) = watched(&cut, pulse, self.stop, || {
            thread::scope(|scope| {
                let reader = scope.spawn(|| read_answer(stdout, pulse, side_band));
                let mut out = Paced::new(&mut *stdin, pulse);
                let written = match out.write_all(head) {
                    Ok(()) => pack(&mut out),
                    Err(_) => Err(PushError::Lost),
                };
                let broken = out.broken;
                pulse.work_ends();
                if written.is_err() && !broken {
                    // The pack is cut short, so the service will take none of it.
                    cut.now();
                }
                drop(stdin);
                let read = reader.join().unwrap_or(Err(Broken::End));
                (written.map_err(|error| (error, broken)), read)
            })
        });
        match (written, read, interruption) {
            (Err((error, false)), _, _) => Err(Failed::without_effect(error)),
            (_, Ok(answer), _) => Ok(answer),
            (written, Err(broken), interruption) => {
                let error = match (interruption, broken) {
                    (Some(interruption), _) => interruption.into(),
                    (None, Broken::End) => self.ended(),
                    (None, Broken::Malformed) => PushError::Garbled,
                };
                // A pack that was cut short is taken by no server.
                Err(if written.is_ok() {
                    Failed::unknown(error)
                } else {
                    Failed::without_effect(error)
                })
            }
        }
    }

    /// Says that there is nothing to do, and waits a moment for the service to end.
    pub(super) fn leave(mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            // Whether it hears us makes no difference: nothing was asked.
            drop(stdin.write_all(b"0000"));
        }
        drop(self.stdout);
        if let Peer::Child(running) = self.peer {
            drop(running.finish(FAREWELL));
        }
    }

    /// Returns the error of a service that ended too early, from what it wrote to stderr.
    fn ended(&self) -> PushError {
        match &self.peer {
            Peer::Child(running) => from_stderr(&running.stderr(FAREWELL).bytes, self.scheme),
            Peer::Socket(_) => from_stderr(b"the remote hung up", self.scheme),
        }
    }
}

/// Why the lines of a service could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    End,
    Malformed,
}

/// Reads packet lines up to and including the flush.
fn read_lines(stdout: &mut impl Read, pulse: &Pulse) -> Result<Vec<u8>, Broken> {
    let mut lines = Vec::new();
    loop {
        let mut length = [0; 4];
        if stdout.read_exact(&mut length).is_err() {
            // A server that refuses the conversation says so in one line, and hangs up.
            let refused = lines.get(4..8) == Some(b"ERR ");
            return if refused { Ok(lines) } else { Err(Broken::End) };
        }
        lines.extend_from_slice(&length);
        let length = length_of(length)?;
        pulse.heard(length);
        match length {
            0 => return Ok(lines),
            // A delimiter stands between the sections of protocol version 2.
            1 => {}
            5..=65_520 if lines.len() < ADVERTISEMENT_CAP => {
                let start = lines.len();
                lines.resize(start + length - 4, 0);
                let line = lines.get_mut(start..).unwrap_or_default();
                stdout.read_exact(line).map_err(|_| Broken::End)?;
            }
            _ => return Err(Broken::Malformed),
        }
    }
}

/// Reads the four digits before a line. A sign, which the standard library takes, is none.
fn length_of(digits: [u8; 4]) -> Result<usize, Broken> {
    let digit = |all: usize, byte: u8| {
        let value = char::from(byte).to_digit(16).ok_or(Broken::Malformed)?;
        Ok(all * 16 + value as usize)
    };
    digits.into_iter().try_fold(0, digit)
}

fn read_answer(
    stdout: &mut impl Read,
    pulse: &Pulse,
    side_band: SideBand,
) -> Result<Answer, Broken> {
    let mut demux = Demux::new(side_band);
    let mut buffer = vec![0; 64 * 1024];
    // Without side bands the hooks that follow the report run on until the service ends.
    while !demux.is_done() || side_band == SideBand::None {
        let read = stdout.read(&mut buffer).map_err(|_| Broken::End)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() && demux.is_done() {
            break;
        }
        if piece.is_empty() {
            return Err(Broken::End);
        }
        pulse.beat();
        demux.feed(piece).map_err(|_| Broken::Malformed)?;
    }
    Ok(demux.finish())
}

/// A pipe whose writes count as waiting for the other side, and the time between them as our work.
struct Paced<'a> {
    inner: &'a mut (dyn Write + Send),
    pulse: &'a Pulse,
    broken: bool,
}

impl<'a> Paced<'a> {
    fn new(inner: &'a mut (dyn Write + Send), pulse: &'a Pulse) -> Self {
        pulse.work_begins();
        Self {
            inner,
            pulse,
            broken: false,
        }
    }
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pulse.work_ends();
        let written = self.inner.write(bytes);
        self.pulse.work_begins();
        self.broken |= written.is_err();
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Does `work` while a thread watches the pulse, and kills the group when it stands still.
fn watched<T>(
    cut: &Cut,
    pulse: &Pulse,
    stop: &AtomicBool,
    work: impl FnOnce() -> T,
) -> (T, Option<Interruption>) {
    let interruption = Mutex::new(None);
    let done = thread::scope(|scope| {
        let (finished, end) = channel::<()>();
        let seen = &interruption;
        scope.spawn(move || {
            while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if let Some(reason) = pulse.check(stop) {
                    seen.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .replace(reason);
                    cut.now();
                    return;
                }
            }
        });
        let done = work();
        drop(finished);
        done
    });
    let reason = interruption
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    (done, reason)
}
