//! Keys of git's for http and for protocols, beside git; and those that are named because they do not count.

use std::time::{Duration, Instant};

use sendoff::demo::git_server::{FaultKind, GitServerOptions};
use sendoff::environment::Environment;

use crate::world::World;

use super::proxy::{configured, configured_in};
use super::rig::rendered;
use super::served::{INFO, Served, faulty};

fn set(served: &Served, key: &str, value: &str) {
    let arguments = ["config", "--global", key, value];
    served.sandbox.git(&served.work, &arguments);
}

fn git_pushes(served: &Served, variables: &[(&str, &str)]) -> bool {
    let mut push = served.sandbox.command("git");
    push.current_dir(&served.work)
        .args(["push", "-q", "--dry-run", &served.url(), "feature"])
        .envs(variables.iter().copied());
    push.output().unwrap().status.success()
}

/// Guards that a scheme which git would not speak is not spoken, by key and by variable.
#[test]
fn a_protocol_that_git_may_not_speak_is_refused() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], bool);
    let cases: [Case<'_>; 10] = [
        (&[("protocol.http.allow", "never")], &[], false),
        (&[("protocol.http.allow", "always")], &[], true),
        (&[("protocol.allow", "never")], &[], false),
        (
            &[("protocol.allow", "never"), ("protocol.http.allow", "user")],
            &[],
            true,
        ),
        (
            &[("protocol.http.allow", "user")],
            &[("GIT_PROTOCOL_FROM_USER", "0")],
            false,
        ),
        // Git dies of it.
        (
            &[("protocol.http.allow", "user")],
            &[("GIT_PROTOCOL_FROM_USER", "zzz")],
            false,
        ),
        (
            &[("protocol.http.allow", "never")],
            &[("GIT_ALLOW_PROTOCOL", "ssh:http")],
            true,
        ),
        (&[], &[("GIT_ALLOW_PROTOCOL", "ssh:https")], false),
        // Set to nothing it lists nothing.
        (&[], &[("GIT_ALLOW_PROTOCOL", "")], false),
        (&[], &[("GIT_PROTOCOL_FROM_USER", "")], true),
    ];
    for (keys, variables, arrives) in cases {
        let served = Served::start(GitServerOptions::default());
        for (key, value) in keys {
            set(&served, key, value);
        }
        assert_eq!(
            git_pushes(&served, variables),
            arrives,
            "{keys:?} {variables:?}"
        );
        let environment = Environment::from_pairs("/", variables.iter().copied());
        let options = configured_in(&served.sandbox, &served.work, &served.url(), environment);
        let pushed = served.push(&options);
        assert_eq!(pushed.is_ok(), arrives, "{keys:?} {variables:?} {pushed:?}");
        if let Err(error) = pushed {
            assert_eq!(error.class(), "unsupported");
            let text = rendered(&served.sandbox, &error);
            assert!(text.contains("does not allow `http`"), "{text}");
            assert!(text.contains("advice: allow it in "), "{text}");
        }
    }
}

