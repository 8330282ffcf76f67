//! Configuration that the user may not read, beside `git push`: so it is after `su`, where `HOME` stays that of another user.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sendoff_testing::{is_root, left_out, tool};

use crate::sandbox::Sandbox;
use crate::world::World;

/// Makes a command one without the rights of root; nothing where that cannot be done here.
fn without_rights(usual: &Command) -> Option<Command> {
    let mut command = if is_root() {
        let Some(setpriv) = tool("setpriv") else {
            left_out("setpriv", "root reads every file");
            return None;
        };
        let mut command = Command::new(setpriv);
        command.args(["--bounding-set=-all", "--inh-caps=-all"]);
        command.arg(usual.get_program());
        command
    } else {
        Command::new(usual.get_program())
    };
    let variables = usual.get_envs();
    let variables = variables.filter_map(|(name, value)| Some((name, value?)));
    command.env_clear().envs(variables).args(usual.get_args());
    command.current_dir(usual.get_current_dir()?);
    Some(command)
}

/// Pushes with git to a branch of its own; says whether it arrived.
fn git_pushes(sandbox: &Sandbox, world: &World) -> bool {
    let mut git = sandbox.command("git");
    let url = format!("{}/acme/rocket.git", world.url_with_login());
    let push = ["push", "-q", &url, "HEAD:refs/heads/by-git"];
    let git = git.current_dir(world.work()).args(push);
    let pushed = without_rights(git).unwrap().output().unwrap();
    pushed.status.success()
}

fn shut(path: &Path) {
    set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

#[test]
fn a_file_of_the_users_that_may_not_be_read_is_passed_over_and_one_that_it_includes_is_not() {
    let world = World::new();
    let sandbox = &world.sandbox;
    let ours = |world: &World| {
        let said = without_rights(&world.command(&["step", "push"]));
        let output = said?.output().unwrap();
        Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let included = sandbox.write("home/included", "[core]\n");
    let config = sandbox.write("home/.gitconfig", "[include]\n\tpath = included\n");
    shut(&included);
    let Some(said) = ours(&world) else { return };
    let sentence = format!("`{}`: Permission denied", included.display());
    assert!(said.contains(&sentence), "{said}");
    assert!(!git_pushes(sandbox, &world));
    shut(&config);
    let said = ours(&world).unwrap();
    assert_eq!(
        world.tip("feature/x"),
        sandbox.head(&world.work()),
        "{said}"
    );
    assert!(git_pushes(sandbox, &world));
}
