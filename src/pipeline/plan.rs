//! `Pipeline`: a policy's list of steps, read and checked, ready to run.

use std::time::Duration;

use crate::git::Repo;
use crate::policy::{
    OnError, PipelineTable, Policy, PolicyError, StepRef, StepTable, Trigger, nearest,
};
use crate::template::Condition;

use super::step::{Step, StepDef, TextStep};

/// Steps in their order; those of a group start together.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    pub(super) groups: Vec<Vec<PlannedStep>>,
}

/// A step with its settings.
#[derive(Debug)]
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
    pub(super) ships: bool,
    pub(super) always: bool,
    pub(super) waits: bool,
}

/// Whether a step is to run at all.
#[derive(Debug)]
pub(super) enum Turn {
    /// With these settings.
    Runs(Box<dyn Step>),
    /// The policy has `enabled = false`.
    Disabled,
    /// The policy of the system or the user is broken.
    PolicyError,
}

/// How long a step may take, and which key says so.
#[derive(Debug, Clone)]
pub(super) struct TimeLimit {
    pub(super) limit: Duration,
    pub(super) key: String,
}

impl Pipeline {
    /// Plans the pipeline `name` with the steps that there are.
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

    /// Plans the step `name` alone, with `KEY=VALUE` settings of its own over those of the policy.
    ///
    /// Who names a step wants it: `when`, `needs` and `enabled` do not count.
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

    /// Reads the text step `name` alone, as [`single`](Self::single) does; nothing when the step does
    /// not make one text of another.
    pub fn text_step(
        policy: &Policy,
        name: &str,
        with: &[String],
        kinds: &[StepDef],
    ) -> Result<Option<Box<dyn TextStep>>, PolicyError> {
        let (table, def) = alone(policy, name, with, kinds)?;
        def.read_text(&table)
    }

    /// Takes out what must not run while the policy of the system or the user is broken.
    #[must_use]
    pub fn fail_closed(mut self) -> Self {
        for step in self.groups.iter_mut().flatten() {
            if step.ships {
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

    /// Says whether a step that is to run waits for something, whatever there is to ship.
    pub fn waits(&self) -> bool {
        self.steps()
            .any(|step| step.waits && matches!(step.turn, Turn::Runs(_)))
    }

    /// Says whether a step that is to run shows work to others, so that the repository's remote
    /// and branch matter.
    pub fn ships(&self) -> bool {
        self.steps()
            .any(|step| step.ships && matches!(step.turn, Turn::Runs(_)))
    }
}

impl PlannedStep {
    /// Says whether the step shows work to others, so that the guards hold it.
    pub const fn ships(&self) -> bool {
        self.ships
    }

    /// Says whether the policy lets the step run at all.
    pub const fn is_enabled(&self) -> bool {
        !matches!(self.turn, Turn::Disabled)
    }

    /// Returns the source of its condition.
    pub fn when(&self) -> Option<&str> {
        self.when.as_ref().map(Condition::source)
    }

    /// Returns the steps that have to be done before it.
    pub fn needs(&self) -> &[String] {
        &self.needs
    }

    /// Returns what a plan says of it beside its name; nothing of a step that is not to run.
    pub fn details(&self, repo: &Repo, policy: &Policy, trigger: Trigger) -> Vec<String> {
        match &self.turn {
            Turn::Runs(step) => step.details(repo, policy, trigger),
            Turn::Disabled | Turn::PolicyError => Vec::new(),
        }
    }

    /// Returns how long it may take, beside the run's deadline.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.as_ref().map(|timeout| timeout.limit)
    }

    fn new(policy: &Policy, table: &StepTable, def: &StepDef, turn: Turn) -> Self {
        let own = table.settings.timeout.map(|timeout| TimeLimit {
            limit: timeout.duration(),
            key: format!("steps.{}.timeout", table.name),
        });
        let general = (!def.times_itself).then(|| TimeLimit {
            limit: policy.limits().step_timeout.duration(),
            key: "limits.step-timeout".into(),
        });
        Self {
            name: table.name.clone(),
            kind: def.name,
            turn,
            needs: Vec::new(),
            when: None,
            timeout: own.or(general),
            on_error: table.settings.on_error,
            ships: def.ships,
            always: def.always,
            waits: def.waits,
        }
    }
}

/// Finds a step by its name, with settings of its own over those of the policy.
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

/// Which steps come before a group, and which there are.
struct Order<'a> {
    earlier: &'a [&'a str],
    all: &'a [&'a str],
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
    planned.when = condition(&table, order)?;
    planned.needs = needs(policy, &table, def, order, kinds)?;
    Ok(planned)
}

