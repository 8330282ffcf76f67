//! What is linked: from the one registry, under licences that are listed, and nothing with a known vulnerability. The lists are
//! those of `deny.toml`, read here because not everyone has cargo-deny.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use semver::{Version, VersionReq};
use sendoff_testing::succeed;
use serde_json::Value;
use toml::Table;

/// The lists.
fn deny() -> Table {
    read("deny.toml")
}

fn read(name: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The packages of Cargo.lock: name, version, source.
fn locked() -> Vec<(String, Version, Option<String>)> {
    let lock = read("Cargo.lock");
    let packages = lock["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |key: &str| Some(package.get(key)?.as_str().unwrap().to_owned());
            let version = text("version").unwrap().parse().unwrap();
            (text("name").unwrap(), version, text("source"))
        })
        .collect()
}

fn texts(of: &toml::Value) -> BTreeSet<String> {
    let all = of.as_array().unwrap().iter();
    all.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Returns why a version is refused by an entry of `bans.deny`: `NAME` alone, or `NAME:REQUIREMENT`.
fn refusal(entry: &toml::Value, name: &str, version: &Version) -> Option<String> {
    let banned = entry["crate"].as_str().unwrap();
    let (banned, versions) = banned.split_once(':').unwrap_or((banned, "*"));
    let is_refused = banned == name && VersionReq::parse(versions).unwrap().matches(version);
    is_refused.then(|| format!("{name} {version}: {}", entry["reason"]))
}

#[test]
fn r15_no_package_has_a_known_flaw_or_a_place_that_is_taken() {
    let deny = deny();
    let entries = deny["bans"]["deny"].as_array().unwrap();
    let mut refused = Vec::new();
    for (name, version, _) in locked() {
        refused.extend(
            entries
                .iter()
                .filter_map(|entry| refusal(entry, &name, &version)),
        );
    }
    assert!(refused.is_empty(), "{refused:#?}");
    // An entry finds what it is there for.
    let old = Version::new(0, 58, 0);
    let found = entries
        .iter()
        .filter_map(|entry| refusal(entry, "gix-transport", &old));
    assert_eq!(found.count(), 1);
    let found = entries
        .iter()
        .filter_map(|entry| refusal(entry, "openssl-sys", &old));
    assert_eq!(found.count(), 1);
}

#[test]
fn r15_every_package_comes_from_the_one_registry_or_from_here() {
    let deny = deny();
    let registries = texts(&deny["sources"]["allow-registry"]);
    let ours = ["sendoff", "sendoff-push", "sendoff-testing"];
    for (name, _, source) in locked() {
        match source
            .as_deref()
            .map(|source| source.split_once('+').unwrap())
        {
            None => assert!(ours.contains(&name.as_str()), "{name}"),
            Some(("registry", url)) => assert!(registries.contains(url), "{name}: {url}"),
            Some((kind, url)) => panic!("{name}: {kind} {url}"),
        }
    }
}

/// Splits at a word that stands outside of parentheses.
fn parts<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && text[at..].starts_with(word) => {
                found.push(&text[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// Says whether the listed licences are enough for an expression: one side of an OR, all of an AND.
fn is_allowed(expression: &str, listed: &BTreeSet<String>) -> bool {
    let text = expression.trim();
    let any = parts(text, " OR ");
    if any.len() > 1 {
        return any.iter().any(|part| is_allowed(part, listed));
    }
    let all = parts(text, " AND ");
    if all.len() > 1 {
        return all.iter().all(|part| is_allowed(part, listed));
    }
    match text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    {
        Some(inner) => is_allowed(inner, listed),
        None => listed.contains(text),
    }
}

#[test]
fn r15_every_package_has_a_licence_that_is_listed() {
    let deny = deny();
    let listed = texts(&deny["licenses"]["allow"]);
    for (expression, wanted) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(GPL-3.0 OR AGPL-3.0) AND ISC", false),
    ] {
        assert_eq!(is_allowed(expression, &listed), wanted, "{expression}");
    }
    let mut metadata = Command::new(env!("CARGO"));
    metadata
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        // The sources of other platforms' packages need not be here.
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let metadata: Value = serde_json::from_str(&succeed(&mut metadata)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        // The form of before SPDX.
        let licence = package["license"].as_str().unwrap_or("none");
        let licence = licence.replace(" / ", " OR ").replace('/', " OR ");
        assert!(
            is_allowed(&licence, &listed),
            "{}: {licence}",
            package["name"]
        );
    }
}
