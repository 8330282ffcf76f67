//! The one-line notice of a hook: what was not shipped or cannot be stored, and the command that shows more.

use crate::clock::to_the_second;
use crate::pipeline::Service;
use crate::report::{Report, StepReport, Verdict};
use crate::secrets::clean_line;
use crate::session::Look;
use crate::steps::service_of;
use crate::store::{Store, StoreError};

/// The command that shows what waits and what cannot be stored.
pub(super) const STATUS: &str = "sendoff status";
/// The command that shows why a branch was not shipped.
pub(super) const WHY: &str = "sendoff why";

/// Puts a notice on one line that names us, and the command that tells more.
pub(super) fn line(what: &str, more: &str) -> String {
    format!("sendoff: {}; see: {more}", clean_line(what))
}

/// Says why an intent is not in the store.
pub(super) fn unkept(error: &StoreError) -> String {
    line(&format!("nothing can be kept: {}", error.told()), STATUS)
}

/// Says what did not ship the last time on this branch, and since when.
pub(super) fn last_time(store: &Store, look: &Look) -> Option<String> {
    let branch = &look.slot.branch;
    if let Ok(Some(pending)) = store.pending(&look.slot) {
        let (summary, since) = (&pending.what.summary, pending.since);
        let waits = format!("{branch} waits since {}: {summary}", to_the_second(since));
        return Some(line(&waits, WHY));
    }
    let last = store.last_run(&look.slot).ok()??.report;
    let step = unshipped(&last)?;
    let since = to_the_second(last.started_at);
    let failed = format!("{branch} did not ship at {since}: {}", step.summary);
    Some(line(&failed, WHY))
}

/// Returns the step that kept a branch from being shipped.
fn unshipped(report: &Report) -> Option<&StepReport> {
    let mut failed = report
        .steps
        .iter()
        .filter(|step| step.verdict == Verdict::Failed);
    failed.find(|step| {
        matches!(
            service_of(&step.kind),
            Some(Service::Remote | Service::Forge)
        )
    })
}