/// Finds the step's kind. An unknown `uses` is an error; an unknown name is for the caller to say.
fn kind<'k>(
    policy: &Policy,
    table: &StepTable,
    kinds: &'k [StepDef],
) -> Result<Option<&'k StepDef>, PolicyError> {
    let def = kinds.iter().find(|def| def.name == table.kind());
    match &table.settings.uses {
        Some(uses) if def.is_none() => Err(table.error(
            "uses",
            format!("no kind of step is called `{uses}`"),
            steps_are(policy, uses, kinds),
        )),
        _ => Ok(def),
    }
}

fn condition(table: &StepTable, order: &Order<'_>) -> Result<Option<Condition>, PolicyError> {
    let Some(source) = &table.settings.when else {
        return Ok(None);
    };
    let condition = Condition::new(source).map_err(|error| {
        table.error(
            "when",
            format!("the condition of `{}` is wrong: {error}", table.name),
            "an example: when = \"steps['push'].outputs.action == 'created'\"",
        )
    })?;
    for name in condition.references() {
        if !order.earlier.contains(&name) {
            return Err(misplaced(table, "when", name, order));
        }
    }
    Ok(Some(condition))
}

/// Returns the needs that are in this pipeline: the policy's, else the kind's.
fn needs(
    policy: &Policy,
    table: &StepTable,
    def: &StepDef,
    order: &Order<'_>,
    kinds: &[StepDef],
) -> Result<Vec<String>, PolicyError> {
    let Some(names) = &table.settings.needs else {
        // A policy may put the steps in another order; then the kind's wish is not met.
        let earlier = def.needs.iter().filter(|name| order.earlier.contains(name));
        return Ok(earlier.map(|name| (*name).to_owned()).collect());
    };
    let mut needs = Vec::with_capacity(names.len());
    for name in names {
        let exists = policy.mentions(name) || kinds.iter().any(|def| def.name == name);
        if order.earlier.contains(&name.as_str()) {
            needs.push(name.clone());
        } else if order.all.contains(&name.as_str()) {
            return Err(misplaced(table, "needs", name, order));
        } else if !exists {
            let help = steps_are(policy, name, kinds);
            return Err(table.error("needs", no_step(name), help));
        }
    }
    Ok(needs)
}

fn misplaced(table: &StepTable, key: &str, name: &str, order: &Order<'_>) -> PolicyError {
    let message = format!(
        "`{key}` of `{}` names `{name}`, which does not run before it",
        table.name
    );
    let help = if order.earlier.is_empty() {
        "no step runs before it: move it behind the steps that it looks at".to_owned()
    } else {
        format!("before it run: {}", order.earlier.join(", "))
    };
    table.error(key, message, help)
}

fn no_step(name: &str) -> String {
    format!("no step is called `{name}`")
}

fn no_pipeline(policy: &Policy, name: &str) -> PolicyError {
    let names: Vec<&str> = policy.pipeline_names().collect();
    PolicyError::new(format!("no pipeline is called `{name}`")).advise(suggest(
        name,
        &names,
        "the pipelines are",
    ))
}

fn steps_are(policy: &Policy, name: &str, kinds: &[StepDef]) -> String {
    let mut names: Vec<&str> = kinds.iter().map(|def| def.name).collect();
    names.extend(policy.step_names());
    names.retain(|known| *known != name);
    names.sort_unstable();
    names.dedup();
    suggest(name, &names, "the steps are")
}

fn suggest(name: &str, names: &[&str], list: &str) -> String {
    let list = format!("{list}: {}", names.join(", "));
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    }
}
