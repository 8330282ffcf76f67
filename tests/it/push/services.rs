//! `remote.<name>.receivepack` and `uploadpack`: the user's word as for git, and nobody's in the repository's own file.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use sendoff::git::push::{ServiceCommands, remote_head};
use sendoff::names::RemoteUrl;

use crate::sandbox::{Sandbox, succeed};
use crate::world::{World, step};

use super::rig::{ahead, options};
use super::sshd::Ssh;

const ALLOWING_PATHS: [&str; 5] = [
    "run",
    "post-commit",
    "--json",
    "--set",
    "remotes.allow-file=true",
];

/// A command line in the place of git's service, which writes down that it was called, and with what.
fn service(sandbox: &Sandbox, name: &str) -> String {
    let log = sandbox.path("called");
    let text = format!(
        "#!/bin/sh\necho \"$0 $*\" >> '{}'\nshift\nexec git-{name} \"$@\"\n",
        log.display()
    );
    let program = sandbox.executable(format!("my tools/{name}"), text);
    format!("'{}' --mine", program.display())
}

fn called(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("called")).unwrap_or_default()
}

/// Pushes with git to a branch of its own and with us, and says what arrived.
fn both(world: &World, ssh: Option<&Ssh>) {
    let mut variables = world.variables();
    if let Some(ssh) = ssh {
        variables.push(("GIT_SSH_COMMAND", ssh.command.clone()));
    }
    let report = world
        .run_in(&world.work(), &ALLOWING_PATHS, &variables)
        .report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let mut git = world.sandbox.command("git");
    git.current_dir(world.work())
        .envs(variables.iter().map(|(name, value)| (*name, value)));
    succeed(git.args(["push", "-q", "origin", "HEAD:by-git"]));
    assert_eq!(world.tip("feature/x"), world.tip("by-git"), "{report}");
}

#[test]
fn the_users_command_serves_a_push_over_ssh_and_to_a_path_as_it_does_for_git() {
    for over_ssh in [true, false] {
        let world = World::new();
        let ssh = over_ssh.then(|| Ssh::start(&world.sandbox));
        let place = ssh.as_ref().map_or("", |ssh| ssh.place.as_str());
        world.point_to(&format!("{place}{}", world.bare().display()));
        let command = service(&world.sandbox, "receive-pack");
        let key = "remote.origin.receivepack";
        world
            .sandbox
            .git(world.work(), &["config", "--global", key, &command]);
        both(&world, ssh.as_ref());
        let said = called(&world.sandbox);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert_eq!(lines[0], lines[1]);
        assert!(said.contains("--mine /"), "{said}");
    }
}

#[test]
fn a_command_of_the_environments_configuration_counts_and_that_of_the_repository_is_named() {
    let world = World::new();
    world.point_to(world.bare().to_str().unwrap());
    let evil = format!("touch '{}'; false", world.sandbox.path("evil").display());
    let key = "remote.origin.receivepack";
    world.sandbox.git(world.work(), &["config", key, &evil]);
    let command = service(&world.sandbox, "receive-pack");
    let variables = [
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", key.to_owned()),
        ("GIT_CONFIG_VALUE_0", command),
    ];
    for (variables, calls) in [(&variables[..], 1), (&[], 1)] {
        world.commit("b.txt", &format!("{calls} {}", variables.len()), "Add more");
        let report = world
            .run_in(&world.work(), &ALLOWING_PATHS, variables)
            .report();
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        assert!(report.to_string().contains(key), "{report}");
        assert_eq!(called(&world.sandbox).lines().count(), calls);
    }
    assert!(!world.sandbox.path("evil").exists());
}

#[test]
fn the_question_for_the_head_goes_to_the_users_command() {
    let sandbox = Sandbox::new();
    let (_, remote) = ahead(&sandbox, "r");
    let mut options = options(&sandbox);
    options.services = ServiceCommands {
        upload_pack: Some(service(&sandbox, "upload-pack")),
        ..ServiceCommands::default()
    };
    let url = RemoteUrl::parse(remote.to_str().unwrap()).unwrap();
    let head = remote_head(&url, Path::new("/"), &options, &AtomicBool::new(false));
    assert_eq!(head.unwrap().unwrap().as_str(), "main");
    let said = called(&sandbox);
    assert!(
        said.ends_with(&format!(" {}\n", remote.display())),
        "{said}"
    );
}

#[test]
fn a_namespace_of_the_environment_is_that_of_a_remote_that_is_a_path() {
    let world = World::new();
    world.point_to(world.bare().to_str().unwrap());
    let variables = [("GIT_NAMESPACE", "mine".to_owned())];
    let report = world
        .run_in(&world.work(), &ALLOWING_PATHS, &variables)
        .report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let mut git = world.sandbox.command("git");
    git.current_dir(world.work()).envs(variables.clone());
    succeed(git.args(["push", "-q", "origin", "HEAD:by-git"]));
    let refs = ["for-each-ref", "--format=%(refname)", "refs/namespaces"];
    let refs = world.sandbox.git(world.bare(), &refs);
    let inside = "refs/namespaces/mine/refs/heads/";
    assert_eq!(refs, format!("{inside}by-git\n{inside}feature/x"));
}
