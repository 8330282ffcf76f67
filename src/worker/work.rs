//! The worker: takes its turn, carries out what waits, tries again what is pending, and ends by its deadline.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::git::Operation;
use crate::pipeline::{TaskKept, try_again_at, wait_until};
use crate::policy::Limits;
use crate::secrets::KnownSecrets;
use crate::session::{Ended, Standing, deliver_waiting, ship_times, standing, store_of};
use crate::store::{
    Intent, LazyStore, NewIntent, NewPending, Pending, Place, Slot, Store, StoreError, Turn, TurnAt,
};

use super::carry::{Ending, GoesOn, Job, carry_all, was_interrupted};
use super::message::{Kept, Message};

/// How often a worker that waits looks again.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// The same when it waits for long.
const LONG_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a worker may live, whatever it waits for.
const LIFE: Duration = Duration::from_mins(30);

/// Does the work that a hook handed over by `input`. `end` ends the process when a run is stuck.
pub fn work(environment: &Environment, known: &KnownSecrets, input: &[u8], end: Ending) {
    let message: Message = match serde_json::from_slice(input) {
        Ok(message) => message,
        Err(error) => {
            // The hook was killed while it wrote; what it kept is carried out all the same.
            tracing::debug!(%error, "the worker was told nothing");
            return;
        }
    };
    reach(Point::WorkerTold);
    let worker = Worker::new(environment, known, end);
    if message.kept == Kept::Nowhere && !worker.keeps(&message.intent) {
        worker.wait_and_run(&message.intent, TaskKept::Nowhere);
        return;
    }
    if let Err(error) = worker.serve(&message.intent) {
        tracing::error!(%error, "the store cannot be used any more");
        return;
    }
    worker.sweep(Due::Now);
}

/// Which rows are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Those whose time has come.
    Now,
    /// All of them.
    All,
}

/// Tries everything that waits, now, in the foreground, and the runs that are named though they were given up. Returns 0 when everything is out, 75 when something
/// waits still, 1 when something cannot be delivered.
pub fn flush(
    environment: &Environment,
    known: &KnownSecrets,
    runs: &[String],
    end: Ending,
) -> Result<Exit, Arc<StoreError>> {
    let worker = Worker::new(environment, known, end);
    let Some(store) = worker.store.try_existing()? else {
        return Ok(Exit::Done);
    };
    store.revive_deliveries(&[])?;
    store.revive_intents(runs)?;
    worker.sweep(Due::All);
    let counts = store.counts()?;
    let waits = counts.waiting > 0
        || !store.all_pending(None)?.is_empty()
        || !store.all_waiting_intents()?.is_empty();
    Ok(if waits { Exit::Queued } else { Exit::Done })
}

struct Worker<'a> {
    environment: &'a Environment,
    known: &'a KnownSecrets,
    store: LazyStore,
    end: Ending,
    began: Instant,
    /// How long it goes on trying: the deadline of the policy that it saw last.
    patience: Cell<Duration>,
    /// Whether a signal told it to end.
    interrupted: Cell<bool>,
}

/// What a worker does when it has given its turn back.
#[derive(Debug)]
enum Next {
    /// It looks once more whether something came meanwhile.
    Look,
    /// It goes on with this slot: what waited turned out to be for that.
    Slot(Slot),
    /// It waits for a while, without the turn.
    Wait(Duration),
    /// Nothing can be done any more by this worker.
    End,
}

impl<'a> Worker<'a> {
    fn new(environment: &'a Environment, known: &'a KnownSecrets, end: Ending) -> Self {
        Self {
            environment,
            known,
            store: store_of(environment),
            end,
            began: Instant::now(),
            patience: Cell::new(Limits::default().deadline.duration()),
            interrupted: Cell::new(false),
        }
    }

    fn state(&self) -> Option<&Path> {
        self.store.directory()
    }

