//! A server that means harm. Whatever it does, the push ends in time, in a class, and holds little memory.

mod answers;
mod bombs;
mod cases;
mod over_http;
pub(super) mod server;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use sendoff::git::push::{AllowGit, BranchPushError, PushOptions};
use sendoff_push::{NoRedaction, Pushed};
use sendoff_testing::{supervise, tool};

use crate::sandbox::Sandbox;

use cases::{Question, Row, floods, rows};
use server::{Act, Hostile, hostile, streaming};

pub(super) use answers::{REFS, RESULT, advertisement, band, endless, http, line, moved, service};

use super::rig::{ahead, noise, options, push_head};

/// So long nothing may move where silence is what ends a push, and nothing has to succeed before.
const SHORT: Duration = Duration::from_millis(500);
/// The same where something has to succeed before the silence, or after it.
const MIDDLE: Duration = Duration::from_secs(3);
/// The same where something else ends it; the machine may be busy.
const LONG: Duration = Duration::from_mins(1);
/// So long each may take: a flood is some hundred megabytes, which a busy machine reads in minutes. It would last longer.
const LIMIT: Duration = Duration::from_mins(4);

/// What carries the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Http,
    Ssh,
    Git,
}

/// A work tree with a push ahead of it, and the right answer to the question for refs.
pub(super) struct Case {
    pub(super) sandbox: Sandbox,
    pub(super) work: PathBuf,
    refs: Vec<u8>,
}

impl Case {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        let refs = advertisement(&sandbox.git(&work, &["rev-parse", "HEAD~1"]));
        Self {
            sandbox,
            work,
            refs,
        }
    }

    /// Returns the right answer to the question for refs over HTTP.
    fn refs_over_http(&self) -> Act {
        Act::Say(http(REFS, &self.refs_body()))
    }

    /// Returns the body of that answer.
    pub(super) fn refs_body(&self) -> Vec<u8> {
        [service(), self.refs.clone()].concat()
    }

    fn options(&self, patience: Duration) -> PushOptions {
        PushOptions {
            push_timeout: patience,
            connect_timeout: LONG,
            allow_git: AllowGit::Yes,
            ..options(&self.sandbox)
        }
    }

    fn push(&self, server: &Hostile) -> Result<Pushed, BranchPushError> {
        self.push_over(Carrier::Http, server, LONG)
    }

    fn push_over(
        &self,
        carrier: Carrier,
        server: &Hostile,
        patience: Duration,
    ) -> Result<Pushed, BranchPushError> {
        let mut options = self.options(patience);
        let url = match carrier {
            Carrier::Http => server.url(),
            Carrier::Git => format!("git://{}/r.git", server.address),
            Carrier::Ssh => {
                options.ssh_command = Some(self.bridge(server));
                "ssh://host.test/r.git".to_owned()
            }
        };
        let begin = Instant::now();
        let pushed = push_head(&self.sandbox, &self.work, &url, &options);
        assert!(begin.elapsed() < LIMIT, "{:?}: {pushed:?}", begin.elapsed());
        pushed
    }

    /// Writes an ssh that is none: it connects its input and output with the server.
    fn bridge(&self, server: &Hostile) -> String {
        let text = format!(
            "#!/bin/bash\n[ \"$1\" != -G ] || exit 0\nexec 3<>/dev/tcp/127.0.0.1/{}\ncat <&0 >&3 2>/dev/null &\ncat <&3\nkill $! 2>/dev/null\n",
            server.address.port()
        );
        let path = self.sandbox.write("bridge", text);
        format!("bash {}", path.display())
    }

    /// Has a server answer one question wrongly and the other one rightly.
    fn serve(&self, carrier: Carrier, question: Question, act: &Act) -> Hostile {
        let (over_http, right) = match carrier {
            Carrier::Http => (true, self.refs_over_http()),
            Carrier::Ssh | Carrier::Git => (false, Act::Say(self.refs.clone())),
        };
        let wrong = match (over_http, question) {
            (false, _) => act.clone(),
            (true, Question::Refs) => in_http(act, REFS, &service()),
            (true, Question::Push) => in_http(act, RESULT, b""),
        };
        let start = if over_http { hostile } else { streaming };
        match question {
            Question::Refs => start(wrong, Act::SILENCE),
            Question::Push => start(right, wrong),
        }
    }

    /// Tries one wrong answer that ends in `class`; returns the error.
    fn error(&self, carrier: Carrier, row: &Row, class: &str) -> BranchPushError {
        let server = self.serve(carrier, row.question, &row.act);
        let patience = match (class, row.question) {
            ("timeout", Question::Refs) => SHORT,
            ("timeout", Question::Push) => MIDDLE,
            _ => LONG,
        };
        let error = self.push_over(carrier, &server, patience).unwrap_err();
        // Whatever it says is shown in one line without control characters.
        assert!(
            !error.summary(&NoRedaction).chars().any(char::is_control),
            "{error:?}"
        );
        error
    }
}

