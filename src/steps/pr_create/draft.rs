//! Whether a pull request is a draft.

use crate::pipeline::{CommitFacts, PlanView, Shipment};
use crate::policy::Draft;

/// The stage of the work, by the policy's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A draft, whatever the commits say.
    Draft,
    /// A draft until no commit says that it is unfinished.
    Unfinished,
    /// Ready, by a rule that does not look at the commits.
    Ready,
    /// Ready, because no commit says that it is unfinished.
    Finished,
}

impl Stage {
    /// Returns the stage of what is shipped. `draft` is the step's setting; a rule for the branch comes first.
    pub(super) fn of(view: &PlanView<'_>, shipment: &Shipment, draft: Draft) -> Self {
        let rule = view.policy.branches().rule_for(&shipment.branch);
        let draft = rule.and_then(|rule| rule.draft).unwrap_or(draft);
        let of_agent = view.trigger.is_agent() || view.task.task.ok == Some(false);
        match draft {
            Draft::Always => Self::Draft,
            Draft::Agent | Draft::Auto if of_agent => Self::Draft,
            Draft::Never | Draft::Agent => Self::Ready,
            Draft::Auto => {
                let mut commits = view.facts.repo.iter().flat_map(|repo| &repo.commits);
                if commits.any(CommitFacts::is_unfinished) {
                    Self::Unfinished
                } else {
                    Self::Finished
                }
            }
        }
    }

    /// Says whether a new pull request is a draft.
    pub(super) const fn is_draft(self) -> bool {
        matches!(self, Self::Draft | Self::Unfinished)
    }
}
