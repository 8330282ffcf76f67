//! What the `pre-push` hook sees in a run by hand on a terminal: what it sees under `git push`.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;

use crate::sandbox::Sandbox;
use crate::world::World;

use super::prompted::Terminal;

/// Writes down where its streams lead, its terminal, process group, directory, arguments, input and environment.
const RECORD: &str = r#"#!/bin/sh
exec 3>&1 4>"$HOME/seen"
for stream in 0 2 3; do [ -t $stream ]; echo "stream $stream: $?"; done >&4
( : < /dev/tty ) 2>/dev/null; echo "terminal: $?" >&4
ps -o pgid=,tpgid= -p $$ | { read -r own foreground; [ "$own" = "$foreground" ]; echo "foreground: $?"; } >&4
printf 'argument: %s\n' "$0" "$@" >&4
{ pwd; umask; echo input; cat; echo end; env | sort; } >&4
echo "a question" >&2; echo "a word"
"#;

/// Runs a program in a session of its own at a directory, on a terminal; returns what the hook saw and what the terminal
/// showed.
fn seen(
    world: &World,
    program: &Command,
    arguments: &[&str],
    directory: &Path,
) -> (String, String) {
    let mut command = Terminal::session(program, arguments);
    command
        .envs(world.sandbox.variables())
        .envs(world.variables())
        .envs([("HUSKY", "0"), ("PATH_OF_MINE", "a b"), ("GIT_TRACE", "0")])
        .current_dir(directory);
    let (shown, code) = Terminal::new().talk_to_end(command, &[]);
    assert_eq!(code, Some(0), "{shown}");
    let seen = world.sandbox.path("home/seen");
    let text = std::fs::read_to_string(&seen).unwrap();
    std::fs::remove_file(seen).unwrap();
    (without_what_must_differ(&text), shown)
}

/// Takes out our mark, which ends our own hooks, and our token, which no other program gets.
fn without_what_must_differ(seen: &str) -> String {
    let ours = ["SENDOFF_ACTIVE=", "SENDOFF_TOKEN=", "_="];
    let lines = seen.lines();
    lines
        .filter(|line| !ours.iter().any(|name| line.starts_with(name)))
        .fold(String::new(), |text, line| text + line + "\n")
}

fn forget(sandbox: &Sandbox, world: &World) {
    let full = "refs/heads/feature/x";
    sandbox.git(world.bare(), &["update-ref", "-d", full]);
    let tracked = ["update-ref", "-d", "refs/remotes/origin/feature/x"];
    sandbox.git(world.work(), &tracked);
}

#[test]
fn the_hook_sees_what_it_sees_under_git_on_a_terminal() {
    let world = World::new();
    let sandbox = &world.sandbox;
    world.point_to(world.bare().to_str().unwrap());
    world.user_policy("[remotes]\nallow-file = true\n");
    sandbox.executable("clone/.git/hooks/pre-push", RECORD);
    let below = world.work().join("sub/dir");
    std::fs::create_dir_all(&below).unwrap();
    let push = ["push", "-q", "origin", "feature/x"];
    let ours = Command::cargo_bin("sendoff").unwrap();
    for directory in [world.work(), below] {
        let (by_git, git_showed) = seen(&world, &Command::new("git"), &push, &directory);
        forget(sandbox, &world);
        let (by_us, we_showed) = seen(&world, &ours, &["run", "post-commit"], &directory);
        forget(sandbox, &world);
        assert_eq!(by_us, by_git);
        assert!(by_us.contains("stream 2: 0\nstream 3: 0\n"), "{by_us}");
        assert!(by_us.contains("foreground: 0\n"), "{by_us}");
        assert!(by_us.contains("\nGIT_EXEC_PATH="), "{by_us}");
        let prefix = if directory == world.work() {
            "\nGIT_PREFIX=\n"
        } else {
            "\nGIT_PREFIX=sub/dir/\n"
        };
        assert!(by_us.contains(prefix), "{by_us}");
        for shown in [git_showed, we_showed] {
            assert!(shown.contains("a question\na word\n"), "{shown}");
        }
    }
}

/// Guards against arguments that a hook compares, and does not find: git hands it what stands in the configuration.
#[test]
fn the_hook_gets_the_remote_as_the_configuration_has_it() {
    let world = World::new();
    let sandbox = &world.sandbox;
    world.user_policy("[remotes]\nallow-file = true\n");
    sandbox.executable("clone/.git/hooks/pre-push", RECORD);
    let parent = world.work().parent().unwrap().display().to_string();
    let bare = "served/acme/rocket.git";
    assert_eq!(
        world.bare().display().to_string(),
        format!("{parent}/{bare}")
    );
    let base = format!("url.{parent}/.insteadOf");
    for (key, value) in [(base.as_str(), "parent:"), ("url.../.insteadOf", "above:")] {
        sandbox.git(world.work(), &["config", "--global", key, value]);
    }
    let ours = Command::cargo_bin("sendoff").unwrap();
    let work = world.work();
    for (url, argument) in [
        (format!("../{bare}"), format!("../{bare}")),
        (
            format!("file://{parent}/{bare}"),
            format!("file://{parent}/{bare}"),
        ),
        (format!("parent:{bare}"), format!("{parent}/{bare}")),
        (format!("above:{bare}"), format!("../{bare}")),
    ] {
        world.point_to(&url);
        let push = ["push", "-q", "origin", "feature/x"];
        let (by_git, _) = seen(&world, &Command::new("git"), &push, &work);
        forget(sandbox, &world);
        let (by_us, _) = seen(&world, &ours, &["run", "post-commit"], &work);
        forget(sandbox, &world);
        assert_eq!(by_us, by_git);
        let arguments =
            format!("argument: .git/hooks/pre-push\nargument: origin\nargument: {argument}\n");
        assert!(by_us.contains(&arguments), "{by_us}");
    }
    // An address in the place of a name is both.
    sandbox.git(
        &work,
        &[
            "config",
            "branch.feature/x.pushRemote",
            &format!("../{bare}"),
        ],
    );
    let push = ["-c", "push.default=current", "push", "-q"];
    let (by_git, _) = seen(&world, &Command::new("git"), &push, &work);
    forget(sandbox, &world);
    let (by_us, _) = seen(&world, &ours, &["run", "post-commit"], &work);
    assert_eq!(
        without_command_line_keys(&by_us),
        without_command_line_keys(&by_git)
    );
    let arguments = format!("argument: ../{bare}\nargument: ../{bare}\n");
    assert!(by_us.contains(&arguments), "{by_us}");
}

/// Takes out what `git -c` hands to its children.
fn without_command_line_keys(seen: &str) -> String {
    let lines = seen.lines();
    lines
        .filter(|line| !line.starts_with("GIT_CONFIG_PARAMETERS="))
        .fold(String::new(), |text, line| text + line + "\n")
}
