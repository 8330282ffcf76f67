//! A login in a header of the user's own (`http.extraHeader`): it goes in place of any other, and nobody hears of it.

use hyper::header::{AUTHORIZATION, HeaderValue};
use sendoff::demo::git_server::{FaultKind, GitServerOptions};
use sendoff::git::push::{AuthCache, AuthNeed, BranchPushError, PushOptions, TransportError};

use super::front::{Front, Manner};
use super::logins::{commit_noise, recording};
use super::rig::{helpers, push_head};
use super::served::{POST, Served, faulty, guarded};

/// `me` and `pw`.
const RIGHT: &str = "Basic bWU6cHc=";
const WRONG: &str = "Basic bWU6d3Jvbmc=";

/// Options with a header of the user's own, and a helper that knows a login.
fn with_header(served: &Served, header: &'static str, before: Option<AuthNeed>) -> PushOptions {
    PushOptions {
        extra_headers: vec![(AUTHORIZATION, HeaderValue::from_static(header))],
        helpers: helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]),
        auth_cache: AuthCache::new(before),
        ..served.options()
    }
}

fn assert_is_told(error: &BranchPushError) {
    assert_eq!(error.class(), "auth", "{error:?}");
    assert!(
        matches!(
            error.transport(),
            Some(TransportError::HeaderRefused { .. })
        ),
        "{error:?}"
    );
    let advice = error.advice().unwrap();
    assert!(advice.contains("http.extraHeader"), "{advice}");
}

#[test]
fn a_refused_header_is_sent_once_and_no_helper_hears_of_it() {
    for before in [None, Some(AuthNeed::Required), Some(AuthNeed::NotRequired)] {
        let served = Served::start(guarded());
        let options = with_header(&served, WRONG, before);
        assert_is_told(&served.push(&options).unwrap_err());
        assert_eq!(served.talk(), ["GET info/refs 401 login"], "{before:?}");
        assert_eq!(served.heard(), "", "{before:?}");
    }
}

#[test]
fn a_header_that_only_the_push_itself_refuses_is_not_sent_twice_either() {
    let served = Served::start(faulty(POST, 0, 99, FaultKind::Status(401, "who?")));
    let options = with_header(&served, WRONG, Some(AuthNeed::Required));
    assert_is_told(&served.push(&options).unwrap_err());
    let expected = ["GET info/refs 200 login", "POST git-receive-pack 401 login"];
    assert_eq!(served.talk(), expected);
    assert_eq!(served.heard(), "");
}

#[test]
fn a_header_that_refuses_a_large_push_is_told_and_no_helper_hears_of_it() {
    let served = Served::start(faulty(POST, 0, 99, FaultKind::Status(401, "who?")));
    commit_noise(&served.sandbox, &served.work);
    let options = with_header(&served, WRONG, None);
    assert_is_told(&served.push(&options).unwrap_err());
    assert_eq!(served.heard(), "");
}

#[test]
fn a_push_that_is_cut_off_for_its_header_is_not_sent_again() {
    let served = Served::start(GitServerOptions::default());
    let manner = Manner {
        authorization: Some(RIGHT),
        ..Manner::default()
    };
    let front = Front::start(&served.server.url(), manner);
    let options = with_header(&served, WRONG, None);
    let pushed = push_head(&served.sandbox, &served.work, &front.url(), &options);
    assert_is_told(&pushed.unwrap_err());
    let mut posts = front.talk();
    posts.retain(|line| line.contains("POST"));
    // The push, and the question whether it was the login.
    let expected = [
        "HTTP/1.1 POST git-receive-pack 0 login",
        "HTTP/1.1 POST git-receive-pack 401 login",
    ];
    assert_eq!(posts, expected);
    assert_eq!(served.heard(), "");
}

#[test]
fn a_header_that_is_taken_leaves_the_helper_alone() {
    for before in [None, Some(AuthNeed::Required)] {
        let served = Served::start(guarded());
        let options = with_header(&served, RIGHT, before);
        served.push(&options).unwrap();
        let expected = ["GET info/refs 200 login", "POST git-receive-pack 200 login"];
        assert_eq!(served.talk(), expected);
        assert_eq!(served.heard(), "", "{before:?}");
    }
}
