//! git's hooks, as files: written, found again, removed, and what others made of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pretty_assertions::assert_eq;
use sendoff::install::Fault;
use sendoff_testing::succeed;

use crate::world::World;

use super::super::{commit, done, sendoff, tree};
use super::{HOOKS, INSTALL, UNINSTALL, assert_installed_already, found};

#[test]
fn after_an_installation_a_commit_is_shipped_and_a_removal_leaves_nothing() {
    let world = World::new();
    let before = tree(&world.work());
    let said = done(&world, INSTALL);
    insta::assert_snapshot!(world.normalise(&said.stderr));
    assert_eq!(said.stdout, "");
    assert_eq!(found(&world), HOOKS.map(|name| (name.to_owned(), None)));
    let installed = tree(&world.work());
    let again = done(&world, INSTALL);
    assert_installed_already(&again);
    assert_eq!(tree(&world.work()), installed);
    commit(&world, &world.work());
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
    done(&world, UNINSTALL);
    assert!(found(&world).is_empty());
    assert!(
        !world.work().join(".git/hooks").exists(),
        "it was made for the hooks"
    );
    let again = done(&world, UNINSTALL);
    assert_eq!(again.stderr, "there is nothing to remove\n");
    let kept: Vec<_> = before
        .iter()
        .filter(|(name, _)| !name.starts_with(".git/logs"))
        .collect();
    let after = tree(&world.work());
    for (name, content) in kept {
        let changed = [".git/refs", ".git/COMMIT", ".git/index"]
            .iter()
            .any(|part| name.starts_with(part));
        assert!(changed || after.get(name) == Some(content), "{name}");
    }
}

