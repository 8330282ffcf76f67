//! Smart HTTP: round trips, redirects, lost answers.

use sendoff::demo::git_server::{FaultKind, GitServerOptions, RequestFault};
use sendoff::git::push::remote_head;
use sendoff::names::RemoteUrl;
use sendoff_push::Action;
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::rig::{ahead, bare, login, options, push_head, server};
use super::served::{INFO, POST, Served, faulty, guarded};

#[test]
fn a_small_push_takes_two_round_trips_and_an_unneeded_one_takes_one() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let pushed = served.push(&served.options()).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    assert_eq!(pushed.objects, 3);
    assert!(pushed.bytes > 32);
    let pushed = served.push(&served.options()).unwrap();
    assert_eq!(pushed.action, Action::UpToDate);
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 200",
        "GET info/refs 200",
    ];
    assert_eq!(served.talk(), expected);
}

#[test]
fn a_new_branch_is_created_in_an_empty_repository() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("clone");
    sandbox.git(&work, &["checkout", "-q", "-b", "feature"]);
    bare(&sandbox, "empty");
    let server = server(&sandbox, GitServerOptions::default());
    let url = format!("{}/empty.git", server.url());
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!((pushed.action, pushed.old), (Action::Created, None));
}

#[test]
fn a_redirect_at_the_same_origin_is_followed_and_the_push_goes_there() {
    supervise!();
    let to = "/r.git/info/refs?service=git-receive-pack".to_owned();
    let served = Served::start(faulty("old.git/info/refs", 0, 1, FaultKind::Redirect(to)));
    push_head(
        &served.sandbox,
        &served.work,
        &format!("{}/old.git", served.server.url()),
        &served.options(),
    )
    .unwrap();
    let paths: Vec<String> = served
        .server
        .log()
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(
        paths,
        [
            "/old.git/info/refs",
            "/r.git/info/refs",
            "/r.git/git-receive-pack"
        ]
    );
}

#[test]
fn n10_a_redirect_to_another_origin_is_refused_and_nothing_goes_there() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let evil = server(&sandbox, GitServerOptions::default());
    let to = format!("{}/r.git/info/refs?service=git-receive-pack", evil.url());
    let server = server(&sandbox, faulty(INFO, 0, 1, FaultKind::Redirect(to)));
    let mut options = options(&sandbox);
    options.login = Some(login("me", "CANARY"));
    let url = format!("{}/r.git", server.url());
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "redirect-refused");
    assert!(evil.log().is_empty());
}

#[test]
fn n12_a_redirect_loop_ends_after_three_hops() {
    supervise!();
    let to = "/r.git/info/refs?service=git-receive-pack".to_owned();
    let served = Served::start(faulty(INFO, 0, usize::MAX, FaultKind::Redirect(to)));
    let error = served.push(&served.options()).unwrap_err();
    assert_eq!(error.class(), "redirect-refused");
    assert_eq!(served.server.log().len(), 4);
}

#[test]
fn a_redirect_of_the_push_itself_is_not_followed() {
    supervise!();
    let to = "/r.git/git-receive-pack".to_owned();
    let served = Served::start(faulty(POST, 0, usize::MAX, FaultKind::Redirect(to)));
    let before = served.tip();
    served.push(&served.options()).unwrap_err();
    assert_eq!(served.tip(), before);
    assert_eq!(
        served
            .server
            .log()
            .iter()
            .filter(|entry| entry.method == "POST")
            .count(),
        1
    );
}

#[test]
fn a_lost_answer_is_made_up_for_by_asking_again() {
    supervise!();
    let served = Served::start(faulty(POST, 0, 1, FaultKind::LoseAnswer));
    let pushed = served.push(&served.options()).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    assert_eq!(served.tip(), pushed.new.to_string());
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack -",
        "GET info/refs 200",
    ];
    assert_eq!(served.talk(), expected);
}

#[test]
fn an_answer_that_is_lost_together_with_the_server_leaves_the_outcome_unknown() {
    supervise!();
    let mut faults = faulty(POST, 0, 1, FaultKind::LoseAnswer);
    faults.faults.push(RequestFault {
        path_end: INFO,
        after: 1,
        times: usize::MAX,
        kind: FaultKind::Status(503, "gone"),
    });
    let served = Served::start(faults);
    let error = served.push(&served.options()).unwrap_err();
    assert_eq!(error.class(), "unknown-outcome");
    assert!(error.is_transient());
}

#[test]
fn the_remote_tells_which_branch_its_head_names() {
    supervise!();
    let served = Served::start(guarded());
    served.sandbox.git(
        &served.remote,
        &["symbolic-ref", "HEAD", "refs/heads/feature"],
    );
    let mut options = served.options();
    options.login = Some(login("me", "pw"));
    let url = RemoteUrl::parse(&served.url()).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let head = remote_head(&url, &served.sandbox.home(), &options, &stop).unwrap();
    assert_eq!(head.unwrap().as_str(), "feature");
    let expected = ["GET info/refs 200 login", "POST git-upload-pack 200 login"];
    assert_eq!(served.talk(), expected);
}

#[test]
fn unencrypted_http_goes_to_this_machine_only() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let error = push_head(
        &sandbox,
        &work,
        "http://192.0.2.1/r.git",
        &options(&sandbox),
    );
    assert_eq!(error.unwrap_err().class(), "plain-http");
}

#[test]
fn a_server_that_asks_for_patience_is_heard() {
    supervise!();
    let served = Served::start(faulty(INFO, 0, 1, FaultKind::Busy(3600)));
    let error = served.push(&served.options()).unwrap_err();
    assert!(error.is_transient());
    let patience = std::time::Duration::from_hours(1);
    assert_eq!(error.retry_after(), Some(patience));
}
