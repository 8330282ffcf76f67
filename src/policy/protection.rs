//! Which branches are protected: the union of the layers' lists, and the bases that they name.

use super::layer_kind::LayerKind;
use super::node::{Item, Node, Table};
use super::pattern::Pattern;
use super::source::Sources;

/// Returns the branches that a layer names as a base of pull requests, or as the policy base.
pub(super) fn bases(layer: &Table) -> Vec<Pattern> {
    let named = ["base", "policy-base"].into_iter();
    let named = named.filter_map(|key| layer.find(["branches", key])?.value.text());
    let rules = match layer
        .find(["branches", "rule"])
        .map(|entry| &entry.value.item)
    {
        Some(Item::List(rules)) => rules.as_slice(),
        _ => &[],
    };
    let of_rule = |rule: &'_ Node| rule.table()?.get("base")?.value.text().map(str::to_owned);
    let named = named.filter(|base| *base != "auto").map(str::to_owned);
    let names = named.chain(rules.iter().filter_map(of_rule));
    // A branch name has no character that is special in a glob.
    names.filter_map(|name| Pattern::new(name).ok()).collect()
}

/// Returns the union over the layers, without unprotected entries of the built-in list.
pub(super) fn protected(list: &Node, unprotected: &[Pattern], sources: &Sources) -> Vec<Pattern> {
    let Item::List(nodes) = &list.item else {
        return Vec::new();
    };
    let mut patterns: Vec<Pattern> = Vec::new();
    for node in nodes {
        let pattern = node.text().and_then(|text| Pattern::new(text).ok());
        let Some(pattern) = pattern else { continue };
        let kept = is_kept(node, sources.origin(&node.place), unprotected);
        if kept && !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

/// Says whether an entry of `branches.protected` applies: only the built-in list can be unprotected.
pub(super) fn is_kept(node: &Node, origin: LayerKind, unprotected: &[Pattern]) -> bool {
    let named = |pattern: &Pattern| Some(pattern.as_str()) == node.text();
    origin != LayerKind::BuiltIn || !unprotected.iter().any(named)
}
