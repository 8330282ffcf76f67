//! Lines that people paste into the files of managers of git's hooks, and what we offer to those: a commit is shipped by it.

use std::path::Path;

use pretty_assertions::assert_eq;

use crate::world::World;

use super::managers::Managed;
use super::sendoff;

#[test]
fn the_other_managers_get_lines_to_paste() {
    let world = World::new();
    for manager in ["pre-commit", "prek", "hk", "husky"] {
        let said = sendoff(&world, &["install", manager, "--yes"]);
        assert_eq!(said.code, Some(1));
        insta::assert_snapshot!(format!("paste_{manager}"), world.normalise(&said.stderr));
    }
}

#[test]
fn the_lines_to_paste_work() {
    for manager in ["pre-commit", "prek"] {
        let Some(managed) = Managed::new(manager).map(Managed::with_program) else {
            return;
        };
        let said = sendoff(&managed.world, &["install", manager, "--yes"]).stderr;
        let lines = said
            .lines()
            .skip(2)
            .filter(|line| !line.starts_with("and run"));
        let lines = lines.collect::<Vec<_>>().join("\n") + "\n";
        let (file, content) = match manager {
            "prek" => ("prek.toml", lines),
            _ => (".pre-commit-config.yaml", format!("repos:\n{lines}")),
        };
        managed.write(file, &content);
        let command = said
            .lines()
            .find_map(|line| line.strip_prefix("and run: "))
            .unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        managed.run(words[0], &words[1..]);
        assert_eq!(managed.commit(), 1);
    }
}

/// Of this repository only the list of hooks matters to them, and `sendoff-system` builds nothing.
#[test]
fn a_repository_that_names_ours_is_shipped() {
    for manager in ["pre-commit", "prek"] {
        let Some(managed) = Managed::new(manager).map(Managed::with_program) else {
            return;
        };
        let hooks = include_str!("../../../.pre-commit-hooks.yaml");
        let ours = managed.world.sandbox.repository("ours");
        let sandbox = &managed.world.sandbox;
        let revision = sandbox.commit(&ours, ".pre-commit-hooks.yaml", hooks, "Offer hooks");
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {revision}\n    hooks:\n      - id: sendoff-system\n",
            ours.display()
        );
        managed.write(".pre-commit-config.yaml", &config);
        managed.run(manager, &["install", "-t", "post-commit"]);
        assert_eq!(managed.commit(), 1, "{manager}");
    }
}

#[test]
fn the_hooks_that_we_offer_are_ones_that_pre_commit_takes() {
    let Some(managed) = Managed::new("pre-commit") else {
        return;
    };
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    managed.run(
        "pre-commit",
        &["validate-manifest", manifest.to_str().unwrap()],
    );
}
