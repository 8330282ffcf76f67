//! Servers that cut a request with a wrong login off before they have read it, so that nobody sees their 401.

use std::path::PathBuf;

use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::{AuthCache, AuthNeed, PushOptions};
use sendoff_testing::supervise;

use super::certificate::Certificate;
use super::front::{Front, Manner};
use super::rig::{helpers, noise, push_head};
use super::served::Served;

/// `me:pw`
const RIGHT: &str = "Basic bWU6cHc=";

/// A git server behind a front that looks at logins of pushes only, and a push of some megabytes.
struct Guarded {
    front: Front,
    served: Served,
    heard: PathBuf,
    options: PushOptions,
}

impl Guarded {
    /// Starts it; the helper answers `first`, and `pw` once it was told that something is wrong.
    fn start(tls: bool, first: &str) -> Self {
        Self::with(tls, first, &Manner::default())
    }

    fn with(tls: bool, first: &str, manner: &Manner) -> Self {
        let served = Served::start(GitServerOptions::default());
        let sandbox = &served.sandbox;
        sandbox.commit(&served.work, "noise.txt", &noise(700_000), "noise");
        let certificate = Certificate::new(sandbox);
        let manner = Manner {
            tls: tls.then(|| certificate.server(&["h2"])),
            authorization: Some(RIGHT),
            ..manner.clone()
        };
        let heard = sandbox.write("heard", "");
        let line = format!(
            "!f() {{ p={first}; grep -q erase {0} && p=pw; echo $1 >> {0}; \
             test $1 = get && echo username=me && echo password=$p; true; }}; f",
            heard.display()
        );
        let mut options = certificate.trusted(sandbox);
        options.helpers = helpers(sandbox, &[&line]);
        options.auth_cache = AuthCache::new(Some(AuthNeed::Required));
        Self {
            front: Front::start(&served.server.url(), manner),
            heard,
            options,
            served,
        }
    }

    fn push(&self) -> Result<sendoff_push::Pushed, sendoff::git::push::BranchPushError> {
        let served = &self.served;
        push_head(
            &served.sandbox,
            &served.work,
            &self.front.url(),
            &self.options,
        )
    }

    /// Commits more than the system takes for a server that does not read: all that was handed over might have had
    /// its effect.
    fn make_more(&self) {
        let (sandbox, work) = (&self.served.sandbox, &self.served.work);
        sandbox.commit(work, "noise.txt", &noise(2_400_000), "more noise");
    }

    fn heard(&self) -> String {
        std::fs::read_to_string(&self.heard).unwrap()
    }

    /// Returns the talk without the version.
    fn talk(&self) -> Vec<String> {
        let lines = self.front.talk().into_iter();
        lines
            .map(|line| line.split_once(' ').unwrap().1.to_owned())
            .collect()
    }
}

#[test]
fn a_wrong_login_of_a_streamed_push_is_found_out_when_the_server_cuts_it_off() {
    supervise!();
    for tls in [false, true] {
        let guarded = Guarded::start(tls, "wrong");
        guarded.make_more();
        let before = guarded.served.tip();
        let error = guarded.push().unwrap_err();
        assert_eq!(error.class(), "auth", "{error:?}");
        // Nothing had an effect, so the remote was not asked again.
        let expected = [
            "GET refs 200 login",
            "POST git-receive-pack 0 login",
            "POST git-receive-pack 401 login",
        ];
        assert_eq!(guarded.talk(), expected);
        assert_eq!(guarded.heard(), "get\nstore\nerase\n");
        assert_eq!(guarded.served.tip(), before);
        // The next push asks the helper, which knows better now.
        guarded.push().unwrap();
    }
}

#[test]
fn a_right_login_of_a_streamed_push_costs_no_further_request() {
    supervise!();
    for tls in [false, true] {
        let guarded = Guarded::start(tls, "pw");
        let pushed = guarded.push().unwrap();
        assert_eq!(guarded.served.tip(), pushed.new.to_string());
        let expected = ["GET refs 200 login", "POST git-receive-pack 200 login"];
        assert_eq!(guarded.talk(), expected);
    }
}

#[test]
fn a_collected_push_that_is_cut_off_for_its_login_is_sent_with_the_next_one() {
    supervise!();
    for tls in [false, true] {
        let mut guarded = Guarded::start(tls, "wrong");
        guarded.options.post_buffer = 64 << 20;
        // The login in the URL goes first; the helper is asked when it is refused.
        let url = guarded.front.url().replace("://", "://me:older@");
        let served = &guarded.served;
        guarded.make_more();
        std::fs::write(&guarded.heard, "erase\n").unwrap();
        let pushed = push_head(&served.sandbox, &served.work, &url, &guarded.options).unwrap();
        assert_eq!(served.tip(), pushed.new.to_string());
        let expected = [
            "GET refs 200 login",
            "POST git-receive-pack 0 login",
            "POST git-receive-pack 401 login",
            "POST git-receive-pack 200 login",
        ];
        assert_eq!(guarded.talk(), expected);
    }
}

#[test]
fn a_push_that_arrived_before_its_login_ended_has_arrived() {
    supervise!();
    let forgets = Manner {
        forgets: true,
        ..Manner::default()
    };
    for (tls, post_buffer) in [(false, 1), (false, 64), (true, 1), (true, 64)] {
        let mut guarded = Guarded::with(tls, "pw", &forgets);
        guarded.options.post_buffer = post_buffer << 20;
        let pushed = guarded.push().unwrap();
        assert_eq!(guarded.served.tip(), pushed.new.to_string());
        // All of it was sent, so only the remote knows what became of it. It is not sent again.
        let expected = [
            "GET refs 200 login",
            "POST git-receive-pack 0 login",
            "POST git-receive-pack 401 login",
            "GET refs 200 login",
        ];
        assert_eq!(guarded.talk(), expected);
    }
}

#[test]
fn a_push_without_a_known_login_that_is_cut_off_is_asked_about_and_sent_once_more() {
    supervise!();
    let mut guarded = Guarded::start(false, "wrong");
    guarded.options.helpers = helpers(&guarded.served.sandbox, &[]);
    guarded.options.post_buffer = 64 << 20;
    let error = guarded.push().unwrap_err();
    assert_eq!(error.class(), "network", "{error:?}");
    // The branch was not moved, so the request is sent once more on a connection of its own.
    let expected = [
        "GET refs 200",
        "POST git-receive-pack 0",
        "GET refs 200",
        "POST git-receive-pack 0",
        "GET refs 200",
    ];
    assert_eq!(guarded.talk(), expected);
}
