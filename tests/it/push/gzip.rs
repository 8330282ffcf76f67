//! Compressed answers: beside git, while they come, cut, damaged, and of nothing at all.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::{BranchPushError, PushOptions};

use sendoff_testing::supervise;

use super::front::{Front, Manner};
use super::hostile::server::{Act, hostile};
use super::hostile::{Case, REFS, RESULT, band, http, line, moved};
use super::rig::{options, push_head, script};
use super::served::Served;

fn compressing(served: &Served) -> Front {
    let manner = Manner {
        gzip: true,
        ..Manner::default()
    };
    Front::start(&served.server.url(), manner)
}

#[test]
fn compressed_refs_and_reports_are_read_as_git_reads_them() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let front = compressing(&served);
    let git = |place: &std::path::Path, arguments: &[&str]| served.sandbox.git(place, arguments);
    let old = git(&served.work, &["rev-parse", "HEAD~1"]);
    let pushed = push_head(
        &served.sandbox,
        &served.work,
        &front.url(),
        &served.options(),
    )
    .unwrap();
    assert_eq!(served.tip(), pushed.new.to_string());
    assert_eq!(git(&served.remote, &["fsck", "--full", "--strict"]), "");
    assert!(
        front.seen().iter().all(|seen| seen.is_compressed),
        "{:?}",
        front.seen()
    );
    let ours = git(&served.remote, &["for-each-ref"]);
    git(&served.remote, &["update-ref", "refs/heads/feature", &old]);
    git(&served.work, &["push", "-q", &front.url(), "feature"]);
    assert_eq!(git(&served.remote, &["for-each-ref"]), ours);
    let seen = front.seen();
    assert!(
        seen.len() >= 4 && seen.iter().all(|seen| seen.is_compressed),
        "{seen:?}"
    );
}

#[test]
fn a_refusal_that_is_compressed_is_shown() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let front = compressing(&served);
    script(
        &served.sandbox,
        "remotes/r.git/hooks/pre-receive",
        "echo 'not on a Friday' >&2; exit 1",
    );
    let pushed = push_head(
        &served.sandbox,
        &served.work,
        &front.url(),
        &served.options(),
    );
    let error = pushed.unwrap_err();
    assert_eq!(error.messages(), ["not on a Friday"]);
}

#[test]
fn what_a_hook_says_in_a_compressed_answer_arrives_while_it_works() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let front = compressing(&served);
    let text = "for n in 1 2 3 4 5 6 7 8 9 10; do echo working $n >&2; sleep 0.5; done";
    script(&served.sandbox, "remotes/r.git/hooks/pre-receive", text);
    // It works for longer than nothing may move.
    let options = PushOptions {
        push_timeout: Duration::from_secs(3),
        ..served.options()
    };
    let pushed = push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
    assert_eq!(pushed.messages.len(), 10, "{:?}", pushed.messages);
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Makes an answer say that it is compressed.
fn marked(answer: &[u8]) -> Vec<u8> {
    let line = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (first, rest) = answer.split_at(line);
    [first, b"Content-Encoding: gzip\r\n", rest].concat()
}

/// The head of such an answer without end.
fn open(kind: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: gzip\r\n\r\n").into()
}

/// Returns the right answer to the question for refs, compressed.
fn right_refs(case: &Case) -> Act {
    Act::Say(marked(&http(REFS, &zipped(&case.refs_body()))))
}

/// Pushes; nothing may move for so long.
fn push_within(
    case: &Case,
    patience: Duration,
    refs: Act,
    push: Act,
) -> Result<(), BranchPushError> {
    let server = hostile(refs, push);
    let options = PushOptions {
        push_timeout: patience,
        ..options(&case.sandbox)
    };
    let begin = Instant::now();
    let pushed = push_head(&case.sandbox, &case.work, &server.url(), &options);
    assert!(
        begin.elapsed() < Duration::from_secs(50),
        "{:?}",
        begin.elapsed()
    );
    pushed.map(|_| ())
}

/// Pushes where it is not silence that ends it; the machine may be busy.
fn push(case: &Case, refs: Act, push: Act) -> Result<(), BranchPushError> {
    push_within(case, Duration::from_secs(15), refs, push)
}

