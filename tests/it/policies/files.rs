//! Policy files on disk: their order, types, sizes and encodings.

use std::path::Path;

use sendoff::policy::{LayerKind, Layers, Loaded, Places, RepositoryFile};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::{KINDS, rendered};

pub(super) fn load_user(path: &Path) -> Loaded {
    let places = Places {
        user: Some(path.to_owned()),
        ..Places::default()
    };
    Layers::load(&places, KINDS).unwrap()
}

/// Returns what is said about a layer that was dropped.
pub(super) fn problem(loaded: &Loaded) -> String {
    assert_eq!(loaded.problems.len(), 1);
    rendered(&loaded.problems[0].error)
}

pub(super) fn commits(loaded: &Loaded) -> usize {
    loaded.policy.branch_limits().commits.get()
}

#[test]
fn the_layers_win_in_their_order() {
    supervise!();
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
    supervise!();
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
    supervise!();
    let sandbox = Sandbox::new();
    let loaded = load_user(&sandbox.path("nowhere/policy.toml"));
    assert!(loaded.problems.is_empty() && !loaded.fail_closed);
    assert!(RepositoryFile::read(&sandbox.home()).unwrap().is_none());
}

#[test]
fn a_directory_or_a_pipe_is_no_policy() {
    supervise!();
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
    supervise!();
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
    supervise!();
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
    assert!(before.elapsed() < std::time::Duration::from_secs(30));
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
    supervise!();
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
    supervise!();
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
    supervise!();
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
    supervise!();
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
