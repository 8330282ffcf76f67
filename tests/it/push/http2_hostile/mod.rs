//! Servers that break off, refuse, flood or fall silent over HTTP/2: a class in time, and no push sent twice.

use sendoff_testing::supervise;

mod floods;
mod server;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sendoff::git::push::{BranchPushError, PushOptions, TransportError};
use sendoff_push::{Action, Pushed};

use crate::sandbox::Sandbox;

use super::certificate::Certificate;
use super::hostile;
use super::hostile::{advertisement, service};
use super::rig::{ahead, noise, push_head};

use server::{
    Act, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, Script, Server, Then, frame,
    head, report, serve,
};

/// So long nothing may move where that is what ends a push, and nothing has to succeed before.
const SHORT: Duration = Duration::from_millis(500);
/// The same where the refs have to come before.
const MIDDLE: Duration = Duration::from_secs(2);
/// So long each may take; the machine may be busy. A flood lasts longer.
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

/// Refuses a push.
fn forbidden(stream: u32) -> Vec<u8> {
    let head = head("403", "text/plain");
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
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
    /// So long nothing may move.
    patience: Duration,
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
            patience: LIMIT / 2,
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
            farewell: None,
            pace: None,
            push,
        }
    }

    fn options(&self) -> PushOptions {
        PushOptions {
            push_timeout: self.patience,
            ..self.certificate.trusted(&self.sandbox)
        }
    }

    fn push(&self, script: Script) -> (Result<Pushed, BranchPushError>, Server) {
        let server = serve(self.certificate.server(&["h2"]), script);
        let options = self.options();
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

/// Says that the branch was moved.
fn moved(stream: u32) -> Vec<u8> {
    report(stream, &hostile::moved())
}

#[test]
fn the_frames_of_this_server_are_right_ones() {
    supervise!();
    for case in sizes() {
        let script = case.script(Act::at_the_end(moved, Then::Keep), Effect::Done);
        let (pushed, server) = case.push(script);
        assert_eq!(pushed.unwrap().action, Action::Updated);
        assert_eq!(server.questions.load(Ordering::Relaxed), 1);
        assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_push_that_is_broken_off_is_asked_about_and_never_sent_twice() {
    supervise!();
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
    supervise!();
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
    supervise!();
    // More than what is collected and what waits to be sent, so that the pack's writer waits, too.
    for case in [Case::new(0), Case::new(1_200_000)] {
        for say in [forbidden as fn(u32) -> Vec<u8>, |s| {
            [forbidden(s), reset(s, NO_ERROR)].concat()
        }] {
            let (after, then) = (1, Then::Keep);
            let mut script = case.script(Act { after, say, then }, Effect::None);
            // What is left of the body never fits.
            script.window = 1000;
            let (pushed, server) = case.push(script);
            let error = pushed.unwrap_err();
            assert!(
                matches!(error.transport(), Some(TransportError::Forbidden { .. })),
                "{error:?}"
            );
            assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
            assert_eq!(server.questions.load(Ordering::Relaxed), 1);
        }
    }
}

#[test]
fn a_server_that_leaves_between_the_question_and_the_push_is_called_again() {
    supervise!();
    let farewells: [fn(u32) -> Vec<u8>; 2] = [|s| go_away(s, NO_ERROR), |_| Vec::new()];
    for case in sizes() {
        for farewell in farewells {
            let mut script = case.script(Act::at_the_end(moved, Then::Keep), Effect::Done);
            script.farewell = Some(farewell);
            let (pushed, server) = case.push(script);
            assert_eq!(pushed.unwrap().action, Action::Updated);
            assert_eq!(server.pushes.load(Ordering::Relaxed), 1);
        }
    }
}

#[test]
fn a_body_that_is_taken_slowly_is_no_silence() {
    supervise!();
    let mut case = Case::new(400_000);
    case.patience = MIDDLE;
    for post_buffer in [1 << 20, 64 << 20] {
        let mut script = case.script(Act::at_the_end(moved, Then::Keep), Effect::Done);
        script.window = 1 << 16;
        // Some twenty five windows, which take longer than nothing may move.
        script.pace = Some(MIDDLE / 8);
        let server = serve(case.certificate.server(&["h2"]), script);
        let options = PushOptions {
            post_buffer,
            ..case.options()
        };
        let begin = Instant::now();
        let url = format!("https://{}/r.git", server.address);
        push_head(&case.sandbox, &case.work, &url, &options).unwrap();
        assert!(begin.elapsed() > MIDDLE * 2);
    }
}
