//! Finds the mistakes in all pipelines and steps of a policy, without running one.

use std::collections::BTreeSet;

use crate::policy::{PipelineTable, Policy, PolicyError, StepRef, StepTable, in_order};
use crate::template::{Condition, Part, unknown_names};

use super::known_facts::missing_fact;
use super::references::{
    Order, compiled, kind, misplaced_references, need, no_step, no_such_step, steps_are,
};
use super::step_def::StepDef;

/// The advice for a name that does not exist in a template.
const FACTS_ADVICE: &str = "docs/reference/facts.md lists the facts and the filters";

/// The most mistakes that are reported. Each one holds a copy of the policy's text.
const MAX_MISTAKES: usize = 50;

/// Plans every pipeline of the policy, reads every step's table, and compiles every template and condition.
/// Returns the mistakes, sorted by place.
pub fn mistakes(policy: &Policy, kinds: &[StepDef]) -> Vec<PolicyError> {
    let checker = PolicyChecker { policy, kinds };
    let mut found = Vec::new();
    let mut planned: BTreeSet<&str> = BTreeSet::new();
    for table in policy
        .pipeline_names()
        .filter_map(|name| policy.pipeline(name))
    {
        let all: Vec<&str> = table.steps().map(|step| step.name.as_str()).collect();
        planned.extend(&all);
        let mut earlier: Vec<&str> = Vec::new();
        for group in &table.groups {
            if found.len() >= MAX_MISTAKES {
                break;
            }
            let order = Order {
                earlier: &earlier,
                all: &all,
            };
            let steps = group.iter();
            found.extend(steps.flat_map(|step| checker.step_of(table, step, &order)));
            earlier.extend(group.iter().map(|step| step.name.as_str()));
        }
    }
    let others = policy.step_names().filter(|name| !planned.contains(name));
    let room = MAX_MISTAKES.saturating_sub(found.len());
    found.extend(others.flat_map(|name| checker.step_alone(name)).take(room));
    in_order(found)
}

struct PolicyChecker<'a> {
    policy: &'a Policy,
    kinds: &'a [StepDef],
}

impl PolicyChecker<'_> {
    /// Finds the mistakes of a step in its pipeline.
    fn step_of(
        &self,
        pipeline: &PipelineTable,
        step: &StepRef,
        order: &Order<'_>,
    ) -> Vec<PolicyError> {
        let (policy, kinds) = (self.policy, self.kinds);
        let table = policy.step(&step.name);
        let def = match kind(policy, &table, kinds) {
            Ok(Some(def)) => def,
            Ok(None) => {
                let help = steps_are(policy, &step.name, kinds);
                return vec![pipeline.error_at(step, no_step(&step.name), help)];
            }
            Err(error) => return vec![error],
        };
        let mut found = self.settings(&table, def);
        if !table.settings.enabled {
            // A run ignores its `needs` and `when`.
            return found;
        }
        if let Ok(Some(condition)) = compiled(&table) {
            found.extend(misplaced_references(&table, &condition, order));
        }
        let needs = table.settings.needs.iter().flatten();
        found.extend(needs.filter_map(|name| need(policy, &table, name, order, kinds).err()));
        found
    }

    /// Finds the mistakes of a step that is in no pipeline.
    fn step_alone(&self, name: &str) -> Vec<PolicyError> {
        let (policy, kinds) = (self.policy, self.kinds);
        let table = policy.step(name);
        let def = match kind(policy, &table, kinds) {
            Ok(Some(def)) => def,
            Ok(None) => return Vec::new(),
            Err(error) => return vec![error],
        };
        let mut found = self.settings(&table, def);
        if let Ok(Some(condition)) = compiled(&table) {
            let names = condition.references().filter(|name| !self.exists(name));
            found.extend(names.map(|name| no_such_step(policy, &table, "when", name, kinds)));
        }
        let needs = table.settings.needs.iter().flatten();
        let unknown = needs.filter(|name| !self.exists(name));
        found.extend(unknown.map(|name| no_such_step(policy, &table, "needs", name, kinds)));
        found
    }

    /// Finds the mistakes in the values of a step's settings.
    fn settings(&self, table: &StepTable, def: &StepDef) -> Vec<PolicyError> {
        let mut found = Vec::new();
        match def.read(table) {
            Ok(step) => {
                let mistake = step.mistake(self.policy);
                found.extend(mistake.map(|(key, error)| {
                    let help = error.reason.advice.unwrap_or_default();
                    let message = format!("the step `{}`: {}", table.name, error.reason.message);
                    table.error(key, message, help)
                }));
                found.extend(self.templates(table, def));
            }
            Err(error) => found.push(error),
        }
        match compiled(table) {
            Ok(Some(condition)) => found.extend(condition_names(table, &condition)),
            Ok(None) => {}
            Err(error) => found.push(error),
        }
        found
    }

    /// Finds the names in a step's templates that do not exist.
    fn templates(&self, table: &StepTable, def: &StepDef) -> Vec<PolicyError> {
        let missing = |path: &str| match path.strip_prefix("steps.") {
            Some(rest) => {
                let name = rest.split('.').next().unwrap_or_default();
                if self.exists(name) {
                    missing_fact(path)
                } else {
                    Some(no_step(name))
                }
            }
            None => missing_fact(path),
        };
        let mut found = Vec::new();
        for key in def.template_keys() {
            for text in table.texts(&key) {
                let unknown = unknown_names(&text.text, Part::Template, &missing);
                found.extend(unknown.into_iter().map(|what| {
                    let message = format!("`{key}` of `{}` cannot be rendered: {what}", table.name);
                    table.error_in(&text, message, FACTS_ADVICE)
                }));
            }
        }
        found
    }

    fn exists(&self, step: &str) -> bool {
        self.policy.mentions(step) || self.kinds.iter().any(|def| def.name == step)
    }
}

/// Finds the names in a condition that do not exist. Whether its steps run earlier depends on the pipeline, and is
/// checked there.
fn condition_names(table: &StepTable, condition: &Condition) -> Vec<PolicyError> {
    let unknown = unknown_names(condition.source(), Part::Condition, &missing_fact);
    let told = unknown.into_iter().map(|what| {
        let message = format!("the condition of `{}` is wrong: {what}", table.name);
        table.error("when", message, FACTS_ADVICE)
    });
    told.collect()
}
