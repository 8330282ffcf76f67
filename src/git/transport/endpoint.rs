//! Who serves the streams of a conversation, and how it is ended from outside: when it is silent, or on demand.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::process::{Killer, Running};
use crate::secrets::KnownSecrets;

use super::classify::from_stderr;
use super::idle_timeout::{Interruption, Pulse, TICK};

/// How long a service that said everything may take to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// What is at the other end.
#[derive(Debug)]
pub(super) enum Peer {
    Child(Running),
    Socket(TcpStream),
}

/// Ends the conversation from another thread, whatever the other side does.
#[derive(Debug)]
pub(super) enum Cut {
    Child(Killer),
    Socket(Option<TcpStream>),
}

impl Peer {
    /// Returns what ends the conversation from another thread.
    pub(super) fn cut(&self) -> Cut {
        match self {
            Self::Child(running) => Cut::Child(running.killer()),
            Self::Socket(socket) => Cut::Socket(socket.try_clone().ok()),
        }
    }

    /// Returns the error of a service that ended too early, from what it wrote to stderr.
    pub(super) fn ended(&self, scheme: Scheme, known: &KnownSecrets) -> TransportError {
        match self {
            Self::Child(running) => from_stderr(&running.stderr(FAREWELL).bytes, scheme, known),
            Self::Socket(_) => from_stderr(b"the remote hung up", scheme, known),
        }
    }

    /// Waits a moment for a service to end that has nothing to do.
    pub(super) fn leave(self) {
        if let Self::Child(running) = self {
            drop(running.finish(FAREWELL));
        }
    }
}

impl Cut {
    /// Ends it.
    pub(super) fn now(&self) {
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

/// Does `work` while a thread watches the pulse, and cuts the conversation when it stands still.
pub(super) fn watched<T>(
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
