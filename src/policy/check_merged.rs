//! Checks of a layer that is merged over those below it.

use super::check::{MOST_MISTAKES, each_setting, unknown_kind};
use super::error::{PolicyError, in_order, nearest};
use super::kind::Kinds;
use super::layer::Layer;
use super::node::{Entry, Table};
use super::pipelines::{PipelineTable, StepRef};
use super::source::Sources;
use super::step_table::StepTable;

/// Checks the merged layers: every step that `top` names must exist and be readable.
pub(super) fn check_merged(
    top: &Layer,
    merged: &Table,
    sources: &Sources,
    kinds: &Kinds<'_>,
) -> Vec<PolicyError> {
    let mut found = Vec::new();
    let defined = merged.table("steps");
    let steps = top.table.table("steps");
    for name in steps.into_iter().flat_map(|table| table.0.keys()) {
        if found.len() >= MOST_MISTAKES {
            break;
        }
        let Some(entry) = defined.and_then(|steps| steps.get(name)) else {
            continue;
        };
        let check = |entry: &Entry| {
            let step = StepTable::new(name, entry, sources)?;
            match kinds.get(step.kind()) {
                Some(kind) => kind.check(&step),
                None => Err(unknown_kind(&step, kinds)),
            }
        };
        found.extend(each_setting(entry, check));
    }
    let own: Vec<&str> = defined
        .into_iter()
        .flat_map(|steps| steps.0.keys().map(String::as_str))
        .collect();
    let pipelines = top.table.table("pipelines");
    for (name, entry) in pipelines.into_iter().flat_map(|table| &table.0) {
        let pipeline = PipelineTable::new(name, entry, sources);
        let exists = |name: &str| kinds.get(name).is_some() || own.contains(&name);
        let unknown = pipeline.steps().filter(|step| !exists(&step.name));
        let room = MOST_MISTAKES.saturating_sub(found.len());
        found.extend(
            unknown
                .take(room)
                .map(|step| unknown_step(&pipeline, step, &own, kinds)),
        );
    }
    in_order(found)
}

/// Makes the error for a pipeline that names a step that does not exist.
fn unknown_step(
    pipeline: &PipelineTable,
    step: &StepRef,
    own: &[&str],
    kinds: &Kinds<'_>,
) -> PolicyError {
    let mut names: Vec<&str> = kinds.names().chain(own.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let help = match nearest(&step.name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the steps are: {}", names.join(", ")),
    };
    let message = format!("no step is called `{}`", step.name.escape_debug());
    pipeline.error_at(step, message, help)
}
