//! `install` without a target, `uninstall --all`, and the completions of shells.

use std::fs;

use pretty_assertions::assert_eq;

use crate::world::World;

use super::{beside_newer_git, done, sendoff, tree};

#[test]
fn what_is_found_here_is_shown_and_installed_on_consent() {
    let world = World::new();
    let home = world.sandbox.path("home");
    for directory in [".claude", ".codex", ".pi/agent"] {
        fs::create_dir_all(home.join(directory)).unwrap();
    }
    // One that is refused does not stop the others.
    world
        .sandbox
        .write("home/.gemini/settings.json", "{ broken");
    let before = tree(&home);
    let said = sendoff(&world, &["install"]);
    assert_eq!(said.code, Some(64));
    insta::assert_snapshot!("shown", world.normalise(&said.stderr));
    assert_eq!(tree(&home), before);
    let said = done(&world, &["install", "--yes"]);
    insta::assert_snapshot!("installed", world.normalise(&said.stderr));
    let installed = tree(&home);
    let said = done(&world, &["install", "--yes"]);
    assert!(
        said.stderr.contains("everything is installed already\n"),
        "{}",
        said.stderr
    );
    assert_eq!(tree(&home), installed);
    let said = sendoff(&world, &["uninstall", "--all"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr
            .ends_with("nothing is done; to do it: sendoff uninstall --all --yes\n"),
        "{}",
        said.stderr
    );
    done(&world, &["uninstall", "--all", "--yes"]);
    let mut after = tree(&home);
    after.retain(|name, _| !name.starts_with(".local"));
    assert_eq!(after, before);
    assert!(!world.work().join(".git/hooks").exists());
}

#[test]
fn nowhere_there_is_nothing_to_install() {
    let world = World::new();
    let outside = world.sandbox.path("home");
    let said = world.run_in(&outside, &["install", "--yes"], &world.variables());
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.stderr, @"there is no work tree of git and no directory of an agent here; `sendoff install --help` lists what can be named");
    let said = world.run_in(
        &outside,
        &["uninstall", "--all", "--yes"],
        &world.variables(),
    );
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(0), "there is nothing to remove\n")
    );
}

#[test]
fn all_means_the_users_configuration_of_git_too() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = fs::read(&config).unwrap();
    let said = beside_newer_git(&world, &["install", "git", "--scope", "user", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_ne!(fs::read(&config).unwrap(), before);
    done(&world, &["uninstall", "--all", "--yes"]);
    assert_eq!(fs::read(&config).unwrap(), before);
}

#[test]
fn completions_go_where_shells_look() {
    let world = World::new();
    let home = world.sandbox.path("home");
    let mut variables = world.variables();
    // These shells are on the search path.
    for shell in ["bash", "fish", "zsh"] {
        world
            .sandbox
            .executable(format!("shells/{shell}"), "#!/bin/sh\n");
    }
    variables.push((
        "PATH",
        world.sandbox.path("shells").to_str().unwrap().to_owned(),
    ));
    let run = |arguments: &[&str]| world.run_in(&world.work(), arguments, &variables);
    let before = tree(&home);
    let said = run(&["install", "completions", "--yes"]);
    insta::assert_snapshot!("completions", world.normalise(&said.stderr));
    for (shell, file) in [
        ("bash", ".local/share/bash-completion/completions/sendoff"),
        ("fish", ".config/fish/completions/sendoff.fish"),
        ("zsh", ".local/share/zsh/site-functions/_sendoff"),
    ] {
        let written = fs::read_to_string(home.join(file)).unwrap();
        assert_eq!(written, run(&["completions", shell]).stdout, "{shell}");
        // It is of no use to people.
        assert!(
            !written.contains("Do the work that a hook handed over"),
            "{shell}"
        );
        assert!(!written.contains("subcmd__worker"), "{shell}");
        assert!(
            written.contains("uninstall") && written.contains("color"),
            "{shell}"
        );
    }
    assert_eq!(
        run(&["install", "completions", "--yes"]).stderr,
        "everything is installed already\n"
    );
    assert_eq!(run(&["uninstall", "completions", "--yes"]).code, Some(0));
    let mut after = tree(&home);
    after.retain(|name, _| !name.starts_with(".local"));
    assert_eq!(after, before);
    assert!(!home.join(".local/share").exists());
    world
        .sandbox
        .write("home/.config/fish/completions/sendoff.fish", "# mine\n");
    let said = run(&["install", "completions", "--yes"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!("foreign_completions", world.normalise(&said.stderr));
}
