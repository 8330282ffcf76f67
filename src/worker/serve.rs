//! `Worker`: locks a branch, runs its waiting work, retries what is pending, and ends by its deadline.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::failpoint::{Point, reach};
use crate::git::Operation;
use crate::pipeline::TaskKept;
use crate::policy::Limits;
use crate::secrets::KnownSecrets;
use crate::session::{Ended, Standing, ship_times, standing, store_of};
use crate::store::{
    Intent, LazyStore, NewIntent, Pending, Place, Slot, Store, StoreError, Turn, TurnAt,
};

use super::carry::{GoesOn, carry_all, was_interrupted};
use super::due::{due_for, until, waiting_for};
use super::job::{Ending, Job};
use super::retry::settle_retry;

/// The interval at which a waiting worker polls.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// The interval after it has waited for long.
const LONG_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long after the first try the turn is tried again: who only looks whether it is taken has it for a moment.
const SECOND_TRY_AFTER: Duration = Duration::from_millis(10);
/// The longest life of a worker, whatever it waits for.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// Whether a worker waits for what is to be tried again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// Until its deadline: nobody waits for the worker.
    UntilDeadline,
    /// It does not: everything is tried once.
    No,
}

/// Carries out what waits.
pub(super) struct Worker<'a> {
    pub(super) environment: &'a Environment,
    pub(super) known: &'a KnownSecrets,
    pub(super) store: LazyStore,
    end: Ending,
    waits: Waits,
    began: Instant,
    /// How long it goes on trying: the deadline of the last policy that it read.
    patience: Cell<Duration>,
    /// Whether a signal told it to end.
    pub(super) interrupted: Cell<bool>,
}

/// What a worker does after it has released the lock.
#[derive(Debug)]
enum Next {
    /// It looks once more whether something arrived meanwhile.
    Look,
    /// It goes on with this slot, because its work belongs there.
    Slot(Slot),
    /// It waits for a while, without the turn.
    Wait(Duration),
    /// This worker can do nothing more.
    End,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        known: &'a KnownSecrets,
        end: Ending,
        waits: Waits,
    ) -> Self {
        Self {
            environment,
            known,
            store: store_of(environment),
            end,
            waits,
            began: Instant::now(),
            patience: Cell::new(Limits::default().deadline.duration()),
            interrupted: Cell::new(false),
        }
    }

    pub(super) fn state(&self) -> Option<&Path> {
        self.store.directory()
    }

    /// Works on the slot of an intent until nothing waits for it that can be done before the deadline.
    ///
    /// A hook that finds the turn taken relies on this: the process that has it looks once more afterwards.
    pub(super) fn serve(&self, first: &NewIntent) -> Result<(), StoreError> {
        let Ok(store) = self.store.get() else {
            self.wait_and_run(first, TaskKept::AsIntent);
            return Ok(());
        };
        let mut slot = first.slot.clone();
        loop {
            let turn = match self.turn(&slot) {
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

    /// Takes the turn; returns `None` when another process works on the slot.
    fn turn(&self, slot: &Slot) -> io::Result<Option<Turn>> {
        if let Some(turn) = Turn::take(self.state(), TurnAt::Slot(slot))? {
            return Ok(Some(turn));
        }
        std::thread::sleep(SECOND_TRY_AFTER);
        Turn::take(self.state(), TurnAt::Slot(slot))
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
                    // Each commit of the operation called a hook while this worker waited.
                    let waiting = due_for(store, slot, platform)?;
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
                (Some(wait), _) if !wait.is_zero() && self.waits == Waits::No => {
                    return Ok(Next::End);
                }
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

    /// Waits until no intent was added for the policy's settle time.
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

    /// Keeps an intent that the hook could not keep: the hook may have had fewer files, or less time.
    pub(super) fn keeps(&self, intent: &NewIntent) -> bool {
        let store = self.store.get();
        store.is_ok_and(|store| store.intend(intent).is_ok())
    }

    /// Runs an intent without the store, once nothing is in progress.
    pub(super) fn wait_and_run(&self, intent: &NewIntent, task_kept: TaskKept) {
        self.wait_for_end(&intent.place);
        self.run(&Job::of_intent(intent, task_kept));
    }

    pub(super) fn run(&self, job: &Job) -> Option<Ended> {
        let ended = job.run(&self.store, self.environment, self.known, self.end);
        if let Some(Ended { report, .. }) = &ended {
            self.interrupted.set(was_interrupted(report));
            tracing::info!(
                run = report.run_id,
                verdict = report.verdict.as_str(),
                "a run ended"
            );
            let kept = self
                .store
                .existing()
                .map(|store| job.away(report).keep(store));
            if let Some(Err(error)) = kept {
                tracing::debug!(%error, "a branch does not wait for its repository");
            }
        }
        ended
    }

    /// Waits until no rebase, merge or the like is in progress, at most until the end of this worker's life.
    fn wait_for_end(&self, place: &Place) -> Standing {
        let began = Instant::now();
        loop {
            let now = standing(place, self.environment);
            let over = self.began.elapsed() >= MAX_LIFETIME;
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

    /// Returns the slot of the branch, where an operation hid it before.
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

    /// Tries a branch again. One that has nothing to ship any more is given up.
    pub(super) fn try_again(&self, store: &Store, pending: &Pending) {
        let place = Job::of_pending(pending).place().clone();
        if matches!(standing(&place, self.environment), Standing::During(_)) {
            return;
        }
        reach(Point::WorkerRetries);
        let ended = self.run(&Job::of_pending(pending));
        if self.interrupted.get() {
            return;
        }
        settle_retry(store, pending, ended);
    }
}
