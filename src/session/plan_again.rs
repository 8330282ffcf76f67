//! Plans a run a second time, when the repository's policy on the remote is another one than it was planned with.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::pipeline::{Hold, PartialReport, Pipeline, PlannedStep, PolicyBase, SharedProgress};
use crate::policy::{LayerKind, PolicyError};
use crate::reason::{Code, Reason};
use crate::report::{Report, StepReport, Verdict};

use super::{Session, load};

/// A run that was planned again.
#[derive(Debug)]
pub(super) struct PlannedAgain {
    /// The session under the policy that the remote has.
    pub(super) session: Session,
    /// The same steps under it.
    pub(super) pipeline: Pipeline,
    /// The indices of the steps that run again.
    pub(super) steps: BTreeSet<usize>,
}

impl Session {
    /// Plans the steps of a run again that ended because the policy has changed. Returns `None` where no step did, or
    /// where the new policy has other steps: then the branch waits, and is planned as a whole.
    pub(super) fn plan_again(&self, pipeline: &Pipeline, report: &Report) -> Option<PlannedAgain> {
        let steps = to_run_again(pipeline, report);
        if steps.is_empty() || self.undo.is_some() {
            return None;
        }
        let planned = self.under_changed_policy(pipeline);
        let (session, again) = match planned? {
            Ok(planned) => planned,
            Err(error) => {
                tracing::debug!(error = %error.one_line(), "the new policy cannot be planned with");
                return None;
            }
        };
        let names = |pipeline: &Pipeline| -> Vec<Vec<(String, &'static str)>> {
            let named = |step: &PlannedStep| (step.name.clone(), step.kind);
            let groups = pipeline.groups();
            groups
                .map(|group| group.iter().map(named).collect())
                .collect()
        };
        (names(pipeline) == names(&again)).then_some(PlannedAgain {
            session,
            pipeline: again,
            steps,
        })
    }

    /// Runs the steps that were planned again. Whatever else the run did counts as it ended.
    pub(super) async fn run_again(
        &self,
        again: PlannedAgain,
        partial: &PartialReport,
        progress: &SharedProgress,
    ) -> Report {
        let PlannedAgain {
            session,
            pipeline,
            steps,
        } = again;
        let inspection = session.inspect();
        partial.describe(
            pipeline.name(),
            inspection.report(&session.known),
            &session.notes_on(&inspection),
        );
        for at in steps {
            partial.begin_again(at);
        }
        let deadline = &self.watch.deadline;
        let run = session.run_on(&pipeline, &inspection, deadline, partial, progress);
        run.await
    }

    fn under_changed_policy(
        &self,
        pipeline: &Pipeline,
    ) -> Option<Result<(Self, Pipeline), Box<PolicyError>>> {
        let copy = self.policy_base.changed()?.clone();
        let note = format!(
            "the repository's policy on {} has changed since this run began: the branch was planned again with that of {}",
            copy.branch,
            copy.commit.to_hex_with_len(8)
        );
        let mut session = self.without_policy_base();
        session.notes.push(Reason::new(Code::PolicyChanged, note));
        Some(session.lay_policy_base(&copy).and_then(|_| {
            session.policy_base = PolicyBase::verified(copy);
            let names: Vec<String> = pipeline.steps().map(|step| step.name.clone()).collect();
            if let Some(with) = session.single.clone() {
                let again = session.single_step(pipeline.name(), &with);
                return again.map(|again| (session, again)).map_err(Box::new);
            }
            let (mut session, again) = session.planned(pipeline.name()).map_err(Box::new)?;
            session.notes.extend(load::left_out(&session.loaded));
            Ok((session, again.only(&names)))
        }))
    }

    /// Returns the same session without the policy base's copy of the policy, and without its notes.
    fn without_policy_base(&self) -> Self {
        let told = self.loaded.problems.iter();
        let told = told.filter(|problem| problem.origin == LayerKind::PolicyBase);
        let mut told: Vec<Reason> = told.map(load::dropped).collect();
        let locked = self.loaded.locked.iter();
        let locked = locked.filter(|key| key.layer == LayerKind::PolicyBase);
        told.extend(locked.map(load::locked));
        told.extend(load::left_out(&self.loaded));
        let notes = self.notes.iter().filter(|note| !told.contains(note));
        Self {
            environment: self.environment.clone(),
            inheritance: self.inheritance.clone(),
            clock: self.clock.clone(),
            trigger: self.trigger,
            watch: self.watch.clone(),
            known: self.known.clone(),
            network: self.network.clone(),
            task: self.task.clone(),
            task_kept: self.task_kept,
            branch: self.branch.clone(),
            branch_turn: self.branch_turn,
            makes_up_for: self.makes_up_for,
            place: self.place.clone(),
            repo: self.repo.as_ref().cloned().map_err(Hold::clone),
            loaded: self.without_base.as_ref().unwrap_or(&self.loaded).clone(),
            without_base: None,
            single: self.single.clone(),
            policy_base: PolicyBase::default(),
            first_look: Mutex::default(),
            notes: notes.cloned().collect(),
            receipts: self.receipts.clone(),
            store: self.store.clone(),
            undo: None,
            answers: self.answers.clone(),
            asked: self.asked.clone(),
        }
    }
}

/// Returns the indices of the steps that ended because the policy has changed, and of those that did not run because
/// of them.
fn to_run_again(pipeline: &Pipeline, report: &Report) -> BTreeSet<usize> {
    let mut again = BTreeSet::new();
    let mut first = 0;
    let mut has_changed = false;
    for group in pipeline.groups() {
        let places = first..first + group.len();
        let steps = report.steps.iter().enumerate();
        let steps = steps.filter(|(at, _)| places.contains(at));
        let before = has_changed;
        for (at, step) in steps {
            let is_changed = step.reason == Some(Code::PolicyChanged);
            if is_changed || (before && had_no_turn(step)) {
                again.insert(at);
            }
            has_changed |= is_changed;
        }
        first = places.end;
    }
    again
}

/// Says whether a step did nothing because of what became of an earlier one.
const fn had_no_turn(step: &StepReport) -> bool {
    matches!(
        (step.verdict, step.reason),
        (
            Verdict::Skipped,
            Some(Code::Needs | Code::When | Code::Stopped)
        )
    )
}
