//! Smart HTTP: round trips, logins, redirects, bodies with and without a length, TLS roots.

use secrecy::{ExposeSecret, SecretString};
use sendoff::demo::git_server::{Fault, FaultKind, GitServer, GitServerOptions};
use sendoff::git::push::{Action, remote_head};
use sendoff::names::RemoteUrl;

use crate::sandbox::Sandbox;

use super::rig::{ahead, bare, helpers, login, noise, options, push_head, script, server};

const INFO: &str = "/info/refs";
const POST: &str = "/git-receive-pack";

fn guarded() -> GitServerOptions {
    GitServerOptions {
        login: Some(("me".into(), SecretString::from("pw"))),
        ..GitServerOptions::default()
    }
}

fn faulty(path_end: &'static str, after: usize, times: usize, kind: FaultKind) -> GitServerOptions {
    let fault = Fault {
        path_end,
        after,
        times,
        kind,
    };
    GitServerOptions {
        faults: vec![fault],
        ..GitServerOptions::default()
    }
}

/// The log as `METHOD end-of-path status`, with a mark for a login and for chunks.
fn talk(server: &GitServer) -> Vec<String> {
    let log = server.log().into_iter().map(|entry| {
        let end = entry.path.split_once(".git/").unwrap().1.to_owned();
        let status = entry
            .status
            .map_or("-".to_owned(), |status| status.to_string());
        let login = if entry.has_credentials { " login" } else { "" };
        let chunks = if entry.is_chunked { " chunked" } else { "" };
        format!("{} {end} {status}{login}{chunks}", entry.method)
    });
    log.collect()
}

#[test]
fn a_small_push_takes_two_round_trips_and_an_unneeded_one_takes_one() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, GitServerOptions::default());
    let url = format!("{}/r.git", server.url());
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    assert_eq!(pushed.objects, 3);
    assert!(pushed.bytes > 32);
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::UpToDate);
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 200",
        "GET info/refs 200",
    ];
    assert_eq!(talk(&server), expected);
}

#[test]
fn a_new_branch_is_created_in_an_empty_repository() {
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
fn a_known_login_goes_with_the_first_request() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, guarded());
    let mut options = options(&sandbox);
    options.login = Some(login("me", "pw"));
    push_head(
        &sandbox,
        &work,
        &format!("{}/r.git", server.url()),
        &options,
    )
    .unwrap();
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
    assert_eq!(talk(&server), expected);
}

#[test]
fn a_login_in_the_url_is_used() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, guarded());
    let url = server.url().replace("http://", "http://me:pw@") + "/r.git";
    push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(talk(&server).first().unwrap(), "GET info/refs 200 login");
}

/// A helper that writes down what it is asked and told.
fn recording(sandbox: &Sandbox, password: &str) -> String {
    let log = sandbox.path("helper.log");
    let log = log.display();
    let text = format!(
        "echo \"$1\" >> {log}; cat >> {log}; [ \"$1\" != get ] || printf 'username=me\\npassword={password}\\n'"
    );
    script(sandbox, "helper", &text)
        .to_str()
        .unwrap()
        .to_owned()
}

/// Writes a helper that has no answer when it is asked first, as one whose store is locked.
fn late(sandbox: &Sandbox, password: &str) -> String {
    let helper = recording(sandbox, password);
    let asked = sandbox.path("asked");
    let asked = asked.display();
    let text = format!(
        "if [ \"$1\" = get ] && ! [ -e {asked} ]; then cat >{asked}; else exec {helper} \"$1\"; fi"
    );
    script(sandbox, "late", &text).to_str().unwrap().to_owned()
}

#[test]
fn a_helper_is_asked_before_the_first_request_and_told_that_its_login_worked() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, guarded());
    let mut options = options(&sandbox);
    options.helpers = helpers(&sandbox, &[&recording(&sandbox, "pw")]);
    push_head(
        &sandbox,
        &work,
        &format!("{}/r.git", server.url()),
        &options,
    )
    .unwrap();
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
    assert_eq!(talk(&server), expected);
    let host = server.url().replace("http://", "");
    let heard = std::fs::read_to_string(sandbox.path("helper.log")).unwrap();
    let asked = format!("protocol=http\nhost={host}\n");
    let expected = format!("get\n{asked}\nstore\n{asked}username=me\npassword=pw\n\n");
    assert_eq!(heard, expected);
}

