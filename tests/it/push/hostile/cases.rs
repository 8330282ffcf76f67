//! What a git server can say wrongly, whatever carries it: one table for every transport.

use super::server::Act;
use super::{band, line};

/// Which question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The one for refs.
    Refs,
    /// The push.
    Push,
}

/// A wrong answer, and the classes that it ends in.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) question: Question,
    pub(super) act: Act,
    /// Over HTTP, where the end of an answer is known.
    pub(super) over_http: &'static str,
    /// Over a stream, where the end is the end of the connection.
    pub(super) over_stream: &'static str,
}

fn row(
    name: &'static str,
    question: Question,
    act: Act,
    over_http: &'static str,
    over_stream: &'static str,
) -> Row {
    Row {
        name,
        question,
        act,
        over_http,
        over_stream,
    }
}

/// Returns all wrong answers. `refs` is the right one to the question for refs.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub(super) fn rows(refs: &[u8]) -> Vec<Row> {
    use Question::{Push, Refs};
    let bad = "bad-response";
    let id = "1".repeat(40);
    let first = line(format!("{id} refs/heads/x\0report-status\n").as_bytes());
    let say = |text: &[u8]| Act::Say(text.to_vec());
    let part =
        |all: &[u8], percent: usize| Act::Say(all[..(all.len() * percent / 100).max(1)].to_vec());
    let unpacked = line(b"unpack ok\n");
    let ok = [&unpacked[..], &line(b"ok refs/heads/feature\n"), b"0000"].concat();
    let report = |text: &[u8]| Act::Say([band(1, text), b"0000".to_vec()].concat());
    let of = |lines: &[&[u8]]| {
        let lines: Vec<u8> = lines.iter().flat_map(|text| line(text)).collect();
        report(&[&lines[..], b"0000"].concat())
    };
    let answer = [band(2, b"thinking\n"), band(1, &ok), b"0000".to_vec()].concat();
    let ng = |reason: &str| {
        let reason = format!("ng refs/heads/feature {reason}\n");
        of(&[b"unpack ok\n", reason.as_bytes()])
    };
    let long = format!("{id} refs/heads/{}\n", "y".repeat(60_000));
    vec![
        row("silent", Refs, Act::SILENCE, "timeout", "timeout"),
        row(
            "silent in the middle",
            Refs,
            Act::Hold(refs[..refs.len() / 2].to_vec()),
            "timeout",
            "timeout",
        ),
        row("slow", Refs, Act::Drip(refs.to_vec()), "timeout", "timeout"),
        row("nothing", Refs, say(b""), bad, "network"),
        row("1 %", Refs, part(refs, 1), bad, "network"),
        row("50 %", Refs, part(refs, 50), bad, "network"),
        row("99 %", Refs, part(refs, 99), bad, "network"),
        row("no length line", Refs, say(b"zzzz"), bad, bad),
        row("length in words", Refs, say(b"-001"), bad, bad),
        row("a plus before the length", Refs, say(b"+00a"), bad, bad),
        row("delimiter", Refs, say(b"0001"), bad, "network"),
        row("response end", Refs, say(b"0002"), bad, bad),
        row("length three", Refs, say(b"0003"), bad, bad),
        row("length of nothing", Refs, say(b"0004"), bad, bad),
        row("more than a line may hold", Refs, say(b"fff1"), bad, bad),
        row("line cut short", Refs, say(b"00ffabc"), bad, "network"),
        row("no flush", Refs, say(&first), bad, "network"),
        row(
            "a line of one huge name",
            Refs,
            say(&line(long.as_bytes())),
            bad,
            "network",
        ),
        row(
            "an error line",
            Refs,
            say(&line(b"ERR go away\n")),
            "rejected",
            "rejected",
        ),
        row(
            "another protocol",
            Refs,
            say(&[line(b"version 2\n"), b"0000".to_vec()].concat()),
            bad,
            bad,
        ),
        row("silent", Push, Act::SILENCE, "timeout", "timeout"),
        row(
            "silent in the middle",
            Push,
            Act::Hold(answer[..answer.len() / 2].to_vec()),
            "timeout",
            "timeout",
        ),
        row("nothing", Push, say(b""), bad, "network"),
        row(
            "broken at the first byte",
            Push,
            Act::BreakAfter(1),
            "network",
            "network",
        ),
        row("1 %", Push, part(&answer, 1), bad, "network"),
        row("50 %", Push, part(&answer, 50), bad, "network"),
        // All is said but a letter of the last flush: it may not be all.
        row("99 %", Push, part(&answer, 99), bad, "network"),
        row("without the band", Push, say(&ok), bad, bad),
        row("only the end", Push, say(b"0000"), bad, bad),
        row("length three", Push, say(b"0003"), bad, bad),
        row("a delimiter", Push, say(b"0001"), bad, bad),
        row("no length", Push, say(b"zzzz"), bad, bad),
        row("line cut short", Push, say(b"00ff\x01abc"), bad, "network"),
        row("band nine", Push, say(&line(b"\x09what")), bad, bad),
        row("an empty line", Push, say(b"0004"), bad, bad),
        row("report cut short", Push, report(&ok[..20]), bad, bad),
        row(
            "report without our branch",
            Push,
            of(&[b"unpack ok\n"]),
            bad,
            bad,
        ),
        row(
            "report on another branch",
            Push,
            of(&[b"unpack ok\n", b"ok refs/heads/main\n"]),
            bad,
            bad,
        ),
        row(
            "a report of ok and then of no",
            Push,
            of(&[
                b"unpack ok\n",
                b"ok refs/heads/feature\n",
                b"ng refs/heads/feature no\n",
            ]),
            bad,
            bad,
        ),
        row(
            "no unpack line",
            Push,
            report(&ok[unpacked.len()..]),
            bad,
            bad,
        ),
        row(
            "unpack that failed",
            Push,
            of(&[b"unpack index-pack abnormal exit\n"]),
            "corrupt",
            "corrupt",
        ),
        row(
            "an ng that nobody knows",
            Push,
            ng("because \u{1b}]0;owned\u{7} I say so"),
            "rejected",
            "rejected",
        ),
        row(
            "an ng without a reason",
            Push,
            ng(""),
            "rejected",
            "rejected",
        ),
        row(
            "an ng of a hook",
            Push,
            ng("pre-receive hook declined"),
            "hook-declined",
            "hook-declined",
        ),
        row(
            "the third band",
            Push,
            say(&band(3, b"disk full\n")),
            "rejected",
            "rejected",
        ),
        row(
            "an error line",
            Push,
            say(&line(b"ERR go away\n")),
            "rejected",
            "rejected",
        ),
    ]
}

/// Returns answers without end, with the most that may be taken of each, in megabytes.
pub(super) fn floods(refs: &[u8]) -> Vec<(&'static str, Question, Act, usize)> {
    let other = line(format!("{} refs/heads/x\n", "1".repeat(40)).as_bytes());
    let huge = line(format!("{} refs/heads/{}\n", "1".repeat(40), "y".repeat(60_000)).as_bytes());
    let many = vec![b'x'; 60_000];
    vec![
        (
            "refs without end",
            Question::Refs,
            Act::Flood(refs[..refs.len() - 4].to_vec(), other.repeat(1_000)),
            160,
        ),
        (
            "huge lines without end",
            Question::Refs,
            Act::Flood(refs[..refs.len() - 4].to_vec(), huge),
            160,
        ),
        (
            "a report without end",
            Question::Push,
            Act::Flood(Vec::new(), band(1, &many)),
            48,
        ),
        (
            "messages without end",
            Question::Push,
            Act::Flood(Vec::new(), band(2, &many)),
            300,
        ),
    ]
}
