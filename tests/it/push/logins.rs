//! Logins over HTTP: which one goes with which request, and what the credential helpers hear of it.

use secrecy::ExposeSecret;
use sendoff::demo::git_server::{FaultKind, GitServerOptions};
use sendoff::git::push::{AuthCache, AuthNeed, BranchPushError};

use crate::sandbox::Sandbox;

use super::gate::{Gate, OF_SERVER, Wanted};
use super::rig::{helpers, login, noise, push_head, rendered, script};
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
    // Nobody knows yet whether the server wants it, and how.
    let expected = ["GET info/refs 401", "GET info/refs 200 login"];
    assert_eq!(served.talk()[..2], expected);
}

/// A helper that writes down what it is asked and told.
pub(super) fn recording(sandbox: &Sandbox, password: &str) -> String {
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

impl Served {
    /// Pushes with a helper that knows `password`; returns what was learned of the server.
    fn push_with_helper(
        &self,
        password: &str,
        before: Option<AuthNeed>,
    ) -> Result<AuthCache, BranchPushError> {
        let mut options = self.options();
        options.helpers = helpers(&self.sandbox, &[&recording(&self.sandbox, password)]);
        options.auth_cache = AuthCache::new(before);
        self.push(&options).map(|_| options.auth_cache.clone())
    }

    /// Returns what the helper was asked and told; nothing where it was left alone.
    pub(super) fn heard(&self) -> String {
        std::fs::read_to_string(self.sandbox.path("helper.log")).unwrap_or_default()
    }
}

#[test]
fn a_helper_is_asked_when_the_server_wants_a_login_and_told_that_it_worked() {
    let served = Served::start(guarded());
    let habit = served.push_with_helper("pw", None).unwrap();
    let expected = [
        "GET info/refs 401",
        "GET info/refs 200 login",
        "POST git-receive-pack 200 login",
    ];
    assert_eq!(served.talk(), expected);
    assert_eq!(habit.changed(), Some(AuthNeed::Required));
    let host = served.server.url().replace("http://", "");
    let asked = format!("protocol=http\nhost={host}\n");
    let known = "capability[]=authtype\ncapability[]=state\n";
    let offered = "wwwauth[]=Basic realm=\"demo\"\n";
    let expected =
        format!("get\n{known}{asked}{offered}\nstore\n{asked}username=me\npassword=pw\n\n");
    assert_eq!(served.heard(), expected);
}

#[test]
fn a_server_that_wanted_a_login_before_gets_it_with_the_first_request() {
    let served = Served::start(guarded());
    let wanted = Some(AuthNeed::Required);
    let habit = served.push_with_helper("pw", wanted).unwrap();
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
    assert_eq!(served.talk(), expected);
    assert_eq!((habit.last(), habit.changed()), (wanted, None));
    assert!(served.heard().starts_with("get\n"));
}

#[test]
fn a_server_that_wants_no_login_is_told_none_and_the_helper_is_left_alone() {
    for before in [None, Some(AuthNeed::NotRequired)] {
        let served = Served::start(GitServerOptions::default());
        let habit = served.push_with_helper("pw", before).unwrap();
        let expected = ["GET info/refs 200", "POST git-receive-pack 200"];
        assert_eq!(served.talk(), expected);
        assert_eq!(habit.last(), Some(AuthNeed::NotRequired));
        assert_eq!(served.heard(), "");
    }
}

#[test]
fn a_server_that_came_to_want_a_login_gets_it_when_it_says_so() {
    let served = Served::start(guarded());
    let before = Some(AuthNeed::NotRequired);
    let habit = served.push_with_helper("pw", before).unwrap();
    let expected = ["GET info/refs 401", "GET info/refs 200 login"];
    assert_eq!(served.talk()[..2], expected);
    assert_eq!(habit.changed(), Some(AuthNeed::Required));
}

#[test]
fn the_callers_login_goes_before_the_helpers() {
    for before in [None, Some(AuthNeed::Required)] {
        let served = Served::start(guarded());
        let mut options = served.options();
        options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]);
        options.login = Some(login("me", "pw"));
        options.auth_cache = AuthCache::new(before);
        served.push(&options).unwrap();
        let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
        assert_eq!(served.talk(), expected);
        assert_eq!(served.heard(), "");
    }
}

#[test]
fn a_helper_whose_login_is_refused_is_told_to_forget_it() {
    for before in [None, Some(AuthNeed::Required)] {
        let served = Served::start(guarded());
        let refused = served.push_with_helper("wrong-CANARY", before);
        let error = refused.unwrap_err();
        assert_eq!(error.class(), "auth");
        assert!(!format!("{error:?}").contains("CANARY"));
        assert_eq!(served.talk().last().unwrap(), "GET info/refs 401 login");
        let heard = served.heard();
        assert!(heard.contains("erase\n"), "{heard}");
        assert!(!heard.contains("store\n"), "{heard}");
    }
}