#[test]
fn a_helper_whose_login_is_refused_is_told_to_forget_it() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, guarded());
    let mut options = options(&sandbox);
    options.helpers = helpers(&sandbox, &[&recording(&sandbox, "wrong-CANARY")]);
    let url = format!("{}/r.git", server.url());
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "auth");
    assert!(!format!("{error:?}").contains("CANARY"));
    assert_eq!(talk(&server), ["GET info/refs 401 login"]);
    let heard = std::fs::read_to_string(sandbox.path("helper.log")).unwrap();
    assert!(heard.contains("erase\n"), "{heard}");
    assert!(!heard.contains("store\n"), "{heard}");
}

#[test]
fn a_login_that_only_the_push_itself_needs_is_asked_for_then() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    let mut options = options(&sandbox);
    options.helpers = helpers(&sandbox, &[&late(&sandbox, "pw")]);
    push_head(
        &sandbox,
        &work,
        &format!("{}/r.git", server.url()),
        &options,
    )
    .unwrap();
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 401",
        "POST git-receive-pack 200 login",
    ];
    assert_eq!(talk(&server), expected);
    let heard = std::fs::read_to_string(sandbox.path("helper.log")).unwrap();
    assert!(heard.contains("store\n"), "{heard}");
}

/// Commits a file that is larger than what is collected.
fn commit_noise(sandbox: &Sandbox, work: &std::path::Path) {
    sandbox.commit(work, "noise.txt", &noise(300_000), "noise");
}

#[test]
fn a_large_push_is_streamed_after_an_empty_one_has_settled_the_login() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    commit_noise(&sandbox, &work);
    let server = server(&sandbox, faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    let mut options = options(&sandbox);
    options.helpers = helpers(&sandbox, &[&late(&sandbox, "pw")]);
    push_head(
        &sandbox,
        &work,
        &format!("{}/r.git", server.url()),
        &options,
    )
    .unwrap();
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 401",
        "POST git-receive-pack 200 login",
        "POST git-receive-pack 200 login chunked",
    ];
    assert_eq!(talk(&server), expected);
    assert_eq!(
        sandbox.git(remote, &["rev-parse", "feature"]),
        sandbox.git(work, &["rev-parse", "HEAD"])
    );
}

#[test]
fn a_redirect_at_the_same_origin_is_followed_and_the_push_goes_there() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let to = "/r.git/info/refs?service=git-receive-pack".to_owned();
    let server = server(
        &sandbox,
        faulty("old.git/info/refs", 0, 1, FaultKind::Redirect(to)),
    );
    push_head(
        &sandbox,
        &work,
        &format!("{}/old.git", server.url()),
        &options(&sandbox),
    )
    .unwrap();
    let paths: Vec<String> = server.log().into_iter().map(|entry| entry.path).collect();
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
fn a_redirect_to_another_origin_is_refused_and_nothing_goes_there() {
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
fn a_redirect_loop_ends_after_three_hops() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let to = "/r.git/info/refs?service=git-receive-pack".to_owned();
    let server = server(
        &sandbox,
        faulty(INFO, 0, usize::MAX, FaultKind::Redirect(to)),
    );
    let url = format!("{}/r.git", server.url());
    let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "redirect-refused");
    assert_eq!(server.log().len(), 4);
}

#[test]
fn a_redirect_of_the_push_itself_is_not_followed() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let to = "/r.git/git-receive-pack".to_owned();
    let server = server(
        &sandbox,
        faulty(POST, 0, usize::MAX, FaultKind::Redirect(to)),
    );
    let before = sandbox.git(&remote, &["rev-parse", "feature"]);
    let url = format!("{}/r.git", server.url());
    push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), before);
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|entry| entry.method == "POST")
            .count(),
        1
    );
}

