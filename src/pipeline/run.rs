//! Runs a pipeline: time limits, panics, and what a failure does to the rest.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;

use futures_util::FutureExt;
use futures_util::future::{Either, join_all, pending, select};
use tracing::Instrument;
use tracing::{debug, debug_span};

use crate::policy::OnError;
use crate::reason::{Code, Reason};
use crate::report::{Report, Verdict};

use super::blocking::panicked;
use super::context::Context;
use super::facts::StepFacts;
use super::hold::Hold;
use super::outcome::ErrorKind;
use super::partial_report::PartialReport;
use super::plan::Pipeline;
use super::planned_step::{Activation, PlannedStep};
use super::step::Step;
use super::step_def::Retry;
use super::step_end::{StepEnd, passed};

impl Pipeline {
    /// Adds the steps to the report before the run begins, so that it lists them however the run ends.
    pub fn announce(&self, partial: &PartialReport) {
        for step in self.steps() {
            partial.add(&step.name, step.kind);
        }
    }

    /// Runs the announced steps, and returns the report. Never fails: a failure is part of the report. A step that has ended
    /// in an earlier attempt does not run again.
    ///
    /// `cx.facts` are the facts at the start. Needs a runtime with timers when a step waits for
    /// something.
    pub async fn run(&self, cx: Context<'_>, partial: &PartialReport) -> Report {
        let span =
            debug_span!("run", id = %cx.run_id, pipeline = self.name(), trigger = %cx.trigger);
        let mut facts = cx.facts.clone();
        for step in self.steps() {
            facts.steps.insert(step.name.clone(), StepFacts::pending());
        }
        let cx = Context {
            facts: &facts,
            ..cx
        };
        let work = pin!(self.run_groups(cx, partial));
        let ahead = pin!(async {
            self.prepare(&cx).await;
            pending::<()>().await;
        });
        // `prepare` never ends, so the run ends with the work, which is polled first.
        async { select(work, ahead).map(drop).await }
            .instrument(span)
            .await;
        partial.conclude()
    }

    /// Calls `prepare` of every step that is to run.
    async fn prepare(&self, cx: &Context<'_>) {
        let steps = self
            .steps()
            .filter_map(|planned| match &planned.activation {
                Activation::Runs(step) => Some((planned, step)),
                _ => None,
            });
        join_all(steps.map(|(planned, step)| async move {
            let early = AssertUnwindSafe(step.prepare(cx)).catch_unwind().await;
            if let Err(panic) = early {
                // `run` meets the same bug, and reports it.
                debug!(step = planned.name, error = %panicked(panic.as_ref()), "preparing failed");
            }
        }))
        .await;
    }

    async fn run_groups(&self, cx: Context<'_>, partial: &PartialReport) {
        let mut facts = cx.facts.clone();
        let mut earlier = EarlierSteps::default();
        let mut first = 0;
        for group in &self.groups {
            let cx = Context {
                facts: &facts,
                ..cx
            };
            if group.iter().any(|step| step.learns_login(&cx)) {
                cx.logins.expect();
            }
            let ended = join_all(group.iter().enumerate().map(|(offset, step)| {
                let span = debug_span!("step", name = step.name);
                let (earlier, at) = (&earlier, first + offset);
                async move {
                    if let Some((verdict, seen)) = partial.ended(at) {
                        // An earlier attempt learned its login.
                        cx.logins.settle();
                        return (verdict, Some(seen));
                    }
                    let step_end = one(step, &cx, earlier, partial, at).await;
                    if step.learns_login(&cx) {
                        cx.logins.settle();
                    }
                    let verdict = step_end.verdict();
                    (verdict, partial.end(at, step_end))
                }
                .instrument(span)
            }))
            .await;
            for (step, (verdict, seen)) in group.iter().zip(ended) {
                earlier.add(step, verdict);
                facts
                    .steps
                    .extend(seen.map(|seen| (step.name.clone(), seen)));
            }
            first += group.len();
        }
    }
}

/// How earlier groups affect later ones.
#[derive(Debug, Default)]
struct EarlierSteps {
    verdicts: BTreeMap<String, Verdict>,
    stopped_by: Option<String>,
}

impl EarlierSteps {
    fn add(&mut self, step: &PlannedStep, verdict: Verdict) {
        // A disabled step counts as not in the pipeline.
        if !step.is_disabled() {
            self.verdicts.insert(step.name.clone(), verdict);
        }
        if verdict == Verdict::Failed && step.on_error == OnError::Stop {
            self.stopped_by.get_or_insert_with(|| step.name.clone());
        }
    }
}

