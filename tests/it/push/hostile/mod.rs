//! A server that means harm. Whatever it does, the push ends in time, in a class, and holds little memory.

mod server;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use sendoff::git::push::{PushError, PushOptions, Pushed};

use crate::sandbox::Sandbox;

use server::{Act, Hostile, hostile};

use super::rig::{ahead, noise, options, push_head};

/// So long nothing may move in these tests.
const SHORT: Duration = Duration::from_millis(500);
/// So long each may take; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(15);

/// One packet line.
fn line(data: &[u8]) -> Vec<u8> {
    [format!("{:04x}", data.len() + 4).as_bytes(), data].concat()
}

/// An answer of HTTP with a body of known length.
fn http(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The head of an answer that ends with the connection.
fn endless(kind: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n").into_bytes()
}

const REFS: &str = "application/x-git-receive-pack-advertisement";
const RESULT: &str = "application/x-git-receive-pack-result";

/// A work tree with a push ahead of it, and the right answer to the question for refs.
struct Case {
    sandbox: Sandbox,
    work: std::path::PathBuf,
    refs: Vec<u8>,
}

impl Case {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
        let first = format!("{old} refs/heads/feature\0report-status side-band-64k ofs-delta\n");
        let body = [
            line(b"# service=git-receive-pack\n"),
            b"0000".to_vec(),
            line(first.as_bytes()),
            b"0000".to_vec(),
        ]
        .concat();
        Self {
            sandbox,
            work,
            refs: http(REFS, &body),
        }
    }

    fn options(&self) -> PushOptions {
        PushOptions {
            push_timeout: SHORT,
            connect_timeout: SHORT * 4,
            ..options(&self.sandbox)
        }
    }

    fn push(&self, server: &Hostile) -> Result<Pushed, PushError> {
        let begin = Instant::now();
        let pushed = push_head(&self.sandbox, &self.work, &server.url, &self.options());
        assert!(begin.elapsed() < LIMIT, "{:?}: {pushed:?}", begin.elapsed());
        pushed
    }

    /// Tries both questions; returns the class of the error.
    fn class(&self, refs: Act, push: Act) -> &'static str {
        let server = hostile(refs, push);
        let error = self.push(&server).unwrap_err();
        // Whatever it says is shown in one line without control characters.
        assert!(!error.summary().chars().any(char::is_control), "{error:?}");
        error.class()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn questions_for_refs_that_are_answered_badly_end_in_a_class() {
    let case = Case::new();
    let id = "1".repeat(40);
    let service = line(b"# service=git-receive-pack\n");
    let body = |rest: &[u8]| Act::Say(http(REFS, &[&service, &b"0000"[..], rest].concat()));
    let raw = |text: &str| Act::Say(text.as_bytes().to_vec());
    let first = line(format!("{id} refs/heads/x\0report-status\n").as_bytes());
    let cut = case.refs[..case.refs.len() - 10].to_vec();
    let headers = |count: usize, size: usize| {
        let mut text = String::from("HTTP/1.1 200 OK\r\n");
        for n in 0..count {
            write!(text, "X-{n}: {}\r\n", "y".repeat(size)).unwrap();
        }
        text + "\r\n"
    };
    let rows: Vec<(&str, Act, &str)> = vec![
        ("silent", Act::Nothing, "timeout"),
        ("slow", Act::Drip(case.refs.clone()), "timeout"),
        ("closed at once", Act::Say(Vec::new()), "network"),
        ("no http", raw("SSH-2.0-OpenSSH_9.2\r\n"), "network"),
        ("no length line", body(b"zzzz"), "bad-response"),
        ("delimiter", body(b"0001"), "bad-response"),
        ("response end", body(b"0002"), "bad-response"),
        ("length three", body(b"0003"), "bad-response"),
        ("length of nothing", body(b"0004"), "bad-response"),
        ("line cut short", body(b"00ffabc"), "bad-response"),
        ("no flush", body(&first), "bad-response"),
        ("length in words", body(b"-001"), "bad-response"),
        ("less than promised", Act::Say(cut), "network"),
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
            "auth",
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
    for (name, act, class) in rows {
        let begin = Instant::now();
        assert_eq!(case.class(act, Act::Nothing), class, "{name}");
        eprintln!("{name}: {:?}", begin.elapsed());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn pushes_that_are_answered_badly_end_in_a_class() {
    let case = Case::new();
    let ok = [
        line(b"unpack ok\n"),
        line(b"ok refs/heads/feature\n"),
        b"0000".to_vec(),
    ]
    .concat();
    let band = |report: &[u8]| line(&[&b"\x01"[..], report].concat());
    let said = |body: &[u8]| Act::Say(http(RESULT, body));
    let report = |text: &[u8]| said(&[band(text), b"0000".to_vec()].concat());
    let ng = |reason: &str| {
        let reason = format!("ng refs/heads/feature {reason}\n");
        report(
            &[
                line(b"unpack ok\n"),
                line(reason.as_bytes()),
                b"0000".to_vec(),
            ]
            .concat(),
        )
    };
    let raw = |text: &str| Act::Say(text.as_bytes().to_vec());
    // The gzip form of a megabyte of zeros would begin like this; it is not asked for, and not undone.
    let bomb = [
        format!("HTTP/1.1 200 OK\r\nContent-Type: {RESULT}\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n").as_bytes(),
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff],
    ]
    .concat();
    let rows: Vec<(&str, Act, &str)> = vec![
        ("silent", Act::Nothing, "timeout"),
        ("closed at once", Act::Say(Vec::new()), "network"),
        ("broken at the first byte", Act::BreakAfter(1), "network"),
        ("no answer", said(b""), "bad-response"),
        ("only the end", said(b"0000"), "bad-response"),
        ("length three", said(b"0003"), "bad-response"),
        ("a delimiter", said(b"0001"), "bad-response"),
        ("no length", said(b"zzzz"), "bad-response"),
        ("line cut short", said(b"00ff\x01abc"), "bad-response"),
        ("band nine", said(&line(b"\x09what")), "bad-response"),
        ("an empty line", said(b"0004"), "bad-response"),
        ("report cut short", report(&ok[..20]), "bad-response"),
        (
            "report without our branch",
            report(&[line(b"unpack ok\n"), b"0000".to_vec()].concat()),
            "bad-response",
        ),
        (
            "report on another branch",
            report(
                &[
                    line(b"unpack ok\n"),
                    line(b"ok refs/heads/main\n"),
                    b"0000".to_vec(),
                ]
                .concat(),
            ),
            "bad-response",
        ),
        (
            "a report of ok and then of no",
            report(
                &[
                    line(b"unpack ok\n"),
                    line(b"ok refs/heads/feature\n"),
                    line(b"ng refs/heads/feature no\n"),
                    b"0000".to_vec(),
                ]
                .concat(),
            ),
            "bad-response",
        ),
        ("no unpack line", report(&ok[14..]), "bad-response"),
        (
            "unpack that failed",
            report(&[line(b"unpack index-pack abnormal exit\n"), b"0000".to_vec()].concat()),
            "corrupt",
        ),
        (
            "an ng that nobody knows",
            ng("because \u{1b}]0;owned\u{7} I say so"),
            "rejected",
        ),
        ("an ng without a reason", ng(""), "rejected"),
        (
            "an ng of a hook",
            ng("pre-receive hook declined"),
            "hook-declined",
        ),
        (
            "the third band",
            said(&line(b"\x03disk full\n")),
            "rejected",
        ),
        ("an error line", said(&line(b"ERR go away\n")), "rejected"),
        (
            "a page",
            Act::Say(http("text/html", b"<html>")),
            "bad-response",
        ),
        (
            "compressed without being asked",
            Act::Say(bomb),
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
    let refs = Act::Say(case.refs.clone());
    for (name, act, class) in rows {
        assert_eq!(case.class(refs.clone(), act), class, "{name}");
    }
}

#[test]
fn a_flood_is_cut_off() {
    let case = Case::new();
    let refs = Act::Say(case.refs.clone());
    let other = line(format!("{} refs/heads/x\n", "1".repeat(40)).as_bytes()).repeat(1_000);
    let start = [
        endless(REFS),
        line(b"# service=git-receive-pack\n"),
        b"0000".to_vec(),
    ]
    .concat();
    let megabyte = 1 << 20;
    let rows: Vec<(&str, Act, Act, usize)> = vec![
        (
            "refs without end",
            Act::Flood(start, other),
            Act::Nothing,
            160,
        ),
        (
            "a report without end",
            refs.clone(),
            Act::Flood(
                endless(RESULT),
                line(&[&b"\x01"[..], &vec![b'x'; 60_000]].concat()),
            ),
            48,
        ),
        (
            "messages without end",
            refs,
            Act::Flood(
                endless(RESULT),
                line(&[&b"\x02"[..], &vec![b'x'; 60_000]].concat()),
            ),
            300,
        ),
    ];
    for (name, refs, push, most) in rows {
        let server = hostile(refs, push);
        let error = case.push(&server).unwrap_err();
        assert!(
            ["bad-response", "timeout"].contains(&error.class()),
            "{name}: {error:?}"
        );
        let sent = server.sent.load(Ordering::Relaxed) / megabyte;
        assert!(sent <= most, "{name}: {sent} MB");
    }
}

#[test]
fn nothing_said_and_nothing_ended_lasts_until_the_caller_stops() {
    // A hook that works for long sends such packets, so they are signs of life; the run's deadline ends it.
    let case = Case::new();
    let empty = Act::Flood(endless(RESULT), b"0005\x02".to_vec());
    let server = hostile(Act::Say(case.refs.clone()), empty);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let begin = Instant::now();
    thread::spawn(move || {
        thread::sleep(SHORT * 3);
        flag.store(true, Ordering::Relaxed);
    });
    let error = super::rig::push_until(
        &case.sandbox,
        &case.work,
        &server.url,
        &case.options(),
        &stop,
    )
    .unwrap_err();
    assert!(begin.elapsed() >= SHORT && begin.elapsed() < LIMIT);
    assert!(
        ["unknown-outcome", "stopped", "bad-response"].contains(&error.class()),
        "{error:?}"
    );
}

#[test]
fn a_server_that_lies_is_believed_once_and_found_out_by_the_next_push() {
    // `ok` is the only proof there is: the protocol has no other, and asking again would ask the same liar.
    let case = Case::new();
    let ok = [
        line(b"unpack ok\n"),
        line(b"ok refs/heads/feature\n"),
        b"0000".to_vec(),
    ]
    .concat();
    let body = [line(&[&b"\x01"[..], &ok].concat()), b"0000".to_vec()].concat();
    let server = hostile(Act::Say(case.refs.clone()), Act::Say(http(RESULT, &body)));
    for _ in 0..2 {
        let pushed = case.push(&server).unwrap();
        assert_eq!(pushed.action, sendoff::git::push::Action::Updated);
    }
    assert_eq!(server.requests.load(Ordering::Relaxed), 4);
}

#[test]
fn a_connection_that_breaks_anywhere_in_the_pack_is_a_lost_one() {
    let case = Case::new();
    case.sandbox
        .commit(&case.work, "noise.txt", &noise(400_000), "noise");
    for bytes in [15_000, 750_000, 1_480_000] {
        let server = hostile(Act::Say(case.refs.clone()), Act::BreakAfter(bytes));
        let error = case.push(&server).unwrap_err();
        assert!(
            ["network", "unknown-outcome", "timeout"].contains(&error.class()),
            "{bytes}: {error:?}"
        );
        assert!(error.is_transient());
    }
}
