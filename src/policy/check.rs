//! Checks of a layer by itself.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::branches::PROTECTED;
use super::error::{PolicyError, in_order, nearest};
use super::file::PolicyFile;
use super::kind::Kinds;
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::locks::check_locks;
use super::node::{Entry, Item, Node, Table, quoted};
use super::pattern::Pattern;
use super::pipelines::PipelineTable;
use super::read::read;
use super::read_error::ReadError;
use super::requirement::Requirement;
use super::schedules::check_schedules;
use super::source::Sources;
use super::step_table::StepTable;

/// The most mistakes that are reported of one layer: each keeps the text that it shows.
pub(super) const MOST_MISTAKES: usize = 50;

/// The longest name of a step or a pipeline, in bytes.
const MAX_NAME_LENGTH: usize = 64;

/// Checks one layer by itself. A step's table is read if the layer itself says which kind it is.
pub(super) fn check(
    layer: &Layer,
    sources: &Sources,
    kinds: &Kinds<'_>,
) -> Result<(), PolicyError> {
    mistakes(layer, sources, kinds)
        .into_iter()
        .next()
        .map_or(Ok(()), Err)
}

/// Finds every mistake of one layer by itself, in the order of its text.
pub(super) fn mistakes(layer: &Layer, sources: &Sources, kinds: &Kinds<'_>) -> Vec<PolicyError> {
    if let Err(error) = check_requirement(layer, sources) {
        return vec![error];
    }
    let mut found = Vec::new();
    match read::<PolicyFile>(&layer.table, &layer.place) {
        Ok(file) => {
            found.extend(check_unprotect(layer, sources, &file).err());
            found.extend(check_schedules(layer, sources, &file.schedules).err());
        }
        Err(error) => found.extend(each_key(layer, sources, error)),
    }
    found.extend(check_system_only(layer, sources).err());
    found.extend(check_locks(layer, sources).err());
    let pipelines = layer.table.table("pipelines");
    let is_enough = |found: &[PolicyError]| found.len() >= MOST_MISTAKES;
    for (name, entry) in pipelines.into_iter().flat_map(|table| &table.0) {
        if is_enough(&found) {
            break;
        }
        found.extend(check_name("pipeline", name, entry, sources).err());
        found.extend(check_pipeline(&PipelineTable::new(name, entry, sources)).err());
    }
    let steps = layer.table.table("steps");
    for (name, entry) in steps.into_iter().flat_map(|table| &table.0) {
        if is_enough(&found) {
            break;
        }
        found.extend(check_name("step", name, entry, sources).err());
        let check = |entry: &Entry| check_step(name, entry, sources, kinds);
        found.extend(each_setting(entry, check));
    }
    in_order(found)
}

/// Reads each key by itself, to find every mistake and not only the first. `whole` is that one.
fn each_key(layer: &Layer, sources: &Sources, whole: ReadError) -> Vec<PolicyError> {
    let alone = |name: &String, entry: Entry| Table([(name.clone(), entry)].into());
    let mut found = Vec::new();
    for (name, entry) in &layer.table.0 {
        let read = |part: Entry| read::<PolicyFile>(&alone(name, part), &layer.place).err();
        let room = MOST_MISTAKES.saturating_sub(found.len());
        let tell = |error: ReadError| error.explain(sources, &[], &[]);
        match entry.value.table().filter(|table| !table.0.is_empty()) {
            Some(table) => {
                let errors = with_one_key(entry, table).filter_map(read);
                found.extend(errors.take(room).map(tell));
            }
            None => found.extend(read(entry.clone()).into_iter().take(room).map(tell)),
        }
    }
    if found.is_empty() {
        // It is in how two keys go together.
        found.push(whole.explain(sources, &[], &[]));
    }
    found
}

/// Checks a step's table, and where it has a mistake each of its keys by itself.
pub(super) fn each_setting(
    entry: &Entry,
    check: impl Fn(&Entry) -> Result<(), PolicyError>,
) -> Vec<PolicyError> {
    let Err(whole) = check(entry) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(table) = entry.value.table() {
        let uses = table.0.get_key_value("uses");
        for mut part in with_one_key(entry, table) {
            if let (Item::Table(part), Some((key, uses))) = (&mut part.value.item, uses) {
                part.0.insert(key.clone(), uses.clone());
            }
            if found.len() < MOST_MISTAKES {
                found.extend(check(&part).err());
            }
        }
    }
    if found.is_empty() {
        found.push(whole);
    }
    found
}

/// Returns the entry once for each key of its table, with that key alone.
fn with_one_key<'a>(entry: &'a Entry, table: &'a Table) -> impl Iterator<Item = Entry> + 'a {
    table.0.iter().map(|(key, inner)| Entry {
        key: entry.key.clone(),
        value: Node {
            place: entry.value.place.clone(),
            item: Item::Table(Table([(key.clone(), inner.clone())].into())),
        },
    })
}

/// Checks a step's table of one layer.
fn check_step(
    name: &str,
    entry: &Entry,
    sources: &Sources,
    kinds: &Kinds<'_>,
) -> Result<(), PolicyError> {
    let step = StepTable::new(name, entry, sources)?;
    if step.kind() != name && kinds.get(name).is_some() {
        let message = format!("the step `{name}` cannot use another kind");
        let help = "give the step another name, so that reports say what it does";
        return Err(step.error("uses", message, help));
    }
    match kinds.get(step.kind()) {
        Some(kind) => kind.check(&step),
        None if step.settings.uses.is_some() => Err(unknown_kind(&step, kinds)),
        // Another layer can set its `uses`; the merged policy is checked for that.
        None => Ok(()),
    }
}

