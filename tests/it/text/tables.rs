//! Tables of texts and what Python 3.11 makes of them, one JSON object a line in `tests/text`.

use sendoff::text::{BRIEF_LENGTH, brief, classify, message_text, sanitize, strip};
use sendoff_testing::supervise;
use serde_json::Value;

/// Calls `check` for each row, and wants at least `least` of them.
fn each(table: &str, least: usize, check: impl Fn(&str, &Value)) {
    let rows: Vec<Value> = table
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(rows.len() >= least, "{} rows", rows.len());
    for row in &rows {
        check(row["input"].as_str().unwrap(), row);
    }
}

#[test]
fn a_summary_is_the_first_line_that_says_something() {
    supervise!();
    each(include_str!("../../text/brief.jsonl"), 400, |input, row| {
        let length = row["max_len"].as_i64().unwrap_or(BRIEF_LENGTH);
        assert_eq!(
            brief(input, length),
            row["expected"].as_str().unwrap(),
            "{row}"
        );
    });
}

#[test]
fn a_failure_has_the_category_of_its_words() {
    supervise!();
    each(
        include_str!("../../text/classify.jsonl"),
        500,
        |input, row| {
            let told = classify(input, row["exit_code"].as_i64());
            assert_eq!(told, row["expected"].as_str().unwrap(), "{row}");
        },
    );
}

#[test]
fn a_message_has_the_text_of_its_parts() {
    supervise!();
    each(
        include_str!("../../text/message.jsonl"),
        150,
        |input, row| {
            // A null stands for what raises in Python.
            let told = message_text(input).ok();
            assert_eq!(told.as_deref(), row["expected"].as_str(), "{row}");
        },
    );
}

#[test]
fn spaces_are_those_of_python() {
    supervise!();
    each(include_str!("../../text/strip.jsonl"), 350, |input, row| {
        assert_eq!(strip(input), row["expected"].as_str().unwrap(), "{row}");
    });
}

#[test]
fn the_errors_of_a_message_name_the_part() {
    supervise!();
    for (message, error) in [
        (r#"{"parts":true}"#, "`parts` of the message is not a list"),
        (
            r#"{"parts":[{},{"text":5}]}"#,
            "the text of part 2 of the message is not a string",
        ),
        (
            "{parts}",
            "the message is not JSON: key must be a string at line 1 column 2",
        ),
        (
            "",
            "the message is not JSON: EOF while parsing a value at line 1 column 0",
        ),
    ] {
        assert_eq!(message_text(message).unwrap_err().to_string(), error);
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(message_text(&deep).is_err());
}

#[test]
fn a_sentence_carries_the_category_only() {
    supervise!();
    let sentence =
        |tag: &str| format!("The agent failed ({tag}). Details are in the workspace's log.");
    for (category, exception, tag) in [
        (None, None, "unknown"),
        (Some(""), None, "unknown"),
        (Some("rate_limited"), None, "rate_limited"),
        (Some("exit_-9"), Some("ValueError"), "exit_-9"),
        (Some(""), Some("ValueError"), "ValueError"),
        (None, Some("ValueError"), "ValueError"),
        (None, Some("httpx.ReadTimeout"), "ReadTimeout"),
        (None, Some("ValueError: token sk-ant-api03-x"), "ValueError"),
        (None, Some("ValueError('secret')"), "ValueError"),
        (None, Some("a.b.C(\"x.y\")"), "C"),
        (None, Some("Größe"), "Größe"),
        (None, Some(""), "unknown"),
        (None, Some("..."), "unknown"),
        (None, Some(" secret"), "unknown"),
        (None, Some("_Private"), "_Private"),
    ] {
        assert_eq!(
            sanitize(category, exception),
            sentence(tag),
            "{category:?} {exception:?}"
        );
    }
}
