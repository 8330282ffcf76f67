//! `Pipeline`: the steps of a pipeline with their settings, read and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::git::Repo;
use crate::names::{RemoteUrl, Scheme};
use crate::policy::{
    OnError, Origin, PipelineTable, Policy, PolicyError, StepRef, StepTable, Trigger,
};
use crate::reason::Code;
use crate::report::Verdict;
use crate::template::Condition;

use super::context::Context;
use super::facts::{TaskDocument, TaskFacts};
use super::hold::Hold;
use super::references::{Order, condition, kind, needs, no_pipeline, no_step, steps_are};
use super::step::{Step, TextStep};
use super::step_def::{Again, Service, StepDef};

/// The steps in order; those of a group start together.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    pub(super) groups: Vec<Vec<PlannedStep>>,
}

/// A step with its settings.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own that a kind may have"
)]
pub struct PlannedStep {
    /// The step's name in the policy.
    pub name: String,
    /// The kind of code that it runs.
    pub kind: &'static str,
    pub(super) turn: Turn,
    pub(super) needs: Vec<String>,
    pub(super) when: Option<Condition>,
    pub(super) timeout: Option<TimeLimit>,
    pub(super) on_error: OnError,
    pub(super) learns_login: bool,
    pub(super) ships: bool,
    service: Option<Service>,
    pub(super) always: bool,
    pub(super) waits: bool,
    pub(super) again: Again,
    /// Whether its run is put off where it had no turn.
    pub(super) defers: bool,
}

/// Whether a step is to run.
#[derive(Debug)]
pub(super) enum Turn {
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

impl Turn {
    /// Returns the step to run, or why there is none.
    pub(super) fn step(&self) -> Result<&dyn Step, Hold> {
        match self {
            Self::Runs(step) => Ok(step.as_ref()),
            Self::Disabled => Err(Hold::new(Code::Disabled, "switched off by the policy")),
            Self::PolicyError => Err(Hold::new(
                Code::PolicyError,
                "not run, because the policy has an error",
            )
            .advise("correct the policy; `sendoff policy check` shows its mistakes")),
        }
    }
}

impl Pipeline {
    /// Plans the pipeline `name`.
    ///
    /// Reads the settings of its steps, and refuses references to steps that do not come earlier.
    pub fn plan(policy: &Policy, name: &str, kinds: &[StepDef]) -> Result<Self, PolicyError> {
        let table = policy
            .pipeline(name)
            .ok_or_else(|| no_pipeline(policy, name))?;
        let mut groups = Vec::with_capacity(table.groups.len());
        let mut earlier: Vec<&str> = Vec::new();
        let all: Vec<&str> = table.steps().map(|step| step.name.as_str()).collect();
        for group in &table.groups {
            let order = Order {
                earlier: &earlier,
                all: &all,
            };
            let steps = group
                .iter()
                .map(|step| planned(policy, table, step, &order, kinds))
                .collect::<Result<Vec<_>, _>>()?;
            groups.push(steps);
            earlier.extend(group.iter().map(|step| step.name.as_str()));
        }
        Ok(Self {
            name: name.to_owned(),
            groups,
        })
    }

