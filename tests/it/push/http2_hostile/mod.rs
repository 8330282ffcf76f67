//! Servers that break off, refuse, flood or fall silent over HTTP/2: a class in time, and no push sent twice.

mod server;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sendoff::git::delivery::PushOptions;
use sendoff::git::push::{Action, PushError, Pushed};

use crate::sandbox::Sandbox;

use super::certificate::Certificate;
use super::hostile::{REFS, advertisement, line, service};
use super::rig::{ahead, noise, push_head};

use server::{
    Act, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    Script, Server, Then, WINDOW_UPDATE, frame, head, report, serve,
};

/// So long nothing may move.
const SHORT: Duration = Duration::from_millis(500);
/// So long each may take; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(30);

/// A window that is never used up.
const WIDE: u32 = 1 << 30;
/// The reasons of RFC 9113 that are used here.
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

fn go_away(last: u32, reason: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), reason.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

/// Refuses a push, and wants nothing more of it.
fn forbidden(stream: u32) -> Vec<u8> {
    let head = frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        stream,
        &head("403", "text/plain"),
    );
    [head, reset(stream, NO_ERROR)].concat()
}

/// Whether the branch was moved when the server is asked again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Done,
}

/// A work tree with a push of some size.
struct Case {
    sandbox: Sandbox,
    certificate: Certificate,
    work: PathBuf,
    old: String,
    new: String,
}

impl Case {
    /// A push of so many numbers; a large one is streamed.
    fn new(numbers: usize) -> Self {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
        if numbers > 0 {
            sandbox.commit(&work, "noise.txt", &noise(numbers), "noise");
        }
        Self {
            certificate: Certificate::new(&sandbox),
            new: sandbox.git(&work, &["rev-parse", "HEAD"]),
            sandbox,
            work,
            old,
        }
    }

    fn script(&self, push: Act, effect: Effect) -> Script {
        let tips = match effect {
            Effect::None => [&self.old, &self.old],
            Effect::Done => [&self.old, &self.new],
        };
        Script {
            window: WIDE,
            refs: tips.map(|tip| [service(), advertisement(tip)].concat()),
            instead: None,
            push,
        }
    }

    fn push(&self, script: Script) -> (Result<Pushed, PushError>, Server) {
        let server = serve(self.certificate.server(&["h2"]), script);
        let options = PushOptions {
            push_timeout: SHORT,
            ..self.certificate.trusted(&self.sandbox)
        };
        let url = format!("https://{}/r.git", server.address);
        let begin = Instant::now();
        let pushed = push_head(&self.sandbox, &self.work, &url, &options);
        assert!(begin.elapsed() < LIMIT, "{:?}: {pushed:?}", begin.elapsed());
        (pushed, server)
    }
}

/// Small pushes are collected, large ones streamed.
fn sizes() -> [Case; 2] {
    [Case::new(0), Case::new(400_000)]
}

