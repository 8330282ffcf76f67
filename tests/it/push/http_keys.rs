//! `http.postBuffer`, `http.noProxy` and an `Accept-Encoding` in `http.extraHeader` of the user's git configuration, as the server sees them, beside git.

use sendoff::demo::git_server::GitServerOptions;

use crate::sandbox::Sandbox;

use super::front::{Front, Manner};
use super::proxy::{configured, picked, proxy};
use super::rig::{ahead, noise, push_head};
use super::served::Served;

/// Pushes with us and with git; returns for each whether the pack came with its length.
fn counted(value: Option<&str>) -> (bool, bool) {
    let served = Served::start(GitServerOptions::default());
    let front = Front::start(&served.server.url(), Manner::default());
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    let old = git(&["rev-parse", "HEAD~1"]);
    served
        .sandbox
        .commit(&served.work, "noise.txt", &noise(400_000), "noise");
    if let Some(value) = value {
        let key = format!("http.http://{}/.postBuffer", front.address);
        git(&["config", "--global", &key, value]);
    }
    let is_counted = || front.seen().last().unwrap().length.is_some();
    let options = configured(&served.sandbox, &served.work, &front.url());
    let pushed = push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
    assert!(pushed.bytes > 3 << 19, "{}", pushed.bytes);
    assert_eq!(served.tip(), pushed.new.to_string());
    let ours = is_counted();
    served
        .sandbox
        .git(&served.remote, &["update-ref", "refs/heads/feature", &old]);
    git(&["push", "-q", &front.url(), "feature"]);
    (ours, is_counted())
}

#[test]
fn a_push_up_to_the_post_buffer_is_sent_with_its_length_as_git_sends_it() {
    assert_eq!(counted(None), (false, false));
    assert_eq!(counted(Some("1m")), (false, false));
    assert_eq!(counted(Some("5m")), (true, true));
}

#[test]
fn a_post_buffer_of_the_repository_does_not_count() {
    let served = Served::start(GitServerOptions::default());
    served
        .sandbox
        .git(&served.work, &["config", "http.postBuffer", "5m"]);
    let options = configured(&served.sandbox, &served.work, &served.url());
    assert_eq!(options.post_buffer, 1 << 20);
}

#[test]
fn hosts_that_no_proxy_names_are_reached_without_one() {
    for (except, is_direct) in [
        ("127.0.0.1", true),
        ("127.0.0.0/8", true),
        ("git.test, 127.0.0.1", true),
        ("git.test 127.0.0.1", true),
        ("git.test\t127.0.0.0/8 other.test", true),
        ("*", true),
        (" * ", true),
        // Only alone it means all.
        ("git.test, *", false),
        ("* git.test", false),
        ("*.test", false),
        ("10.0.0.0/8 git.test", false),
        (",", false),
        ("127.0.0.2", false),
        ("10.0.0.0/8", false),
        ("git.test", false),
        ("", false),
    ] {
        let served = Served::start(GitServerOptions::default());
        let url = served.url();
        let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
        // Nobody listens there.
        git(&["config", "--global", "http.proxy", "http://127.0.0.1:1"]);
        let key = format!("http.{}.noProxy", served.server.url());
        git(&["config", "--global", &key, except]);
        let options = configured(&served.sandbox, &served.work, &url);
        let pushed = served.push(&options);
        assert_eq!(pushed.is_ok(), is_direct, "{except}: {pushed:?}");
        assert_eq!(served.server.log().is_empty(), !is_direct, "{except}");
    }
}

#[test]
fn hosts_are_excepted_by_their_names_as_curl_does_it_for_git() {
    for (except, is_direct) in [
        ("localhost", true),
        ("LocalHost", true),
        ("git.test,localhost", true),
        ("git.test, localhost", true),
        (".localhost", true),
        ("host", false),
        ("git.localhost", false),
        // A name is not its address.
        ("127.0.0.1", false),
    ] {
        let served = Served::start(GitServerOptions::default());
        let url = served.url().replace("127.0.0.1", "localhost");
        let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
        // Nobody listens there.
        git(&["config", "--global", "http.proxy", "http://127.0.0.1:1"]);
        git(&["config", "--global", "http.noProxy", except]);
        let mut push = served.sandbox.command("git");
        push.args(["push", "-q", "--dry-run", &url, "feature"]);
        push.current_dir(&served.work).env("no_proxy", except);
        let gits = push.output().unwrap();
        assert_eq!(gits.status.success(), is_direct, "{except}: {gits:?}");
        let asked = served.server.log().len();
        let options = configured(&served.sandbox, &served.work, &url);
        let pushed = push_head(&served.sandbox, &served.work, &url, &options);
        assert_eq!(pushed.is_ok(), is_direct, "{except}: {pushed:?}");
        assert_eq!(served.server.log().len() > asked, is_direct, "{except}");
    }
}

#[test]
fn no_proxy_of_the_repository_does_not_count() {
    let served = Served::start(GitServerOptions::default());
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    git(&["config", "--global", "http.proxy", "http://127.0.0.1:1"]);
    git(&["config", "http.noProxy", "*"]);
    let options = configured(&served.sandbox, &served.work, &served.url());
    assert_eq!(served.push(&options).unwrap_err().class(), "network");
    assert!(served.server.log().is_empty());
}

#[test]
fn an_accept_encoding_of_the_users_own_is_the_only_one_as_from_git() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let (place, seen) = proxy();
    let url = "http://127.0.0.1:9/r.git";
    let git = |arguments: &[&str]| sandbox.git(&work, arguments);
    let login = format!("http://me:pw@{place}");
    git(&["config", "--global", "http.proxy", &login]);
    let header = "accept-encoding: identity";
    git(&["config", "--global", "http.extraHeader", header]);
    let options = configured(&sandbox, &work, url);
    push_head(&sandbox, &work, url, &options).unwrap_err();
    let ours = picked(&seen, &["accept-encoding:"]);
    assert_eq!(ours[1..], ["accept-encoding: identity"]);
    let mut push = sandbox.command("git");
    push.current_dir(&work).args(["push", "-q", url, "feature"]);
    assert!(!push.output().unwrap().status.success());
    assert_eq!(ours, picked(&seen, &["accept-encoding:"]));
}
