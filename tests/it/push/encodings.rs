//! Answers in encodings that nobody asked for: the error names them, and an error page shows no text.

use std::sync::atomic::Ordering;

use sendoff::git::push::{BranchPushError, TransportError};
use sendoff_push::NoRedaction;
use sendoff_testing::supervised;

use crate::sandbox::Sandbox;

use super::hostile::server::{Act, hostile};
use super::hostile::{REFS, RESULT, advertisement, http, moved, service};
use super::rig::{ahead, options, push_head};

/// What stands in the lines of `Content-Encoding`, and how the error names it.
const UNREAD: &[(&[&str], &str)] = &[
    (&["br"], "br"),
    (&["deflate"], "deflate"),
    (&["zstd"], "zstd"),
    (&["compress"], "compress"),
    (&["gzip, gzip"], "gzip, gzip"),
    (&["gzip", "gzip"], "gzip, gzip"),
    (&["identity", "br"], "br"),
    (&["gzip,br"], "gzip, br"),
    (&["\u{202e}rb\u{200b}"], "rb"),
    (&["b\u{9b}31mr"], "b31mr"),
];

/// What stands there of answers that are not compressed at all.
const READ: &[&[&str]] = &[
    &["identity"],
    &["Identity, identity"],
    &[""],
    &["identity", ","],
];

/// Puts lines of `Content-Encoding` into an answer.
fn marked(answer: &[u8], lines: &[&str]) -> Vec<u8> {
    let at = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (first, rest) = answer.split_at(at);
    let lines = lines.join("\r\nContent-Encoding: ");
    let lines = format!("Content-Encoding: {lines}\r\n");
    [first, lines.as_bytes(), rest].concat()
}

fn page(status: &str) -> Vec<u8> {
    let text = "the secret word of the page";
    let length = text.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{text}").into()
}

/// A work tree, and the right answers to the question for refs and to the push.
struct Case {
    sandbox: Sandbox,
    work: std::path::PathBuf,
    refs: Vec<u8>,
    report: Vec<u8>,
}

impl Case {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
        let refs = http(REFS, &[service(), advertisement(&old)].concat());
        Self {
            sandbox,
            work,
            refs,
            report: http(RESULT, &moved()),
        }
    }

    /// Pushes; returns the error, if any, and how many requests there were.
    fn push(&self, refs: Vec<u8>, report: Vec<u8>) -> (Option<BranchPushError>, usize) {
        let server = hostile(Act::Say(refs), Act::Say(report));
        let options = options(&self.sandbox);
        let pushed = push_head(&self.sandbox, &self.work, &server.url(), &options);
        (pushed.err(), server.requests.load(Ordering::Relaxed))
    }
}

#[test]
fn an_encoding_that_is_not_read_is_named() {
    if supervised() {
        return;
    }
    let case = Case::new();
    for (lines, name) in UNREAD {
        let named = format!("the encoding `{name}`,");
        let is_named = |error: Option<BranchPushError>, about: &str| {
            let error = error.unwrap();
            assert_eq!(error.class(), "bad-response", "{about} {name}: {error:?}");
            let text = error.summary(&NoRedaction);
            assert!(text.contains(&named), "{about} {name}: {text}");
            let advice = error.advice().unwrap();
            assert!(advice.contains("Accept-Encoding: identity"), "{advice}");
        };
        let (error, requests) = case.push(marked(&case.refs, lines), case.report.clone());
        is_named(error, "refs");
        assert_eq!(requests, 1, "{name}");
        let (error, requests) = case.push(case.refs.clone(), marked(&case.report, lines));
        is_named(error, "report");
        // What became of the push is not known, so the remote is asked again, and has the old tip.
        assert_eq!(requests, 3, "{name}");
    }
}

#[test]
fn a_page_in_such_an_encoding_shows_no_text() {
    if supervised() {
        return;
    }
    let case = Case::new();
    for (lines, name) in UNREAD {
        for (status, class) in [
            ("403 Forbidden", "auth"),
            ("413 Too Large", "too-large"),
            ("418 Teapot", "bad-response"),
        ] {
            let page = marked(&page(status), lines);
            let refused = [
                case.push(page.clone(), case.report.clone()),
                case.push(case.refs.clone(), page),
            ];
            for (error, _) in refused {
                let error = error.unwrap();
                assert_eq!(error.class(), class, "{name}: {error:?}");
                assert!(!error.to_string().contains("secret"), "{name}: {error}");
            }
        }
    }
    // Without an encoding it is shown, so that the rows above show something.
    let (error, _) = case.push(page("403 Forbidden"), case.report.clone());
    assert!(error.unwrap().to_string().contains("the secret word"));
}

#[test]
fn a_page_that_is_none_of_gits_is_told_to_be_one_in_any_encoding() {
    if supervised() {
        return;
    }
    let case = Case::new();
    let page = marked(&http("text/html", b"<html>"), &["br"]);
    for (refs, report) in [
        (page.clone(), case.report.clone()),
        (case.refs.clone(), page),
    ] {
        let error = case.push(refs, report).0.unwrap();
        assert!(
            matches!(error.transport(), Some(TransportError::NotGit { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn an_answer_that_says_that_it_is_not_compressed_is_read() {
    if supervised() {
        return;
    }
    let case = Case::new();
    for lines in READ {
        let (error, requests) = case.push(marked(&case.refs, lines), marked(&case.report, lines));
        assert!(error.is_none(), "{lines:?}: {error:?}");
        assert_eq!(requests, 2);
    }
}

#[test]
fn a_long_name_of_an_encoding_is_cut() {
    if supervised() {
        return;
    }
    let case = Case::new();
    let refs = marked(&case.refs, &[&"b".repeat(5000)]);
    let text = case.push(refs, case.report.clone()).0.unwrap().to_string();
    assert!(text.contains("`bbb") && text.len() < 200, "{text}");
}
