//! Runs the guards of a session, and caches their result.

use std::sync::Arc;

use crate::git::push::PushOptions;
use crate::git::{Remote, Repo};
use crate::threads::lock;

use super::guards::Inspection;
use super::target::TargetRule;
use super::{Session, connect, guard_rules, guards};

impl Session {
    /// Caches the guards' result for the next caller.
    pub(super) fn keep_inspection(&self, inspection: Inspection) {
        *lock(&self.first_look) = Some(inspection);
    }

    /// Returns the cached result, or inspects the repository.
    pub(super) fn first_inspection(&self) -> Inspection {
        let first = lock(&self.first_look).take();
        first.unwrap_or_else(|| self.inspect())
    }

    /// Inspects the repository: what would be shipped, or why nothing.
    pub(super) fn inspect(&self) -> Inspection {
        if let Some(undo) = &self.undo {
            return self.inspect_for_undo(undo);
        }
        let late = || Arc::clone(&self.watch.late);
        let stopping = |repo: &Option<Repo>| repo.as_ref().map(|repo| repo.stopped_by(late()));
        let looked_at = self.repo.as_ref().map(stopping);
        let repo = looked_at.as_ref().map(Option::as_ref).map_err(|hold| *hold);
        let options = |remote: &Remote| -> PushOptions { connect::push_options(self, remote) };
        let target = TargetRule {
            trigger: self.trigger,
            environment: &self.environment,
        };
        let inspection = guards::inspect(
            repo,
            &self.loaded.policy,
            &self.known,
            self.branch.as_ref(),
            &target,
            options,
        );
        let inspection = self.with_known_remotes(inspection);
        match looked_at.ok().flatten().as_ref() {
            Some(repo) => {
                guard_rules::apply(inspection, repo, &self.loaded.policy, &self.environment)
            }
            None => inspection,
        }
    }

    /// Holds a push to a remote that is not known.
    fn with_known_remotes(&self, mut inspection: Inspection) -> Inspection {
        if let (Some(repo), Ok(shipment)) = (self.repo(), &mut inspection.shipment)
            && let Err(hold) = self.check_remotes(repo, shipment)
        {
            inspection.shipment = Err(hold);
        }
        inspection
    }
}
