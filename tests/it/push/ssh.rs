//! ssh: a real sshd where there is one.

use std::sync::atomic::AtomicBool;

use sendoff::git::push::remote_head;
use sendoff::names::RemoteUrl;
use sendoff_push::Action;
use sendoff_testing::left_out;

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, script};
use super::sshd::Ssh;

#[test]
fn a_push_and_the_question_for_head_go_through_ssh() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "it's-r");
    let ssh = Ssh::start(&sandbox);
    let mut options = options(&sandbox);
    options.ssh_command = Some(ssh.command.clone());
    let url = format!("{}{}", ssh.place, remote.display());
    let pushed = push_head(&sandbox, &work, &url, &options).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    let url = RemoteUrl::parse(&url).unwrap();
    let stop = AtomicBool::new(false);
    let head = remote_head(&url, &sandbox.home(), &options, &stop).unwrap();
    assert_eq!(head.unwrap().as_str(), "main");
}

#[test]
fn every_way_to_write_an_ssh_url_leads_to_the_same_repository() {
    let sandbox = Sandbox::new();
    let ssh = Ssh::start(&sandbox);
    if !ssh.is_real {
        return;
    }
    let (work, remote) = ahead(&sandbox, "r");
    // What a tilde stands for over there.
    std::os::unix::fs::symlink(&remote, sandbox.path("home/r.git")).unwrap();
    let mut options = options(&sandbox);
    options.ssh_command = Some(format!("{} -p {}", ssh.command, ssh.port));
    let absolute = remote.display();
    let mut urls = vec![
        format!("{}/~/r.git", ssh.place),
        format!("{}{absolute}", ssh.place),
        format!("{}:{absolute}", ssh.scp),
        format!("{}:~/r.git", ssh.scp),
    ];
    match &ssh.place_six {
        Some(place) => {
            urls.push(format!("{place}/~/r.git"));
            urls.push(format!("{place}{absolute}"));
        }
        None => left_out("ipv6", "its URLs are not tried"),
    }
    for (number, url) in urls.iter().enumerate() {
        let head = sandbox.commit(&work, "a.txt", &format!("{number}\n"), "more");
        let pushed = push_head(&sandbox, &work, url, &options)
            .unwrap_or_else(|error| panic!("{url}: {error:?}"));
        assert_eq!(pushed.action, Action::Updated, "{url}");
        assert_eq!(
            sandbox.git(&remote, &["rev-parse", "feature"]),
            head,
            "{url}"
        );
        // Git reads the URL in the same way.
        let mut git = sandbox.command("git");
        git.env("GIT_SSH_COMMAND", options.ssh_command.as_ref().unwrap());
        let seen = git.args(["ls-remote", url, "feature"]).output().unwrap();
        let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
        assert!(seen.starts_with(&head), "{url}: {seen}");
    }
}

#[test]
fn an_unknown_host_key_stops_the_push() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let ssh = Ssh::start(&sandbox);
    if !ssh.is_real {
        return;
    }
    sandbox.write("ssh/known", "");
    let mut options = options(&sandbox);
    options.ssh_command = Some(ssh.command.clone());
    let url = format!("{}{}", ssh.place, remote.display());
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "auth", "{error}");
    assert!(
        error.to_string().contains("host key is known for"),
        "{error}"
    );
}

#[test]
fn an_unknown_user_key_is_an_auth_error_and_a_missing_repository_is_not() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let ssh = Ssh::start(&sandbox);
    let mut options = options(&sandbox);
    options.ssh_command = Some(ssh.command.clone());
    let url = format!("{}{}.absent", ssh.place, remote.display());
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "not-found", "{error}");
    if ssh.is_real {
        sandbox.write("ssh/authorized", "");
        let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
        assert_eq!(error.class(), "auth", "{error}");
    }
}

#[test]
fn the_command_gets_arguments_that_no_shell_reads() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let seen = sandbox.path("seen");
    let text = format!(
        "[ \"$2\" = -G ] && exit 1; printf '%s\\n' \"$@\" > {}; exit 255",
        seen.display()
    );
    let fake = script(&sandbox, "fake", &text);
    let mut options = options(&sandbox);
    options.ssh_command = Some(format!("{} -v", fake.display()));
    options.ssh_variant = Some("ssh".into());
    let url = "ssh://git@host.test:2222/a/$(touch${IFS}pwned)`id`.git";
    push_head(&sandbox, &work, url, &options).unwrap_err();
    let seen = std::fs::read_to_string(seen).unwrap();
    insta::assert_snapshot!(seen, @"
    -v
    -p
    2222
    git@host.test
    git-receive-pack '/a/$(touch${IFS}pwned)`id`.git'
    ");
}

#[test]
fn a_server_that_does_not_know_protocol_2_tells_its_head_all_the_same() {
    let sandbox = Sandbox::new();
    let (_, remote) = ahead(&sandbox, "r");
    let text = "for last; do :; done; unset GIT_PROTOCOL; exec sh -c \"$last\"";
    let mut options = options(&sandbox);
    options.ssh_command = Some(script(&sandbox, "old", text).display().to_string());
    let url = RemoteUrl::parse(&format!("ssh://host.test{}", remote.display())).unwrap();
    let stop = AtomicBool::new(false);
    let head = remote_head(&url, &sandbox.home(), &options, &stop).unwrap();
    assert_eq!(head.unwrap().as_str(), "main");
}

#[test]
fn options_and_results_go_from_thread_to_thread() {
    fn check<T: Send + Sync + 'static>() {}
    check::<sendoff::git::push::PushOptions>();
    check::<sendoff::git::push::BranchPushError>();
    check::<sendoff_push::Pushed>();
}
