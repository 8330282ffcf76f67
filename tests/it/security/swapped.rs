//! Directories of a clone that are swapped for links to another repository while a run goes on.

use std::fs;
use std::os::unix::fs::symlink;

use sendoff_testing::supervise;

use crate::world::{World, step};

use super::trust::typed;

/// A clone with a hook that swaps a directory of it for a link to the one of another repository.
fn swapping(name: &str) -> World {
    let world = World::new();
    world.sandbox.repository("other");
    let script = format!(
        "#!/bin/sh\nmv .git{name} ../away && ln -s \"$PWD/../other/.git{name}\" .git{name}\n"
    );
    world
        .sandbox
        .executable("clone/.git/hooks/pre-push", &script);
    world
}

#[test]
fn nothing_is_pushed_or_written_through_a_link_that_a_hook_made() {
    supervise!();
    for name in ["", "/objects", "/objects/pack", "/refs"] {
        let world = swapping(name);
        let other = world.sandbox.path("other");
        fs::create_dir_all(other.join(".git/objects/pack")).unwrap();
        let refs = || world.sandbox.git(&other, &["for-each-ref"]);
        let before = refs();
        let report = world.report(&["run", "post-commit"]);
        let push = step(&report, "push");
        assert_eq!(push["reason"], "git-dir-untrusted", "{name}: {report}");
        let summary = world.normalise(push["summary"].as_str().unwrap());
        assert_eq!(
            summary,
            format!("`[ROOT]/clone/.git{name}` is a symbolic link, to `[ROOT]/other/.git{name}`")
        );
        assert_eq!(world.tip("feature/x"), "", "{name}");
        assert_eq!(refs(), before, "{name}");
        // The place is as it was, and the branch ships.
        let place = world.work().join(format!(".git{name}"));
        fs::remove_file(&place).unwrap();
        fs::rename(world.sandbox.path("away"), &place).unwrap();
        fs::remove_file(world.work().join(".git/hooks/pre-push")).unwrap();
        let report = world.report(&["run", "post-commit"]);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    }
}

/// A linked work tree names its git directory, and that is of the clone.
#[test]
fn nothing_is_pushed_from_a_linked_work_tree_whose_repository_a_hook_swapped() {
    supervise!();
    let world = World::new();
    let other = world.sandbox.repository("other");
    let linked = world.linked("linked", "side");
    world.sandbox.commit(&linked, "b.txt", "b\n", "b");
    let (clone, root) = (world.work(), world.sandbox.path(""));
    let script = format!(
        "#!/bin/sh\nmv '{0}/.git' '{1}/away' && ln -s '{1}/other/.git' '{0}/.git'\n",
        clone.display(),
        root.display()
    );
    let hook = world
        .sandbox
        .executable("clone/.git/hooks/pre-push", &script);
    let run = || {
        let arguments = ["run", "post-commit", "--json"];
        world
            .run_in(&linked, &arguments, &world.variables())
            .report()
    };
    let before = world.sandbox.git(&other, &["for-each-ref"]);
    let report = run();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "git-dir-untrusted", "{report}");
    let summary = world.normalise(push["summary"].as_str().unwrap());
    assert_eq!(
        summary,
        "`[ROOT]/clone/.git` is a symbolic link, to `[ROOT]/other/.git`"
    );
    assert_eq!(world.tip("side"), "");
    assert_eq!(world.sandbox.git(&other, &["for-each-ref"]), before);
    // The place is as it was, and the branch ships.
    fs::remove_file(clone.join(".git")).unwrap();
    fs::rename(root.join("away"), clone.join(".git")).unwrap();
    fs::remove_file(hook).unwrap();
    let report = run();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

/// What was trusted is where the link led.
#[test]
fn a_trusted_link_that_a_hook_leads_elsewhere_does_not_count() {
    supervise!();
    let world = World::new();
    let refs = world.work().join(".git/refs");
    let mine = world.sandbox.path("mine");
    fs::rename(&refs, &mine).unwrap();
    symlink(&mine, &refs).unwrap();
    let said = typed(&world, &["trust", "git-dir"], "trust", &[]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let other = world.sandbox.repository("other");
    let script = "#!/bin/sh\nln -sfn \"$PWD/../other/.git/refs\" .git/refs\n";
    let hook = world
        .sandbox
        .executable("clone/.git/hooks/pre-push", script);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(
        step(&report, "push")["reason"],
        "git-dir-untrusted",
        "{report}"
    );
    let written = world.sandbox.git(&other, &["for-each-ref", "refs/remotes"]);
    assert_eq!(written, "");
    fs::remove_file(hook).unwrap();
    fs::remove_file(&refs).unwrap();
    symlink(&mine, &refs).unwrap();
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert!(mine.join("remotes/origin/feature/x").is_file());
}
