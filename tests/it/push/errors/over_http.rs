//! What people read when a push over HTTP goes wrong.

use std::net::TcpListener;

use hyper::header::{AUTHORIZATION, HeaderValue};
use insta::assert_snapshot;
use secrecy::SecretString;
use sendoff::demo::git_server::{FaultKind, GitServerOptions, RequestFault};
use sendoff::git::push::PushOptions;
use sendoff_push::NoRedaction;
use sendoff_testing::supervise;

use crate::push::rig::{ahead, helpers, options, push_head, rendered};
use crate::push::served::Served;
use crate::sandbox::Sandbox;

/// Pushes over HTTP to a server that goes wrong.
fn over_http(fault: Option<RequestFault>, change: impl Fn(&Sandbox, &mut PushOptions)) -> String {
    let guarded = fault.is_none();
    let served = Served::start(GitServerOptions {
        login: guarded.then(|| ("me".into(), SecretString::from("pw"))),
        faults: fault.into_iter().collect(),
        ..GitServerOptions::default()
    });
    let mut options = served.options();
    change(&served.sandbox, &mut options);
    let error = served.push(&options).unwrap_err();
    rendered(&served.sandbox, &error)
}

fn always(path_end: &'static str, kind: FaultKind) -> RequestFault {
    RequestFault {
        path_end,
        after: 0,
        times: usize::MAX,
        kind,
    }
}

#[test]
fn a_repository_that_the_http_server_does_not_know() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let url = format!("{}/absent.git", served.server.url());
    let error = push_head(&served.sandbox, &served.work, &url, &served.options()).unwrap_err();
    assert_snapshot!(rendered(&served.sandbox, &error), @"
    not-found: there is no such repository at 127.0.0.1
      advice: check the remote's URL, and that your login may see the repository
    ");
}

#[test]
fn a_login_that_nobody_knows() {
    supervise!();
    assert_snapshot!(over_http(None, |_, _| {}), @"
    auth: 127.0.0.1 wants a login, and no credential helper knows one
      advice: set up a credential helper in your global git configuration, or write the login into ~/.netrc
    ");
}

#[test]
fn a_login_that_is_wrong() {
    supervise!();
    let text = over_http(None, |sandbox, options| {
        let line = "!echo username=me; echo password=CANARY; true";
        options.helpers = helpers(sandbox, &[line]);
    });
    assert_snapshot!(text, @"
    auth: 127.0.0.1 refused the login of the credential helper of the git configuration: who are you?
      advice: renew the login that the credential helper of the git configuration keeps
    ");
}

/// Git shows these words, too: they tell what a new password does not mend.
#[test]
fn what_the_server_says_of_a_login_is_told() {
    supervise!();
    let said =
        "Invalid username or token. Password authentication is not supported for Git operations.";
    let text = over_http(
        Some(always("/info/refs", FaultKind::Status(401, said))),
        |sandbox, options| {
            let line = "!echo username=me; echo password=CANARY; true";
            options.helpers = helpers(sandbox, &[line]);
        },
    );
    assert_snapshot!(text, @"
    auth: 127.0.0.1 refused the login of the credential helper of the git configuration: Invalid username or token. Password authentication is not supported for Git operations.
      advice: renew the login that the credential helper of the git configuration keeps; this server takes a token in the place of a password
    ");
}

#[test]
fn what_is_said_with_other_statuses_is_told() {
    supervise!();
    let told = |status, said| {
        over_http(
            Some(always("/info/refs", FaultKind::Status(status, said))),
            |_, _| {},
        )
    };
    assert_snapshot!(told(402, "Payment required\n"), @"
    bad-response: 127.0.0.1 answered with status 402: Payment required
      advice: read the server's message; where it is of no git server, check the remote's URL, and what is in the way
    ");
    assert_snapshot!(told(451, "Unavailable for legal reasons\n"), @"
    auth: 127.0.0.1 does not allow this push: Unavailable for legal reasons
      advice: see the page of the repository: the forge or its owner has closed it
    ");
    assert_snapshot!(told(404, "Repository was renamed to o/new.\n"), @"
    not-found: there is no such repository at 127.0.0.1: Repository was renamed to o/new.
      advice: check the remote's URL, and that your login may see the repository
    ");
    assert_snapshot!(told(429, "Too many pushes of this account.\n"), @"
    network: 127.0.0.1 is not available now (status 429): Too many pushes of this account.
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
    // A page for browsers is none.
    assert_snapshot!(told(410, "<html>Gone</html>\n"), @"
    not-found: there is no such repository at 127.0.0.1
      advice: check the remote's URL, and that your login may see the repository
    ");
}

#[test]
fn a_header_of_ones_own_that_is_wrong() {
    supervise!();
    let text = over_http(None, |_, options| {
        let header = HeaderValue::from_static("Basic CANARY");
        options.extra_headers = vec![(AUTHORIZATION, header)];
    });
    assert_snapshot!(text, @"
    auth: 127.0.0.1 refused the login in `http.extraHeader`
      advice: renew the `Authorization` of `http.extraHeader` in your git configuration, or take it out
    ");
}

#[test]
fn a_login_that_may_not_push() {
    supervise!();
    let kind = FaultKind::Status(403, "Permission to o/r.git denied to me.\n");
    assert_snapshot!(over_http(Some(always("/info/refs", kind)), |_, _| {}), @"
    auth: 127.0.0.1 does not allow this push: Permission to o/r.git denied to me.
      advice: ask for write access, or use a token that has it
    ");
}

#[test]
fn n14_a_page_instead_of_an_answer() {
    supervise!();
    let fault = always("/info/refs", FaultKind::Page);
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    bad-response: 127.0.0.1 does not answer as a git server does
      advice: check the remote's URL; a proxy or a login page may be in the way
    ");
}

#[test]
fn a_server_that_is_overloaded() {
    supervise!();
    let fault = always("/git-receive-pack", FaultKind::Status(503, "busy"));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    network: 127.0.0.1 is not available now (status 503): busy
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
}

#[test]
fn a_push_that_the_server_finds_too_large() {
    supervise!();
    let fault = always("/git-receive-pack", FaultKind::Status(413, "<html>"));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    too-large: the push is larger than the server accepts
      advice: push fewer commits, or keep large files out of the history
    ");
}

#[test]
fn a_redirect_to_another_host() {
    supervise!();
    let to = "https://evil.test/r.git/info/refs?service=git-receive-pack".to_owned();
    let fault = always("/info/refs", FaultKind::Redirect(to));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    redirect-refused: a redirect was refused
      because: the server redirects the request to another origin
      advice: set the remote's URL to the address that the repository has now
    ");
}

#[test]
fn a_port_where_nobody_listens() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/r.git");
    let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    let text = rendered(&sandbox, &error).replace(&free.to_string(), "[ADDRESS]");
    assert_snapshot!(text, @"
    network: the connection failed
      because: no connection could be made
      because: tcp connect error
      because: Connection refused (os error 111)
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
    assert!(error.is_transient());
    let summary = "the connection failed: Connection refused (os error 111)";
    assert_eq!(error.summary(&NoRedaction), summary);
}
