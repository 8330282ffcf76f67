//! The policy without the keys that have a mistake, in which the other mistakes show.

use super::check::check_requirement;
use super::error::PolicyError;
use super::kind::{Kind, Kinds};
use super::layer::Layer;
use super::loaded::Loaded;
use super::merge::merge;
use super::merged::Policy;
use super::node::{Item, Node, Table};
use super::repository::sift;

impl Loaded {
    /// Merges all layers, those that were dropped as well, without the keys that have a mistake. Returns `None` when no layer
    /// was dropped, and when what is left cannot be read.
    ///
    /// Only a check uses it: conditions and templates are compiled when the layers are one policy, and a mistake in a key
    /// would otherwise hide those in the rest of its file.
    pub fn without_mistakes<K: Kind>(&self, kinds: &[K]) -> Option<Policy> {
        if self.problems.is_empty() {
            return None;
        }
        let kinds = Kinds::new(kinds);
        let layers = &self.layers;
        let errors = self
            .problems
            .iter()
            .flat_map(|problem| std::iter::once(&problem.error).chain(&problem.more));
        let places: Vec<usize> = errors.filter_map(PolicyError::offset).collect();
        // What a newer version wants is nothing that this one can judge.
        let dropped = layers.dropped.iter();
        let dropped = dropped.filter(|layer| check_requirement(layer, &layers.sources).is_ok());
        let mut stack: Vec<Layer> = layers.stack.iter().chain(dropped).cloned().collect();
        stack.sort_by_key(|layer| layer.origin);
        let mut merged = Table::default();
        for mut layer in stack {
            for at in &places {
                take_out(&mut layer.table, *at);
            }
            if layer.origin.is_of_repository() {
                let built_in = layers.built_in();
                let sifted = sift(
                    &layer,
                    &merged,
                    &layers.sources,
                    &kinds,
                    &layers.trusted,
                    built_in,
                );
                layer.table = sifted.table;
            }
            merge(&mut merged, layer.table);
        }
        Policy::new(merged, &layers.sources, []).ok()
    }
}

/// Takes out the key that a place is in. Whole steps and pipelines stay: others name them, and would have a mistake then.
fn take_out(table: &mut Table, at: usize) {
    let Some(path) = path_at(table, at) else {
        return;
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if !matches!(
        path[..],
        ["steps" | "pipelines"] | ["steps", _] | ["pipelines", ..]
    ) {
        table.remove(&path);
    }
}

/// Returns the path of the innermost key that a place is in.
fn path_at(table: &Table, at: usize) -> Option<Vec<String>> {
    table.0.iter().find_map(|(name, entry)| {
        let inner = entry.value.table().and_then(|table| path_at(table, at));
        let is_here = || entry.key.contains(&at) || covers(&entry.value, at);
        let mut path = inner.or_else(|| is_here().then(Vec::new))?;
        path.insert(0, name.clone());
        Some(path)
    })
}

/// Says whether a place is in a value. A table's own place is only its header.
fn covers(node: &Node, at: usize) -> bool {
    let inner = match &node.item {
        Item::List(nodes) => nodes.iter().any(|node| covers(node, at)),
        Item::Table(table) => path_at(table, at).is_some(),
        _ => false,
    };
    inner || node.place.contains(&at)
}