    /// Makes a pipeline of steps that no policy names, one after the other; each needs the one before it.
    pub fn of_steps(
        name: &str,
        steps: impl IntoIterator<Item = (&'static str, Box<dyn Step>)>,
    ) -> Self {
        let mut before: Option<&str> = None;
        let steps = steps.into_iter().map(|(kind, step)| {
            let needs = before.replace(kind).map(str::to_owned);
            vec![PlannedStep {
                name: kind.to_owned(),
                kind,
                turn: Turn::Runs(step),
                needs: needs.into_iter().collect(),
                when: None,
                timeout: None,
                on_error: OnError::Continue,
                learns_login: false,
                ships: true,
                always: false,
                waits: false,
                again: Again::No,
                defers: false,
                service: None,
            }]
        });
        Self {
            name: name.to_owned(),
            groups: steps.collect(),
        }
    }

    /// Plans the step `name` alone, with `KEY=VALUE` settings that override those of the policy.
    ///
    /// Ignores `when`, `needs` and `enabled`, because the user named the step.
    pub fn single(
        policy: &Policy,
        name: &str,
        with: &[String],
        kinds: &[StepDef],
    ) -> Result<Self, PolicyError> {
        let (table, def) = alone(policy, name, with, kinds)?;
        let step = def.read(&table)?;
        let planned = PlannedStep::new(policy, &table, def, Turn::Runs(step));
        Ok(Self {
            name: name.to_owned(),
            groups: vec![vec![planned]],
        })
    }

    /// Reads the text step `name` alone, like [`single`](Self::single); `None` when it is not a text step.
    pub fn text_step(
        policy: &Policy,
        name: &str,
        with: &[String],
        kinds: &[StepDef],
    ) -> Result<Option<Box<dyn TextStep>>, PolicyError> {
        let (table, def) = alone(policy, name, with, kinds)?;
        def.read_text(&table)
    }

    /// Leaves these steps of it only, by their names.
    #[must_use]
    pub fn only(mut self, names: &[String]) -> Self {
        for group in &mut self.groups {
            group.retain(|step| names.contains(&step.name));
        }
        self.groups.retain(|group| !group.is_empty());
        self
    }

    /// Disables what must not run when the policy of the system or the user is invalid. Messages wait for it
    /// to be corrected: it may name another platform.
    #[must_use]
    pub fn fail_closed(mut self) -> Self {
        for step in self.groups.iter_mut().flatten() {
            if step.ships || step.again != Again::No {
                step.turn = Turn::PolicyError;
            }
        }
        self
    }

    /// Returns the pipeline's name, or that of its one step.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the groups in order, disabled steps too.
    pub fn groups(&self) -> impl Iterator<Item = &[PlannedStep]> {
        self.groups.iter().map(Vec::as_slice)
    }

    /// Returns every step in order, disabled ones too.
    pub fn steps(&self) -> impl Iterator<Item = &PlannedStep> {
        self.groups.iter().flatten()
    }

    /// Says whether a step that is to run waits for something even when there is nothing to push.
    pub fn waits(&self) -> bool {
        self.steps()
            .any(|step| step.waits && matches!(step.turn, Turn::Runs(_)))
    }

    /// Says whether a step has an event of this task to tell that waits for the policy to be corrected.
    pub fn defers(&self, task: &TaskDocument) -> bool {
        let mut steps = self.steps();
        steps.any(|step| step.defers(task) && matches!(step.turn, Turn::PolicyError))
    }

    /// Says whether a step that is to run publishes work, so that the remote and the branch matter.
    pub fn ships(&self) -> bool {
        self.steps()
            .any(|step| step.ships && matches!(step.turn, Turn::Runs(_)))
    }
}

impl PlannedStep {
    /// Says whether the step publishes work, so that the guards apply to it.
    pub const fn ships(&self) -> bool {
        self.ships
    }

    /// Returns the service without which the step does nothing.
    pub const fn service(&self) -> Option<Service> {
        self.service
    }

    /// Says whether the policy disables the step, which then counts as not in the pipeline.
    pub const fn is_disabled(&self) -> bool {
        matches!(self.turn, Turn::Disabled)
    }

    /// Returns why the step does not run, regardless of the other steps and of what there is to push.
    pub fn hold(&self) -> Option<Hold> {
        self.turn.step().err()
    }

    /// Says whether its run is put off where it had no turn: it has an event to tell that must not be lost.
    pub(super) fn defers(&self, task: &TaskDocument) -> bool {
        self.defers && task.task != TaskFacts::default()
    }

