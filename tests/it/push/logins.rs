//! Logins over HTTP: which one goes with which request, and what the credential helpers hear of it.

use secrecy::ExposeSecret;
use sendoff::demo::git_server::FaultKind;

use crate::sandbox::Sandbox;

use super::rig::{helpers, login, noise, push_head, script};
use super::served::{POST, Served, faulty, guarded};

#[test]
fn a_known_login_goes_with_the_first_request() {
    let served = Served::start(guarded());
    let mut options = served.options();
    options.login = Some(login("me", "pw"));
    served.push(&options).unwrap();
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
    assert_eq!(served.talk(), expected);
}

#[test]
fn a_login_in_the_url_is_used() {
    let served = Served::start(guarded());
    let url = served.server.url().replace("http://", "http://me:pw@") + "/r.git";
    push_head(&served.sandbox, &served.work, &url, &served.options()).unwrap();
    assert_eq!(served.talk().first().unwrap(), "GET info/refs 200 login");
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
    let served = Served::start(guarded());
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]);
    served.push(&options).unwrap();
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
    assert_eq!(served.talk(), expected);
    let host = served.server.url().replace("http://", "");
    let heard = std::fs::read_to_string(served.sandbox.path("helper.log")).unwrap();
    let asked = format!("protocol=http\nhost={host}\n");
    let expected = format!("get\n{asked}\nstore\n{asked}username=me\npassword=pw\n\n");
    assert_eq!(heard, expected);
}

#[test]
fn a_helper_whose_login_is_refused_is_told_to_forget_it() {
    let served = Served::start(guarded());
    let mut options = served.options();
    options.helpers = helpers(
        &served.sandbox,
        &[&recording(&served.sandbox, "wrong-CANARY")],
    );
    let error = served.push(&options).unwrap_err();
    assert_eq!(error.class(), "auth");
    assert!(!format!("{error:?}").contains("CANARY"));
    assert_eq!(served.talk(), ["GET info/refs 401 login"]);
    let heard = std::fs::read_to_string(served.sandbox.path("helper.log")).unwrap();
    assert!(heard.contains("erase\n"), "{heard}");
    assert!(!heard.contains("store\n"), "{heard}");
}

#[test]
fn a_login_that_only_the_push_itself_needs_is_asked_for_then() {
    let served = Served::start(faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&late(&served.sandbox, "pw")]);
    served.push(&options).unwrap();
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 401",
        "POST git-receive-pack 200 login",
    ];
    assert_eq!(served.talk(), expected);
    let heard = std::fs::read_to_string(served.sandbox.path("helper.log")).unwrap();
    assert!(heard.contains("store\n"), "{heard}");
}

/// Commits a file that is larger than what is collected.
fn commit_noise(sandbox: &Sandbox, work: &std::path::Path) {
    sandbox.commit(work, "noise.txt", &noise(300_000), "noise");
}

#[test]
fn a_large_push_is_streamed_after_an_empty_one_has_settled_the_login() {
    let served = Served::start(faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    commit_noise(&served.sandbox, &served.work);
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&late(&served.sandbox, "pw")]);
    served.push(&options).unwrap();
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 401",
        "POST git-receive-pack 200 login",
        "POST git-receive-pack 200 login chunked",
    ];
    assert_eq!(served.talk(), expected);
    assert_eq!(
        served.tip(),
        served.sandbox.git(&served.work, &["rev-parse", "HEAD"])
    );
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
