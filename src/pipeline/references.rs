//! Resolves the names by which a policy refers to steps, with suggestions for unknown ones.

use crate::policy::{Policy, PolicyError, StepTable, nearest};
use crate::template::Condition;

use super::step_def::StepDef;

/// The steps before a group, and all steps.
pub(super) struct Order<'a> {
    pub(super) earlier: &'a [&'a str],
    pub(super) all: &'a [&'a str],
}

/// Returns the step's kind. An unknown `uses` is an error; `None` is for an unknown name, whose error the caller makes.
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

/// Compiles the condition of a step; `None` where it has none.
pub(super) fn compiled(table: &StepTable) -> Result<Option<Condition>, PolicyError> {
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
    Ok(Some(condition))
}

/// Compiles the condition of a step in its pipeline.
pub(super) fn condition(
    table: &StepTable,
    order: &Order<'_>,
) -> Result<Option<Condition>, PolicyError> {
    let condition = compiled(table)?;
    let misplaced = condition
        .iter()
        .flat_map(|condition| misplaced_references(table, condition, order))
        .next();
    misplaced.map_or(Ok(condition), Err)
}

/// Makes an error for each step that a condition refers to and that does not run earlier.
pub(super) fn misplaced_references<'a>(
    table: &'a StepTable,
    condition: &'a Condition,
    order: &'a Order<'_>,
) -> impl Iterator<Item = PolicyError> + 'a {
    let later = condition.references();
    let later = later.filter(|name| !order.earlier.contains(name));
    later.map(|name| misplaced(table, "when", name, order))
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
    let needs = names.iter().map(|name| {
        let is_here = need(policy, table, name, order, kinds)?;
        Ok(is_here.then(|| name.clone()))
    });
    needs.filter_map(Result::transpose).collect()
}

/// Says whether a need is in this pipeline, before the step. A step that is not in the pipeline is not an error.
pub(super) fn need(
    policy: &Policy,
    table: &StepTable,
    name: &str,
    order: &Order<'_>,
    kinds: &[StepDef],
) -> Result<bool, PolicyError> {
    let exists = policy.mentions(name) || kinds.iter().any(|def| def.name == name);
    if order.earlier.contains(&name) {
        Ok(true)
    } else if order.all.contains(&name) {
        Err(misplaced(table, "needs", name, order))
    } else if exists {
        Ok(false)
    } else {
        Err(no_such_step(policy, table, "needs", name, kinds))
    }
}

/// Makes the error for a key of a step that names a step that does not exist.
pub(super) fn no_such_step(
    policy: &Policy,
    table: &StepTable,
    key: &str,
    name: &str,
    kinds: &[StepDef],
) -> PolicyError {
    let message = format!("`{key}` of `{}`: {}", table.name, no_step(name));
    table.error(key, message, steps_are(policy, name, kinds))
}

fn misplaced(table: &StepTable, key: &str, name: &str, order: &Order<'_>) -> PolicyError {
    let message = format!(
        "`{key}` of `{}` names `{name}`, which does not run before it",
        table.name
    );
    // In an expression a dash is a minus sign: `steps.pr-create` is `steps.pr - create`.
    let dashed = order.all.iter().find(|step| {
        let rest = step.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('-'))
    });
    let help = if let Some(step) = dashed.filter(|_| key == "when") {
        format!("write a name with a dash as `steps['{step}']`")
    } else if order.earlier.is_empty() {
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
