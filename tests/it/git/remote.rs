//! Tests of `git::remote`: which remote, and which URL.

use sendoff::git::Remote;
use sendoff::git::RemoteError;
use sendoff::names::BranchName;
use sendoff::names::RemoteName;
use sendoff_testing::supervise;

use super::open;
use crate::sandbox::Sandbox;

/// Returns the remote that is chosen for `main` after the given `git config` settings.
pub(super) fn chosen(settings: &[(&str, &str)]) -> Result<Remote, RemoteError> {
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (key, value) in settings {
        sandbox.git(&work, &["config", "--add", key, value]);
    }
    open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()))
}

pub(super) fn name(settings: &[(&str, &str)]) -> String {
    chosen(settings).unwrap().name.to_string()
}

pub(super) const A: (&str, &str) = ("remote.a.url", "https://a.test/o/r.git");
pub(super) const B: (&str, &str) = ("remote.b.url", "https://b.test/o/r.git");
pub(super) const ORIGIN: (&str, &str) = ("remote.origin.url", "https://o.test/o/r.git");

#[test]
fn the_remote_is_chosen_in_the_order_of_git() {
    supervise!();
    let push_remote = ("branch.main.pushRemote", "a");
    let push_default = ("remote.pushDefault", "b");
    let of_branch = ("branch.main.remote", "a");
    assert_eq!(name(&[A, B, ORIGIN, push_remote, push_default]), "a");
    assert_eq!(name(&[A, B, ORIGIN, push_default, of_branch]), "b");
    assert_eq!(name(&[A, B, ORIGIN, of_branch]), "a");
    assert_eq!(name(&[A, B, ORIGIN]), "origin");
    assert_eq!(name(&[A]), "a");
}

#[test]
fn a_remote_that_cannot_be_told_is_an_error() {
    supervise!();
    assert_eq!(chosen(&[]).unwrap_err(), RemoteError::None);
    let error = chosen(&[A, B]).unwrap_err();
    assert_eq!(error, RemoteError::Ambiguous(vec!["a".into(), "b".into()]));
    let absent = chosen(&[A, ("branch.main.remote", "gone")]).unwrap_err();
    assert_eq!(absent.to_string(), "there is no remote called `gone`");
    let local = chosen(&[A, ("branch.main.remote", ".")]).unwrap_err();
    assert_eq!(local, RemoteError::ThisRepository);
    let url = chosen(&[A, ("branch.main.remote", "https://u:CANARY@h/x?y")]).unwrap_err();
    assert!(matches!(url, RemoteError::Address { .. }));
    assert!(!format!("{url:?} {url}").contains("CANARY"));
}

#[test]
fn an_address_in_place_of_a_remote_is_one_as_for_git() {
    supervise!();
    let address = "https://me:CANARY@fork.test/o/r.git";
    for key in [
        "branch.main.remote",
        "branch.main.pushRemote",
        "remote.pushDefault",
    ] {
        let remote = chosen(&[A, ORIGIN, (key, address)]).unwrap();
        assert_eq!(remote.url.host(), Some("fork.test"));
        assert!(remote.url.password().is_some());
        assert_eq!(remote.name.as_str(), "https://fork.test/o/r.git");
    }
    let remote = chosen(&[A, ("branch.main.remote", "git@fork.test:o/r.git")]).unwrap();
    assert_eq!(remote.name.as_str(), "fork.test:o/r.git");
    let remote = chosen(&[A, ("branch.main.remote", "../fork.git")]).unwrap();
    assert!(remote.url.file_path().unwrap().ends_with("fork.git"));
}

#[test]
fn a_choice_goes_before_the_configuration() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (key, value) in [A, B, ("remote.pushDefault", "b")] {
        sandbox.git(&work, &["config", key, value]);
    }
    let repo = open(&sandbox, &work);
    let choice = RemoteName::new("a").unwrap();
    assert_eq!(repo.remote(Some(&choice), None).unwrap().name, choice);
    let choice = RemoteName::new("none").unwrap();
    let error = repo.remote(Some(&choice), None).unwrap_err();
    assert_eq!(error, RemoteError::Absent(choice));
}

