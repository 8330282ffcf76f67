//! Runs a session's pipeline, until it ends by itself, by a signal or at its deadline.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::{Either, select};

use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::names::RunId;
use crate::pipeline::{
    AdvertisedBranches, Context, Deadline, DefaultBranch, Facts, ForgeSource, ListedPullRequests,
    Logins, PartialReport, Pipeline, RunFacts, SharedProgress,
};
use crate::process::{allow_programs, kill_every_group};
use crate::reason::{Code, Reason};
use crate::report::Report;
use crate::store::Turn;

use super::branch_turn::Waited;
use super::forge_connector::ForgeConnector;
use super::guards::Inspection;
use super::runtime::{end, runtime};
use super::signals::Signals;
use super::uncommitted::Count;
use super::{Ended, Session, forge_connector};

/// Returns the code of the note that says which signal ended the run.
const fn signal_code(signal: Exit) -> Code {
    match signal {
        Exit::HungUp => Code::Sighup,
        Exit::Terminated => Code::Sigterm,
        _ => Code::Sigint,
    }
}

impl Session {
    /// Runs a pipeline. Never fails: errors are part of the report.
    ///
    /// SIGINT, SIGTERM and SIGHUP end it in order within a second, with the report so far. When the deadline passes
    /// and the run does not end by itself, the watch that the session was opened with has the report so far.
    pub fn run(&self, pipeline: &Pipeline, progress: &SharedProgress) -> Report {
        self.run_kept(pipeline, progress).report
    }

    /// Runs a pipeline likewise, for a caller that keeps the run's intents until they are settled.
    pub fn run_kept(&self, pipeline: &Pipeline, progress: &SharedProgress) -> Ended {
        let mut turn = None;
        let mut count = None;
        let mut report = self.run_watched(pipeline, progress, &mut turn, &mut count);
        self.end_watch();
        report.notes.extend(count.and_then(Count::note));
        let ended = self.keep(pipeline, report);
        // What is to be tried again is stored before another process gets the turn.
        drop(turn);
        ended
    }

    /// Returns the notes of the report, with those on what is shipped.
    pub(super) fn notes_on(&self, inspection: &Inspection) -> Vec<Reason> {
        [self.notes.as_slice(), &inspection.notes].concat()
    }

    /// Ends the watch: from here on the run hands out the report.
    fn end_watch(&self) {
        if let Err(error) = self.watch.end() {
            // The system refused the thread; the run's own timers limited it.
            tracing::debug!(%error, "there was no watchdog");
        }
    }

