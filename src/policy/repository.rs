//! A repository's policy: which of its keys count, and which have to wait.

use super::check::{MOST_MISTAKES, check};
use super::error::PolicyError;
use super::judge::{Judge, Judgement, Until};
use super::kind::{Kind, Kinds};
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::locks::UnusedKey;
use super::node::{Entry, Item, Node, Table, dotted};
use super::source::Sources;
use super::trusted::TrustedKeys;

/// A key of a repository's policy that does not count yet.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The copy that it stands in.
    pub layer: LayerKind,
    /// The dotted key, or that of a whole step.
    pub key: String,
    /// The value as TOML, on one line.
    pub value: String,
    /// The command that it runs; empty for none.
    pub command: Vec<String>,
    /// What has to happen before it counts.
    pub until: Until,
}

/// A layer of the repository, sorted by what counts.
#[derive(Debug)]
pub(super) struct Sifted {
    /// The keys that count.
    pub(super) table: Table,
    /// Those that do not count yet, in the order of the text.
    pub(super) left_out: Vec<LeftOut>,
    /// Those that a lower layer outdoes.
    pub(super) outdone: Vec<UnusedKey>,
    /// Those that no repository sets: then nothing of the layer counts.
    pub(super) mistakes: Vec<PolicyError>,
}

/// Sorts the keys of a layer of the repository by their class. `below` are the merged lower layers.
pub(super) fn sift(
    layer: &Layer,
    below: &Table,
    sources: &Sources,
    kinds: &Kinds<'_>,
    trusted: &TrustedKeys,
    built_in: Option<&Table>,
) -> Sifted {
    let judge = Judge {
        layer,
        below,
        built_in,
        sources,
        kinds,
    };
    let mut sifted = Sifted {
        table: layer.table.clone(),
        left_out: Vec::new(),
        outdone: Vec::new(),
        mistakes: Vec::new(),
    };
    let mut keys = judge.keys();
    // A pipeline counts only with the steps that it names.
    keys.sort_by_key(|(path, _)| path.first() == Some(&"pipelines"));
    for (path, entry) in keys {
        match judge.judge(&path, entry) {
            Judgement::Counts => {}
            Judgement::Outdone => {
                if let Some(Entry { value, .. }) = sifted.table.remove(&path) {
                    sifted.outdone.push(UnusedKey {
                        layer: layer.origin,
                        key: dotted(&path),
                        value: value.to_toml(),
                    });
                }
            }
            Judgement::Refused(mistake) => {
                sifted.mistakes.push(mistake);
                if sifted.mistakes.len() >= MOST_MISTAKES {
                    break;
                }
            }
            Judgement::CountsWhen(until) => {
                // A step that only this layer has counts as a whole.
                let is_new = judge.new_step(&path).is_some();
                let unit = path.get(..2).filter(|_| is_new).unwrap_or(&path);
                let left_out = leave_out(&judge, unit, until, trusted, &mut sifted.table);
                sifted.left_out.extend(left_out);
            }
        }
    }
    add_patterns(&mut sifted.table, below);
    sifted
}

/// Takes what does not count yet out of a table, unless it is trusted.
fn leave_out(
    judge: &Judge<'_>,
    unit: &[&str],
    until: Until,
    trusted: &TrustedKeys,
    counted: &mut Table,
) -> Option<LeftOut> {
    let layer = judge.layer;
    let asked = layer.table.find(unit.iter().copied())?;
    let (key, value) = (dotted(unit), asked.value.to_toml());
    if trusted.has(&key, &value) && !judge.lacks_steps(unit, counted) {
        return None;
    }
    let removed = counted.remove(unit)?;
    Some(LeftOut {
        layer: layer.origin,
        key,
        value,
        command: command(unit, &removed.value),
        until,
    })
}

/// Adds the patterns for branches of a layer to those below it: a branch has to match all of them.
fn add_patterns(counted: &mut Table, below: &Table) {
    const KEY: [&str; 2] = ["guard", "branch"];
    let (Some(below), Some(own)) = (below.find(KEY), counted.find_mut(KEY)) else {
        return;
    };
    let mut all = patterns(&below.value);
    let more = patterns(&own.value).into_iter();
    let more: Vec<Node> = more
        .filter(|node| all.iter().all(|known| known.text() != node.text()))
        .collect();
    all.extend(more);
    own.value.item = Item::List(all);
}

fn patterns(node: &Node) -> Vec<Node> {
    match &node.item {
        Item::List(nodes) => nodes.clone(),
        _ => vec![node.clone()],
    }
}

/// Returns the command of a step, or of a step's key.
fn command(unit: &[&str], value: &Node) -> Vec<String> {
    let words = match (unit.last(), &value.item) {
        (Some(&"command"), Item::List(words)) => words.as_slice(),
        (_, Item::Table(step)) => match step.get("command").map(|entry| &entry.value.item) {
            Some(Item::List(words)) => words.as_slice(),
            _ => &[],
        },
        _ => &[],
    };
    let words = words.iter();
    words
        .filter_map(|word| Some(word.text()?.to_owned()))
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
    let layer = Layer::parse(&mut sources, LayerKind::PolicyBase, "preset", text)?;
    check(&layer, &sources, &kinds)?;
    let judge = Judge {
        layer: &layer,
        below: &below.table,
        built_in: None,
        sources: &sources,
        kinds: &kinds,
    };
    let mut keys = judge.keys();
    keys.retain(|(path, entry)| !matches!(judge.judge(path, entry), Judgement::Counts));
    let begins = sources.at(&layer.place).map_or(0, |source| source.start);
    let mut refused = Vec::new();
    for (_, entry) in &keys {
        gather_places(entry, begins, &mut refused);
    }
    Ok(Carried {
        text: commented(text, &refused),
        left_out: keys.iter().map(|(path, _)| dotted(path)).collect(),
    })
}

/// Gathers the places of an entry in a text that begins at `begins`. Those of `[[tables]]` stand apart from their heads.
fn gather_places(entry: &Entry, begins: usize, places: &mut Vec<std::ops::Range<usize>>) {
    let end = entry.value.place.end.max(entry.key.start + 1);
    places.push(entry.key.start - begins..end - begins);
    if let Item::List(nodes) = &entry.value.item {
        places.extend(
            nodes
                .iter()
                .map(|node| node.place.start - begins..node.place.end - begins),
        );
        let entries = nodes
            .iter()
            .filter_map(Node::table)
            .flat_map(|table| table.0.values());
        entries.for_each(|entry| gather_places(entry, begins, places));
    }
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