    /// Returns the need that is not met, given how the steps before it ended.
    pub fn unmet(&self, verdicts: &BTreeMap<String, Verdict>) -> Option<Hold> {
        let (need, verdict) = self
            .needs
            .iter()
            .filter_map(|need| Some((need, verdicts.get(need)?)))
            .find(|(_, verdict)| **verdict != Verdict::Done)?;
        let sentence = format!("it needs `{need}`, which is {}", verdict.as_str());
        Some(Hold::new(Code::Needs, sentence))
    }

    /// Says whether it may come to know a password that must not leave in a text.
    pub(super) fn learns_login(&self, cx: &Context<'_>) -> bool {
        let asks = |url: &RemoteUrl| matches!(url.scheme(), Scheme::Http | Scheme::Https);
        self.learns_login
            && matches!(self.turn, Turn::Runs(_))
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
    pub fn details(&self, repo: &Repo, policy: &Policy, trigger: Trigger) -> Vec<String> {
        match &self.turn {
            Turn::Runs(step) => step.details(repo, policy, trigger),
            Turn::Disabled | Turn::PolicyError => Vec::new(),
        }
    }

    /// Returns its time limit, which applies besides the run's deadline.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.as_ref().map(|timeout| timeout.limit)
    }

    fn new(policy: &Policy, table: &StepTable, def: &StepDef, turn: Turn) -> Self {
        let limits = policy.limits_for(def);
        let own = table.settings.timeout.map(|timeout| TimeLimit {
            limit: timeout.duration(),
            key: format!("steps.{}.timeout", table.name),
        });
        let of_kind = def.timeout.filter(|_| {
            let given_by = policy.origin_of("limits.step-timeout");
            given_by.is_none_or(|origin| origin == Origin::BuiltIn)
        });
        let general = (!def.times_itself).then(|| TimeLimit {
            limit: of_kind.unwrap_or_else(|| limits.step_timeout.duration()),
            key: "limits.step-timeout".into(),
        });
        // The deadline that a repository sets ends the steps that it is for, and not the run.
        let deadline = limits.deadline.duration();
        let sooner = (deadline < policy.limits().deadline.duration()).then(|| TimeLimit {
            limit: deadline,
            key: "limits.deadline of the repository".into(),
        });
        let timeout = own.or(general).into_iter().chain(sooner);
        Self {
            name: table.name.clone(),
            kind: def.name,
            turn,
            needs: Vec::new(),
            when: None,
            timeout: timeout.min_by_key(|timeout| timeout.limit),
            on_error: table.settings.on_error,
            ships: def.ships,
            service: def.service,
            learns_login: def.learns_login,
            always: def.always,
            waits: def.waits,
            again: def.again,
            defers: false,
        }
    }
}

/// Finds a step by its name, with settings that override those of the policy.
fn alone<'k>(
    policy: &Policy,
    name: &str,
    with: &[String],
    kinds: &'k [StepDef],
) -> Result<(StepTable, &'k StepDef), PolicyError> {
    let table = policy.step(name);
    let def = kind(policy, &table, kinds)?
        .ok_or_else(|| PolicyError::new(no_step(name)).advise(steps_are(policy, name, kinds)))?;
    Ok((table.with(with, def)?, def))
}

fn planned(
    policy: &Policy,
    pipeline: &PipelineTable,
    step: &StepRef,
    order: &Order<'_>,
    kinds: &[StepDef],
) -> Result<PlannedStep, PolicyError> {
    let table = policy.step(&step.name);
    let def = kind(policy, &table, kinds)?.ok_or_else(|| {
        pipeline.error_at(
            step,
            no_step(&step.name),
            steps_are(policy, &step.name, kinds),
        )
    })?;
    if !table.settings.enabled {
        return Ok(PlannedStep::new(policy, &table, def, Turn::Disabled));
    }
    let turn = Turn::Runs(def.read(&table)?);
    let mut planned = PlannedStep::new(policy, &table, def, turn);
    // Alone it has settings of the command line, which nobody keeps.
    planned.defers = def.again == Again::Message;
    planned.when = condition(&table, order)?;
    planned.needs = needs(policy, &table, def, order, kinds)?;
    Ok(planned)
}
