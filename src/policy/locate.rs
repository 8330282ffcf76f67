//! Errors about values of the merged policy that only others can judge, with their place.

use super::error::PolicyError;
use super::merged::Policy;
use super::node::{Item, Node};

impl Policy {
    /// Makes an error about the value at a dotted key, such as `serve.listen` or `events.rule.0.when`, with its place
    /// where a layer sets it.
    pub fn error_at(
        &self,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyError {
        let error = PolicyError::new(message).advise(help);
        let (merged, sources) = self.merged();
        let mut parts = key.split('.');
        let first = parts.next().and_then(|first| merged.get(first));
        let found = parts.try_fold(first.map(|entry| &entry.value), |node, part| {
            Some(node.and_then(|node| below(node, part)))
        });
        match found.flatten() {
            Some(node) => error.at(sources, &node.place, "here"),
            None => error,
        }
    }
}

/// Returns the value at a key of a table, or at an index of a list.
fn below<'n>(node: &'n Node, part: &str) -> Option<&'n Node> {
    match &node.item {
        Item::Table(table) => Some(&table.get(part)?.value),
        Item::List(nodes) => nodes.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}
