//! What a run does when its steps have ended: notes, messages for the platform, and what is kept of the remotes.

use std::time::Duration;

use crate::failpoint::{Point, reach};
use crate::pipeline::{Deadline, Outbox, Service, Shipment};
use crate::platform::Platform;
use crate::report::{Report, Verdict};
use crate::steps::service_of;

use super::Session;

/// How long a run takes to store what it did, when its last request has ended.
const LAST_STEPS: Duration = Duration::from_millis(100);

impl Session {
    /// Adds the notes of a run that ended, and keeps what the next one needs.
    pub(super) async fn conclude(
        &self,
        report: &mut Report,
        shipment: Option<&Shipment>,
        platform: Option<&Platform>,
        deadline: &Deadline,
    ) {
        // A remote that took nothing, such as one with a mistyped URL, is not recorded.
        let pushed = shipment.filter(|_| has_pushed(report));
        let added = pushed.and_then(|shipment| self.record_remotes(shipment));
        report
            .notes
            .extend(self.policy_base.note().into_iter().chain(added));
        self.tell_ignored_keys(report);
        reach(Point::RunEnded);
        // A late run has to store what is to be tried again before the watchdog ends it.
        if let Some(platform) = platform
            && !deadline.is_over()
        {
            self.flush(platform, deadline).await;
        }
        if let Some(shipment) = shipment {
            self.keep_remote_records(shipment);
            self.keep_policy_copy(shipment);
        }
    }

    /// Delivers the messages for the platform, within the time limit of one request and before the watchdog ends the run.
    async fn flush(&self, platform: &Platform, deadline: &Deadline) {
        let outbox = Outbox::new(&self.store, &self.clock, &self.known);
        let limit = self.loaded.policy.limits().http_timeout.duration();
        let limit = limit.min(deadline.remaining().saturating_sub(LAST_STEPS));
        match tokio::time::timeout(limit, outbox.flush(platform)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the outbox cannot be read"),
            Err(_) => tracing::debug!("the outbox is not empty yet; the next run goes on"),
        }
    }

    /// Keeps whether the remotes required a login and what their HEADs name, where that has changed.
    fn keep_remote_records(&self, shipment: &Shipment) {
        let first = (&shipment.remote, &shipment.push_options);
        let also = shipment.also.iter();
        let also = also.map(|place| (&place.remote, &place.push_options));
        for (remote, options) in std::iter::once(first).chain(also) {
            let now = self.clock.now();
            if let Some(head) = options.head.learned() {
                self.remote_records().keep_head(&remote.url, &head, now);
            }
            if let Some(seen) = options.auth_cache.changed() {
                self.remote_records().keep_login(&remote.url, seen, now);
            }
        }
    }
}

/// Says whether a remote took the branch, or had it.
fn has_pushed(report: &Report) -> bool {
    report.steps.iter().any(|step| {
        step.verdict == Verdict::Done && service_of(&step.kind) == Some(Service::Remote)
    })
}
