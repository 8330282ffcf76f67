//! Waits for what was handed over, or says why nobody does it now.

use std::time::{Duration, Instant};

use crate::clock::to_the_second;
use crate::environment::Environment;
use crate::policy::Limits;
use crate::process::Detached;
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{repository_names, ship_times};
use crate::store::{Intent, IntentState, Place, Store, StoreError, Turn, TurnAt};

use super::due::{holds_later_tasks, until, waiting_for};
use super::status::{open, place};

/// The interval at which the store is polled for a run.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// The interval at which the turn is looked at. Looking has the lock for a moment, in which a worker cannot take it.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long nobody has had the turn of what is due until it counts as given up: a worker that is left takes it within the
/// interval at which it polls.
const IDLE_TIME: Duration = Duration::from_secs(5);

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The end of the first run.
    RunEnds,
    /// That no other run has to repeat it.
    Settled,
}

/// Waits for the report on a hand-over: of the named run, else of the last one in the repository of the working
/// directory. Returns `None` when there is none, none in time, or none to come: `goes_on` says whether somebody works on it.
pub fn wait_for_report(
    environment: &Environment,
    run_id: Option<&str>,
    patience: Duration,
    until: Until,
    mut goes_on: impl FnMut(&Store, &Intent) -> bool,
) -> Result<Option<Report>, StoreError> {
    let Some(store) = open(environment)? else {
        return Ok(None);
    };
    let repository = repository_names(&place(environment), environment);
    let intent = match run_id {
        Some(run_id) => store.intent(run_id)?,
        None => store.last_intent(repository.as_ref())?,
    };
    let Some(mut intent) = intent else {
        // No intent is kept any more; the run can be in the history all the same.
        let run = run_id.map(|run_id| store.run(run_id)).transpose()?;
        return Ok(run.and_then(|mut rows| rows.pop()).map(|row| row.report));
    };
    let reported = || -> Result<Option<Report>, StoreError> {
        let rows = store.run(&intent.asked.run_id)?;
        Ok(rows.into_iter().next().map(|row| row.report))
    };
    let end = Instant::now() + patience;
    loop {
        // Before the store is asked: the last that somebody does is to report.
        let goes_on = goes_on(&store, &intent);
        let now = store.intent(&intent.asked.run_id)?;
        let has_begun = now.as_ref().is_some_and(|now| now.attempts > 0);
        if let Some(now) = &now {
            // An operation that has ended can have moved it to the branch.
            intent.asked.slot.clone_from(&now.asked.slot);
        }
        match now.map(|now| (now.state, now.reason)) {
            Some((IntentState::Carried(by), _)) => {
                return Ok(store.run(&by)?.pop().map(|row| row.report));
            }
            Some((_, Some(_))) => {
                // A run reported on it and deferred a part of it, or it was given up.
                return reported();
            }
            // A part of its work could not be kept anywhere else, such as a memory in a full outbox.
            _ if Instant::now() >= end || !goes_on => return reported(),
            _ if until == Until::RunEnds && has_begun && reported()?.is_some() => {
                return reported();
            }
            _ => std::thread::sleep(CHECK_INTERVAL),
        }
    }
}

/// Watches whether somebody works on what was handed over.
#[derive(Debug)]
pub struct AtWork<'a> {
    environment: &'a Environment,
    known: &'a KnownSecrets,
    worker: Option<&'a mut Detached>,
    /// When somebody was seen at it last, or was to be expected.
    seen: Instant,
    /// When the turn was looked at last.
    looked: Option<Instant>,
    /// The longest time that a worker waits, once it was asked for.
    longest_wait: Option<Duration>,
    is_over: bool,
}

impl<'a> AtWork<'a> {
    /// Watches the `worker` that was started, or the one that had the turn.
    pub fn new(
        environment: &'a Environment,
        known: &'a KnownSecrets,
        worker: Option<&'a mut Detached>,
    ) -> Self {
        Self {
            environment,
            known,
            worker,
            seen: Instant::now(),
            looked: None,
            longest_wait: None,
            is_over: false,
        }
    }

    /// Says whether somebody works on it, or can be expected to.
    pub fn goes_on(&mut self, store: &Store, intent: &Intent) -> bool {
        let is_own = |worker: &mut Detached| !worker.has_ended_within(Duration::ZERO);
        if self.worker.as_deref_mut().is_some_and(is_own) {
            self.seen = Instant::now();
            return true;
        }
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_INTERVAL) {
            return true;
        }
        self.looked = Some(Instant::now());
        // The time before the turn: who begins work has the turn, and sets the time of the next try then.
        let wait = wait_for(store, intent);
        let slot = TurnAt::Slot(&intent.asked.slot);
        let state = self.environment.state_directory();
        if state.is_some_and(|state| Turn::is_taken(&state, slot)) {
            self.seen = Instant::now();
            return true;
        }
        // A worker waits without the turn, so whether one is left shows only when the work is due.
        if !wait.is_zero() && wait <= self.longest_wait(&intent.asked.place) {
            self.seen = Instant::now();
            return true;
        }
        self.is_over = !wait.is_zero() || self.seen.elapsed() >= IDLE_TIME;
        !self.is_over
    }

    /// Says whether nobody was left to do it.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns how long a worker waits at most: by the deadline of the policy, or the usual one until it has read the policy.
    fn longest_wait(&mut self, place: &Place) -> Duration {
        if let Some(longest) = self.longest_wait {
            return longest;
        }
        let usual = Limits::default().deadline.duration();
        let times = ship_times(place, self.environment, self.known);
        let longest = usual.max(times.deadline);
        self.longest_wait = Some(longest);
        longest
    }
}

/// Returns how long it is until an intent, and those before it that hold it, are due.
fn wait_for(store: &Store, intent: &Intent) -> Duration {
    let asked = &intent.asked;
    let waiting = waiting_for(store, &asked.slot, &asked.platform).unwrap_or_default();
    let own = waiting.iter().find(|it| it.id == intent.id);
    own.map_or(Duration::ZERO, |own| until(own.not_before))
}

/// Says why nobody does now what was handed over as this run, where it waits.
pub fn why_it_waits(environment: &Environment, run_id: &str) -> Option<String> {
    let store = open(environment).ok()??;
    let intent = store.intent(run_id).ok()??;
    if !matches!(intent.state, IntentState::Waiting) {
        return None;
    }
    let asked = &intent.asked;
    let ordered = waiting_for(&store, &asked.slot, &asked.platform).ok()?;
    let own = ordered.iter().position(|it| it.id == intent.id)?;
    let (earlier, later) = ordered.split_at(own);
    let holds = |it: &&Intent| holds_later_tasks(it, it.attempts);
    let why = match (earlier.iter().rfind(holds), later.first()) {
        (Some(held), Some(own)) if asked.task.is_some() && !until(own.not_before).is_zero() => {
            format!(
                "it is kept, and waits until {} behind an earlier task of this branch, which did not go out (run {})",
                to_the_second(own.not_before),
                held.asked.run_id
            )
        }
        _ => "it is kept, and no worker is left that does it now; a later run does".to_owned(),
    };
    Some(format!(
        "{why}; to try now: sendoff flush; see: sendoff status"
    ))
}
