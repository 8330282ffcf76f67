//! The signals that end a run in order: SIGINT, SIGTERM and SIGHUP.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// Waits for a signal that asks the run to end, and returns it as an exit code.
pub(super) async fn first() -> Exit {
    tokio::select! {
        () = of(SignalKind::interrupt()) => Exit::Interrupted,
        () = of(SignalKind::terminate()) => Exit::Terminated,
        () = of(SignalKind::hangup()) => Exit::HungUp,
    }
}

/// Waits for a signal. Where the system refuses to register a handler, the signal ends the process by itself.
async fn of(kind: SignalKind) {
    let mut arrived: Signal = match signal(kind) {
        Ok(arrived) => arrived,
        Err(error) => {
            tracing::debug!(%error, "a signal cannot be listened to");
            return pending().await;
        }
    };
    if arrived.recv().await.is_none() {
        pending::<()>().await;
    }
}
