//! The other end of two streams, and how it is terminated: after the idle timeout, or on demand.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::process::{Ended, Killer, Running};
use crate::threads::lock;

use super::Target;
use super::idle_timeout::{IdleTimeout, Interruption, POLL_INTERVAL};
use super::message_lines::messages;
use super::ssh_cause::{or_setting, talker};
use super::ssh_exit::{not_run, or_signal, silent_refusal};
use super::ssh_probe::{Probed, probe};
use super::ssh_words::is_without_shell;
use super::stderr::{Stage, from_stderr};

/// How long a service may take to exit once its streams are done. Longer in a development build, because its tests share a
/// busy machine.
const EXIT_GRACE: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 3_000 } else { 500 });

/// The program or socket at the other end.
#[derive(Debug)]
pub(super) enum Endpoint {
    Child(Running),
    Socket(TcpStream),
}

/// Terminates the connection from another thread, whatever the other side does.
#[derive(Debug)]
pub(super) enum Terminator {
    Child(Killer),
    Socket(Option<TcpStream>),
}

impl Endpoint {
    /// Returns what terminates the connection from another thread.
    pub(super) fn terminator(&self) -> Terminator {
        match self {
            Self::Child(running) => Terminator::Child(running.killer()),
            Self::Socket(socket) => Terminator::Socket(socket.try_clone().ok()),
        }
    }

    /// Returns the error of a service that exited too early, from what it wrote to stderr.
    pub(super) fn ended(&self, target: Target<'_>, stage: Stage) -> TransportError {
        let (scheme, known) = (target.url.scheme(), &target.options.known);
        match self {
            Self::Child(running) => {
                let stderr = running.stderr(EXIT_GRACE).bytes;
                let error = || from_stderr(&stderr, scheme, stage, known);
                if scheme != Scheme::Ssh {
                    return error();
                }
                let (ended, lines) = (running.ended(EXIT_GRACE), messages(&stderr, known));
                let probe = || probe(target).unwrap_or(Probed::Other);
                not_run(ended, &lines, stage, target.options, probe)
                    .or_else(|| silent_refusal(ended, &lines, stage, target.options))
                    .unwrap_or_else(|| {
                        let error = or_signal(error(), ended, &lines);
                        or_setting(error, ended, &lines, stage, target)
                    })
            }
            Self::Socket(_) => from_stderr(b"the remote hung up", scheme, stage, known),
        }
    }

    /// Returns the error of a program behind ssh that writes `text` where git's protocol begins: the service follows it, or
    /// the program says why it runs none, and ends.
    pub(super) fn talked(&self, text: &[u8], target: Target<'_>) -> TransportError {
        let known = &target.options.known;
        let messages = messages(text, known);
        let said = messages.first().cloned().unwrap_or_default();
        if let Some(said) = messages.iter().find(|line| is_without_shell(line)).cloned() {
            let class = "auth";
            return TransportError::Refused {
                class,
                said,
                messages,
            };
        }
        let Self::Child(running) = self else {
            return TransportError::Talk { said };
        };
        if !matches!(running.ended(EXIT_GRACE), Some(Ended::Code(1..))) {
            return talker(target).unwrap_or(TransportError::Talk { said });
        }
        let stderr = running.stderr(EXIT_GRACE).bytes;
        match from_stderr(&stderr, Scheme::Ssh, Stage::Working, known) {
            TransportError::Network { .. } => TransportError::Refused {
                class: "denied",
                said,
                messages,
            },
            error => error,
        }
    }

    /// Waits a moment for a service that has nothing to do.
    pub(super) fn wait_for_exit(self) {
        if let Self::Child(running) = self {
            drop(running.finish(EXIT_GRACE));
        }
    }
}

impl Terminator {
    /// Kills the program, or closes the socket.
    pub(super) fn terminate(&self) {
        match self {
            Self::Child(killer) => killer.kill(),
            Self::Socket(Some(socket)) => {
                // An error says that it is closed already.
                drop(socket.shutdown(Shutdown::Both));
            }
            Self::Socket(None) => {}
        }
    }
}

/// Runs `work` while a thread checks the idle timeout, and terminates the connection when it is over.
pub(super) fn with_idle_timeout<T>(
    terminator: &Terminator,
    idle: &IdleTimeout,
    stop: &AtomicBool,
    work: impl FnOnce() -> T,
) -> (T, Option<Interruption>) {
    let interruption = Mutex::new(None);
    let done = thread::scope(|scope| {
        let (finished, end) = channel::<()>();
        let seen = &interruption;
        let watch = move || {
            while end.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if let Some(reason) = idle.check(stop) {
                    lock(seen).replace(reason);
                    terminator.terminate();
                    return;
                }
            }
        };
        // Where the machine refuses the thread, the run's deadline ends what hangs.
        let _refused = thread::Builder::new().spawn_scoped(scope, watch);
        let done = work();
        drop(finished);
        done
    });
    let reason = interruption
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    (done, reason)
}
