//! `PlannedStep`: a step with its settings, and whether it is to run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::names::{RemoteUrl, Scheme};
use crate::policy::{LayerKind, OnError, Policy, StepTable};
use crate::reason::Code;
use crate::report::Verdict;
use crate::template::Condition;

use super::context::Context;
use super::facts::{TaskDocument, TaskFacts};
use super::hold::Hold;
use super::outcome::Outputs;
use super::plan_view::PlanView;
use super::step::Step;
use super::step_def::{Retry, Service, StepDef};

/// A step with its settings.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent property of a kind"
)]
pub struct PlannedStep {
    /// The step's name in the policy.
    pub name: String,
    /// The kind of code that it runs.
    pub kind: &'static str,
    pub(super) activation: Activation,
    pub(super) needs: Vec<String>,
    pub(super) when: Option<Condition>,
    pub(super) timeout: Option<TimeLimit>,
    pub(super) on_error: OnError,
    pub(super) learns_login: bool,
    pub(super) ships: bool,
    service: Option<Service>,
    pub(super) always: bool,
    pub(super) waits: bool,
    pub(super) retry: Retry,
    /// Whether its run is deferred when it could not start.
    pub(super) defers: bool,
}

/// Whether a step is to run.
#[derive(Debug)]
pub(super) enum Activation {
    /// It runs, with these settings.
    Runs(Box<dyn Step>),
    /// The policy has `enabled = false`.
    Disabled,
    /// The policy of the system or the user is invalid.
    PolicyError,
}

/// A step's time limit, and the key that sets it.
#[derive(Debug, Clone)]
pub(super) struct TimeLimit {
    pub(super) limit: Duration,
    pub(super) key: String,
}

impl Activation {
    /// Returns the step to run, or why there is none.
    pub(super) fn step(&self) -> Result<&dyn Step, Hold> {
        match self {
            Self::Runs(step) => Ok(step.as_ref()),
            Self::Disabled => Err(Hold::new(Code::Disabled, "switched off by the policy")),
            Self::PolicyError => Err(Hold::new(
                Code::PolicyError,
                "not run, because the policy has an error",
            )
            .advise("fix the policy; `sendoff policy check` shows its mistakes")),
        }
    }
}

impl PlannedStep {
    /// Makes a step that is not in the policy. It publishes work, and only the run's deadline limits it.
    pub(super) fn outside_policy(
        kind: &'static str,
        step: Box<dyn Step>,
        needs: Vec<String>,
    ) -> Self {
        Self {
            name: kind.to_owned(),
            kind,
            activation: Activation::Runs(step),
            needs,
            when: None,
            timeout: None,
            on_error: OnError::Continue,
            learns_login: false,
            ships: true,
            always: false,
            waits: false,
            retry: Retry::Never,
            defers: false,
            service: None,
        }
    }

    /// Returns the service without which the step does nothing.
    pub const fn service(&self) -> Option<Service> {
        self.service
    }

    /// Says whether the policy disables the step, which then counts as not in the pipeline.
    pub const fn is_disabled(&self) -> bool {
        matches!(self.activation, Activation::Disabled)
    }

    /// Returns why the step does not run, regardless of the other steps and of what there is to push.
    pub fn hold(&self) -> Option<Hold> {
        self.activation.step().err()
    }

    /// Says whether its run is deferred when it could not start, because it reports an event that must not be lost.
    pub(super) fn defers(&self, task: &TaskDocument) -> bool {
        self.defers && task.task != TaskFacts::default()
    }

    /// Returns how the step is retried after a failure, for a task.
    pub fn retry(&self, task: &TaskDocument) -> Retry {
        match self.retry {
            Retry::Message if !self.defers(task) => Retry::Never,
            retry => retry,
        }
    }

    /// Returns the need that is not met, given how the steps before it ended.
    pub fn unmet(&self, verdicts: &BTreeMap<String, Verdict>) -> Option<Hold> {
        let (need, verdict) = self
            .needs
            .iter()
            .filter_map(|need| Some((need, verdicts.get(need)?)))
            .find(|(_, verdict)| **verdict != Verdict::Done)?;
        let sentence = match verdict {
            Verdict::Failed => format!("skipped because `{need}` failed"),
            Verdict::Queued => format!("skipped because `{need}` waits to be tried again"),
            Verdict::Skipped | Verdict::Done => format!("skipped because `{need}` was skipped"),
        };
        Some(Hold::new(Code::Needs, sentence))
    }

    /// Says whether it can learn a password that must not be sent in a text.
    pub(super) fn learns_login(&self, cx: &Context<'_>) -> bool {
        let asks = |url: &RemoteUrl| matches!(url.scheme(), Scheme::Http | Scheme::Https);
        self.learns_login
            && matches!(self.activation, Activation::Runs(_))
            && cx.shipment.is_ok_and(|shipment| {
                asks(&shipment.remote.url)
                    || shipment.also.iter().any(|other| asks(&other.remote.url))
            })
    }

    /// Returns the source of its condition.
    pub fn when(&self) -> Option<&str> {
        self.when.as_ref().map(Condition::source)
    }

    /// Returns the steps that must be done before it.
    pub fn needs(&self) -> &[String] {
        &self.needs
    }

    /// Returns the step's details for a plan; none for a step that is not to run.
    pub fn details(&self, view: &PlanView<'_>) -> Vec<String> {
        match &self.activation {
            Activation::Runs(step) => step.details(view),
            Activation::Disabled | Activation::PolicyError => Vec::new(),
        }
    }

    /// Returns its expected outputs and requests for a plan; none for a step that is not to run.
    pub fn expected(&self, view: &PlanView<'_>) -> Outputs {
        match &self.activation {
            Activation::Runs(step) => step.expected(view),
            Activation::Disabled | Activation::PolicyError => Outputs::new(),
        }
    }

    /// Returns its time limit, which applies besides the run's deadline.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.as_ref().map(|timeout| timeout.limit)
    }

    pub(super) fn new(
        policy: &Policy,
        table: &StepTable,
        def: &StepDef,
        activation: Activation,
    ) -> Self {
        let limits = policy.limits_for(def);
        let own = table.settings.timeout.map(|timeout| TimeLimit {
            limit: timeout.duration(),
            key: format!("steps.{}.timeout", table.name),
        });
        let of_kind = def.timeout.filter(|_| {
            let given_by = policy.origin_of("limits.step-timeout");
            given_by.is_none_or(|origin| origin == LayerKind::BuiltIn)
        });
        let general = (!def.times_itself).then(|| TimeLimit {
            limit: of_kind.unwrap_or_else(|| limits.step_timeout.duration()),
            key: "limits.step-timeout".into(),
        });
        // A deadline from the repository's policy limits the steps that read that policy, not the run.
        let deadline = limits.deadline.duration();
        let sooner = (deadline < policy.limits().deadline.duration()).then(|| TimeLimit {
            limit: deadline,
            key: "limits.deadline of the repository".into(),
        });
        let timeout = own.or(general).into_iter().chain(sooner);
        Self {
            name: table.name.clone(),
            kind: def.name,
            activation,
            needs: Vec::new(),
            when: None,
            timeout: timeout.min_by_key(|timeout| timeout.limit),
            on_error: table.settings.on_error,
            ships: def.ships,
            service: def.service,
            learns_login: def.learns_login,
            always: def.always,
            waits: def.waits,
            retry: def.retry,
            defers: false,
        }
    }
}