    fn run_watched(
        &self,
        pipeline: &Pipeline,
        progress: &SharedProgress,
        turn: &mut Option<Turn>,
        count: &mut Option<Count>,
    ) -> Report {
        allow_programs();
        let (deadline, partial) = (&self.watch.deadline, &self.watch.partial);
        partial.describe(pipeline.name(), None, &self.notes);
        pipeline.announce(partial);
        self.watch
            .keeps(self.keeper(pipeline, self.platform_identity()));
        reach(Point::RunOpened);
        let inspection = self.first_inspection();
        let counted = self.counted_repo(pipeline, &inspection);
        reach(Point::RunSurveyed);
        self.describe(pipeline, &inspection, partial);
        if self.has_nobody_to_ask(&inspection) && !pipeline.waits() {
            *count = Count::begin_alone(counted);
            // Nothing has to be waited for, so no runtime is made. What is tried on this copy and has to wait begins
            // again below.
            let retried = partial.for_retry();
            let run = self.run_on(pipeline, &inspection, deadline, &retried, progress);
            if let Some(report) = run.now_or_never() {
                return report;
            }
        }
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return partial.not_started(&error),
        };
        let run = self.run_in_turn(pipeline, inspection, partial, progress, turn);
        let ended = runtime.block_on(async {
            // What the run begins can be seen at once, and so it is to end in order from its first moment.
            let signals = Signals::listen();
            let signal = async {
                // The requests to the servers are sent by now.
                if let Some(begun) = self.begin_beside(counted.filter(|_| count.is_none())) {
                    *count = Some(begun);
                }
                signals.first().await
            };
            // The run is dropped when a signal wins: that raises the flag of its threads.
            match select(Box::pin(run), Box::pin(signal)).await {
                Either::Left((report, _)) => Ok(report),
                Either::Right((signal, _)) => Err(partial.interrupted(signal_code(signal))),
            }
        });
        if ended.is_ok() && count.is_none() {
            // Nothing was waited for.
            *count = Count::begin_alone(counted);
        }
        self.end_watch();
        end(runtime, deadline);
        if ended.is_err() || deadline.is_over() {
            // A helper without a stop flag would survive.
            kill_every_group();
        }
        ended.unwrap_or_else(|report| report)
    }

    /// Tells the watch what is known before the steps begin.
    fn describe(&self, pipeline: &Pipeline, inspection: &Inspection, partial: &PartialReport) {
        partial.describe(
            pipeline.name(),
            inspection.report(&self.known),
            &self.notes_on(inspection),
        );
    }

    /// Runs the pipeline in its turn at the branch, and once more under a policy base that has changed meanwhile.
    async fn run_in_turn(
        &self,
        pipeline: &Pipeline,
        inspection: Inspection,
        partial: &PartialReport,
        progress: &SharedProgress,
        turn: &mut Option<Turn>,
    ) -> Report {
        let (inspection, waited) = self.take_turn(pipeline, inspection, turn).await;
        if waited == Waited::Yes {
            self.describe(pipeline, &inspection, partial);
        }
        let deadline = &self.watch.deadline;
        let run = self.run_on(pipeline, &inspection, deadline, partial, progress);
        let report = run.await;
        match self.plan_again(pipeline, &report) {
            Some(again) => Box::pin(self.run_again(again, partial, progress)).await,
            None => report,
        }
    }

    /// Returns the run whose messages this run sends.
    pub(super) fn message_run(&self) -> RunId {
        self.makes_up_for.unwrap_or(self.watch.run_id)
    }

    pub(super) async fn run_on(
        &self,
        pipeline: &Pipeline,
        inspection: &Inspection,
        deadline: &Deadline,
        partial: &PartialReport,
        progress: &SharedProgress,
    ) -> Report {
        let platform = self.platform().ok();
        if let Some(platform) = &platform {
            // Before any text is sent, not only before the first request.
            platform.tell_token(&self.known);
        }
        let shipment = inspection.shipment.as_ref();
        let connector = shipment
            .ok()
            .map(|shipment| ForgeConnector::of(self, shipment));
        let forge = ForgeSource::new(move || forge_connector::forge(connector.clone()));
        let cx = Context {
            trigger: self.trigger,
            run_id: self.watch.run_id,
            message_run: self.message_run(),
            policy: &self.loaded.policy,
            repo: self.repo(),
            shipment,
            forge: &forge,
            pull_requests: &ListedPullRequests::new(),
            default_branch: &DefaultBranch::new(),
            platform: platform.as_ref(),
            task: &self.task,
            task_kept: self.task_kept,
            facts: &self.facts(inspection),
            advertised: &AdvertisedBranches::default(),
            policy_base: &self.policy_base,
            logins: &Logins::default(),
            secrets: &self.known,
            environment: &self.environment,
            receipts: &self.receipts,
            network: &self.network,
            step: "",
            store: &self.store,
            clock: &self.clock,
            deadline,
            progress,
        };
        reach(Point::RunBegins);
        let mut report = pipeline.run(cx, partial).await;
        self.conclude(&mut report, shipment.ok(), platform.as_ref(), deadline)
            .await;
        report
    }

    /// Says whether no step has a server to talk to: no platform, and nothing to ship.
    fn has_nobody_to_ask(&self, inspection: &Inspection) -> bool {
        inspection.shipment.is_err() && self.platform().is_err()
    }

    pub(super) fn facts(&self, inspection: &Inspection) -> Facts {
        Facts {
            repo: inspection.facts.clone(),
            task: self.task.task.clone(),
            trigger: self.trigger.to_string(),
            run: RunFacts {
                id: self.watch.run_id.to_string(),
            },
            steps: BTreeMap::new(),
        }
    }
}
