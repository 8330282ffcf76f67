//! A branch whose repository is not there: a directory that was moved can come back, and a disk can be attached again.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::pipeline::{Service, try_again_at};
use crate::reason::Code;
use crate::report::{Report, Verdict};
use crate::steps::service_of;
use crate::store::{NewPending, Pending, Place, Slot, Store, StoreError};

/// How long a branch waits for its repository.
const WAIT: Duration = Duration::from_hours(24);

/// A run that did not find the repository of its branch.
pub(super) struct Away<'a> {
    pub(super) slot: &'a Slot,
    pub(super) place: &'a Place,
    pub(super) surface: &'a str,
    pub(super) report: &'a Report,
}

impl Away<'_> {
    /// Lets the branch wait for its repository, unless the repository is there or was waited for long enough.
    pub(super) fn keep(&self, store: &Store) -> Result<(), StoreError> {
        let now = Clock::System.now();
        let Some(row) = self.row(now) else {
            return Ok(());
        };
        let is_same = |before: &Pending| before.what.reason == row.reason;
        match store.pending(self.slot)? {
            Some(before) if is_same(&before) => {
                let waited = Duration::try_from(now.duration_since(before.since));
                if waited.unwrap_or_default() >= WAIT {
                    return Ok(());
                }
                let not_before = try_again_at(now, before.attempts + 1, None);
                store.keep_pending(&NewPending { not_before, ..row })
            }
            // It waits from now on, whatever kept it before.
            Some(_) => {
                store.settle_pending(self.slot)?;
                store.keep_pending(&row)
            }
            None => store.keep_pending(&row),
        }
    }

    /// Returns the row of the branch; none where the run found its repository, or the branch is not known.
    fn row(&self, now: Timestamp) -> Option<NewPending> {
        let git_dir = self.place.git_dir.clone()?;
        let ships = |kind: &str| matches!(service_of(kind), Some(Service::Remote | Service::Forge));
        let skipped = |step: &&crate::report::StepReport| {
            step.verdict == Verdict::Skipped && ships(&step.kind)
        };
        let steps: Vec<_> = self.report.steps.iter().filter(skipped).collect();
        let is_away = |code: Option<Code>| code == Some(Code::NotARepository);
        if self.slot.branch.is_empty() || !steps.iter().any(|step| is_away(step.reason)) {
            return None;
        }
        let waits = |code: Option<Code>| is_away(code) || code == Some(Code::Needs);
        let waiting = steps.iter().filter(|step| waits(step.reason));
        Some(NewPending {
            slot: self.slot.clone(),
            work_tree: self.place.work_tree.clone(),
            pipeline: self.report.pipeline.clone(),
            surface: self.surface.to_owned(),
            steps: waiting.map(|step| step.name.clone()).collect(),
            reason: Code::NotARepository.as_str().to_owned(),
            summary: format!("there is no repository at {} now", git_dir.display()),
            git_dir,
            not_before: try_again_at(now, 1, None),
        })
    }
}
