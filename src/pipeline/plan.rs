//! `Pipeline`: the steps of a pipeline with their settings, read and checked.

use crate::policy::{PipelineTable, Policy, PolicyError, StepRef, StepTable};

use super::facts::TaskDocument;
use super::planned_step::{Activation, PlannedStep};
use super::references::{Order, condition, kind, needs, no_pipeline, no_step, steps_are};
use super::step::{Step, TextStep};
use super::step_def::{Retry, StepDef};

/// The steps in order; those of a group start together.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    pub(super) groups: Vec<Vec<PlannedStep>>,
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

    /// Makes a pipeline of steps that are not in the policy, one after the other. Each needs the one before it.
    pub fn of_steps(
        name: &str,
        steps: impl IntoIterator<Item = (&'static str, Box<dyn Step>)>,
    ) -> Self {
        let mut before: Option<&str> = None;
        let steps = steps.into_iter().map(|(kind, step)| {
            let needs = before.replace(kind).map(str::to_owned);
            vec![PlannedStep::outside_policy(
                kind,
                step,
                needs.into_iter().collect(),
            )]
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
        let planned = PlannedStep::new(policy, &table, def, Activation::Runs(step));
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

    /// Says whether a step of this name can be planned alone, whatever is wrong with its settings.
    pub fn knows_step(policy: &Policy, name: &str, kinds: &[StepDef]) -> bool {
        !matches!(kind(policy, &policy.step(name), kinds), Ok(None))
    }

    /// Removes all steps but those with these names.
    #[must_use]
    pub fn only(mut self, names: &[String]) -> Self {
        for group in &mut self.groups {
            group.retain(|step| names.contains(&step.name));
        }
        self.groups.retain(|group| !group.is_empty());
        self
    }

    /// Disables the steps that must not run when the policy of the system or the user is invalid. Messages wait until it
    /// is corrected, because it can name another platform.
    #[must_use]
    pub fn fail_closed(mut self) -> Self {
        for step in self.groups.iter_mut().flatten() {
            if step.ships || step.retry != Retry::Never {
                step.activation = Activation::PolicyError;
            }
        }
        self
    }

    /// Disables the steps that must not run when a pipeline of the system or the user has a mistake. Messages wait until it
    /// is corrected; heartbeats are sent, because the platform is known.
    #[must_use]
    pub fn without_shipping(mut self) -> Self {
        for step in self.groups.iter_mut().flatten() {
            if step.ships || step.retry == Retry::Message {
                step.activation = Activation::PolicyError;
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
            .any(|step| step.waits && matches!(step.activation, Activation::Runs(_)))
    }

    /// Says whether a message about this task waits until the policy is corrected.
    pub fn defers(&self, task: &TaskDocument) -> bool {
        let mut steps = self.steps();
        steps.any(|step| step.defers(task) && matches!(step.activation, Activation::PolicyError))
    }

    /// Says whether a step that is to run publishes work, so that the remote and the branch matter.
    pub fn ships(&self) -> bool {
        self.steps()
            .any(|step| step.ships && matches!(step.activation, Activation::Runs(_)))
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
        return Ok(PlannedStep::new(policy, &table, def, Activation::Disabled));
    }
    let activation = Activation::Runs(def.read(&table)?);
    let mut planned = PlannedStep::new(policy, &table, def, activation);
    // A step that runs alone has settings of the command line, which are not stored.
    planned.defers = def.retry == Retry::Message;
    planned.when = condition(&table, order)?;
    planned.needs = needs(policy, &table, def, order, kinds)?;
    Ok(planned)
}
