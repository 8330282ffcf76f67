//! `Judge`: which keys of a repository's policy count, by their class and by the copy that they stand in.

use super::class::{Classed, KeyClass, class_of};
use super::duration::PolicyDuration;
use super::error::PolicyError;
use super::file::PolicyFile;
use super::kind::{Kind, Kinds};
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::limits::Limits;
use super::node::{Entry, Item, Node, Table, dotted};
use super::pipelines::PipelineTable;
use super::size::Size;
use super::source::Sources;
use super::step_table::{StepSettings, StepTable};

/// The longest text in a repository's policy, in bytes.
const MAX_TEXT_LENGTH: usize = 4096;

/// What becomes of a key of a repository's policy.
#[derive(Debug)]
pub(super) enum Judgement {
    /// It counts.
    Counts,
    /// It counts when this has happened.
    CountsWhen(Until),
    /// A lower layer is stricter.
    Outdone,
    /// No copy of a repository's policy can set it.
    Refused(PolicyError),
}

/// What has to happen before a key of a repository's policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// It is part of the policy base on the remote, or trusted.
    Merged,
    /// The user trusts it.
    Trusted,
}

/// Judges the keys of one layer. `below` are the merged lower layers.
pub(super) struct Judge<'a> {
    pub(super) layer: &'a Layer,
    pub(super) below: &'a Table,
    /// The built-in layer.
    pub(super) built_in: Option<&'a Table>,
    pub(super) sources: &'a Sources,
    pub(super) kinds: &'a Kinds<'a>,
}

