//! Resolves the names by which a policy refers to steps, with suggestions for unknown ones.

use crate::policy::{Policy, PolicyError, StepTable, nearest};
use crate::template::Condition;

use super::step_def::StepDef;

/// The steps before a group, and all steps.
pub(super) struct Order<'a> {
    pub(super) earlier: &'a [&'a str],
    pub(super) all: &'a [&'a str],
}

/// Finds the step's kind. An unknown `uses` is an error; for an unknown name the caller makes one.
pub(super) fn kind<'k>(
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

pub(super) fn condition(
    table: &StepTable,
    order: &Order<'_>,
) -> Result<Option<Condition>, PolicyError> {
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

/// Returns the needs that are in this pipeline: the policy's, or by default the kind's.
pub(super) fn needs(
    policy: &Policy,
    table: &StepTable,
    def: &StepDef,
    order: &Order<'_>,
    kinds: &[StepDef],
) -> Result<Vec<String>, PolicyError> {
    let Some(names) = &table.settings.needs else {
        // A policy can have the steps in another order, for which the kind's default does not apply.
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
        "no step runs before it: move it after the steps that it refers to".to_owned()
    } else {
        format!("before it run: {}", order.earlier.join(", "))
    };
    table.error(key, message, help)
}

pub(super) fn no_step(name: &str) -> String {
    format!("no step is called `{name}`")
}

pub(super) fn no_pipeline(policy: &Policy, name: &str) -> PolicyError {
    let names: Vec<&str> = policy.pipeline_names().collect();
    PolicyError::new(format!("no pipeline is called `{name}`")).advise(suggest(
        name,
        &names,
        "the pipelines are",
    ))
}

pub(super) fn steps_are(policy: &Policy, name: &str, kinds: &[StepDef]) -> String {
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
