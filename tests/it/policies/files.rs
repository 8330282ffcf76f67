//! Policy files on disk: who may own them, how large and what they may be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use sendoff::policy::{LayerKind, Layers, Loaded, Places, RepositoryFile};
use sendoff_testing::{left_out, supervised};

use crate::sandbox::Sandbox;

use super::{KINDS, rendered};

fn load_user(path: &Path) -> Loaded {
    let places = Places {
        user: Some(path.to_owned()),
        ..Places::default()
    };
    Layers::load(&places, KINDS).unwrap()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns what is said about a layer that was dropped.
fn problem(loaded: &Loaded) -> String {
    assert_eq!(loaded.problems.len(), 1);
    rendered(&loaded.problems[0].error)
}

fn commits(loaded: &Loaded) -> usize {
    loaded.policy.branch_limits().commits.get()
}

#[test]
fn the_layers_win_in_their_order() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    let limits = |commits: u32| format!("[limits]\ncommits = {commits}\n");
    let mut places = Places {
        system: Some(sandbox.write("etc/policy.toml", limits(900))),
        ..Places::default()
    };
    let commits_of = |places: &Places| commits(&Layers::load(places, KINDS).unwrap());
    assert_eq!(commits_of(&places), 900);
    places.user = Some(sandbox.write("user/policy.toml", limits(800)));
    assert_eq!(commits_of(&places), 800);
    sandbox.write("repo/.sendoff.toml", limits(700));
    places.repository = RepositoryFile::read(&sandbox.path("repo")).unwrap();
    assert_eq!(commits_of(&places), 700);
    places.policy_file = Some(sandbox.write("given.toml", limits(950)));
    assert_eq!(commits_of(&places), 950);
    places.set = vec!["limits.commits=960".into()];
    assert_eq!(commits_of(&places), 960);
}

#[test]
fn the_repository_can_come_later_than_the_others() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(
        "repo/.sendoff.toml",
        "[limits]\ncommits = 7\nhttp-timeout = \"1s\"\n",
    );
    let places = Places {
        set: vec!["limits.commits=9".into()],
        ..Places::default()
    };
    let loaded = Layers::load(&places, KINDS).unwrap();
    let file = RepositoryFile::read(&sandbox.path("repo"))
        .unwrap()
        .unwrap();
    let loaded = loaded.with_repository(&file, KINDS).unwrap();
    assert!(loaded.problems.is_empty());
    assert_eq!(commits(&loaded), 9);
    assert_eq!(
        loaded.policy.origin_of("limits.http-timeout"),
        Some(LayerKind::Repository)
    );
}

#[test]
fn a_file_that_does_not_exist_is_no_layer() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    let loaded = load_user(&sandbox.path("nowhere/policy.toml"));
    assert!(loaded.problems.is_empty() && !loaded.fail_closed);
    assert!(RepositoryFile::read(&sandbox.home()).unwrap().is_none());
}

#[test]
fn a_file_that_others_can_write_fails_closed_with_the_chmod_to_run() {
    if supervised() {
        return;
    }
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
    if supervised() {
        return;
    }
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
    if supervised() {
        return;
    }
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
    if supervised() {
        return;
    }
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
    if supervised() {
        return;
    }
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

#[test]
fn a_directory_or_a_pipe_is_no_policy() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("user/policy.toml")).unwrap();
    assert!(load_user(&sandbox.path("user/policy.toml")).fail_closed);
    std::fs::create_dir_all(sandbox.path("repo")).unwrap();
    sandbox.pipe("repo/.sendoff.toml");
    let error = RepositoryFile::read(&sandbox.path("repo")).unwrap_err();
    assert!(
        error.one_line().ends_with("it is not a regular file"),
        "{}",
        error.one_line()
    );
}

#[test]
fn a_link_in_the_repository_is_not_followed() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("repo/other.toml", "[branches]\nprotected = [\"CANARY\"]\n");
    std::os::unix::fs::symlink("other.toml", sandbox.path("repo/.sendoff.toml")).unwrap();
    let error = RepositoryFile::read(&sandbox.path("repo")).unwrap_err();
    let shown = rendered(&error);
    assert!(
        shown.contains("symbolic link") && !shown.contains("CANARY"),
        "{shown}"
    );
}

#[test]
fn a_file_that_is_too_large_is_not_parsed() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.write("repo/.sendoff.toml", "");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(200 * 1024 * 1024).unwrap();
    let before = std::time::Instant::now();
    let file = RepositoryFile::read(&sandbox.path("repo"))
        .unwrap()
        .unwrap();
    assert_eq!(file.bytes.len(), 64 * 1024 + 1);
    let places = Places {
        repository: Some(file),
        user: Some(path),
        ..Places::default()
    };
    let loaded = Layers::load(&places, KINDS).unwrap();
    assert!(before.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(loaded.problems.len(), 2);
    let shown = loaded
        .problems
        .iter()
        .map(|problem| problem.error.one_line());
    assert!(
        shown
            .clone()
            .any(|line| line.ends_with("larger than 64 KiB"))
    );
    assert!(
        shown
            .clone()
            .any(|line| line.ends_with("larger than 1024 KiB"))
    );
}

#[test]
fn what_is_not_utf_8_is_refused_whole() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    let utf_16: Vec<u8> = "\u{feff}[limits]\ncommits = 5\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let nul = b"[limits]\ncommits = 5\n# \0\n".to_vec();
    let invalid = b"[limits]\ncommits = 5\n# \xff\n".to_vec();
    for bytes in [utf_16, nul, invalid] {
        let loaded = load_user(&sandbox.write("user/policy.toml", bytes));
        assert!(loaded.fail_closed);
        assert_eq!(commits(&loaded), 1000);
        assert!(problem(&loaded).contains("not UTF-8"));
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    let text = "\u{feff}[limits]\r\ncommits = 5\r\n[limit]\r\n";
    let loaded = load_user(&sandbox.write("user/policy.toml", text));
    let line = loaded.problems[0].error.one_line();
    assert!(
        line.ends_with("policy.toml:3:2: the policy has no key `limit`"),
        "{line}"
    );
    let loaded = load_user(&sandbox.write("user/policy.toml", &text[..text.len() - 9]));
    assert_eq!(commits(&loaded), 5);
}

#[test]
fn many_keys_and_a_long_key_are_refused_quickly() {
    if supervised() {
        return;
    }
    let many = (0..60_000).fold(String::new(), |text, key| text + &format!("k{key}=1\n"));
    let long = format!("{} = 1\n", "k".repeat(900_000));
    for text in [many, long] {
        let before = std::time::Instant::now();
        let error = super::error(LayerKind::User, &text);
        assert!(error.one_line().len() < 2000);
        // A search that compares each key with each other takes many minutes.
        assert!(before.elapsed() < std::time::Duration::from_mins(1));
    }
}

#[test]
fn a_bad_file_on_the_command_line_stops_everything() {
    if supervised() {
        return;
    }
    let sandbox = Sandbox::new();
    for (name, content) in [("bad.toml", Some("[limits")), ("missing.toml", None)] {
        let path = content.map_or_else(|| sandbox.path(name), |text| sandbox.write(name, text));
        let places = Places {
            policy_file: Some(path),
            ..Places::default()
        };
        let error = Layers::load(&places, KINDS).unwrap_err();
        assert!(error.one_line().contains(name), "{}", error.one_line());
    }
}

/// Guards that a mounted `ConfigMap` or a read-only bind works, whoever owns the files and whatever their mode.
#[test]
fn on_a_read_only_mount_owner_and_mode_say_nothing() {
    if supervised() {
        return;
    }
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