    /// Works on the slot of an intent until nothing waits for it that can be done before the deadline.
    ///
    /// A hook that finds the turn taken relies on this: whoever had it looks once more afterwards.
    fn serve(&self, first: &NewIntent) -> Result<(), StoreError> {
        let Ok(store) = self.store.get() else {
            self.wait_and_run(first, TaskKept::AsIntent);
            return Ok(());
        };
        let mut slot = first.slot.clone();
        loop {
            let turn = match Turn::take(self.state(), TurnAt::Slot(&slot)) {
                Ok(Some(turn)) => turn,
                Ok(None) => return Ok(()),
                Err(error) => {
                    tracing::error!(%error, "the lock of the branch cannot be taken");
                    return Ok(());
                }
            };
            reach(Point::WorkerTurn);
            let next = self.serve_in_turn(store, &slot, &first.platform)?;
            drop(turn);
            reach(Point::WorkerTurnBack);
            match next {
                Next::Slot(next) => slot = next,
                Next::Wait(wait) => std::thread::sleep(wait.min(CHECK_INTERVAL)),
                Next::Look if due_for(store, &slot, &first.platform)?.is_empty() => return Ok(()),
                Next::Look => {}
                Next::End => return Ok(()),
            }
        }
    }

    /// Works while it has the turn and there is something to do now.
    fn serve_in_turn(
        &self,
        store: &Store,
        slot: &Slot,
        platform: &str,
    ) -> Result<Next, StoreError> {
        store.give_up_intents()?;
        loop {
            let waiting = due_for(store, slot, platform)?;
            reach(Point::WorkerWaiting);
            if let Some(last) = waiting.last() {
                if let Standing::During(operation) = self.wait_for_end(&last.asked.place) {
                    tracing::debug!(%operation, "it goes on; a later hook looks again");
                    return Ok(Next::End);
                }
                reach(Point::WorkerQuiet);
                if let Some(branch) = self.branch_known_now(slot, &last.asked.place) {
                    let ids: Vec<i64> = waiting.iter().map(|intent| intent.id).collect();
                    store.move_intents(&ids, &branch)?;
                    reach(Point::WorkerMoved);
                    return Ok(Next::Slot(branch));
                }
                let waiting = self.settled(store, slot, platform, &last.asked.place)?;
                if carry_all(store, &waiting, |job| self.run(job))? == GoesOn::No {
                    return Ok(Next::End);
                }
                continue;
            }
            let intents = waiting_for(store, slot, platform)?;
            let pending = store.pending(slot)?;
            let times = intents.iter().map(|intent| intent.not_before);
            let times = times.chain(pending.as_ref().map(|pending| pending.what.not_before));
            match (times.map(until).min(), pending) {
                (None, _) => return Ok(Next::Look),
                (Some(wait), _) if wait > self.left() => return Ok(Next::End),
                (Some(wait), _) if !wait.is_zero() => return Ok(Next::Wait(wait)),
                (Some(_), Some(pending)) if until(pending.what.not_before).is_zero() => {
                    let place = Job::of_pending(&pending).place().clone();
                    if let Standing::During(_) = self.wait_for_end(&place) {
                        return Ok(Next::End);
                    }
                    let times = ship_times(&place, self.environment, self.known);
                    self.patience.set(times.deadline);
                    self.try_again(store, &pending);
                    if self.interrupted.get() {
                        return Ok(Next::End);
                    }
                }
                (Some(_), _) => {}
            }
        }
    }

    /// Waits until nothing was added for as long as the policy wants a commit to settle.
    fn settled(
        &self,
        store: &Store,
        slot: &Slot,
        platform: &str,
        place: &Place,
    ) -> Result<Vec<Intent>, StoreError> {
        let times = ship_times(place, self.environment, self.known);
        self.patience.set(times.deadline);
        let settle = times.settle;
        let mut waiting = due_for(store, slot, platform)?;
        let mut quiet_since = Instant::now();
        while quiet_since.elapsed() < settle && !self.left().is_zero() {
            std::thread::sleep(CHECK_INTERVAL.min(settle));
            let now = due_for(store, slot, platform)?;
            if now.len() > waiting.len() {
                quiet_since = Instant::now();
                waiting = now;
            }
        }
        Ok(waiting)
    }

    /// Keeps an intent that the hook could not keep: the hook's caller may have left it fewer files, or less time.
    fn keeps(&self, intent: &NewIntent) -> bool {
        let store = self.store.get();
        store.is_ok_and(|store| store.intend(intent).is_ok())
    }

    /// Runs an intent without the store, once nothing is in progress.
    fn wait_and_run(&self, intent: &NewIntent, task_kept: TaskKept) {
        self.wait_for_end(&intent.place);
        self.run(&Job::of_intent(intent, task_kept));
    }

