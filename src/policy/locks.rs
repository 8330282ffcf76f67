//! `Locks`: the keys that the system's policy locks, which no other layer sets.

use super::class::{Classed, class_of};
use super::error::{PolicyError, nearest};
use super::file::PolicyFile;
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::node::{Entry, Item, Node, Table, dotted};
use super::source::Sources;

/// The keys, or tables, that are locked.
#[derive(Debug, Clone, Default)]
pub(super) struct Locks(Vec<Vec<String>>);

/// A key of a layer that does not count: it is locked, or a lower layer is stricter.
#[derive(Debug, Clone)]
pub struct UnusedKey {
    /// The layer.
    pub layer: LayerKind,
    /// The dotted key.
    pub key: String,
    /// The value as TOML, on one line.
    pub value: String,
}

impl Locks {
    /// Reads the key `lock` of the system's policy, or of the built-in one.
    pub(super) fn of(layer: &Layer) -> Self {
        let locked = names(layer).map(|(name, _)| name.split('.').map(str::to_owned).collect());
        Self(locked.collect())
    }

    /// Says whether nothing is locked.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the locked keys out of a layer. Its own protected branches stay: they only add.
    pub(super) fn enforce(&self, layer: &mut Layer) -> Vec<UnusedKey> {
        let mut found = Vec::new();
        for lock in &self.0 {
            let lock: Vec<&str> = lock.iter().map(String::as_str).collect();
            for path in locked_paths(&lock, &layer.table) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                if let Some(Entry { value, .. }) = layer.table.remove(&path) {
                    found.push(UnusedKey {
                        layer: layer.origin,
                        key: dotted(&path),
                        value: value.to_toml(),
                    });
                }
            }
        }
        found
    }
}

/// Returns the keys of a table that a lock covers.
fn locked_paths(lock: &[&str], table: &Table) -> Vec<Vec<String>> {
    let owned = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect();
    match lock {
        ["branches", "protected"] => Vec::new(),
        ["branches"] => {
            let keys = table.table("branches").into_iter();
            let keys = keys.flat_map(|table| table.0.keys());
            let keys = keys.filter(|key| *key != "protected");
            keys.map(|key| owned(&["branches", key.as_str()])).collect()
        }
        lock => vec![owned(lock)],
    }
}

/// Checks that the layer may lock, and that what it locks is a key or a table of the policy.
pub(super) fn check_locks(layer: &Layer, sources: &Sources) -> Result<(), PolicyError> {
    let Some(entry) = layer.table.get("lock") else {
        return Ok(());
    };
    if !matches!(layer.origin, LayerKind::BuiltIn | LayerKind::System) {
        return Err(
            PolicyError::new("`lock` can only be set in the system's policy")
                .advise("set it in /etc/sendoff/policy.toml")
                .at(sources, &entry.key, "not here"),
        );
    }
    for (name, node) in names(layer) {
        let table = name.split('.').next().unwrap_or_default();
        if class_of(PolicyFile::CLASSES, table).is_none() {
            let known = PolicyFile::CLASSES.iter().map(|(field, _)| *field);
            let error = PolicyError::new(format!(
                "`lock`: the policy has no key `{}`",
                name.escape_debug()
            ));
            let error = match nearest(table, known) {
                Some(near) => error.advise(format!("did you mean `{near}`?")),
                None => {
                    error.advise("name a key or a table, such as `steps.push` or `remotes.allowed`")
                }
            };
            return Err(error.at(sources, &node.place, "no such key"));
        }
    }
    Ok(())
}

/// Returns each name that the layer locks, with its place.
fn names(layer: &Layer) -> impl Iterator<Item = (&str, &Node)> {
    let list = match layer.table.get("lock").map(|entry| &entry.value.item) {
        Some(Item::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|node| Some((node.text()?, node)))
}
