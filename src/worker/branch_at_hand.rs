//! `BranchAtHand`: whether the branch of HEAD is on the remote. The status shows it besides the queues.

use serde::Serialize;

use crate::environment::Environment;
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;
use crate::session::{Plan, Request, Session, Watch};

/// The pipeline that ships a branch after a commit.
const PIPELINE: &str = "post-commit";

/// Reasons that are not reported, because there is no work that could be pushed.
const NOTHING_TO_SHIP: &[Code] = &[
    Code::NotARepository,
    Code::NothingAhead,
    Code::UnbornBranch,
    Code::BareRepository,
];

/// Reasons that the user intends: nothing is wrong, and nothing is pushed.
const INTENDED: &[Code] = &[
    Code::ProtectedBranch,
    Code::DetachedHead,
    Code::NoRemote,
    Code::OperationInProgress,
    Code::Disabled,
];

/// The branch that HEAD is on, if the remote lacks commits of it as of the last push or fetch.
#[derive(Debug, Serialize)]
pub struct BranchAtHand {
    /// The branch; none where HEAD is on none.
    pub branch: Option<String>,
    /// How many commits a push would send.
    pub commits: usize,
    /// Why none would be sent now.
    pub held: Option<Reason>,
    /// The commit that the branch is at, in hex.
    #[serde(skip)]
    pub(super) head: Option<String>,
    /// Where a push would go, without a login.
    #[serde(skip)]
    pub(super) push_url: Option<String>,
}

impl BranchAtHand {
    /// Inspects the repository of the working directory as `sendoff plan` does, without a request and without
    /// writing. Returns `None` where everything is on the remote, or nothing can be pushed.
    pub fn look(environment: &Environment, known: &KnownSecrets) -> Option<Self> {
        let request = Request {
            known: known.clone(),
            ..Request::default()
        };
        let watch = Watch::without_thread(&request, PIPELINE);
        // `policy check` and the run's report tell of a policy that cannot be read or lacks the pipeline.
        let session = Session::open(request, environment.clone(), watch).ok()?;
        let pipeline = session.pipeline(PIPELINE).ok()?;
        Self::of(&session.plan(&pipeline))
    }

    fn of(plan: &Plan) -> Option<Self> {
        let mut steps = plan.groups.iter().flatten();
        let push = steps.find(|step| step.kind == "push")?;
        let held = push.held.clone();
        let is_silent = match &held {
            Some(reason) => NOTHING_TO_SHIP.contains(&reason.code),
            None => plan.already_pushed || plan.commits.is_empty(),
        };
        let repo = plan.repo.as_ref();
        (!is_silent).then(|| Self {
            branch: repo.and_then(|repo| repo.branch.clone()),
            commits: plan.commits.len(),
            held,
            head: repo.and_then(|repo| repo.head.clone()),
            push_url: plan.push_url.clone(),
        })
    }

    /// Says whether the branch stays here because of the user's settings or of the state of the work tree.
    pub fn is_intended(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|reason| INTENDED.contains(&reason.code))
    }
}