#[test]
fn an_answer_in_several_members_is_whole() {
    supervise!();
    let case = Case::new();
    let refs = case.refs_body();
    let (start, end) = refs.split_at(20);
    let refs = [zipped(start), zipped(b""), zipped(end)].concat();
    let report = Act::Say(marked(&http(RESULT, &zipped(&moved()))));
    push(&case, Act::Say(marked(&http(REFS, &refs))), report).unwrap();
}

#[test]
fn compressed_answers_that_are_cut_or_damaged_end_in_their_class() {
    supervise!();
    let case = Case::new();
    let damage = |body: &[u8]| {
        let whole = zipped(body);
        let mut sum = whole.clone();
        let place = sum.len() - 6;
        sum[place] ^= 1;
        let mut head = whole.clone();
        head[2] = 7;
        let mut bits = whole.clone();
        bits[10] = 0xff;
        let cut = whole[..whole.len() - 12].to_vec();
        let tail = whole[..whole.len() - 4].to_vec();
        [
            ("cut", cut),
            ("without its end", tail),
            ("a wrong sum", sum),
            ("no gzip", body.to_vec()),
            ("another method", head),
            ("wrong bits", bits),
            ("empty", Vec::new()),
        ]
    };
    for (name, refs) in damage(&case.refs_body()) {
        let refs = Act::Say(marked(&http(REFS, &refs)));
        let error = push(&case, refs, Act::SILENCE).unwrap_err();
        assert_eq!(error.class(), "bad-response", "{name}: {error:?}");
    }
    for (name, report) in damage(&moved()) {
        // Once the report is complete nothing that follows counts.
        if ["without its end", "a wrong sum"].contains(&name) {
            continue;
        }
        let report = Act::Say(marked(&http(RESULT, &report)));
        let error = push(&case, right_refs(&case), report).unwrap_err();
        assert_eq!(error.class(), "bad-response", "{name}: {error:?}");
    }
}

#[test]
fn a_bomb_of_right_packets_ends_at_the_cap() {
    supervise!();
    let case = Case::new();
    // A gigabyte of lines of refs, and of messages.
    let row = line(&[b"1".repeat(40), b" refs/heads/x\n".to_vec()].concat());
    let refs = zipped(&row.repeat((1 << 20) / row.len())).repeat(1024);
    let refs = Act::Say(marked(&http(REFS, &refs)));
    assert_eq!(
        push(&case, refs, Act::SILENCE).unwrap_err().class(),
        "bad-response"
    );
    let said = band(2, &b"x".repeat(900));
    let answer = zipped(&said.repeat((1 << 20) / said.len())).repeat(1024);
    let answer = Act::Say(marked(&http(RESULT, &answer)));
    let error = push(&case, right_refs(&case), answer).unwrap_err();
    assert_eq!(error.class(), "bad-response");
}

#[test]
fn nothing_compressed_for_ever_is_silence() {
    supervise!();
    let case = Case::new();
    // Empty stored blocks, and empty members.
    let header = zipped(b"")[..10].to_vec();
    let floods = [
        (header, [0, 0, 0, 0xff, 0xff].repeat(1000)),
        (Vec::new(), zipped(b"").repeat(1000)),
        // A comment in the header that does not end.
        (
            b"\x1f\x8b\x08\x10\0\0\0\0\0\x03".to_vec(),
            b"x".repeat(5000),
        ),
    ];
    for (first, rest) in floods {
        let flood = |kind| Act::Flood([open(kind), first.clone()].concat(), rest.clone());
        let short = Duration::from_millis(500);
        let error = push_within(&case, short, flood(REFS), Act::SILENCE).unwrap_err();
        assert!(
            ["timeout", "bad-response"].contains(&error.class()),
            "{error:?}"
        );
        // The refs are asked for before and after.
        let error = push_within(&case, short * 6, right_refs(&case), flood(RESULT)).unwrap_err();
        assert!(
            ["timeout", "bad-response"].contains(&error.class()),
            "{error:?}"
        );
    }
}
