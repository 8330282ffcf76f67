//! git's hooks in its configuration, as a newer git takes them.

use std::fs;

use pretty_assertions::assert_eq;
use sendoff::install::{Fault, InstallContext, Scope, Target, find};

use crate::sandbox::environment;
use crate::world::World;

use super::super::{beside_newer_git, done, sendoff, tree};
use super::{HOOKS, INSTALL, UNINSTALL, assert_installed_already, found};

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
