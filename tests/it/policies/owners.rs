//! Policy files on disk: who owns them and can write to them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::{left_out, supervise};

use crate::sandbox::Sandbox;

use super::files::{commits, load_user, problem};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_that_others_can_write_fails_closed_with_the_chmod_to_run() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.write("user/policy.toml", "[limits]\ncommits = 5\n");
    chmod(&path, 0o644);
    assert_eq!(commits(&load_user(&path)), 5);
    chmod(&path, 0o646);
    let loaded = load_user(&path);
    assert!(loaded.fail_closed);
    assert_eq!(commits(&loaded), 1000);
    let shown = problem(&loaded).replace('\n', " ");
    assert!(shown.contains("run: chmod o-w '"), "{shown}");
}

#[test]
fn a_directory_that_others_can_write_fails_closed() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.write("user/policy.toml", "[limits]\ncommits = 5\n");
    chmod(&sandbox.path("user"), 0o777);
    assert!(load_user(&path).fail_closed);
    // With the sticky bit nobody else can replace the file.
    chmod(&sandbox.path("user"), 0o1777);
    assert_eq!(commits(&load_user(&path)), 5);
}

#[test]
fn a_link_is_followed_and_its_target_checked() {
    supervise!();
    let sandbox = Sandbox::new();
    let target = sandbox.write("dotfiles/sendoff.toml", "[limits]\ncommits = 5\n");
    sandbox.write("user/other", "");
    let link = sandbox.path("user/policy.toml");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(commits(&load_user(&link)), 5);
    chmod(&target, 0o666);
    assert!(load_user(&link).fail_closed);
    chmod(&target, 0o644);
    chmod(&sandbox.path("dotfiles"), 0o777);
    assert!(load_user(&link).fail_closed);
    std::fs::remove_file(&target).unwrap();
    let loaded = load_user(&link);
    assert!(loaded.fail_closed, "a link that leads nowhere");
    assert!(problem(&loaded).contains("leads nowhere"));
}

#[test]
fn a_file_of_somebody_else_fails_closed() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.write("user/policy.toml", "[limits]\ncommits = 5\n");
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    let loaded = load_user(&path);
    assert!(loaded.fail_closed);
    let shown = problem(&loaded).replace('\n', " ");
    assert!(shown.contains("run: chown"), "{shown}");
}

#[test]
fn a_group_that_is_not_the_owners_own_may_not_write() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.write("user/policy.toml", "[limits]\ncommits = 5\n");
    if std::os::unix::fs::chown(&path, None, Some(12_345)).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    chmod(&path, 0o664);
    assert!(load_user(&path).fail_closed);
    chmod(&path, 0o644);
    assert_eq!(commits(&load_user(&path)), 5);
}

/// Guards that a mounted `ConfigMap` or a read-only bind works, whoever owns the files and whatever their mode.
#[test]
fn on_a_read_only_mount_owner_and_mode_say_nothing() {
    supervise!();
    let sandbox = Sandbox::new();
    let policy = sandbox.write(
        "home/.config/sendoff/policy.toml",
        "[limits]\ncommits = 7\n",
    );
    let directory = policy.parent().unwrap();
    if std::os::unix::fs::chown(&policy, Some(12_345), Some(12_345)).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    chmod(&policy, 0o666);
    let check = |before: &str| {
        let program = Command::cargo_bin("sendoff").unwrap();
        let script = format!("{before} exec \"$0\" policy show");
        let mut command = sandbox.command("unshare");
        command.args(["--mount", "sh", "-ec", &script]);
        let said = command.arg(program.get_program()).arg(directory).output();
        let said = said.unwrap();
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
    };
    let mounted = "mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\";";
    let said = check(mounted);
    if said.contains("unshare failed") || said.contains("permission denied") {
        left_out("mount", "a directory cannot be mounted here");
        return;
    }
    assert!(said.contains("limits.commits = 7 "), "{said}");
    let said = check("mount --bind \"$1\" \"$1\";");
    assert!(said.contains("belongs to neither you nor root"), "{said}");
}
