//! What the user's git configuration says about a push, and what the repository's may not.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use secrecy::SecretString;
use sendoff::demo::git_server::{GitServer, GitServerOptions};
use sendoff::git::push::{BranchPush, BranchPushError, Promised, PushOptions};
use sendoff::git::{ConfigFiles, LocalConfigTrust, Remote, Repo};
use sendoff::names::{BranchName, RemoteName, RemoteUrl};
use sendoff::policy::{Policy, RemoteFacts};
use sendoff_push::progress::NoProgress;
use sendoff_push::{LastSeen, Pushed};

use crate::sandbox::Sandbox;

use super::proxy::configured;
use super::rig::{ahead, options, server};

fn guarded(sandbox: &Sandbox) -> GitServer {
    server(
        sandbox,
        GitServerOptions {
            login: Some(("me".into(), SecretString::from("pw"))),
            ..GitServerOptions::default()
        },
    )
}

/// Appends to the user's configuration.
fn configure(sandbox: &Sandbox, text: &str) {
    let path = sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

/// Pushes `feature` as a run does: the repository with reduced trust, the options from its configuration.
fn push_feature(sandbox: &Sandbox, work: &Path, url: &str) -> Result<Pushed, BranchPushError> {
    let home = sandbox.home();
    let mut files = ConfigFiles::of_user(Some(&home), Some(&home.join(".config")));
    files.system = None;
    let repo = Repo::discover(work, LocalConfigTrust::Ignore, &files)
        .unwrap()
        .unwrap();
    let network = configured(sandbox, work, url).network;
    let url = RemoteUrl::parse(url).unwrap();
    let options = PushOptions {
        network,
        ..options(sandbox).with_config(repo.config(), &url)
    };
    let permit = Policy::default()
        .permit_push(&BranchName::new("feature").unwrap())
        .unwrap();
    let delivery = BranchPush {
        permit: &permit,
        remote: &Remote::new(RemoteName::new("origin").unwrap(), url),
        new: gix::ObjectId::from_hex(sandbox.git(work, &["rev-parse", "HEAD"]).as_bytes()).unwrap(),
        options: &options,
        promised: &Promised::default(),
        last_seen: &LastSeen::default,
        advertised: &|_| (),
        remote_facts: &RemoteFacts::without_head,
        links: &|| Ok(()),
        still_valid: &|_| Ok(()),
        progress: &NoProgress,
        stop: &AtomicBool::new(false),
    };
    delivery.push(&repo.thread_local().unwrap())
}

#[test]
fn a_helper_of_the_user_is_asked_for_its_own_host_only() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = guarded(&sandbox);
    let helper =
        "helper = \"!f() { test \\\"$1\\\" = get && echo username=me && echo password=pw; }; f\"";
    configure(
        &sandbox,
        &format!("[credential \"http://other.test\"]\n\t{helper}\n"),
    );
    let url = format!("{}/r.git", server.url());
    assert_eq!(
        push_feature(&sandbox, &work, &url).unwrap_err().class(),
        "auth"
    );
    configure(
        &sandbox,
        &format!("[credential \"{}\"]\n\t{helper}\n", server.url()),
    );
    push_feature(&sandbox, &work, &url).unwrap();
}

#[test]
fn an_extra_header_of_the_user_goes_with_the_first_request() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = guarded(&sandbox);
    // `bWU6cHc=` is `me:pw`.
    let header = "extraHeader = Authorization: Basic bWU6cHc=";
    configure(
        &sandbox,
        &format!("[http \"{}\"]\n\t{header}\n", server.url()),
    );
    push_feature(&sandbox, &work, &format!("{}/r.git", server.url())).unwrap();
    assert!(server.log().iter().all(|entry| entry.status == Some(200)));
}

#[test]
fn the_repositorys_own_helpers_headers_and_proxies_are_not_used() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = guarded(&sandbox);
    let pwned = sandbox.path("pwned");
    let helper = format!("!touch {}; true", pwned.display());
    sandbox.git(&work, &["config", "credential.helper", &helper]);
    sandbox.git(&work, &["config", "core.sshCommand", &helper]);
    sandbox.git(&work, &["config", "http.proxy", "http://127.0.0.1:1"]);
    sandbox.git(
        &work,
        &[
            "config",
            "http.extraHeader",
            "Authorization: Basic bWU6cHc=",
        ],
    );
    let error = push_feature(&sandbox, &work, &format!("{}/r.git", server.url())).unwrap_err();
    assert_eq!(error.class(), "auth");
    assert!(server.log().iter().all(|entry| !entry.has_credentials));
    push_feature(&sandbox, &work, "ssh://host.invalid/r.git").unwrap_err();
    assert!(!pwned.exists());
}

#[test]
fn a_proxy_of_the_user_is_used() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = guarded(&sandbox);
    configure(&sandbox, "[http]\n\tproxy = 127.0.0.1:1\n");
    let error = push_feature(&sandbox, &work, &format!("{}/r.git", server.url())).unwrap_err();
    assert_eq!(error.class(), "network");
    assert!(server.log().is_empty());
}

#[test]
fn the_ssh_command_of_the_user_is_used() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let seen = sandbox.path("seen");
    configure(
        &sandbox,
        &format!(
            "[core]\n\tsshCommand = \"touch {}; false\"\n",
            seen.display()
        ),
    );
    push_feature(&sandbox, &work, "ssh://host.invalid/r.git").unwrap_err();
    assert!(seen.exists());
}
