//! Servers that fall silent, and servers that do not stop: each ends in time.

use std::sync::atomic::Ordering;

use sendoff_testing::supervise;

use crate::push::hostile::REFS;

use super::server::{
    Act, CONTINUATION, DATA, END_HEADERS, HEADERS, PING, SETTINGS, Then, WINDOW_UPDATE, frame, head,
};
use super::{
    CANCEL, Case, Effect, MIDDLE, NO_ERROR, REFUSED_STREAM, SHORT, WIDE, go_away, reset, sizes,
};

#[test]
fn n05_a_window_that_never_opens_and_an_answer_that_never_comes_end_in_time() {
    supervise!();
    for mut case in sizes() {
        case.patience = MIDDLE;
        for window in [0, 1, 1000, WIDE] {
            let never = Act::at_the_end(|_| Vec::new(), Then::Keep);
            let mut script = case.script(never, Effect::None);
            script.window = window;
            let (pushed, server) = case.push(script);
            let error = pushed.unwrap_err();
            assert_eq!(error.class(), "timeout", "{window}: {error:?}");
            assert!(server.questions.load(Ordering::Relaxed) >= 1);
            // A push counts with its first byte, which no window of nothing lets through.
            let expected = usize::from(window > 0);
            assert_eq!(server.pushes.load(Ordering::Relaxed), expected, "{window}");
        }
    }
}

#[test]
fn a_question_that_was_not_begun_is_asked_again_by_itself_and_not_for_ever() {
    supervise!();
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
    supervise!();
    let mut case = Case::new(0);
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
        case.patience = SHORT;
        let mut script = case.script(act.clone(), Effect::None);
        script.instead = Some(act.clone());
        let (pushed, server) = case.push(script);
        let class = pushed.unwrap_err().class();
        assert!(
            ["network", "timeout", "bad-response"].contains(&class),
            "{name}: {class}"
        );
        assert_eq!(server.pushes.load(Ordering::Relaxed), 0);
        case.patience = MIDDLE;
        let (pushed, server) = case.push(case.script(act, Effect::None));
        let class = pushed.unwrap_err().class();
        assert!(
            ["network", "timeout", "bad-response"].contains(&class),
            "{name}: {class}"
        );
        assert_eq!(server.pushes.load(Ordering::Relaxed), 1, "{name}");
    }
}