/// Guards that no redirect is followed where the user does not want it.
#[test]
fn redirects_are_not_followed_where_the_user_does_not_want_it() {
    let redirecting = || {
        let to = "/r.git/info/refs?service=git-receive-pack".to_owned();
        Served::start(faulty(INFO, 0, 1, FaultKind::Redirect(to)))
    };
    let served = redirecting();
    set(&served, "http.followRedirects", "false");
    let options = configured(&served.sandbox, &served.work, &served.url());
    let error = served.push(&options).unwrap_err();
    insta::assert_snapshot!(rendered(&served.sandbox, &error), @r#"
    redirect-refused: the server redirects the request, and `http.followRedirects` is false
      advice: set the remote's URL to the address that the repository has now
    "#);
    let served = redirecting();
    set(&served, "http.followRedirects", "false");
    assert!(!git_pushes(&served, &[]));
    let served = redirecting();
    let options = configured(&served.sandbox, &served.work, &served.url());
    served.push(&options).unwrap();
}

/// Guards that a server which sends nothing is given up after the user's time.
#[test]
fn a_server_that_is_too_slow_for_the_user_is_given_up() {
    for by_variable in [false, true] {
        let served = Served::start(faulty(INFO, 0, 9, FaultKind::Silence));
        let variables = [
            ("GIT_HTTP_LOW_SPEED_LIMIT", "1"),
            ("GIT_HTTP_LOW_SPEED_TIME", "1"),
        ];
        let variables = if by_variable { &variables[..] } else { &[] };
        if !by_variable {
            set(&served, "http.lowSpeedLimit", "1");
            set(&served, "http.lowSpeedTime", "1");
        }
        let environment = Environment::from_pairs("/", variables.iter().copied());
        let options = configured_in(&served.sandbox, &served.work, &served.url(), environment);
        assert_eq!(options.push_timeout, Duration::from_secs(1));
        let begin = Instant::now();
        assert_eq!(served.push(&options).unwrap_err().class(), "timeout");
        assert!(
            begin.elapsed() < Duration::from_secs(15),
            "{:?}",
            begin.elapsed()
        );
    }
}

/// Guards that a login goes with the first request where the user wants it, as git sends it.
#[test]
fn a_login_goes_first_where_the_user_wants_it() {
    for how in ["basic", "auto"] {
        let served = Served::start(GitServerOptions::default());
        set(&served, "http.proactiveAuth", how);
        set(
            &served,
            "credential.helper",
            "!f(){ echo username=me; echo password=pw; }; f",
        );
        let first = |talk: Vec<String>| talk.first().cloned();
        if served
            .sandbox
            .git(&served.work, &["help", "--config"])
            .contains("http.proactiveAuth")
        {
            assert!(git_pushes(&served, &[]));
            assert_eq!(
                first(served.talk()).as_deref(),
                Some("GET info/refs 200 login"),
                "git"
            );
        }
        let before = served.talk().len();
        let options = configured(&served.sandbox, &served.work, &served.url());
        served.push(&options).unwrap();
        let ours = served.talk().split_off(before);
        assert_eq!(
            first(ours).as_deref(),
            Some("GET info/refs 200 login"),
            "{how}"
        );
    }
}

/// Guards that each key of http which is set and does not count is named in the report.
#[test]
fn keys_that_are_set_and_do_not_count_are_named() {
    let world = World::new();
    for (key, value) in [
        ("http.delegation", "always"),
        ("http.emptyAuth", "true"),
        ("http.proxyAuthMethod", "ntlm"),
        ("http.saveCookies", "true"),
        ("http.sslBackend", "openssl"),
        ("http.sslCertType", "DER"),
        ("http.sslKeyType", "ENG"),
        ("http.sslCipherList", "HIGH"),
        ("http.sslVersion", "tlsv1.0"),
    ] {
        world
            .sandbox
            .git(world.work(), &["config", "--global", key, value]);
    }
    let report = world.report(&["run", "post-commit"]);
    let warnings = report["steps"][0]["outputs"]["warnings"].to_string();
    insta::assert_snapshot!(warnings.replace("\",\"", "\n"), @r#"
    ["http.delegation in the git configuration is ignored: Negotiate is not spoken
    http.emptyAuth in the git configuration is ignored: neither Negotiate nor NTLM is spoken
    http.proxyAuthMethod in the git configuration is ignored: only Basic and Digest are spoken with proxies, and no login was sent
    http.saveCookies in the git configuration is ignored: the file of cookies is read and not written
    http.sslBackend in the git configuration is ignored: TLS is spoken by rustls
    http.sslCertType in the git configuration is ignored: certificates are read in PEM form
    http.sslKeyType in the git configuration is ignored: keys are read in PEM form
    http.sslCipherList in the git configuration is ignored: the ciphers are those of TLS 1.3, and AES-GCM and ChaCha20 of TLS 1.2
    http.sslVersion in the git configuration is ignored: TLS 1.2 and 1.3 are spoken"]
    "#);
    // Neither is named at its default.
    let world = World::new();
    for (key, value) in [
        ("http.delegation", "none"),
        ("http.sslVersion", "tlsv1.3"),
        ("http.emptyAuth", "false"),
        ("http.saveCookies", "false"),
    ] {
        world
            .sandbox
            .git(world.work(), &["config", "--global", key, value]);
    }
    let report = world.report(&["run", "post-commit"]);
    assert!(
        report["steps"][0]["outputs"]["warnings"].is_null(),
        "{report}"
    );
}
