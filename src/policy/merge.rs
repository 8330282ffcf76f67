//! The rules by which layers merge: tables merge, values replace, `branches.protected` is a union.

use super::node::{Item, Node, Table};

/// How a key is merged when two layers set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    /// The later value replaces the earlier one.
    Replace,
    /// The later entries are added.
    Union,
}

/// Returns the rule for a path of keys.
fn law(path: &[&str]) -> Law {
    match path {
        ["branches", "protected"] => Law::Union,
        _ => Law::Replace,
    }
}

/// Merges `above` over `below`.
pub(super) fn merge(below: &mut Table, above: Table) {
    merge_at(below, above, &mut Vec::new());
}

/// Merges `above` over `below` without special rules: tables merge, values replace.
pub(super) fn replace(below: &mut Table, above: Table) {
    // A path without a special rule.
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

#[cfg(test)]
mod tests {
    use super::super::layer::Layer;
    use super::super::layer_kind::LayerKind;
    use super::super::source::Sources;
    use super::*;

    /// Parses texts and merges them, the first two first or the last two first.
    fn merged(texts: [&str; 3], left_first: bool) -> Table {
        let mut sources = Sources::default();
        let [mut one, mut two, three] = texts.map(|text| {
            let layer = Layer::parse(&mut sources, LayerKind::User, "test", text);
            layer.unwrap().table
        });
        if left_first {
            merge(&mut one, two);
            merge(&mut one, three);
        } else {
            merge(&mut two, three);
            merge(&mut one, two);
        }
        one
    }

    #[test]
    fn merging_is_associative() {
        let texts = [
            "[branches]\nprotected = [\"a\"]\nbase = \"x\"\n[steps.push]\nremote = \"o\"",
            "branches.protected = [\"b\"]\nlimits.commits = 5\nsteps.push.needs = []",
            "[branches]\nprotected = [\"a\", \"c\"]\n[steps.push]\nneeds = [\"x\"]",
            "[limits]\ncommits = 6\ndeadline = \"5s\"\n[remotes]\nallow-file = true",
            "",
        ];
        for one in texts {
            for two in texts {
                for three in texts {
                    let texts = [one, two, three];
                    assert_eq!(merged(texts, true), merged(texts, false), "{texts:?}");
                }
            }
        }
    }

    #[test]
    fn only_protected_branches_add_up() {
        let table = merged(
            [
                "[branches]\nprotected = [\"a\"]\n[remotes]\nallowed = [\"a\"]",
                "[branches]\nprotected = [\"b\"]\n[remotes]\nallowed = [\"b\"]",
                "[steps.x]\nprotected = [\"c\"]",
            ],
            true,
        );
        let shown = |path: [&str; 2]| table.find(path).unwrap().value.to_toml();
        assert_eq!(shown(["branches", "protected"]), "[\"a\", \"b\"]");
        assert_eq!(shown(["remotes", "allowed"]), "[\"b\"]");
    }
}
