//! What happens to a branch whose pull request was merged or closed: further commits on it are in no pull request.

use gix::ObjectId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forge::{Closed, EndedPullRequest, PullRequests};
use crate::pipeline::{Context, ErrorKind, Outcome, Shipment, StepError};
use crate::reason::{Code, Reason};

use super::{PrCreate, look_up};

/// How further commits of a branch are handled whose pull request has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WhenMerged {
    /// They are not pushed, because their author can believe that they are in that pull request.
    #[default]
    Stop,
    /// They are pushed, and another pull request is opened for them.
    NewPr,
}

/// A branch has commits that its pull request, which has ended, does not contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{branch} goes on after its pull request #{number} was {how}: {url}")]
pub(in crate::steps) struct GoesOn {
    branch: String,
    number: u64,
    how: &'static str,
    url: String,
}

impl From<GoesOn> for StepError {
    fn from(goes_on: GoesOn) -> Self {
        Self::new(
            ErrorKind::Denied,
            Code::PullRequestEnded,
            goes_on.to_string(),
        )
        .advise(
            "take the new commits to a branch of their own (git switch -c NAME); or let them have a pull request of \
             their own: `steps.pr-create.when-merged = \"new-pr\"` in the user's policy",
        )
    }
}

/// Asks the forge whether the branch has commits beyond a pull request that has ended, where a step of this run is to
/// open one. A forge that does not answer holds nothing; the step that asks it next reports that.
pub(in crate::steps) async fn goes_on(cx: &Context<'_>) -> Option<GoesOn> {
    let table = cx.policy.step("pr-create");
    let is_planned = cx.facts.steps.contains_key("pr-create") && table.settings.enabled;
    let step = table.read::<PrCreate>().ok().filter(|_| is_planned)?;
    let (shipment, forge) = (cx.shipment.ok()?, cx.forge.get().await.ok()?);
    let listed = cx.pull_requests.get_or_init(|| look_up(forge, shipment));
    step.after_its_end(shipment, listed.await.as_ref().ok()?)
}

impl PrCreate {
    /// Returns why the branch is not pushed, and no pull request opened, after its last one has ended.
    pub(super) fn after_its_end(
        &self,
        shipment: &Shipment,
        listed: &PullRequests,
    ) -> Option<GoesOn> {
        if self.when_merged == WhenMerged::NewPr {
            return None;
        }
        let mut ended = listed.ended.iter();
        let ended = ended.find(|ended| is_continued(shipment, ended))?;
        Some(GoesOn {
            branch: shipment.branch.to_string(),
            number: ended.number,
            how: how(ended),
            url: ended.url.clone(),
        })
    }

    /// Returns the outcome of a branch whose commits were all in a pull request that has ended.
    pub(super) fn was_all_in(&self, shipment: &Shipment, listed: &PullRequests) -> Option<Outcome> {
        if self.when_merged == WhenMerged::NewPr {
            return None;
        }
        let head = shipment.head.to_string();
        let mut ended = listed.ended.iter();
        let ended = ended.find(|ended| ended.head_sha.as_ref() == Some(&head))?;
        let reason = Reason::new(
            Code::PullRequestEnded,
            format!("#{} with this commit was {}", ended.number, how(ended)),
        );
        Some(Outcome::Skipped(match ended.how {
            Closed::Merged => reason,
            Closed::Closed => reason.advise(format!("to go on with it, reopen it: {}", ended.url)),
        }))
    }
}

const fn how(ended: &EndedPullRequest) -> &'static str {
    match ended.how {
        Closed::Merged => "merged",
        Closed::Closed => "closed",
    }
}

/// Says whether commits follow on the last one of the pull request. A branch that was begun anew under an old name does
/// not follow on it.
fn is_continued(shipment: &Shipment, ended: &EndedPullRequest) -> bool {
    let last = ended.head_sha.as_ref();
    let Some(last) = last.and_then(|sha| ObjectId::from_hex(sha.as_bytes()).ok()) else {
        return false;
    };
    let is_last = |id: &ObjectId| *id == last;
    !is_last(&shipment.head)
        && shipment
            .commits
            .iter()
            .any(|commit| is_last(&commit.id) || commit.parents.iter().any(is_last))
}
