//! The head and the base of a pull request, and the look-up of an existing one.

use crate::forge::{Forge, ForgeError, Head, PullRequests};
use crate::names::{BranchName, RepositoryName};
use crate::pipeline::{Context, ErrorKind, Shipment, StepError, Target};
use crate::reason::Code;

/// Makes the note that the pull request stays in the repository that was pushed to, where a person's would go to
/// another one.
pub(super) fn unused_upstream(shipment: &Shipment) -> Option<String> {
    let Ok(Target::Pushed {
        upstream: Some(upstream),
    }) = &shipment.target
    else {
        return None;
    };
    Some(format!(
        "it is opened in {}, where the branch was pushed; to open it in the repository of the remote {upstream}, set \
         `steps.pr-create.remote = \"{upstream}\"` in the user's or the system's policy",
        shipment.repository
    ))
}

/// Looks up the pull requests of the branch, into the policy's base if it names one.
pub(super) async fn look_up(
    forge: &dyn Forge,
    shipment: &Shipment,
) -> Result<PullRequests, ForgeError> {
    forge.list(&head(shipment), shipment.base.as_ref()).await
}

/// Returns the branch that the pull request comes from.
pub(super) fn head(shipment: &Shipment) -> Head {
    let RepositoryName { owner, name } = shipment.repository.clone();
    Head {
        owner,
        repository: name,
        branch: shipment.branch.clone(),
    }
}

/// Returns the base: the policy's, or the forge's default branch.
pub(super) async fn base(
    cx: &Context<'_>,
    forge: &dyn Forge,
    shipment: &Shipment,
) -> Result<BranchName, StepError> {
    if let Some(base) = &shipment.base {
        return Ok(base.clone());
    }
    let asked = cx.default_branch.get_or_init(|| forge.default_branch());
    asked.await.clone().map_err(|error| {
        StepError::new(
            if error.is_transient() {
                ErrorKind::Transient
            } else {
                ErrorKind::Denied
            },
            Code::BaseUnknown,
            format!("neither the policy nor the forge names a base branch: {error}"),
        )
        .advise("set `branches.base` in the policy")
    })
}