#[test]
fn the_frames_of_this_server_are_right_ones() {
    let say = |stream| {
        let ok = [
            line(b"unpack ok\n"),
            line(b"ok refs/heads/feature\n"),
            b"0000".to_vec(),
        ]
        .concat();
        let body = [line(&[&[1], &ok[..]].concat()), b"0000".to_vec()].concat();
        report(stream, &body)
    };
    for case in sizes() {
        let script = case.script(Act::at_the_end(say, Then::Keep), Effect::Done);
        let (pushed, server) = case.push(script);
        assert_eq!(pushed.unwrap().action, Action::Updated);
        assert_eq!(server.questions.load(Ordering::Relaxed), 1);
        assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_push_that_is_broken_off_is_asked_about_and_never_sent_twice() {
    let breaks: [(&str, Act); 9] = [
        ("reset", Act::at_the_end(|s| reset(s, CANCEL), Then::Keep)),
        (
            "an internal error",
            Act::at_the_end(|s| reset(s, INTERNAL_ERROR), Then::Keep),
        ),
        (
            "a refused stream",
            Act::at_the_end(|s| reset(s, REFUSED_STREAM), Then::Keep),
        ),
        (
            "going away",
            Act::at_the_end(|s| go_away(s, NO_ERROR), Then::Close),
        ),
        (
            "going away before it",
            Act::at_the_end(|s| go_away(s - 2, NO_ERROR), Then::Close),
        ),
        (
            "going away in anger",
            Act::at_the_end(|_| go_away(0, INTERNAL_ERROR), Then::Close),
        ),
        ("the end", Act::at_the_end(|_| Vec::new(), Then::Close)),
        (
            "a head without a body",
            Act::at_the_end(
                |s| {
                    frame(
                        HEADERS,
                        END_HEADERS,
                        s,
                        &head("200", "application/x-git-receive-pack-result"),
                    )
                },
                Then::Close,
            ),
        ),
        (
            "a reset in the report",
            Act::at_the_end(
                |s| {
                    let kind = "application/x-git-receive-pack-result";
                    let head = frame(HEADERS, END_HEADERS, s, &head("200", kind));
                    [head, frame(DATA, 0, s, b"0030"), reset(s, CANCEL)].concat()
                },
                Then::Keep,
            ),
        ),
    ];
    for case in sizes() {
        for (name, act) in &breaks {
            for effect in [Effect::None, Effect::Done] {
                let (pushed, server) = case.push(case.script(act.clone(), effect));
                match (effect, pushed) {
                    (Effect::Done, Ok(_)) => {}
                    (Effect::None, Err(error)) => {
                        assert_eq!(error.class(), "network", "{name}: {error:?}");
                        assert!(error.is_transient());
                    }
                    (_, pushed) => panic!("{name}: {pushed:?}"),
                }
                assert_eq!(server.pushes.load(Ordering::Relaxed), 1, "{name}");
                assert_eq!(server.questions.load(Ordering::Relaxed), 2, "{name}");
            }
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_body_ends_the_push() {
    let case = Case::new(400_000);
    for after in [1, 100_000, 1 << 20] {
        for reason in [CANCEL, INTERNAL_ERROR, REFUSED_STREAM, NO_ERROR] {
            let say: fn(u32) -> Vec<u8> = match reason {
                CANCEL => |s| reset(s, CANCEL),
                INTERNAL_ERROR => |s| reset(s, INTERNAL_ERROR),
                REFUSED_STREAM => |s| reset(s, REFUSED_STREAM),
                _ => |s| reset(s, NO_ERROR),
            };
            let then = Then::Keep;
            let (pushed, server) = case.push(case.script(Act { after, say, then }, Effect::None));
            let error = pushed.unwrap_err();
            assert_eq!(error.class(), "network", "{after}, {reason}: {error:?}");
            assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
        }
    }
}

#[test]
fn an_answer_before_the_body_was_read_counts() {
    for case in sizes() {
        let say = forbidden;
        let (after, then) = (1, Then::Keep);
        let mut script = case.script(Act { after, say, then }, Effect::None);
        // What is left of the body never fits.
        script.window = 1000;
        let (pushed, server) = case.push(script);
        let error = pushed.unwrap_err();
        assert!(matches!(error, PushError::Forbidden { .. }), "{error:?}");
        assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
        assert_eq!(server.questions.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_window_that_never_opens_and_an_answer_that_never_comes_end_in_time() {
    for case in sizes() {
        for window in [0, 1, 1000, WIDE] {
            let never = Act::at_the_end(|_| Vec::new(), Then::Keep);
            let mut script = case.script(never, Effect::None);
            script.window = window;
            let (pushed, server) = case.push(script);
            let error = pushed.unwrap_err();
            assert_eq!(error.class(), "timeout", "{window}: {error:?}");
            assert!(server.pushes.load(Ordering::Relaxed) <= 1);
        }
    }
}

#[test]
fn a_question_that_was_not_begun_is_asked_again_by_itself_and_not_for_ever() {
    let case = Case::new(0);
    for say in [(|s| reset(s, REFUSED_STREAM)) as fn(u32) -> Vec<u8>, |_| {
        go_away(0, NO_ERROR)
    }] {
        let never = Act::at_the_end(|_| Vec::new(), Then::Keep);
        let mut script = case.script(never, Effect::None);
        script.instead = Some(Act::at_the_end(say, Then::Keep));
        let (pushed, server) = case.push(script);
        let error = pushed.unwrap_err();
        assert_eq!(error.class(), "network", "{error:?}");
        let questions = server.questions.load(Ordering::Relaxed);
        assert!((2..=3).contains(&questions), "{questions}");
        assert_eq!(server.pushes.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn floods_of_frames_end_in_time_at_both_questions() {
    let case = Case::new(0);
    let header = |stream, kind: &str| frame(HEADERS, END_HEADERS, stream, &head("200", kind));
    let floods: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("settings", Vec::new(), frame(SETTINGS, 0, 0, b"")),
        ("pings", Vec::new(), frame(PING, 0, 0, &[7; 8])),
        ("answers to pings", Vec::new(), frame(PING, 1, 0, &[7; 8])),
        (
            "windows",
            Vec::new(),
            frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 0]),
        ),
        (
            "windows of one byte",
            Vec::new(),
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
        ),
        ("unknown frames", Vec::new(), frame(200, 0, 0, &[7; 64])),
        ("resets", Vec::new(), reset(1, CANCEL)),
        ("priorities", Vec::new(), frame(2, 0, 1, &[0, 0, 0, 3, 7])),
        ("empty data", header(1, REFS), frame(DATA, 0, 1, b"")),
        (
            "padding",
            header(1, REFS),
            frame(DATA, 8, 1, &[[200].as_slice(), &[0; 200]].concat()),
        ),
        (
            "a long head",
            frame(HEADERS, 0, 1, &head("200", REFS)),
            frame(CONTINUATION, 0, 1, &[0x40, 1, b'x', 1, b'y'].repeat(1000)),
        ),
        (
            "empty continuations",
            frame(HEADERS, 0, 1, &head("200", REFS)),
            frame(CONTINUATION, 0, 1, b""),
        ),
        (
            "interim answers",
            Vec::new(),
            frame(HEADERS, END_HEADERS, 1, &[8, 3, b'1', b'0', b'3']),
        ),
        ("heads", Vec::new(), header(1, REFS)),
        ("no frames", Vec::new(), vec![0xff; 1000]),
    ];
    for (name, first, rest) in floods {
        let flood = Then::Flood([first, rest.repeat(100)].concat());
        let act = Act::at_the_end(|_| Vec::new(), flood);
        let mut script = case.script(act.clone(), Effect::None);
        script.instead = Some(act.clone());
        let (pushed, server) = case.push(script);
        let class = pushed.unwrap_err().class();
        assert!(
            ["network", "timeout", "bad-response"].contains(&class),
            "{name}: {class}"
        );
        assert_eq!(server.pushes.load(Ordering::Relaxed), 0);
        let (pushed, server) = case.push(case.script(act, Effect::None));
        let class = pushed.unwrap_err().class();
        assert!(
            ["network", "timeout", "bad-response"].contains(&class),
            "{name}: {class}"
        );
        assert_eq!(server.pushes.load(Ordering::Relaxed), 1, "{name}");
    }
}
