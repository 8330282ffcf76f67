//! The work of a worker and of `sendoff flush`: the branch that it was started for, then all other waiting work.

use std::sync::Arc;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::pipeline::TaskKept;
use crate::secrets::KnownSecrets;
use crate::session::deliver_waiting;
use crate::store::{StoreError, Turn, TurnAt};

use super::due::until;
use super::job::Ending;
use super::message::{Kept, Message};
use super::serve::{Waits, Worker};
use super::status::open;

/// Does the work that a hook handed over by `input`. `end` ends the process when a run is stuck.
pub fn work(environment: &Environment, known: &KnownSecrets, input: &[u8], end: Ending) {
    let message: Option<Message> = match serde_json::from_slice(input) {
        Ok(message) => message,
        Err(error) => {
            // The hook was killed before its message was complete; an intent that it kept waits in the store.
            tracing::debug!(%error, "the worker was told nothing");
            Worker::new(environment, known, end, Waits::UntilDeadline).sweep(Rows::Due);
            return;
        }
    };
    reach(Point::WorkerTold);
    // Another worker has the turn.
    let Some(message) = message else { return };
    let worker = Worker::new(environment, known, end, Waits::UntilDeadline);
    if message.kept == Kept::Nowhere && !worker.keeps(&message.intent) {
        worker.wait_and_run(&message.intent, TaskKept::Nowhere);
        return;
    }
    if let Err(error) = worker.serve(&message.intent) {
        tracing::error!(%error, "the store cannot be used any more");
        return;
    }
    worker.sweep(Rows::Due);
}

/// Which rows are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Those whose time has come.
    Due,
    /// All of them.
    All,
}

/// Tries everything that waits, once, in the foreground, and the named runs even if they were given up. Returns 0
/// when nothing waits any more, else 75. `status` shows what was given up.
pub fn flush(
    environment: &Environment,
    known: &KnownSecrets,
    runs: &[String],
    end: Ending,
) -> Result<Exit, Arc<StoreError>> {
    let worker = Worker::new(environment, known, end, Waits::No);
    let Some(store) = worker.store.try_existing()? else {
        return Ok(Exit::Done);
    };
    store.revive_deliveries(&[])?;
    store.revive_intents(runs)?;
    worker.sweep(Rows::All);
    let counts = store.counts()?;
    let waits = counts.waiting > 0
        || !store.all_pending(None)?.is_empty()
        || !store.all_waiting_intents()?.is_empty();
    Ok(if waits { Exit::Queued } else { Exit::Done })
}

/// Returns the first of these runs that was not given up, and so cannot be revived.
pub fn not_given_up<'a>(
    environment: &Environment,
    runs: &'a [String],
) -> Result<Option<&'a String>, StoreError> {
    let given_up = match open(environment)? {
        Some(store) => store.given_up_intents()?,
        None => Vec::new(),
    };
    let is_given_up = |run: &&String| given_up.iter().any(|it| it.asked.run_id == **run);
    Ok(runs.iter().find(|run| !is_given_up(run)))
}

impl Worker<'_> {
    /// Works on the other branches: intents whose worker is gone, and pending pushes that are due.
    fn sweep(&self, rows: Rows) {
        reach(Point::WorkerSweeps);
        let Ok(store) = self.store.get() else { return };
        if let Err(error) = store.give_up_intents() {
            tracing::debug!(%error, "what is too old is not given up");
        }
        let orphans = store.all_waiting_intents().unwrap_or_default();
        for intent in orphans {
            if self.interrupted.get() {
                return;
            }
            if !until(intent.not_before).is_zero() {
                continue;
            }
            let again = self.serve(&intent.asked);
            if let Err(error) = again {
                tracing::debug!(%error, "an intent was left for later");
            }
        }
        for pending in store.all_pending(None).unwrap_or_default() {
            if self.interrupted.get() {
                return;
            }
            if rows == Rows::Due && !until(pending.what.not_before).is_zero() {
                continue;
            }
            if let Ok(Some(_turn)) = Turn::take(self.state(), TurnAt::Slot(&pending.what.slot)) {
                self.try_again(store, &pending);
            }
        }
        deliver_waiting(&self.store, self.environment, self.known);
    }
}