/// Runs one step.
async fn one(
    planned: &PlannedStep,
    cx: &Context<'_>,
    earlier: &EarlierSteps,
    partial: &PartialReport,
    at: usize,
) -> StepEnd {
    let cx = &Context {
        step: &planned.name,
        ..*cx
    };
    let is_branch = planned.retry == Retry::Branch;
    let step = match verdict_before(planned, cx, earlier) {
        Ok(step) => step,
        Err(step_end) if is_branch && step_end.verdict() == Verdict::Failed => {
            return step_end.queued(cx.store);
        }
        Err(step_end) if planned.defers(cx.task) && step_end.has_not_started() => {
            return step_end.deferred(cx.store);
        }
        Err(step_end) => return *step_end,
    };
    partial.begin(at);
    debug!(kind = planned.kind, "step begins");
    let work = AssertUnwindSafe(step.run(cx)).catch_unwind();
    match within(work, planned, cx).await {
        Ok(Ok(Ok(outcome))) => outcome.into(),
        Ok(Ok(Err(error))) if is_branch && error.kind == ErrorKind::Transient => {
            StepEnd::from(error).queued(cx.store)
        }
        Ok(Ok(Err(error)))
            if error.kind == ErrorKind::Internal || error.reason.code == Code::NoResources =>
        {
            kept(error.into(), planned, cx)
        }
        Ok(Ok(Err(error))) => error.into(),
        Ok(Err(panic)) => kept(panicked(panic.as_ref()).into(), planned, cx),
        Err(step_end) => kept(step_end, planned, cx),
    }
}

/// Queues or defers a step that a timeout, a lack of resources or a bug ended, where a retry is useful.
fn kept(step_end: StepEnd, planned: &PlannedStep, cx: &Context<'_>) -> StepEnd {
    if planned.retry == Retry::Branch || is_in_outbox(cx) {
        step_end.queued(cx.store)
    } else if planned.defers(cx.task) {
        step_end.deferred(cx.store)
    } else {
        step_end
    }
}

/// Says whether the step's message is stored, so that it is sent without this run.
fn is_in_outbox(cx: &Context<'_>) -> bool {
    let store = cx.store.existing();
    store.is_some_and(|store| store.has_delivery(&cx.message_key()).unwrap_or(false))
}

/// Returns the step to run, or how it ends without running.
fn verdict_before<'p>(
    planned: &'p PlannedStep,
    cx: &Context<'_>,
    earlier: &EarlierSteps,
) -> Result<&'p dyn Step, Box<StepEnd>> {
    let skip = |hold: Hold| Err(Box::new(StepEnd::held(hold)));
    let step = match planned.activation.step() {
        Ok(step) => step,
        Err(hold) => return skip(hold),
    };
    if let Some(by) = earlier.stopped_by.as_ref().filter(|_| !planned.always) {
        let sentence = format!("`{by}` failed, which stops the run");
        return skip(Hold::new(Code::Stopped, sentence));
    }
    if cx.deadline.is_over() {
        return Err(Box::new(StepEnd::not_started(&passed(cx.deadline))));
    }
    if let Some(hold) = planned.unmet(&earlier.verdicts) {
        return skip(hold);
    }
    match planned.when.as_ref().map(|when| when.holds(cx.facts)) {
        None | Some(Ok(true)) => Ok(step),
        Some(Ok(false)) => skip(Hold::new(Code::When, "its condition does not hold")),
        Some(Err(error)) => {
            let summary = format!("its condition cannot be evaluated: {error}");
            let reason = Reason::new(Code::When, summary).advise(format!(
                "correct `when` of `{}` in the policy",
                planned.name
            ));
            Err(Box::new(StepEnd::not_done(Verdict::Failed, reason)))
        }
    }
}

/// Waits for the work until the step's timeout or the run's deadline.
async fn within<T>(
    work: impl Future<Output = T>,
    planned: &PlannedStep,
    cx: &Context<'_>,
) -> Result<T, StepEnd> {
    let work = pin!(work);
    // Both timers start only when the work has to wait.
    let limits = pin!(async {
        let over = pin!(cx.deadline.over());
        let Some(limit) = &planned.timeout else {
            over.await;
            return None;
        };
        match select(pin!(tokio::time::sleep(limit.limit)), over).await {
            Either::Left(_) => Some(limit),
            Either::Right(_) => None,
        }
    });
    match select(work, limits).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right((Some(limit), _)) => {
            let summary = format!("it took longer than {:?} ({})", limit.limit, limit.key);
            Err(StepEnd::late(Code::Timeout, summary))
        }
        Either::Right((None, _)) => {
            cx.deadline.notice();
            Err(StepEnd::late(Code::Deadline, passed(cx.deadline)))
        }
    }
}
