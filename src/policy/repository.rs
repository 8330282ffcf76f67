//! Checks a repository's policy: its keys may only tighten or be cosmetic.

use super::class::{Classed, KeyClass, class_of};
use super::duration::PolicyDuration;
use super::error::PolicyError;
use super::file::PolicyFile;
use super::kind::{Kind, Kinds};
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::limits::Limits;
use super::node::{Entry, Item, Node, Table, dotted};
use super::size::Size;
use super::source::Sources;
use super::step_table::{StepSettings, StepTable};

/// The longest text in a repository's policy, in bytes.
const MAX_TEXT_LENGTH: usize = 4096;

/// Finds every key that the layer may not set, by its class. `below` are the merged lower layers.
pub(super) fn mistakes(
    layer: &Layer,
    below: &Table,
    sources: &Sources,
    kinds: &Kinds<'_>,
) -> Vec<PolicyError> {
    let judge = Judge {
        layer,
        below,
        sources,
        kinds,
    };
    judge
        .keys()
        .into_iter()
        .filter_map(|(path, entry)| judge.judge(&path, entry).err())
        .take(super::check::MOST_MISTAKES)
        .collect()
}

/// A policy as a repository's file can have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The text, with the keys that it cannot have as comments.
    pub text: String,
    /// Those keys, dotted, in the order of the text.
    pub left_out: Vec<String>,
}

/// Converts a user's policy, such as a preset, to one for a repository.
pub fn for_repository<K: Kind>(text: &str, kinds: &[K]) -> Result<Carried, PolicyError> {
    let kinds = Kinds::new(kinds);
    let mut sources = Sources::default();
    let below = Layer::parse(
        &mut sources,
        LayerKind::BuiltIn,
        "built-in",
        super::preset::DEFAULT,
    )?;
    let layer = Layer::parse(&mut sources, LayerKind::Repository, "preset", text)?;
    super::check::check(&layer, &sources, &kinds)?;
    let judge = Judge {
        layer: &layer,
        below: &below.table,
        sources: &sources,
        kinds: &kinds,
    };
    let mut keys = judge.keys();
    keys.retain(|(path, entry)| judge.judge(path, entry).is_err());
    let begins = sources.at(&layer.place).map_or(0, |source| source.start);
    let refused = keys.iter().map(|(_, entry)| {
        let end = entry.value.place.end.max(entry.key.start + 1);
        entry.key.start - begins..end - begins
    });
    Ok(Carried {
        text: commented(text, &refused.collect::<Vec<_>>()),
        left_out: keys.iter().map(|(path, _)| dotted(path)).collect(),
    })
}

/// Comments out each line that one of the ranges touches.
fn commented(text: &str, ranges: &[std::ops::Range<usize>]) -> String {
    let mut done = String::with_capacity(text.len());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if ranges
            .iter()
            .any(|range| range.start < end && start < range.end)
        {
            done.push_str("# ");
        }
        done.push_str(line);
        start = end;
    }
    done
}

struct Judge<'a> {
    layer: &'a Layer,
    below: &'a Table,
    sources: &'a Sources,
    kinds: &'a Kinds<'a>,
}

impl Judge<'_> {
    /// Returns each key that has a class, with its path, in the order of the text.
    fn keys(&self) -> Vec<(Vec<&str>, &Entry)> {
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

    /// Fails when the layer may not set the key.
    fn judge(&self, path: &[&str], entry: &Entry) -> Result<(), PolicyError> {
        match self.class(path) {
            KeyClass::A => self.judge_length(path, entry),
            KeyClass::BOrA(value) | KeyClass::DOrA(value) if plain(&entry.value) == value => Ok(()),
            KeyClass::BOrA(value) | KeyClass::DOrA(value) => {
                let message = format!("a repository may set `{}` to {value} only", dotted(path));
                Err(self.refused(message, entry))
            }
            KeyClass::ADown => self.judge_lowered(path, entry),
            KeyClass::B | KeyClass::C | KeyClass::D => {
                let message = format!("a repository may not set `{}`", dotted(path));
                Err(self.refused(message, entry))
            }
        }
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
            ["steps", step, key] => self.step_class(step, key),
            [table, ..] => {
                class_of(PolicyFile::CLASSES, table).filter(|class| *class != KeyClass::A)
            }
            [] => None,
        };
        class.unwrap_or(KeyClass::D)
    }

    /// Returns the class of a step's key, by the step's kind in the lower layers.
    fn step_class(&self, step: &str, key: &str) -> Option<KeyClass> {
        let mut below = StepTable::absent(step, self.sources);
        if let Some(entry) = self.below.find(["steps", step]) {
            below = StepTable::new(step, entry, self.sources).ok()?;
        }
        let kind = self.kinds.get(below.kind());
        // Otherwise a repository could suppress the requests to the platform.
        if key == "timeout" && !kind.is_some_and(Kind::ships_branch) {
            return Some(KeyClass::D);
        }
        class_of(StepSettings::CLASSES, key).or_else(|| class_of(kind?.classes(), key))
    }

    /// Fails when the value is above that of the lower layers.
    fn judge_lowered(&self, path: &[&str], entry: &Entry) -> Result<(), PolicyError> {
        let key = dotted(path);
        let current = self.current(path);
        let lowered = match (amount(&entry.value), current.as_ref().and_then(amount)) {
            (Some(wanted), Some(current)) => wanted <= current,
            _ => false,
        };
        if lowered {
            return Ok(());
        }
        let current = current.map_or_else(|| "not set".to_owned(), |node| plain(&node));
        let message = format!(
            "a repository may only lower `{key}`: got {}, it is {current}",
            plain(&entry.value)
        );
        Err(self.refused(message, entry))
    }

    /// Returns the lower layers' value; for a step's `timeout` the default is the limit for all steps.
    fn current(&self, path: &[&str]) -> Option<Node> {
        let given = self.below.find(path.iter().copied());
        let given = given.or_else(|| match path {
            ["steps", _, "timeout"] => self.below.find(["limits", "step-timeout"]),
            _ => None,
        });
        given.map(|entry| entry.value.clone())
    }

    fn refused(&self, message: String, entry: &Entry) -> PolicyError {
        PolicyError::new(message)
            .advise("set it in the user's policy, $XDG_CONFIG_HOME/sendoff/policy.toml, or in the system's")
            .at(self.sources, &entry.key, "not from a repository")
    }
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