    fn run(&self, job: &Job) -> Option<Ended> {
        let ended = job.run(&self.store, self.environment, self.known, self.end);
        if let Some(Ended { report, .. }) = &ended {
            self.interrupted.set(was_interrupted(report));
            tracing::info!(
                run = report.run_id,
                verdict = report.verdict.as_str(),
                "a run ended"
            );
        }
        ended
    }

    /// Waits until no rebase, merge or the like is in progress, or for as long as this worker lives.
    fn wait_for_end(&self, place: &Place) -> Standing {
        let began = Instant::now();
        loop {
            let now = standing(place, self.environment);
            let over = self.began.elapsed() >= LIFE;
            match now {
                Standing::During(operation) if operation != Operation::Bisect && !over => {
                    let is_long = began.elapsed() > Duration::from_secs(10);
                    std::thread::sleep(if is_long {
                        LONG_CHECK_INTERVAL
                    } else {
                        CHECK_INTERVAL
                    });
                }
                other => return other,
            }
        }
    }

    /// Returns the slot of the branch, where an operation kept it from being known.
    fn branch_known_now(&self, slot: &Slot, place: &Place) -> Option<Slot> {
        if !slot.branch.is_empty() {
            return None;
        }
        match standing(place, self.environment) {
            Standing::On(branch) => Some(branch),
            _ => None,
        }
    }

    /// Returns how long this worker goes on trying.
    fn left(&self) -> Duration {
        self.patience.get().saturating_sub(self.began.elapsed())
    }

    /// Looks after the other branches: intents whose worker is gone, and pushes whose time has come.
    fn sweep(&self, due: Due) {
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
            if due == Due::Now && !until(pending.what.not_before).is_zero() {
                continue;
            }
            if let Ok(Some(_turn)) = Turn::take(self.state(), TurnAt::Slot(&pending.what.slot)) {
                self.try_again(store, &pending);
            }
        }
        deliver_waiting(&self.store, self.environment, self.known);
    }

    /// Tries a branch again. One that has nothing to ship any more is given up.
    fn try_again(&self, store: &Store, pending: &Pending) {
        let place = Job::of_pending(pending).place().clone();
        if matches!(standing(&place, self.environment), Standing::During(_)) {
            return;
        }
        reach(Point::WorkerRetries);
        let ended = self.run(&Job::of_pending(pending));
        if self.interrupted.get() {
            return;
        }
        let slot = &pending.what.slot;
        let is_untouched = |row: &Pending| row.attempts == pending.attempts;
        if !matches!(store.pending(slot), Ok(Some(row)) if is_untouched(&row)) {
            return;
        }
        let told = match ended {
            // It could not be looked at.
            Some(ended) if !ended.is_settled() => store.keep_pending(&NewPending {
                not_before: try_again_at(Clock::System.now(), pending.attempts + 1, None),
                ..pending.what.clone()
            }),
            _ => store.settle_pending(slot).map(drop),
        };
        if let Err(error) = told {
            tracing::debug!(%error, "what became of a branch cannot be noted");
        }
    }
}

/// Returns how long it is until a time.
fn until(at: Timestamp) -> Duration {
    wait_until(Clock::System.now(), at)
}

/// Returns what waits for a slot and for this worker's platform: it has no variables for another.
fn waiting_for(store: &Store, slot: &Slot, platform: &str) -> Result<Vec<Intent>, StoreError> {
    let mut waiting = store.waiting_intents(slot)?;
    waiting.retain(|intent| intent.asked.platform.is_empty() || intent.asked.platform == platform);
    Ok(waiting)
}

/// Returns what waits for a slot and is due. Triggers without a task are merged, so all of them are due when one is.
fn due_for(store: &Store, slot: &Slot, platform: &str) -> Result<Vec<Intent>, StoreError> {
    let mut waiting = waiting_for(store, slot, platform)?;
    let is_due = |intent: &Intent| until(intent.not_before).is_zero();
    let is_trigger = |intent: &Intent| intent.asked.task.is_none();
    let merge = waiting
        .iter()
        .any(|intent| is_trigger(intent) && is_due(intent));
    waiting.retain(|intent| is_due(intent) || (merge && is_trigger(intent)));
    Ok(waiting)
}
