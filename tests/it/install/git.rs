//! git's hooks, as files and in its configuration.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pretty_assertions::assert_eq;
use sendoff::install::{Fault, InstallContext, Scope, Target, find};

use crate::program::Said;
use crate::sandbox::environment;
use crate::world::World;

use super::{beside_newer_git, commit, done, sendoff, tree};

const INSTALL: &[&str] = &["install", "git", "--yes"];
const UNINSTALL: &[&str] = &["uninstall", "git", "--yes"];
const HOOKS: [&str; 4] = [
    "post-commit",
    "post-rewrite",
    "post-merge",
    "post-applypatch",
];

/// Looks for entries as `doctor` does.
fn found(world: &World) -> Vec<(String, Option<Fault>)> {
    let environment = environment(&world.sandbox, &world.work());
    let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
    let entries = find(Target::Git, &context).unwrap().into_iter();
    entries
        .map(|entry| {
            let name = entry.path.file_name().unwrap().to_str().unwrap();
            (
                format!("{name} {}", entry.place).trim().to_owned(),
                entry.fault,
            )
        })
        .collect()
}

fn assert_installed_already(said: &Said) {
    let is_told = said.stderr.starts_with("everything is installed already\n");
    assert!(is_told, "{}", said.stderr);
}

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
    fs::copy(env!("CARGO_BIN_EXE_sendoff"), &program).unwrap();
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
        sendoff_testing::succeed(command.envs(world.variables()));
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
    let copied = include_str!("../../../hooks/post-commit");
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
fn a_newer_git_gets_its_hooks_in_the_configuration() {
    let world = World::new();
    let config = world.work().join(".git/config");
    let before = fs::read_to_string(&config).unwrap();
    // What an older git had is not called twice.
    done(&world, INSTALL);
    let said = beside_newer_git(&world, INSTALL);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let after = fs::read_to_string(&config).unwrap();
    let added = after.strip_prefix(&before).unwrap();
    insta::assert_snapshot!(
        added
            .replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]")
            .replace('\t', "    ")
    );
    let names = HOOKS.map(|name| match name {
        "post-commit" => "config hook.sendoff".to_owned(),
        other => format!("config hook.sendoff-{other}"),
    });
    assert_eq!(found(&world), names.map(|name| (name, None)));
    let get = |key: &str| {
        world
            .sandbox
            .git(world.work(), &["config", "--get-all", key])
    };
    assert_eq!(get("hook.sendoff.event"), "post-commit");
    let again = beside_newer_git(&world, INSTALL);
    assert_installed_already(&again);
    assert_eq!(fs::read_to_string(&config).unwrap(), after);
    // Byte for byte where the file is as we left it, else without our sections.
    done(&world, UNINSTALL);
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
    beside_newer_git(&world, INSTALL);
    world
        .sandbox
        .git(world.work(), &["config", "user.name", "Somebody Else"]);
    done(&world, UNINSTALL);
    let after = fs::read_to_string(&config).unwrap();
    assert_eq!(after, format!("{before}[user]\n\tname = Somebody Else\n"));
}

#[test]
fn a_file_without_a_last_line_end_comes_back_as_it_was() {
    let world = World::new();
    let config = world.work().join(".git/config");
    let mut before = fs::read(&config).unwrap();
    before.extend(b"[user]\n\tname = No End");
    fs::write(&config, &before).unwrap();
    beside_newer_git(&world, INSTALL);
    assert_eq!(
        world.sandbox.git(world.work(), &["config", "user.name"]),
        "No End"
    );
    done(&world, UNINSTALL);
    assert_eq!(fs::read(&config).unwrap(), before);
}

#[test]
fn a_section_that_is_half_there_is_found_and_made_whole() {
    let world = World::new();
    let set = |key: &str, value: &str| {
        world
            .sandbox
            .git(world.work(), &["config", "--local", key, value]);
    };
    set("hook.sendoff.event", "post-commit");
    assert_eq!(
        found(&world),
        [("config hook.sendoff".into(), Some(Fault::NoCommand))]
    );
    let said = beside_newer_git(&world, INSTALL);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(found(&world).iter().all(|(_, fault)| fault.is_none()));
    assert_eq!(found(&world).len(), 4);
    // What was there before was broken: a removal does not go back to it.
    done(&world, UNINSTALL);
    assert!(found(&world).is_empty());
    beside_newer_git(&world, INSTALL);
    set("hook.sendoff.enabled", "false");
    assert_eq!(found(&world)[0].1, Some(Fault::Disabled));
    world
        .sandbox
        .git(world.work(), &["config", "--unset", "hook.sendoff.event"]);
    assert_eq!(found(&world)[0].1, Some(Fault::NoEvent));
    done(&world, UNINSTALL);
    assert!(found(&world).is_empty());
}

#[test]
fn the_users_own_configuration_serves_all_repositories() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = fs::read(&config).unwrap();
    let said = sendoff(&world, &["install", "git", "--scope", "user", "--yes"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("user_scope_of_an_older_git", said.stderr);
    let said = sendoff(&world, &["install", "git", "--scope", "project", "--yes"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("project_scope", said.stderr);
    let said = beside_newer_git(&world, &["install", "git", "--scope", "user", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let environment = environment(&world.sandbox, &world.work());
    let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
    assert!(
        find(Target::Git, &context)
            .unwrap()
            .iter()
            .all(|entry| entry.scope == Scope::User)
    );
    let said = done(&world, UNINSTALL);
    insta::assert_snapshot!("the_users_stays", said.stderr);
    done(&world, &["uninstall", "git", "--scope", "user", "--yes"]);
    assert_eq!(fs::read(&config).unwrap(), before);
}

#[test]
fn a_locked_or_broken_configuration_is_left_alone() {
    let world = World::new();
    let config = world.work().join(".git/config");
    let before = fs::read(&config).unwrap();
    world.sandbox.write("clone/.git/config.lock", "somebody's");
    let said = beside_newer_git(&world, INSTALL);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("locked", world.normalise(&said.stderr));
    assert_eq!(fs::read(&config).unwrap(), before);
    // The advice, followed.
    fs::remove_file(world.work().join(".git/config.lock")).unwrap();
    assert_eq!(beside_newer_git(&world, INSTALL).code, Some(0));
    done(&world, UNINSTALL);
    let one_line = [before.as_slice(), b"[hook \"sendoff\"] command = x\n"].concat();
    fs::write(&config, &one_line).unwrap();
    for arguments in [INSTALL, UNINSTALL] {
        let said = beside_newer_git(&world, arguments);
        assert_eq!(said.code, Some(1));
        let text = world
            .normalise(&said.stderr)
            .replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]");
        insta::assert_snapshot!(
            format!("one_line_{}", arguments[0]),
            text.replace('\t', "    ")
        );
    }
    assert_eq!(fs::read(&config).unwrap(), one_line);
    assert_eq!(
        tree(&world.work())
            .keys()
            .filter(|name| name.contains(".sendoff-install"))
            .count(),
        0
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
