//! Repositories on this machine.

use std::sync::atomic::AtomicBool;

use sendoff::git::push::{AllowFile, remote_head};
use sendoff::names::{BranchName, RemoteUrl};
use sendoff::policy::RemoteFacts;
use sendoff_push::Action;

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, push_with, script};

#[test]
fn a_directory_is_pushed_to_only_when_that_is_allowed() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let mut options = options(&sandbox);
    options.allow_file = AllowFile::No;
    let url = remote.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options).unwrap_err();
    assert_eq!(error.class(), "file-remote");
}

#[test]
fn a_relative_path_starts_from_the_work_tree() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let pushed = push_head(&sandbox, &work, "../remotes/r.git", &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::Updated);
}

#[test]
fn what_hooks_say_is_returned_line_by_line() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    script(
        &sandbox,
        "remotes/r.git/hooks/post-receive",
        "printf 'Create a pull request:\\n  https://forge.test/\\033[31mnew\\n' >&2",
    );
    let url = format!("file://{}", remote.display());
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(
        pushed.messages,
        ["Create a pull request:", "https://forge.test/new"]
    );
}

#[test]
fn the_branch_that_the_remotes_head_names_is_not_pushed() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let before = sandbox.git(&remote, &["rev-parse", "feature"]);
    let facts = || RemoteFacts::with_head(BranchName::new("Feature").unwrap());
    let url = remote.to_str().unwrap();
    let error = push_with(&sandbox, &work, url, &options(&sandbox), &facts).unwrap_err();
    assert_eq!(error.class(), "protected");
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), before);
}

#[test]
fn a_directory_tells_which_branch_its_head_names() {
    let sandbox = Sandbox::new();
    let (_, remote) = ahead(&sandbox, "r");
    let url = RemoteUrl::parse(remote.to_str().unwrap()).unwrap();
    let stop = AtomicBool::new(false);
    let ask = || remote_head(&url, &sandbox.home(), &options(&sandbox), &stop).unwrap();
    assert_eq!(ask().unwrap().as_str(), "main");
    sandbox.git(&remote, &["update-ref", "--no-deref", "HEAD", "main"]);
    assert_eq!(ask(), None);
}

#[test]
fn children_of_the_push_get_no_token_and_no_git_variable() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let seen = sandbox.path("seen");
    let text = format!("env > {}", seen.display());
    script(&sandbox, "remotes/r.git/hooks/pre-receive", &text);
    let url = remote.to_str().unwrap();
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("HOME="), "{seen}");
    assert!(!seen.contains("GIT_CONFIG_NOSYSTEM"), "{seen}");
    assert!(!seen.contains("GIT_TERMINAL_PROMPT"), "{seen}");
}
