//! The house rule that imports within a directory have no circles either: of two modules one can be read alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path from the root of its crate.
type Module = Vec<String>;
/// Which modules each module names.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Guards what `floors` does not see: modules of one directory that import each other, however many are in between.
#[test]
fn no_modules_of_one_directory_need_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for sources in ["src", "crates/push/src"] {
        let texts = texts(&root.join(sources));
        assert!(texts.len() > 20, "{sources} was not found");
        let found = circles(&imports(&texts));
        assert!(found.is_empty(), "in {sources}:\n{}", found.join("\n"));
    }
}

/// Guards the search itself: a circle over a name that the parent exports, and none where a child names its parent.
#[test]
fn a_circle_is_found_through_a_name_of_the_parent() {
    let text = |module: &str, text: &str| {
        let module: Module = module.split("::").map(str::to_owned).collect();
        (module, code(text))
    };
    let texts: BTreeMap<Module, String> = [
        text("room", "mod one;\nmod two;\npub use two::{Two, Other};"),
        text("room::one", "use super::{Two, unknown};"),
        text(
            "room::two",
            "// use super::room;\nuse crate::room::one::{One as Uno, first::Second};",
        ),
        text(
            "room::three",
            "use super::one::One;\n#[cfg(test)]\nmod tests { use crate::room::two; }",
        ),
    ]
    .into();
    assert_eq!(circles(&imports(&texts)), ["room::one, room::two"]);
}

/// Returns the code of each module, without comments and tests.
fn texts(root: &Path) -> BTreeMap<Module, String> {
    let mut files = Vec::new();
    crate::floors::walk(root, &mut files);
    let texts = files.into_iter().map(|file| {
        let relative = file.strip_prefix(root).unwrap().with_extension("");
        let mut module: Module = relative
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module
            .last()
            .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
        {
            module.pop();
        }
        (module, code(&fs::read_to_string(file).unwrap()))
    });
    texts.collect()
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

fn imports(texts: &BTreeMap<Module, String>) -> Graph {
    // A name that a module exports from a child stands for the child.
    let mut exported = BTreeMap::new();
    for (module, text) in texts {
        for line in text.split("pub ").filter(|line| line.contains("use ")) {
            let line = line.split("use ").nth(1).unwrap();
            let mut paths = Vec::new();
            read_tree(line.trim_start_matches("self::"), &[], &mut paths);
            for path in paths {
                if let [child, .., name] = path.as_slice() {
                    let child: Module = [module.as_slice(), std::slice::from_ref(child)].concat();
                    exported.insert((module.clone(), name.clone()), child);
                }
            }
        }
    }
    let mut graph = Graph::new();
    for (module, text) in texts {
        for path in paths(text) {
            let mut at = match path[0].as_str() {
                "crate" => Module::new(),
                _ => module.clone(),
            };
            for name in &path {
                let below = [at.as_slice(), std::slice::from_ref(name)].concat();
                match name.as_str() {
                    "crate" | "self" => {}
                    "super" => drop(at.pop()),
                    _ if texts.contains_key(&below) => at = below,
                    _ => match exported.get(&(at.clone(), name.clone())) {
                        Some(child) if texts.contains_key(child) => at.clone_from(child),
                        _ => break,
                    },
                }
            }
            graph.entry(module.clone()).or_default().insert(at);
        }
    }
    graph
}

/// Returns the paths that begin with `crate`, `super` or `self`.
fn paths(text: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for word in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(word) {
            let before = text[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                read_tree(&text[at..], &[], &mut paths);
            }
        }
    }
    paths
}

/// Reads `a::b`, `a::{b, c::d}` or `a as b`; returns what comes after it.
fn read_tree<'t>(text: &'t str, before: &[String], paths: &mut Vec<Module>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = read_tree(rest, before, paths).trim_start();
            // What is renamed keeps its own name here.
            let next = rest.find([',', '}']).unwrap_or(rest.len());
            let is_end = !rest[next..].starts_with(',');
            rest = rest.get(next + 1..).unwrap_or_default();
            if is_end {
                return rest;
            }
        }
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    if name.is_empty() {
        return rest;
    }
    let path = [before, &[name.to_owned()]].concat();
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => read_tree(rest, &path, paths),
        _ => {
            paths.push(path);
            rest
        }
    }
}

/// Returns each group of modules of one directory that need each other.
fn circles(graph: &Graph) -> Vec<String> {
    // Between the children of one directory: what is below a child counts as the child.
    let mut rooms: BTreeMap<Module, Graph> = BTreeMap::new();
    for (from, to) in graph
        .iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
    {
        let shared = from
            .iter()
            .zip(to)
            .take_while(|(one, other)| one == other)
            .count();
        if from.len() > shared && to.len() > shared {
            let child = |module: &Module| module[..=shared].to_vec();
            let room = rooms.entry(from[..shared].to_vec()).or_default();
            room.entry(child(from)).or_default().insert(child(to));
        }
    }
    let mut found = BTreeSet::new();
    for room in rooms.values() {
        for module in room.keys() {
            let others = reached(room, module);
            let circle = others
                .iter()
                .filter(|other| reached(room, other).contains(module));
            let circle: BTreeSet<String> = circle.map(|module| module.join("::")).collect();
            if !circle.is_empty() {
                found.insert(circle.into_iter().collect::<Vec<_>>().join(", "));
            }
        }
    }
    found.into_iter().collect()
}

fn reached(room: &Graph, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in room.get(module).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}
