//! `Look`: the inspection of a hook before it hands the work over, without requests and without writing.

use std::path::PathBuf;

use crate::git::{Operation, Repo};
use crate::pipeline::{Hold, Pipeline, Service};
use crate::platform::Platform;
use crate::reason::Code;
use crate::store::{Place, Slot};

use super::{Session, platform_client};

/// The work for a pipeline, and its place.
#[derive(Debug)]
pub struct Look {
    /// The repository and the branch.
    pub slot: Slot,
    /// The place of the work tree.
    pub place: Place,
    /// What there is to do.
    pub outlook: Outlook,
    /// The platform and the workspace that messages go to; empty for none.
    pub platform: String,
}

/// What there is to do.
#[derive(Debug)]
pub enum Outlook {
    /// Nothing; with the reason if the user should know it.
    Nothing(Option<Hold>),
    /// There is something.
    Work,
    /// There may be something when the operation in progress has ended.
    AfterOperation,
}

impl Session {
    /// Says what there is to do for a pipeline, by the guards that need no request. Where the pipeline has something
    /// to do whatever happens to the branch, the guards are left to the run.
    pub fn look(&self, pipeline: &Pipeline) -> Look {
        if self.has_to_tell(pipeline) {
            return self.unseen(pipeline);
        }
        let inspection = self.first_inspection();
        let ships = pipeline.ships();
        let outlook = match (&inspection.shipment, self.waits_for_operation()) {
            (_, true) if ships => Outlook::AfterOperation,
            (Ok(_), _) if ships => Outlook::Work,
            (Err(hold), _) => Outlook::Nothing(is_news(hold).then(|| hold.clone())),
            (Ok(_), _) => Outlook::Nothing(None),
        };
        let named = || inspection.facts.as_ref()?.branch.clone();
        self.look_of(outlook, named)
    }

    /// Returns the place of a pipeline's work and assumes that there is some, without inspecting the branch's
    /// commits.
    pub fn unseen(&self, pipeline: &Pipeline) -> Look {
        let outlook = if pipeline.ships() && self.waits_for_operation() {
            Outlook::AfterOperation
        } else {
            Outlook::Work
        };
        let named = || Some(self.repo()?.head().ok()?.branch()?.to_string());
        self.look_of(outlook, named)
    }

    /// Says whether a pipeline has something to do whatever happens to the branch.
    pub fn has_to_tell(&self, pipeline: &Pipeline) -> bool {
        pipeline.waits() || self.has_messages(pipeline) || pipeline.defers(&self.task)
    }

    /// Says whether a rebase, merge or the like is in progress. A bisection is no reason to wait.
    fn waits_for_operation(&self) -> bool {
        let operation = self.repo().and_then(Repo::operation);
        operation.is_some_and(|operation| operation != Operation::Bisect)
    }

    /// Returns the place of the work. `named` is the branch that HEAD is on.
    fn look_of(&self, outlook: Outlook, named: impl FnOnce() -> Option<String>) -> Look {
        let repo = self.repo();
        let branch = match (&outlook, &self.branch) {
            (Outlook::AfterOperation, _) => None,
            (_, Some(branch)) => Some(branch.to_string()),
            (_, None) => named(),
        };
        // Until the operation has ended its resulting branch is unknown: the work tree's git directory stands for it.
        let repository = match (repo, &branch) {
            (Some(repo), Some(_)) => repo.common_dir().to_owned(),
            (Some(repo), None) => repo.git_dir().to_owned(),
            (None, _) => PathBuf::new(),
        };
        Look {
            slot: Slot {
                repository,
                branch: branch.unwrap_or_default(),
            },
            place: self.place(),
            outlook,
            // The policy that cannot be read can name another platform.
            platform: if self.loaded.fail_closed {
                String::new()
            } else {
                self.platform_identity()
            },
        }
    }

    /// Returns where the work of this session lies.
    pub(super) fn place(&self) -> Place {
        let repo = self.repo();
        Place {
            git_dir: repo.map(|repo| repo.git_dir().to_owned()),
            work_tree: repo.and_then(|repo| repo.work_tree().map(ToOwned::to_owned)),
            directory: self.environment.cwd().to_owned(),
        }
    }

    /// Says whether the pipeline sends messages and a platform is set up.
    fn has_messages(&self, pipeline: &Pipeline) -> bool {
        let mut steps = pipeline.steps();
        steps.any(|step| step.service() == Some(Service::Platform))
            && !self.platform_identity().is_empty()
    }

    /// Names the platform and the workspace that this session's messages go to.
    pub(super) fn platform_identity(&self) -> String {
        let (policy, known) = (&self.loaded.policy, &self.known);
        match platform_client::platform(&self.environment, policy, known, self.network.clone()) {
            Ok(platform) => identity(&platform),
            Err(_) => String::new(),
        }
    }
}

/// Formats a platform and a workspace there.
pub(super) fn identity(platform: &Platform) -> String {
    format!("{} {}", platform.origin(), platform.workspace_id())
}

/// Reasons that the user must be told, because nothing is shipped until they act.
const NEWS: &[Code] = &[
    Code::OddBranchName,
    Code::TooManyCommits,
    Code::TooLarge,
    Code::BranchPattern,
    Code::ForeignAuthor,
    Code::GuardedPath,
    Code::PrivateCommits,
    Code::TooManyFiles,
];

fn is_news(hold: &Hold) -> bool {
    hold.is_broken || NEWS.contains(&hold.reason.code)
}
