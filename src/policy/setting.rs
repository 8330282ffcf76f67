//! `Setting`: a value of the merged policy with its layer, for output.

use std::collections::BTreeMap;

use super::layer_kind::LayerKind;
use super::node::{Item, Node, Table, dotted};
use super::pattern::Pattern;
use super::protection::is_kept;
use super::shown::without_passwords;
use super::source::Sources;

/// A value of the merged policy, and the layer that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key, such as `limits.deadline`.
    pub key: String,
    /// The value as TOML, on one line.
    pub value: String,
    /// The layer.
    pub origin: LayerKind,
}

/// Returns every value of the merged layers, sorted by key; `branches.protected` has one entry for each layer, and
/// `guard.branch` where several add to it.
pub(super) fn settings(merged: &Table, unprotected: &[Pattern], sources: &Sources) -> Vec<Setting> {
    let mut flattened = Flattened {
        unprotected,
        sources,
        settings: Vec::new(),
    };
    flattened.add(merged, &mut Vec::new());
    flattened.settings
}

/// Returns a value as it may be shown: one key's holds a password.
fn shown(path: &[&str], value: &str) -> String {
    match path {
        ["store", "platform-schedules"] => without_passwords(value),
        _ => value.to_owned(),
    }
}

/// The settings so far.
struct Flattened<'a> {
    unprotected: &'a [Pattern],
    sources: &'a Sources,
    settings: Vec<Setting>,
}

impl Flattened<'_> {
    fn add<'t>(&mut self, table: &'t Table, path: &mut Vec<&'t str>) {
        for (key, entry) in &table.0 {
            path.push(key);
            match &entry.value.item {
                Item::Table(table) => self.add(table, path),
                Item::List(nodes) if path[..] == ["branches", "protected"] => {
                    let unprotected = self.unprotected;
                    self.add_by_layer(path, nodes, |node, origin| {
                        is_kept(node, origin, unprotected)
                    });
                }
                Item::List(nodes) if path[..] == ["guard", "branch"] => {
                    self.add_by_layer(path, nodes, |_, _| true);
                }
                _ => self.settings.push(Setting {
                    key: dotted(path),
                    value: shown(path, &entry.value.to_toml()),
                    origin: self.sources.origin(&entry.key),
                }),
            }
            path.pop();
        }
    }

    /// Adds the patterns of a list, one entry for each layer.
    fn add_by_layer(
        &mut self,
        path: &[&str],
        nodes: &[Node],
        counts: impl Fn(&Node, LayerKind) -> bool,
    ) {
        let mut by_layer: BTreeMap<LayerKind, Vec<String>> = BTreeMap::new();
        for node in nodes {
            let origin = self.sources.origin(&node.place);
            if counts(node, origin) {
                by_layer.entry(origin).or_default().push(node.to_toml());
            }
        }
        let setting = |(origin, patterns): (LayerKind, Vec<String>)| Setting {
            key: dotted(path),
            value: format!("[{}]", patterns.join(", ")),
            origin,
        };
        self.settings.extend(by_layer.into_iter().map(setting));
    }
}
