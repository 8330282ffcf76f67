//! Where git's hooks are installed, and where they cannot be.

use std::fs;
use std::os::unix::fs::symlink;

use pretty_assertions::assert_eq;

use crate::world::World;

use super::super::{commit, done, sendoff, tree};
use super::{INSTALL, UNINSTALL};

#[test]
fn core_hooks_path_is_heeded_and_not_set() {
    let world = World::new();
    let config = world.work().join(".git/config");
    world
        .sandbox
        .git(world.work(), &["config", "core.hooksPath", "tools/hooks"]);
    let before = fs::read(&config).unwrap();
    done(&world, INSTALL);
    assert!(world.work().join("tools/hooks/post-commit").exists());
    assert!(!world.work().join(".git/hooks").exists());
    commit(&world, &world.work());
    assert_ne!(world.tip("feature/x"), "");
    done(&world, UNINSTALL);
    assert!(!world.work().join("tools").exists());
    assert_eq!(fs::read(&config).unwrap(), before);
    // Outside of the repository, and in the user's own configuration.
    let elsewhere = world.sandbox.path("elsewhere");
    for scope in ["--local", "--global"] {
        world.sandbox.git(
            world.work(),
            &["config", "--local", "--unset-all", "core.hooksPath"],
        );
        world.sandbox.git(
            world.work(),
            &[
                "config",
                scope,
                "core.hooksPath",
                elsewhere.to_str().unwrap(),
            ],
        );
        let said = sendoff(&world, INSTALL);
        assert_eq!(said.code, Some(1));
        insta::assert_snapshot!(
            format!("outside{}", scope.replace("--", "_")),
            world.normalise(&said.stderr)
        );
        if scope == "--global" {
            break;
        }
        world.sandbox.git(
            world.work(),
            &["config", "--local", "core.hooksPath", "again"],
        );
    }
    assert!(!elsewhere.exists());
}

#[test]
fn a_linked_work_tree_has_the_hooks_of_its_repository() {
    let world = World::new();
    let linked = world.linked("linked", "feature/linked");
    let said = world.run_in(&linked, INSTALL, &world.variables());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(world.work().join(".git/hooks/post-commit").exists());
    commit(&world, &linked);
    assert_eq!(
        world.tip("feature/linked"),
        world.sandbox.git(&linked, &["rev-parse", "HEAD"])
    );
}

#[test]
fn places_without_a_work_tree_are_named() {
    let world = World::new();
    let outside = world.sandbox.path("home");
    let said = world.run_in(&outside, INSTALL, &world.variables());
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("outside", world.normalise(&said.stderr));
    let said = world.run_in(&world.bare(), INSTALL, &world.variables());
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("bare", world.normalise(&said.stderr));
    let said = world.run_in(&outside, UNINSTALL, &world.variables());
    assert_eq!(said.stderr, "there is nothing to remove\n");
    // A directory of hooks that leads out of the repository.
    fs::create_dir(world.sandbox.path("shared")).unwrap();
    symlink(
        world.sandbox.path("shared"),
        world.work().join(".git/hooks"),
    )
    .unwrap();
    let said = sendoff(&world, INSTALL);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(
        "a_link_out_of_the_repository",
        world.normalise(&said.stderr)
    );
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let world = World::new();
    let hooks = world.work().join(".git/hooks");
    fs::create_dir(&hooks).unwrap();
    fs::create_dir(hooks.join("post-commit")).unwrap();
    let said = sendoff(&world, INSTALL);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("a_directory", world.normalise(&said.stderr));
    fs::remove_dir(hooks.join("post-commit")).unwrap();
    // The state directory cannot be made: nothing is written without its record.
    world.sandbox.write("home/.local/state/sendoff", "a file");
    let said = sendoff(&world, INSTALL);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("no_state_directory", world.normalise(&said.stderr));
    assert!(tree(&hooks).is_empty());
}
