//! Updates a pending branch after a retry.

use crate::clock::Clock;
use crate::pipeline::try_again_at;
use crate::reason::Code;
use crate::session::{Ended, WAIT_FOR_POLICY};
use crate::store::{NewPending, Pending, Store};

/// Settles the row of a branch that was tried again, or keeps it for later; leaves it alone where the run wrote it.
pub(super) fn settle_retry(store: &Store, pending: &Pending, ended: Option<Ended>) {
    let slot = &pending.what.slot;
    let is_untouched =
        |row: &Pending| row.attempts == pending.attempts && row.what.reason == pending.what.reason;
    if !matches!(store.pending(slot), Ok(Some(row)) if is_untouched(&row)) {
        return;
    }
    let now = Clock::System.now();
    let told = match ended {
        // The branch could not be inspected.
        Some(ended) if !ended.is_settled() => store.keep_pending(&NewPending {
            not_before: try_again_at(now, pending.attempts + 1, None),
            ..pending.what.clone()
        }),
        Some(ended) if !ended.awaits_policy() => store.settle_pending(slot).map(drop),
        _ => store.keep_pending(&NewPending {
            reason: Code::PolicyError.as_str().into(),
            summary: "the policy has an error".into(),
            not_before: now + WAIT_FOR_POLICY,
            ..pending.what.clone()
        }),
    };
    if let Err(error) = told {
        tracing::debug!(%error, "what became of a branch cannot be noted");
    }
}