/// Puts what a git server says into an answer of HTTP.
fn in_http(act: &Act, kind: &str, before: &[u8]) -> Act {
    let whole = |bytes: &[u8]| [before, bytes].concat();
    match act {
        Act::Say(bytes) => Act::Say(http(kind, &whole(bytes))),
        Act::Drip(bytes) => Act::Drip(http(kind, &whole(bytes))),
        Act::Hold(bytes) if bytes.is_empty() => Act::SILENCE,
        Act::Hold(bytes) => Act::Hold([endless(kind), whole(bytes)].concat()),
        Act::Flood(first, rest) => Act::Flood([endless(kind), whole(first)].concat(), rest.clone()),
        Act::BreakAfter(bytes) => Act::BreakAfter(*bytes),
    }
}

/// Says whether there is a bash, which connects an ssh that is none with a server.
fn has_bash() -> bool {
    tool("bash").is_some()
}

/// Tries every wrong answer over a carrier.
fn every_row_ends_in_its_class(carrier: Carrier) {
    let case = Case::new();
    let mut wrong = Vec::new();
    for row in rows(&case.refs) {
        let class = match carrier {
            Carrier::Http => row.over_http,
            Carrier::Ssh | Carrier::Git => row.over_stream,
        };
        let error = case.error(carrier, &row, class);
        if error.class() != class {
            wrong.push(format!(
                "{} ({:?}): wanted {class}, got {}: {error:?}",
                row.name,
                row.question,
                error.class()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_answers_over_http_end_in_a_class() {
    supervise!();
    every_row_ends_in_its_class(Carrier::Http);
}

#[test]
fn wrong_answers_over_ssh_end_in_a_class() {
    supervise!();
    if has_bash() {
        every_row_ends_in_its_class(Carrier::Ssh);
    }
}

#[test]
fn wrong_answers_over_gits_own_protocol_end_in_a_class() {
    supervise!();
    every_row_ends_in_its_class(Carrier::Git);
}

#[test]
fn a_flood_is_cut_off_on_every_transport() {
    supervise!();
    let case = Case::new();
    for carrier in [Carrier::Http, Carrier::Git, Carrier::Ssh] {
        if carrier == Carrier::Ssh && !has_bash() {
            continue;
        }
        for (name, question, act, most) in floods(&case.refs) {
            let server = case.serve(carrier, question, &act);
            let error = case.push_over(carrier, &server, LONG).unwrap_err();
            let class = error.class();
            assert_eq!(class, "bad-response", "{carrier:?}, {name}: {error:?}");
            let sent = server.sent.load(Ordering::Relaxed) >> 20;
            assert!(sent <= most, "{carrier:?}, {name}: {sent} MB");
        }
    }
}

#[test]
fn nothing_said_and_nothing_ended_lasts_until_the_caller_stops() {
    supervise!();
    // A hook that works for long sends such packets, so they are signs of life; the run's deadline ends it.
    let case = Case::new();
    let empty = Act::Flood(endless(RESULT), b"0005\x02".to_vec());
    let server = hostile(case.refs_over_http(), empty);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let begin = Instant::now();
    thread::spawn(move || {
        thread::sleep(MIDDLE * 2);
        flag.store(true, Ordering::Relaxed);
    });
    let error = super::rig::push_until(
        &case.sandbox,
        &case.work,
        &server.url(),
        &case.options(MIDDLE),
        &super::rig::About::default(),
        &stop,
    )
    .unwrap_err();
    assert!(begin.elapsed() >= MIDDLE * 2 && begin.elapsed() < LIMIT);
    assert_eq!(error.class(), "unknown-outcome", "{error:?}");
}

#[test]
fn n23_a_server_that_lies_is_believed_once_and_found_out_by_the_next_push() {
    supervise!();
    // `ok` is the only proof there is: the protocol has no other, and asking again would ask the same liar.
    let case = Case::new();
    let body = moved();
    let server = hostile(case.refs_over_http(), Act::Say(http(RESULT, &body)));
    for _ in 0..2 {
        let pushed = case.push(&server).unwrap();
        assert_eq!(pushed.action, sendoff_push::Action::Updated);
    }
    assert_eq!(server.requests.load(Ordering::Relaxed), 4);
}

#[test]
fn n06_a_connection_that_breaks_anywhere_in_the_pack_is_a_lost_one() {
    supervise!();
    let case = Case::new();
    case.sandbox
        .commit(&case.work, "noise.txt", &noise(400_000), "noise");
    for carrier in [Carrier::Http, Carrier::Git, Carrier::Ssh] {
        if carrier == Carrier::Ssh && !has_bash() {
            continue;
        }
        // 1, 50 and 99 percent of the pack.
        for bytes in [15_000, 750_000, 1_480_000] {
            let act = Act::BreakAfter(bytes);
            let server = case.serve(carrier, Question::Push, &act);
            let error = case.push_over(carrier, &server, LONG).unwrap_err();
            assert!(
                ["network", "unknown-outcome"].contains(&error.class()),
                "{carrier:?}, {bytes}: {error:?}"
            );
            assert!(error.is_transient());
        }
    }
}