#[test]
fn a_lost_answer_is_made_up_for_by_asking_again() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let server = server(&sandbox, faulty(POST, 0, 1, FaultKind::LoseAnswer));
    let url = format!("{}/r.git", server.url());
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    assert_eq!(
        sandbox.git(&remote, &["rev-parse", "feature"]),
        pushed.new.to_string()
    );
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack -",
        "GET info/refs 200",
    ];
    assert_eq!(talk(&server), expected);
}

#[test]
fn an_answer_that_is_lost_together_with_the_server_leaves_the_outcome_unknown() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut faults = faulty(POST, 0, 1, FaultKind::LoseAnswer);
    faults.faults.push(Fault {
        path_end: INFO,
        after: 1,
        times: usize::MAX,
        kind: FaultKind::Status(503, "gone"),
    });
    let server = server(&sandbox, faults);
    let url = format!("{}/r.git", server.url());
    let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    assert_eq!(error.class(), "unknown-outcome");
    assert!(error.is_transient());
}

#[test]
fn the_remote_tells_which_branch_its_head_names() {
    let sandbox = Sandbox::new();
    let (_, remote) = ahead(&sandbox, "r");
    sandbox.git(&remote, &["symbolic-ref", "HEAD", "refs/heads/feature"]);
    let server = server(&sandbox, guarded());
    let mut options = options(&sandbox);
    options.login = Some(login("me", "pw"));
    let url = RemoteUrl::parse(&format!("{}/r.git", server.url())).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let head = remote_head(&url, &sandbox.home(), &options, &stop).unwrap();
    assert_eq!(head.unwrap().as_str(), "feature");
    let expected = ["GET info/refs 200 login", "POST git-upload-pack 200 login"];
    assert_eq!(talk(&server), expected);
}

#[test]
fn unencrypted_http_goes_to_this_machine_only() {
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
fn helpers_answer_within_the_protocol_only() {
    let sandbox = Sandbox::new();
    let url = reqwest::Url::parse("https://git.example.test/o/r.git").unwrap();
    let ask = |line: &str| helpers(&sandbox, &[line]).get(&url, Some("me"));
    let known = ask("!f() { test $1 = get && echo password=pw; }; f")
        .unwrap()
        .unwrap();
    assert_eq!(
        (known.user.as_str(), known.password.expose_secret()),
        ("me", "pw")
    );
    assert!(ask("!true").unwrap().is_none());
    assert!(
        ask("!echo quit=1; echo password=pw; true")
            .unwrap()
            .is_none()
    );
    let other = ask("!echo host=evil.test; echo password=pw; true").unwrap_err();
    assert!(other.to_string().contains("another host"), "{other}");
    let flood = ask("!head -c 1000000 /dev/zero; true").unwrap_err();
    assert!(
        flood.to_string().contains("cannot be understood"),
        "{flood}"
    );
    assert!(ask("no-such-helper-anywhere").unwrap_or(None).is_none());
}

#[test]
fn a_helper_that_sleeps_is_killed_with_its_group() {
    let sandbox = Sandbox::new();
    let url = reqwest::Url::parse("https://git.example.test/").unwrap();
    let pids = sandbox.path("pids");
    let line = format!("!sleep 60 & echo $! > {}; wait; true", pids.display());
    let helpers = helpers(&sandbox, &[&line]).deadline(std::time::Duration::from_millis(300));
    let begin = std::time::Instant::now();
    helpers.get(&url, None).unwrap_err();
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
    let pid = std::fs::read_to_string(pids).unwrap();
    assert!(crate::process::is_gone(&pid));
}

#[test]
fn a_server_that_asks_for_patience_is_heard() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let server = server(&sandbox, faulty(INFO, 0, 1, FaultKind::Busy(3600)));
    let url = format!("{}/r.git", server.url());
    let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    assert!(error.is_transient());
    let patience = std::time::Duration::from_hours(1);
    assert_eq!(error.retry_after(), Some(patience));
}