#[test]
fn dangerous_urls_are_refused_and_no_password_is_shown() {
    supervise!();
    for url in [
        "ext::sh -c id",
        "ssh://-oProxyCommand=x/y",
        "https://h%0d%0ax/",
        "https://x:CANARY@evil?@github.com/",
    ] {
        let error = chosen(&[("remote.origin.url", url)]).unwrap_err();
        assert!(matches!(error, RemoteError::Url { .. }), "{url}");
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }
    let remote = chosen(&[("remote.origin.url", "https://x:CANARY@h.test/o/r")]).unwrap();
    assert!(!format!("{remote:?}").contains("CANARY"));
}

#[test]
fn push_urls_go_before_urls_and_the_others_are_known() {
    supervise!();
    let remote = chosen(&[
        ORIGIN,
        ("remote.origin.pushurl", "https://one.test/o/r"),
        ("remote.origin.pushurl", "https://two.test/o/r"),
    ])
    .unwrap();
    assert_eq!(remote.url.host(), Some("one.test"));
    assert_eq!(remote.fetch_url.host(), Some("o.test"));
    assert_eq!(remote.other_push_urls[0].host(), Some("two.test"));
    let remote = chosen(&[ORIGIN, ("remote.origin.url", "https://p.test/o/r")]).unwrap();
    assert_eq!(remote.url.host(), Some("o.test"));
    assert_eq!(remote.other_push_urls[0].host(), Some("p.test"));
}

#[test]
fn urls_of_the_user_and_of_the_repository_all_count_in_gits_order() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", ORIGIN.0, ORIGIN.1]);
    sandbox.git(
        &work,
        &["config", "--global", ORIGIN.0, "https://u.test/o/r"],
    );
    let by_git = sandbox.git(&work, &["remote", "get-url", "--push", "--all", "origin"]);
    let remote = open(&sandbox, &work).remote(None, None).unwrap();
    let all = [&[remote.url][..], &remote.other_push_urls].concat();
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(all.join("\n"), by_git);
    assert_eq!(all.len(), 2);
}

#[test]
fn a_relative_path_counts_from_the_top_of_the_work_tree() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    std::fs::create_dir(work.join("deep")).unwrap();
    sandbox.git(&work, &["config", "remote.origin.url", "../remote.git"]);
    let repo = open(&sandbox, &work.join("deep"));
    let path = repo.remote(None, None).unwrap().url.file_path().unwrap();
    let top = work.canonicalize().unwrap();
    assert_eq!(path, top.join("../remote.git"));
}

#[test]
fn a_directory_and_a_path_below_a_home_are_addresses_as_for_git() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let at = |remote: &str| {
        sandbox.git(&work, &["config", "branch.main.remote", remote]);
        open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()))
    };
    assert_eq!(
        at("other").unwrap_err().to_string(),
        "there is no remote called `other`"
    );
    std::fs::create_dir(work.join("other.git")).unwrap();
    let top = work.canonicalize().unwrap();
    let other = at("other").unwrap();
    assert_eq!(
        other.url.to_string(),
        top.join("other").display().to_string()
    );
    let home = sandbox.home().join("r.git");
    assert_eq!(
        at("~/r.git").unwrap().url.to_string(),
        home.display().to_string()
    );
    // A remote of that name goes before it.
    sandbox.git(
        &work,
        &["config", "remote.other.url", "https://o.test/o/r.git"],
    );
    assert_eq!(
        at("other").unwrap().url.to_string(),
        "https://o.test/o/r.git"
    );
}

#[test]
fn where_the_branch_is_merged_from_and_push_refspecs_do_not_count() {
    supervise!();
    let remote = chosen(&[
        ORIGIN,
        ("branch.main.merge", "refs/heads/other"),
        ("push.default", "upstream"),
        ("remote.origin.push", "+refs/heads/*:refs/heads/main"),
        ("remote.origin.mirror", "true"),
    ])
    .unwrap();
    assert_eq!(remote.url.host(), Some("o.test"));
}
