//! `Status`: whether everything was sent, and if not, why not, since when, and what happens next.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::reason::Reason;
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{Standing, set_aside, standing};
use crate::store::{Counts, Delivery, Intent, Place, Slot, Store, StoreError};

use super::branch_at_hand::BranchAtHand;

/// The value of [`Status::schema`].
const SCHEMA: &str = "sendoff.status/1";

/// The waiting work, and the reasons.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The version of this document: `sendoff.status/1`.
    pub schema: &'static str,
    /// Whether everything is out.
    pub is_out: bool,
    /// What was handed over, and is not reported on yet.
    pub handed_over: Vec<HandedOver>,
    /// Branches that are to be tried again.
    pub pending: Vec<PendingBranch>,
    /// How much there is in the outbox.
    pub outbox: Counts,
    /// What was handed over and will not be tried again.
    pub given_up: Vec<HandedOver>,
    /// The messages that will not be tried again.
    pub dead: Vec<Delivery>,
    /// Damaged stores that were set aside, and what to do with each: what waited in them is not sent.
    pub set_aside: Vec<Reason>,
    /// The branch that HEAD is on, where not all of it is out and nothing above says so.
    pub branch: Option<BranchAtHand>,
    /// The last run of the branch that HEAD is on.
    pub last_run: Option<Report>,
}

/// What was handed over, and is not reported on yet.
#[derive(Debug, Serialize)]
pub struct HandedOver {
    /// The run that it becomes.
    pub run_id: String,
    /// Who asked.
    pub surface: String,
    /// The repository.
    pub repository: PathBuf,
    /// The branch; empty while it is not known.
    pub branch: String,
    /// When it was asked.
    pub since: Timestamp,
    /// Why it was put off or given up: a stable code.
    pub reason: Option<String>,
    /// When it is carried out, where it was put off.
    pub not_before: Option<Timestamp>,
}

impl From<Intent> for HandedOver {
    fn from(intent: Intent) -> Self {
        let put_off = intent.reason.as_ref().map(|_| intent.not_before);
        Self {
            run_id: intent.asked.run_id,
            surface: intent.asked.surface,
            repository: intent.asked.slot.repository,
            branch: intent.asked.slot.branch,
            since: intent.created_at,
            reason: intent.reason,
            not_before: put_off,
        }
    }
}

/// A branch that is to be tried again.
#[derive(Debug, Serialize)]
pub struct PendingBranch {
    /// The repository.
    pub repository: PathBuf,
    /// The branch.
    pub branch: String,
    /// The steps that are to be tried.
    pub steps: Vec<String>,
    /// Why they did not succeed: a stable code.
    pub reason: String,
    /// The same in one line.
    pub summary: String,
    /// When it was tried first.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub not_before: Timestamp,
}

impl Status {
    /// Reads the status of a state directory, for a working directory.
    pub fn read(environment: &Environment, known: &KnownSecrets) -> Result<Self, StoreError> {
        let branch = BranchAtHand::look(environment, known);
        let Some(store) = open(environment)? else {
            return Ok(Self::nothing().with(branch));
        };
        let handed_over = store.all_waiting_intents()?.into_iter();
        let given_up = store.given_up_intents()?.into_iter();
        let pending = store.all_pending(None)?.into_iter();
        let mut dead = store.deliveries()?;
        dead.retain(|delivery| delivery.state == crate::store::DeliveryState::Dead);
        let here = standing(&place(environment), environment);
        let (last_run, branch) = match &here {
            Standing::On(slot) => (
                store.last_run(slot)?.map(|row| row.report),
                branch.filter(|branch| !is_told(&store, slot, branch)),
            ),
            _ => (None, branch),
        };
        let status = Self {
            handed_over: handed_over.map(HandedOver::from).collect(),
            given_up: given_up.map(HandedOver::from).collect(),
            pending: pending
                .map(|row| PendingBranch {
                    repository: row.what.slot.repository,
                    branch: row.what.slot.branch,
                    steps: row.what.steps,
                    reason: row.what.reason,
                    summary: row.what.summary,
                    since: row.since,
                    attempts: row.attempts,
                    not_before: row.what.not_before,
                })
                .collect(),
            outbox: store.counts()?,
            dead,
            set_aside: all_set_aside(environment),
            last_run,
            ..Self::nothing()
        };
        Ok(status.with(branch))
    }

    /// Adds the branch of HEAD, the last of what `is_out` depends on.
    fn with(mut self, branch: Option<BranchAtHand>) -> Self {
        self.branch = branch;
        self.is_out = self.branch.is_none() && self.exit() == Exit::Done;
        self
    }

    fn nothing() -> Self {
        Self {
            schema: SCHEMA,
            is_out: true,
            handed_over: Vec::new(),
            pending: Vec::new(),
            given_up: Vec::new(),
            outbox: Counts::default(),
            dead: Vec::new(),
            set_aside: Vec::new(),
            branch: None,
            last_run: None,
        }
    }

    /// Returns the exit code: 75 when something waits, 1 when something needs a person.
    pub fn exit(&self) -> Exit {
        let is_empty = self.handed_over.is_empty() && self.pending.is_empty();
        let stays = |branch: &BranchAtHand| !branch.is_intended();
        let is_lost =
            !self.dead.is_empty() || !self.given_up.is_empty() || !self.set_aside.is_empty();
        if is_lost {
            Exit::Failed
        } else if !is_empty || self.outbox.waiting > 0 {
            Exit::Queued
        } else if self.branch.as_ref().is_some_and(stays) {
            Exit::Failed
        } else {
            Exit::Done
        }
    }
}

/// Says whether the rest of the status tells of a branch already, or it was pushed without a remote-tracking ref.
fn is_told(store: &Store, slot: &Slot, branch: &BranchAtHand) -> bool {
    let is_handed_over = || {
        let intents = store.all_waiting_intents().unwrap_or_default();
        intents.iter().any(|intent| intent.asked.slot == *slot)
    };
    let is_pushed = || {
        let (remote, head) = (branch.push_url.as_deref()?, branch.head.as_deref()?);
        let pushed = store.last_pushed(slot, remote).ok()??;
        Some(pushed.new == head)
    };
    matches!(store.pending(slot), Ok(Some(_)))
        || is_handed_over()
        || (branch.held.is_none() && is_pushed() == Some(true))
}

/// Returns a note on each damaged store that was set aside and is there still.
fn all_set_aside(environment: &Environment) -> Vec<Reason> {
    let state = environment.state_directory();
    let paths = state.map(|state| Store::all_set_aside(&state));
    let paths = paths.unwrap_or_default();
    paths.iter().map(|path| set_aside(path)).collect()
}

/// Opens the store, where there is one.
pub(super) fn open(environment: &Environment) -> Result<Option<Store>, StoreError> {
    let state = environment.state_directory();
    state
        .filter(|state| Store::exists(state))
        .map(|state| Store::open(&state, &Clock::System, crate::store::BUSY_TIMEOUT))
        .transpose()
}

pub(super) fn place(environment: &Environment) -> Place {
    Place {
        git_dir: environment.git_dir(),
        work_tree: None,
        directory: environment.cwd().to_owned(),
    }
}