impl Judge<'_> {
    /// Returns each key that has a class, with its path, in the order of the text.
    pub(super) fn keys(&self) -> Vec<(Vec<&str>, &Entry)> {
        let mut keys = Vec::new();
        for (name, entry) in &self.layer.table.0 {
            let Some(table) = entry.value.table() else {
                keys.push((vec![name.as_str()], entry));
                continue;
            };
            for (key, entry) in &table.0 {
                let path = vec![name.as_str(), key.as_str()];
                match entry.value.table().filter(|_| name == "steps") {
                    Some(step) => keys.extend(step.0.iter().map(|(key, entry)| {
                        let mut path = path.clone();
                        path.push(key);
                        (path, entry)
                    })),
                    None => keys.push((path, entry)),
                }
            }
        }
        keys.sort_by_key(|(_, entry)| entry.key.start);
        keys
    }

    /// Says what becomes of a key.
    pub(super) fn judge(&self, path: &[&str], entry: &Entry) -> Judgement {
        let is_merged = self.layer.origin != LayerKind::Repository;
        let checked = match self.class(path) {
            KeyClass::A => self.judge_length(path, entry),
            KeyClass::BOrA(value) | KeyClass::DOrA(value) if plain(&entry.value) == value => Ok(()),
            KeyClass::BOrA(_) | KeyClass::B if is_merged => self.judge_length(path, entry),
            KeyClass::BOrA(_) | KeyClass::B => return Judgement::CountsWhen(Until::Merged),
            KeyClass::C => return Judgement::CountsWhen(Until::Trusted),
            KeyClass::DOrA(value) => {
                let message = format!("a repository may set `{}` to {value} only", dotted(path));
                Err(self.refused(message, entry))
            }
            class @ (KeyClass::ADown | KeyClass::AUp(_)) => {
                return self.judge_tightened(path, entry, class);
            }
            KeyClass::D => {
                let message = format!("a repository may not set `{}`", dotted(path));
                Err(self.refused(message, entry))
            }
        };
        checked.map_or_else(Judgement::Refused, |()| Judgement::Counts)
    }

    /// Returns the name of the step that a path is in, where no lower layer says what that step does.
    pub(super) fn new_step<'p>(&self, path: &[&'p str]) -> Option<&'p str> {
        let ["steps", step, ..] = path else {
            return None;
        };
        let kind = self.kind_below(step).ok()?;
        kind.is_none().then_some(*step)
    }

    /// Fails when a text is too long: templates are compiled, which takes time.
    fn judge_length(&self, path: &[&str], entry: &Entry) -> Result<(), PolicyError> {
        let length = entry.value.text().map_or(0, str::len);
        if length <= MAX_TEXT_LENGTH {
            return Ok(());
        }
        let message = format!(
            "`{}` has {length} bytes; in a repository's policy a text may have {MAX_TEXT_LENGTH}",
            dotted(path)
        );
        Err(self.refused(message, entry))
    }

    /// Returns the class of a key, by default `D`.
    fn class(&self, path: &[&str]) -> KeyClass {
        let class = match path {
            [table] => class_of(PolicyFile::CLASSES, table),
            ["branches", key] => class_of(super::Branches::CLASSES, key),
            ["limits", key] => class_of(Limits::CLASSES, key),
            ["guard", key] => class_of(super::Guard::CLASSES, key),
            ["steps", step, key] => self.step_class(step, key),
            ["pipelines", name] if self.runs_untrusted(name) => Some(KeyClass::C),
            [table, ..] => {
                class_of(PolicyFile::CLASSES, table).filter(|class| *class != KeyClass::A)
            }
            [] => None,
        };
        class.unwrap_or(KeyClass::D)
    }

    /// Says whether a path is that of a pipeline with a step that neither `counted`, what counts of the layer, nor a lower
    /// layer has.
    pub(super) fn lacks_steps(&self, path: &[&str], counted: &Table) -> bool {
        let ["pipelines", name] = path else {
            return false;
        };
        let Some(entry) = self.layer.table.find(path.iter().copied()) else {
            return false;
        };
        let pipeline = PipelineTable::new(name, entry, self.sources);
        let counts = |step: &str| counted.find(["steps", step]).is_some();
        let mut steps = pipeline.steps();
        steps.any(|step| {
            let kind = self.kind_below(&step.name);
            kind.is_ok_and(|kind| kind.is_none()) && !counts(&step.name)
        })
    }

    /// Says whether a pipeline of the layer has a step that runs programs or sends requests.
    fn runs_untrusted(&self, name: &str) -> bool {
        let pipelines = self.layer.table.table("pipelines");
        let entry = pipelines.and_then(|pipelines| pipelines.get(name));
        let pipeline = entry.map(|entry| PipelineTable::new(name, entry, self.sources));
        let steps = pipeline.iter().flat_map(PipelineTable::steps);
        let kinds = steps.map(|step| self.kind_below(&step.name));
        kinds.into_iter().any(|kind| {
            // A step that only this layer has is trusted with the rest of it.
            kind.is_ok_and(|kind| kind.is_none_or(Kind::needs_trust))
        })
    }

    /// Returns the kind of a step by the lower layers; none where they do not have the step.
    fn kind_below(&self, step: &str) -> Result<Option<&dyn Kind>, PolicyError> {
        let mut below = StepTable::absent(step, self.sources);
        if let Some(entry) = self.below.find(["steps", step]) {
            below = StepTable::new(step, entry, self.sources)?;
        }
        Ok(self.kinds.get(below.kind()))
    }

    /// Returns the class of a step's key, by the step's kind.
    fn step_class(&self, step: &str, key: &str) -> Option<KeyClass> {
        let Some(kind) = self.kind_below(step).ok()? else {
            return Some(self.new_step_class(step, key));
        };
        // Otherwise a branch could suppress the requests to the platform.
        match key {
            "timeout" if !kind.ships_branch() => return Some(KeyClass::D),
            "enabled" if !kind.ships_branch() => return Some(KeyClass::B),
            _ => {}
        }
        class_of(StepSettings::CLASSES, key).or_else(|| class_of(kind.classes(), key))
    }

    /// Returns the class of a key of a step that only this layer has: it is trusted as a whole, without what no
    /// repository sets.
    fn new_step_class(&self, step: &str, key: &str) -> KeyClass {
        let uses = self.layer.table.find(["steps", step, "uses"]);
        let kind = uses.and_then(|entry| self.kinds.get(entry.value.text()?));
        match kind.and_then(|kind| class_of(kind.classes(), key)) {
            Some(class @ (KeyClass::D | KeyClass::DOrA(_))) => class,
            _ => KeyClass::C,
        }
    }

    /// Compares a value with that of the lower layers. One that only they outdo is no mistake of the repository's: it is as
    /// strict as what is built in.
    fn judge_tightened(&self, path: &[&str], entry: &Entry, class: KeyClass) -> Judgement {
        // What is not set bounds nothing.
        let bound =
            |node: Option<&Node>| node.map_or(Some(u128::MAX), |node| looseness(class, node));
        let wanted = looseness(class, &entry.value);
        let current = value_in(self.below, path);
        let is_within = |bound: Option<u128>| wanted.is_some_and(|wanted| Some(wanted) <= bound);
        if is_within(bound(current)) {
            return Judgement::Counts;
        }
        let built_in = self.built_in.unwrap_or(self.below);
        if is_within(bound(value_in(built_in, path))) {
            return Judgement::Outdone;
        }
        let only = match class {
            KeyClass::AUp(_) => "tighten",
            _ => "lower",
        };
        let current = current.map_or_else(|| "not set".to_owned(), plain);
        let message = format!(
            "a repository may only {only} `{}`: got {}, it is {current}",
            dotted(path),
            plain(&entry.value)
        );
        Judgement::Refused(self.refused(message, entry))
    }

    fn refused(&self, message: String, entry: &Entry) -> PolicyError {
        PolicyError::new(message)
            .advise("set it in the user's policy, $XDG_CONFIG_HOME/sendoff/policy.toml, or in the system's")
            .at(self.sources, &entry.key, "not from a repository")
    }
}

/// Returns the value of a table; for a step's `timeout` the default is the limit for all steps.
fn value_in<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Node> {
    let given = table.find(path.iter().copied());
    let given = given.or_else(|| match path {
        ["steps", _, "timeout"] => table.find(["limits", "step-timeout"]),
        _ => None,
    });
    given.map(|entry| &entry.value)
}

/// Returns how much a value lets out, to compare two of one key.
fn looseness(class: KeyClass, node: &Node) -> Option<u128> {
    let KeyClass::AUp(order) = class else {
        return amount(node);
    };
    let word = node.text()?;
    let stricter = order
        .split(" < ")
        .skip_while(|known| *known != word)
        .count();
    u128::try_from(stricter)
        .ok()
        .filter(|stricter| *stricter > 0)
}

/// Returns a limit as a number: nanoseconds, bytes or a count.
fn amount(node: &Node) -> Option<u128> {
    match &node.item {
        Item::Integer(number) => u128::try_from(*number).ok(),
        Item::Text(text) => {
            let span = text
                .parse::<PolicyDuration>()
                .ok()
                .map(|span| span.duration().as_nanos());
            span.or_else(|| Some(u128::from(text.parse::<Size>().ok()?.bytes())))
        }
        _ => None,
    }
}

/// Formats a value, strings without quotes.
fn plain(node: &Node) -> String {
    node.text().map_or_else(|| node.to_toml(), str::to_owned)
}