#[test]
fn nothing_is_written_without_consent() {
    let world = World::new();
    let before = tree(&world.work());
    let said = sendoff(&world, &["install", "git"]);
    assert_eq!(said.code, Some(64));
    insta::assert_snapshot!(world.normalise(&said.stderr));
    let said = done(&world, &["install", "git", "--dry-run"]);
    let program = env!("CARGO_BIN_EXE_sendoff");
    insta::assert_snapshot!(world.normalise(&said.stdout).replace(program, "[SENDOFF]"));
    assert_eq!(tree(&world.work()), before);
    assert!(
        !world
            .sandbox
            .path("home/.local/state/sendoff/installs")
            .exists()
    );
    assert_eq!(
        sendoff(&world, &["uninstall", "git"]).stderr,
        "there is nothing to remove\n"
    );
    done(&world, INSTALL);
    let installed = tree(&world.work());
    let said = sendoff(&world, &["uninstall", "git", "--scope", "local"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr
            .ends_with("to do it: sendoff uninstall git --scope local --yes\n"),
        "{}",
        said.stderr
    );
    assert_eq!(tree(&world.work()), installed);
}

#[test]
fn a_hook_that_is_there_is_kept_runs_first_and_comes_back() {
    let world = World::new();
    let script = "#!/bin/sh\n. /dev/null\necho mine \"$@\" >>\"$GIT_INDEX_FILE.seen\"\ncat >>\"$GIT_INDEX_FILE.seen\"\nexit 7\n";
    let at = |name: &str| world.work().join(".git/hooks").join(name);
    world.sandbox.executable(at("post-commit"), script);
    world
        .sandbox
        .executable(at("scripts/merge"), "#!/bin/sh\nexit 0\n");
    symlink("scripts/merge", at("post-merge")).unwrap();
    // Git does not run it, and neither does the wrapper.
    world
        .sandbox
        .write("clone/.git/hooks/post-rewrite", "not a script");
    world.sandbox.executable(at("post-applypatch.sample"), "");
    fs::set_permissions(at("post-commit"), fs::Permissions::from_mode(0o750)).unwrap();
    let before = tree(&world.work());
    done(&world, INSTALL);
    let program = env!("CARGO_BIN_EXE_sendoff");
    let wrapper = fs::read_to_string(at("post-commit")).unwrap();
    insta::assert_snapshot!(wrapper.replace(program, "[SENDOFF]"));
    let installed = tree(&world.work());
    done(&world, INSTALL);
    assert_eq!(tree(&world.work()), installed);
    done(&world, UNINSTALL);
    assert_eq!(tree(&world.work()), before);

    done(&world, INSTALL);
    let said = commit(&world, &world.work());
    assert!(!said.contains("exec"), "{said}");
    let seen = fs::read_to_string(world.work().join(".git/index.seen")).unwrap();
    assert_eq!(seen, "mine\n");
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

#[test]
fn a_program_that_moved_is_named_anew() {
    let world = World::new();
    done(&world, INSTALL);
    let path = world.work().join(".git/hooks/post-commit");
    let current = fs::read_to_string(&path).unwrap();
    let old = current.replace(env!("CARGO_BIN_EXE_sendoff"), "/opt/an old place/sendoff");
    let old = old.replace("/opt/an old place/sendoff", "'/opt/an old place/sendoff'");
    world.sandbox.executable(&path, &old);
    done(&world, INSTALL);
    assert_eq!(fs::read_to_string(&path).unwrap(), current);
    world.sandbox.executable(&path, &old);
    done(&world, UNINSTALL);
    assert!(!path.exists());
}

#[test]
fn a_program_that_was_renamed_finds_its_own_hooks() {
    let world = World::new();
    let program = world.sandbox.path("ship-it");
    // By a program: a file that this process writes is busy while another test's child has yet to close it.
    let mut copy = world.sandbox.command("cp");
    succeed(copy.arg(env!("CARGO_BIN_EXE_sendoff")).arg(&program));
    world
        .sandbox
        .executable("clone/.git/hooks/post-commit", "#!/bin/sh\necho mine\n");
    let hooks = world.work().join(".git/hooks");
    let before = tree(&hooks);
    let run = |verb: &str| {
        let mut command = world.sandbox.command(&program);
        command
            .args([verb, "git", "--yes"])
            .current_dir(world.work());
        succeed(command.envs(world.variables()));
    };
    run("install");
    let installed = tree(&hooks);
    assert_ne!(installed, before);
    run("install");
    assert_eq!(tree(&hooks), installed);
    run("uninstall");
    assert_eq!(tree(&hooks), before);
}

#[test]
fn hooks_that_were_copied_from_the_guide_are_taken_over() {
    let world = World::new();
    let copied = include_str!("../../../../hooks/post-commit");
    let path = world.work().join(".git/hooks/post-commit");
    world.sandbox.executable(&path, copied);
    done(&world, INSTALL);
    assert_ne!(fs::read_to_string(&path).unwrap(), copied);
    assert!(!path.with_file_name("post-commit.sendoff-prev").exists());
    world.sandbox.executable(&path, copied);
    done(&world, UNINSTALL);
    assert!(!path.exists());
}

#[test]
fn a_call_in_somebodys_own_hook_is_found_and_left_alone() {
    let world = World::new();
    let path = world.work().join(".git/hooks/post-commit");
    let own = "#!/bin/sh\nnotify-send done\nsendoff hook git-post-commit </dev/null &\n";
    world.sandbox.executable(&path, own);
    let said = done(&world, INSTALL);
    assert!(
        said.stderr
            .contains("post-commit calls sendoff already, and stays as it is"),
        "{}",
        said.stderr
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), own);
    let said = done(&world, UNINSTALL);
    insta::assert_snapshot!(world.normalise(&said.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), own);
}

#[test]
fn what_other_programs_made_of_our_hooks_is_undone() {
    let world = World::new();
    let at = |name: &str| world.work().join(".git/hooks").join(name);
    let theirs = "#!/bin/sh\n# their hook\n";
    // As pre-commit and prek do; they run ours.
    done(&world, INSTALL);
    fs::rename(at("post-commit"), at("post-commit.legacy")).unwrap();
    world.sandbox.executable(at("post-commit"), theirs);
    let installed = tree(&world.work());
    done(&world, INSTALL);
    assert_eq!(tree(&world.work()), installed, "ours is called already");
    // As lefthook does, which does not run ours.
    fs::rename(at("post-merge"), at("post-merge.old")).unwrap();
    world.sandbox.executable(at("post-merge"), theirs);
    let faults: Vec<_> = found(&world)
        .into_iter()
        .filter(|(_, fault)| fault.is_some())
        .collect();
    assert_eq!(faults, [("post-merge.old".into(), Some(Fault::Displaced))]);
    done(&world, UNINSTALL);
    assert!(found(&world).is_empty());
    let left: Vec<String> = tree(&world.work().join(".git/hooks")).into_keys().collect();
    assert_eq!(left, ["post-commit", "post-merge"]);
    // Somebody replaced the wrapper: neither of the two is ours to judge.
    done(&world, INSTALL);
    world
        .sandbox
        .executable(at("post-commit"), "#!/bin/sh\n# another one\n");
    let said = done(&world, UNINSTALL);
    assert!(
        said.stderr
            .contains("another program replaced the hook that runs"),
        "{}",
        said.stderr
    );
    assert_eq!(
        fs::read_to_string(at("post-commit.sendoff-prev")).unwrap(),
        theirs
    );
    let said = sendoff(&world, INSTALL);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(world.normalise(&said.stderr));
}
