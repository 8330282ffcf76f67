//! Answers in encodings that nobody asked for: the error names them, and an error page shows no text.

use std::sync::atomic::Ordering;

use sendoff::git::push::{BranchPushError, TransportError};
use sendoff_push::NoRedaction;
use sendoff_testing::supervise;

use super::hostile::server::{Act, hostile};
use super::hostile::{Case, REFS, RESULT, http, moved};
use super::rig::{options, push_head};

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

/// A case with the right answers to the question for refs and to the push.
struct Answers {
    case: Case,
    refs: Vec<u8>,
    report: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let case = Case::new();
        Self {
            refs: http(REFS, &case.refs_body()),
            report: http(RESULT, &moved()),
            case,
        }
    }

    /// Pushes; returns the error, if any, and how many requests there were.
    fn push(&self, refs: Vec<u8>, report: Vec<u8>) -> (Option<BranchPushError>, usize) {
        let server = hostile(Act::Say(refs), Act::Say(report));
        let Case { sandbox, work, .. } = &self.case;
        let pushed = push_head(sandbox, work, &server.url(), &options(sandbox));
        (pushed.err(), server.requests.load(Ordering::Relaxed))
    }
}

#[test]
fn an_encoding_that_is_not_read_is_named() {
    supervise!();
    let right = Answers::new();
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
        let (error, requests) = right.push(marked(&right.refs, lines), right.report.clone());
        is_named(error, "refs");
        assert_eq!(requests, 1, "{name}");
        let (error, requests) = right.push(right.refs.clone(), marked(&right.report, lines));
        is_named(error, "report");
        // What became of the push is not known, so the remote is asked again, and has the old tip.
        assert_eq!(requests, 3, "{name}");
    }
}

#[test]
fn a_page_in_such_an_encoding_shows_no_text() {
    supervise!();
    let right = Answers::new();
    for (lines, name) in UNREAD {
        for (status, class) in [
            ("403 Forbidden", "auth"),
            ("413 Too Large", "too-large"),
            ("418 Teapot", "bad-response"),
        ] {
            let page = marked(&page(status), lines);
            let refused = [
                right.push(page.clone(), right.report.clone()),
                right.push(right.refs.clone(), page),
            ];
            for (error, _) in refused {
                let error = error.unwrap();
                assert_eq!(error.class(), class, "{name}: {error:?}");
                assert!(!error.to_string().contains("secret"), "{name}: {error}");
            }
        }
    }
    // Without an encoding it is shown, so that the rows above show something.
    let (error, _) = right.push(page("403 Forbidden"), right.report.clone());
    assert!(error.unwrap().to_string().contains("the secret word"));
}

#[test]
fn a_page_that_is_none_of_gits_is_told_to_be_one_in_any_encoding() {
    supervise!();
    let right = Answers::new();
    let page = marked(&http("text/html", b"<html>"), &["br"]);
    for (refs, report) in [
        (page.clone(), right.report.clone()),
        (right.refs.clone(), page),
    ] {
        let error = right.push(refs, report).0.unwrap();
        assert!(
            matches!(error.transport(), Some(TransportError::NotGit { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn an_answer_that_says_that_it_is_not_compressed_is_read() {
    supervise!();
    let right = Answers::new();
    for lines in READ {
        let (error, requests) =
            right.push(marked(&right.refs, lines), marked(&right.report, lines));
        assert!(error.is_none(), "{lines:?}: {error:?}");
        assert_eq!(requests, 2);
    }
}

#[test]
fn a_long_name_of_an_encoding_is_cut() {
    supervise!();
    let right = Answers::new();
    let refs = marked(&right.refs, &[&"b".repeat(5000)]);
    let text = right
        .push(refs, right.report.clone())
        .0
        .unwrap()
        .to_string();
    assert!(text.contains("`bbb") && text.len() < 200, "{text}");
}
