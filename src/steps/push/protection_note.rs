//! Adds a note on how the forge protects a branch, when the remote has refused it.
//!
//! The forge is asked only then. In a push that succeeds nobody pays for the request, and before a push the answer would
//! decide nothing: a rule can protect every branch and still let this push through.

use std::time::Duration;

use sendoff_push::Rejection;

use crate::git::push::{BranchPushError, TransportError};
use crate::pipeline::{Context, Shipment};

use super::work::DestinationOutcome;

/// Returns the note on the branch at the first push URL, whose repository the forge knows.
pub(super) async fn protection_note(
    cx: &Context<'_>,
    shipment: &Shipment,
    outcomes: &[DestinationOutcome],
) -> Option<String> {
    let error = outcomes.first()?.pushed.as_ref().err()?;
    if !may_be_about_the_branch(error) {
        return None;
    }
    let asked = async {
        let forge = cx.forge.get().await.ok()?;
        let asked = forge.protection(&shipment.repository, &shipment.branch);
        asked
            .await
            .inspect_err(|error| tracing::debug!(%error, "the forge does not tell of the branch"))
            .ok()?
    };
    let protection = tokio::time::timeout(patience(cx), asked).await.ok()??;
    let branch = &shipment.branch;
    Some(format!("the forge protects `{branch}` by {protection}"))
}

/// Returns how long the forge may take: the refusal is to be told before the run's deadline.
fn patience(cx: &Context<'_>) -> Duration {
    let limit = cx.policy.branch_limits().http_timeout.duration();
    limit.min(cx.deadline.remaining() / 2)
}

/// Says whether the remote refused what a rule for the branch may be the reason of.
fn may_be_about_the_branch(error: &BranchPushError) -> bool {
    match error {
        BranchPushError::Rejected(rejected) => matches!(
            rejected.kind,
            Rejection::Protected | Rejection::Ruleset | Rejection::HookDeclined | Rejection::Other
        ),
        BranchPushError::Push(_) => {
            matches!(error.transport(), Some(TransportError::Forbidden { .. }))
        }
    }
}
