//! What only an HTTP server can do wrong: statuses, headers, redirects, logins.

use sendoff_push::NoRedaction;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sendoff_testing::supervise;

use crate::push::rig::{helpers, push_head};

use super::server::{Act, hostile};
use super::{Carrier, Case, LONG, REFS, RESULT, SHORT, http, service};

/// Tries both questions; returns the class of the error.
pub(super) fn class(case: &Case, refs: Act, push: Act) -> &'static str {
    class_within(LONG, case, refs, push)
}

/// The same where nothing may move for so long.
fn class_within(patience: Duration, case: &Case, refs: Act, push: Act) -> &'static str {
    let server = hostile(refs, push);
    let error = case
        .push_over(Carrier::Http, &server, patience)
        .unwrap_err();
    assert!(
        !error.summary(&NoRedaction).chars().any(char::is_control),
        "{error:?}"
    );
    error.class()
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn n18_n20_questions_for_refs_that_are_answered_badly_end_in_a_class() {
    supervise!();
    let case = Case::new();
    let id = "1".repeat(40);
    let raw = |text: &str| Act::Say(text.as_bytes().to_vec());
    let right = http(REFS, &[service(), case.refs.clone()].concat());
    let cut = right[..right.len() - 10].to_vec();
    let headers = |count: usize, size: usize| {
        let mut text = String::from("HTTP/1.1 200 OK\r\n");
        for n in 0..count {
            write!(text, "X-{n}: {}\r\n", "y".repeat(size)).unwrap();
        }
        text + "\r\n"
    };
    let rows: Vec<(&str, Act, &str)> = vec![
        ("closed at once", Act::Say(Vec::new()), "network"),
        ("less than promised", Act::Say(cut), "network"),
        ("no http", raw("SSH-2.0-OpenSSH_9.2\r\n"), "network"),
        (
            "another service",
            Act::Say(http(REFS, b"001e# service=git-upload-pack\n0000")),
            "bad-response",
        ),
        (
            "dumb",
            Act::Say(http(
                "text/plain",
                format!("{id}\trefs/heads/x\n").as_bytes(),
            )),
            "bad-response",
        ),
        (
            "two lengths",
            raw(&format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {REFS}\r\nContent-Length: 5\r\nContent-Length: 900\r\n\r\n0000"
            )),
            "network",
        ),
        (
            "length and chunks",
            raw(&format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {REFS}\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\nzz\r\n"
            )),
            "network",
        ),
        (
            "a million header bytes",
            Act::Say(headers(1, 1 << 20).into_bytes()),
            "network",
        ),
        (
            "a thousand headers",
            Act::Say(headers(1_000, 10).into_bytes()),
            "network",
        ),
        (
            "headers without end",
            Act::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(1_000)),
            "network",
        ),
        (
            "interim answers without end",
            Act::Flood(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)),
            "timeout",
        ),
        (
            "status 999",
            raw("HTTP/1.1 999 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "bad-response",
        ),
        (
            "no content",
            raw("HTTP/1.1 204 No Content\r\n\r\n"),
            "bad-response",
        ),
        (
            "a login for ever",
            raw(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "auth",
        ),
        (
            "a header with control characters",
            raw("HTTP/1.1 401 \u{1b}[2J\r\nX: \u{1b}[2J\r\nContent-Length: 0\r\n\r\n"),
            "network",
        ),
        (
            "a login of another kind",
            raw(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "auth-scheme",
        ),
        (
            "an error page without end",
            Act::Flood(b"HTTP/1.1 403 No\r\n\r\n".to_vec(), vec![b'x'; 65_536]),
            "auth",
        ),
        (
            "redirect nowhere",
            raw("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "redirect-refused",
        ),
        (
            "redirect to a file",
            raw(
                "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "redirect-refused",
        ),
        (
            "redirect to another host",
            raw(
                "HTTP/1.1 301 Moved\r\nLocation: https://other.example/r.git/info/refs?service=git-receive-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "redirect-refused",
        ),
        (
            "redirect to the other service",
            raw(
                "HTTP/1.1 307 Moved\r\nLocation: /r.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "redirect-refused",
        ),
        (
            "redirect to itself",
            raw(
                "HTTP/1.1 307 Moved\r\nLocation: /r.git/info/refs?service=git-receive-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "redirect-refused",
        ),
        (
            "redirect that is no url",
            raw(
                "HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "bad-response",
        ),
    ];
    for (name, act, expected) in rows {
        let patience = if expected == "timeout" { SHORT } else { LONG };
        let got = class_within(patience, &case, act, Act::SILENCE);
        assert_eq!(got, expected, "{name}");
    }
}

#[test]
fn n19_pushes_that_are_answered_badly_end_in_a_class() {
    supervise!();
    let case = Case::new();
    let raw = |text: &str| Act::Say(text.as_bytes().to_vec());
    let rows: Vec<(&str, Act, &str)> = vec![
        ("closed at once", Act::Say(Vec::new()), "network"),
        (
            "a page",
            Act::Say(http("text/html", b"<html>")),
            "bad-response",
        ),
        (
            "two lengths",
            raw(&format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {RESULT}\r\nContent-Length: 5\r\nContent-Length: 900\r\n\r\n0000"
            )),
            "network",
        ),
        (
            "a redirect",
            raw(
                "HTTP/1.1 307 Moved\r\nLocation: https://other.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
            "bad-response",
        ),
        (
            "a login for ever",
            raw("HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "auth",
        ),
        (
            "too large",
            raw("HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "too-large",
        ),
        (
            "a gateway's error",
            raw("HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            "network",
        ),
    ];
    for (name, act, expected) in rows {
        let got = class(&case, case.refs_over_http(), act);
        assert_eq!(got, expected, "{name}");
    }
}

#[test]
fn a_server_that_always_wants_another_login_is_asked_a_few_times_only() {
    supervise!();
    let case = Case::new();
    let asked = case.sandbox.path("asked");
    let line = format!(
        "!echo x >> {}; echo username=me; echo password=CANARY; true",
        asked.display()
    );
    let mut options = case.options(LONG);
    options.helpers = helpers(&case.sandbox, &[&line]);
    let no = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let no = || Act::Say(no.as_bytes().to_vec());
    // To the first question, and to the push itself.
    for refs in [no(), case.refs_over_http()] {
        drop(std::fs::remove_file(&asked));
        let server = hostile(refs, no());
        let error = push_head(&case.sandbox, &case.work, &server.url(), &options).unwrap_err();
        assert_eq!(error.class(), "auth", "{error:?}");
        assert!(server.requests.load(Ordering::Relaxed) <= 4, "{error:?}");
        // Once for the login, and once to forget it.
        let asked = std::fs::read_to_string(&asked).unwrap();
        assert!(asked.lines().count() <= 4, "{asked}");
    }
}

#[test]
fn a_server_that_asks_for_patience_until_a_date_is_heard() {
    supervise!();
    let case = Case::new();
    let day = Duration::from_hours(24);
    for (date, wait) in [
        ("Fri, 31 Dec 2100 23:59:59 GMT", Some(day)),
        ("Thu, 01 Jan 2015 00:00:00 GMT", Some(Duration::ZERO)),
        ("99999999999999999999999", Some(day)),
        ("120", Some(day / 720)),
        ("whenever", None),
    ] {
        let answer = format!(
            "HTTP/1.1 503 Busy\r\nRetry-After: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        for (refs, push) in [
            (Act::Say(answer.clone().into()), Act::SILENCE),
            (case.refs_over_http(), Act::Say(answer.clone().into())),
        ] {
            let error = case.push(&hostile(refs, push)).unwrap_err();
            assert_eq!(error.class(), "network", "{date}: {error:?}");
            assert_eq!(error.retry_after(), wait, "{date}");
        }
    }
}