/// Makes the error for a step of a kind that does not exist.
pub(super) fn unknown_kind(step: &StepTable, kinds: &Kinds<'_>) -> PolicyError {
    let kind = step.kind();
    let near = nearest(kind, kinds.names());
    let help = if let Some(near) = near {
        format!("did you mean `{near}`?")
    } else {
        let names: Vec<&str> = kinds.names().collect();
        format!("the kinds are: {}", names.join(", "))
    };
    let kind = kind.escape_debug();
    if step.settings.uses.is_some() {
        step.error("uses", format!("no kind of step is called `{kind}`"), help)
    } else {
        let help = format!("{help} (a step of your own says what it `uses`)");
        step.error("", format!("no step is called `{kind}`"), help)
    }
}

/// Checks `requires` before anything else, so that an old version reports the requirement, not an unknown key.
pub(super) fn check_requirement(layer: &Layer, sources: &Sources) -> Result<(), PolicyError> {
    let Some(entry) = layer.table.get("requires") else {
        return Ok(());
    };
    let Some(Ok(wanted)) = entry.value.text().map(Requirement::from_str) else {
        // Reading the file gives a more precise error.
        return Ok(());
    };
    if wanted.is_met() {
        return Ok(());
    }
    let message = format!(
        "the policy needs sendoff {wanted}; this is {}",
        Requirement::VERSION
    );
    Err(PolicyError::new(message)
        .advise("install a newer sendoff, or correct `requires`")
        .at(sources, &entry.value.place, "not met"))
}

/// Keys that only the system's policy sets, and what to do elsewhere. The environment decides where the other layers are.
const SYSTEM_ONLY: [([&str; 2], &str); 2] = [
    (
        ["environment", "trust"],
        "set it in /etc/sendoff/policy.toml",
    ),
    (
        ["trust", "steps"],
        "set it in /etc/sendoff/policy.toml, or trust it here: sendoff trust",
    ),
];

/// Checks that only the system's policy sets what only it may.
fn check_system_only(layer: &Layer, sources: &Sources) -> Result<(), PolicyError> {
    if matches!(layer.origin, LayerKind::BuiltIn | LayerKind::System) {
        return Ok(());
    }
    for (path, advice) in SYSTEM_ONLY {
        if let Some(entry) = layer.table.find(path) {
            let key = path.join(".");
            let message = format!("`{key}` can only be set in the system's policy");
            let error = PolicyError::new(message).advise(advice);
            return Err(error.at(sources, &entry.key, "not here"));
        }
    }
    Ok(())
}

/// Checks that the layer may set `unprotect`, and that its entries are in the built-in list.
fn check_unprotect(layer: &Layer, sources: &Sources, file: &PolicyFile) -> Result<(), PolicyError> {
    let Some(entry) = layer.table.find(["branches", "unprotect"]) else {
        return Ok(());
    };
    if layer.origin.is_command_line() {
        return Err(
            PolicyError::new("`branches.unprotect` cannot be set on the command line")
                .advise("set it in the user's or the system's policy")
                .at(sources, &entry.key, "not here"),
        );
    }
    let unknown = |name: &&Pattern| !PROTECTED.contains(&name.as_str());
    if let Some(name) = file.branches.unprotect.iter().find(unknown) {
        let message = format!("`branches.unprotect`: `{name}` is not in the built-in list");
        return Err(PolicyError::new(message)
            .advise(format!("the built-in list is: {}", PROTECTED.join(", ")))
            .at(sources, &entry.value.place, "not in the list"));
    }
    Ok(())
}

/// Checks the name of a step or a pipeline, which is used in reports, templates and arguments.
fn check_name(what: &str, name: &str, entry: &Entry, sources: &Sources) -> Result<(), PolicyError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && name.len() <= MAX_NAME_LENGTH && name.chars().all(plain) {
        return Ok(());
    }
    let short: String = name.chars().take(MAX_NAME_LENGTH).collect();
    let message = format!("{} cannot be the name of a {what}", quoted(&short));
    Err(PolicyError::new(message)
        .advise(
            "a name is at most 64 letters, digits and dashes, and begins with a letter or digit",
        )
        .at(sources, &entry.key, "not a name"))
}

/// Checks that no step is in a pipeline twice and no group is empty.
fn check_pipeline(pipeline: &PipelineTable) -> Result<(), PolicyError> {
    let name = &pipeline.name;
    let mut seen = BTreeSet::new();
    if pipeline.groups.iter().any(Vec::is_empty) {
        let message = format!("the pipeline `{name}` has an empty group");
        return Err(pipeline.error(message, "take the empty brackets out"));
    }
    for step in pipeline.steps() {
        if !seen.insert(&step.name) {
            let twice = step.name.escape_debug();
            let message = format!("`{twice}` stands twice in the pipeline `{name}`");
            let help = "give the second one a name of its own: `[steps.NAME]` with `uses`";
            return Err(pipeline.error_at(step, message, help));
        }
    }
    Ok(())
}