#[test]
fn a_login_that_only_the_push_itself_needs_is_asked_for_then() {
    let served = Served::start(faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    let habit = served.push_with_helper("pw", None).unwrap();
    let expected = [
        "GET info/refs 200",
        "POST git-receive-pack 401",
        "POST git-receive-pack 200 login",
    ];
    assert_eq!(served.talk(), expected);
    assert_eq!(habit.changed(), Some(AuthNeed::Required));
    let heard = served.heard();
    assert!(heard.contains("store\n"), "{heard}");
}

/// A helper that takes its time to keep a login, and writes down what it was asked when it is through.
fn slow_helper(served: &Served) -> String {
    let log = served.sandbox.path("helper.log");
    let text = format!(
        "cat > /dev/null; [ $1 != store ] || sleep 1; echo $1 >> {}; [ $1 != get ] || printf 'username=me\\npassword=old\\n'",
        log.display()
    );
    let script = script(&served.sandbox, "slow", &text);
    script.to_str().unwrap().to_owned()
}

#[test]
fn a_login_that_the_push_itself_refuses_is_forgotten_after_it_was_kept() {
    let served = Served::start(faulty(POST, 0, 99, FaultKind::Status(401, "who?")));
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&slow_helper(&served)]);
    options.auth_cache = AuthCache::new(Some(AuthNeed::Required));
    let error = served.push(&options).unwrap_err();
    assert_eq!(error.class(), "auth", "{error:?}");
    let told = rendered(&served.sandbox, &error);
    assert!(told.contains("who?"), "{told}");
    assert_eq!(served.heard(), "get\nstore\nerase\n");
}

/// Guards against a wait for the words of a refusal, after which nobody would know that it was one.
#[test]
fn a_login_is_refused_also_where_the_page_that_says_so_does_not_come() {
    for lets_read in [true, false] {
        let served = Served::start(GitServerOptions::default());
        let wanted = Wanted {
            lets_read,
            holds_page: true,
            ..Wanted::basic("authorization", b"Basic other", OF_SERVER)
        };
        let gate = Gate::start(&served.server.url(), wanted);
        let url = format!("http://{}/r.git", gate.address);
        for content in ["small\n", &noise(300_000)] {
            served
                .sandbox
                .commit(&served.work, "more.txt", content, "More");
            let mut options = served.options();
            options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "old")]);
            options.auth_cache = AuthCache::new(Some(AuthNeed::Required));
            let error = push_head(&served.sandbox, &served.work, &url, &options).unwrap_err();
            assert_eq!(error.class(), "auth", "{error:?}");
            let heard = served.heard();
            assert!(heard.contains("erase\n"), "{heard}");
            std::fs::remove_file(served.sandbox.path("helper.log")).unwrap();
        }
        assert!(gate.refused() >= 2);
    }
}

#[test]
fn the_callers_login_stays_here_where_none_was_wanted() {
    let served = Served::start(GitServerOptions::default());
    let mut options = served.options();
    options.login = Some(login("me", "pw"));
    options.auth_cache = AuthCache::new(Some(AuthNeed::NotRequired));
    served.push(&options).unwrap();
    let expected = ["GET info/refs 200", "POST git-receive-pack 200"];
    assert_eq!(served.talk(), expected);
}

/// Commits a file that is larger than what is collected.
pub(super) fn commit_noise(sandbox: &Sandbox, work: &std::path::Path) {
    sandbox.commit(work, "noise.txt", &noise(300_000), "noise");
}

#[test]
fn a_large_push_is_streamed_after_an_empty_one_has_settled_the_login() {
    let served = Served::start(faulty(POST, 0, 1, FaultKind::Status(401, "who?")));
    commit_noise(&served.sandbox, &served.work);
    served.push_with_helper("pw", None).unwrap();
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
fn x19_helpers_answer_within_the_protocol_only() {
    let sandbox = Sandbox::new();
    let url = url::Url::parse("https://git.example.test/o/r.git").unwrap();
    let ask = |line: &str| helpers(&sandbox, &[line]).get(&url, Some("me"), &[]);
    let known = ask("!f() { test $1 = get && echo password=pw; }; f")
        .unwrap()
        .unwrap();
    let known = known.login().unwrap();
    assert_eq!(
        (known.user.as_str(), known.password.expose_secret()),
        ("me", "pw")
    );
    assert!(ask("!true").unwrap().is_none());
    let quit = ask("!echo quit=1; true").unwrap_err();
    assert!(quit.to_string().contains("nobody else"), "{quit}");
    let other = ask("!echo host=evil.test; echo password=pw; true").unwrap_err();
    assert!(other.to_string().contains("another host"), "{other}");
    let flood = ask("!head -c 1000000 /dev/zero; true").unwrap_err();
    assert!(
        flood.to_string().contains("cannot be understood"),
        "{flood}"
    );
    let ended = ask("!echo password=pw; echo; head -c 1000000 /dev/zero; true").unwrap();
    assert!(
        ended.is_some(),
        "what follows the blank line does not count"
    );
    assert!(ask("no-such-helper-anywhere").unwrap().is_none());
}

#[test]
fn a_helper_that_sleeps_is_killed_with_its_group() {
    let sandbox = Sandbox::new();
    let url = url::Url::parse("https://git.example.test/").unwrap();
    let pids = sandbox.path("pids");
    let line = format!("!sleep 60 & echo $! > {}; wait; true", pids.display());
    let helpers = helpers(&sandbox, &[&line]).deadline(std::time::Duration::from_secs(2));
    let begin = std::time::Instant::now();
    helpers.get(&url, None, &[]).unwrap_err();
    assert!(begin.elapsed() < std::time::Duration::from_secs(20));
    let pid = std::fs::read_to_string(pids).unwrap();
    assert!(crate::process::is_gone(&pid));
}
