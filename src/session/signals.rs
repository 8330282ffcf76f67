//! The signals that end a run in order: SIGINT, SIGTERM and SIGHUP.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// Handlers for these signals.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Signals {
    /// Registers the handlers. A signal that arrives from here on is not lost. Where the system refuses a handler, the signal
    /// ends the process by itself.
    pub(super) fn listen() -> Self {
        Self {
            interrupt: of(SignalKind::interrupt()),
            terminate: of(SignalKind::terminate()),
            hang_up: of(SignalKind::hangup()),
        }
    }

    /// Waits for a signal that asks the run to end, and returns it as an exit code.
    pub(super) async fn first(self) -> Exit {
        tokio::select! {
            () = arrival(self.interrupt) => Exit::Interrupted,
            () = arrival(self.terminate) => Exit::Terminated,
            () = arrival(self.hang_up) => Exit::HungUp,
        }
    }
}

fn of(kind: SignalKind) -> Option<Signal> {
    signal(kind)
        .inspect_err(|error| tracing::debug!(%error, "a signal cannot be listened to"))
        .ok()
}

async fn arrival(signal: Option<Signal>) {
    let arrived = match signal {
        Some(mut signal) => signal.recv().await,
        None => None,
    };
    if arrived.is_none() {
        pending::<()>().await;
    }
}
