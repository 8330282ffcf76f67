//! The law by which layers merge: tables merge, values replace, `branches.protected` only grows.

use super::node::{Item, Node, Table};

/// What a path of keys does when two layers give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    /// The later value holds.
    Replace,
    /// The later entries are added.
    Union,
}

/// Returns the law of a path.
fn law(path: &[&str]) -> Law {
    match path {
        ["branches", "protected"] => Law::Union,
        _ => Law::Replace,
    }
}

/// Lays `above` over `below`.
pub(super) fn merge(below: &mut Table, above: Table) {
    merge_at(below, above, &mut Vec::new());
}

/// Lays `above` over `below` without a law: tables merge, values replace.
pub(super) fn replace(below: &mut Table, above: Table) {
    // A path that no law names.
    merge_at(below, above, &mut vec![String::new()]);
}

fn merge_at(below: &mut Table, above: Table, path: &mut Vec<String>) {
    for (key, entry) in above.0 {
        let Some(old) = below.0.get_mut(&key) else {
            below.0.insert(key, entry);
            continue;
        };
        path.push(key);
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let law = law(&keys);
        match (&mut old.value.item, entry.value.item) {
            (Item::Table(below), Item::Table(above)) => merge_at(below, above, path),
            (Item::List(below), Item::List(above)) if law == Law::Union => below.extend(above),
            (_, item) => {
                old.key = entry.key;
                old.value = Node {
                    place: entry.value.place,
                    item,
                };
            }
        }
        path.pop();
    }
}
