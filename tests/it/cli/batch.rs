//! `sendoff step NAME --batch` and text steps alone: raw text in, text out.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use assert_cmd::cargo::CommandCargoExt;

use crate::program::{Said, run};
use crate::sandbox::Sandbox;

fn said(arguments: &[&str], input: &str) -> Said {
    let sandbox = Sandbox::new();
    run(
        &sandbox,
        &sandbox.path(""),
        arguments,
        &[],
        input.as_bytes(),
    )
}

#[test]
fn each_line_gets_its_answer_in_order() {
    let lines = [
        (r##"{"input":"# One\n\ntwo"}"##, r#"{"text":"One"}"#),
        (
            r#"{"input":"abcdef","with":{"max-length":5}}"#,
            r#"{"text":"ab..."}"#,
        ),
        (
            r#"{"input":"abcdef","with":{"max-length":null}}"#,
            r#"{"text":"abcdef"}"#,
        ),
        (r"{}", r#"{"text":""}"#),
        (r#"{"input":"é\u0000\n"}"#, r#"{"text":"é\u0000"}"#),
    ];
    let input = lines
        .iter()
        .map(|(line, _)| line.to_string())
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    let expected = lines
        .iter()
        .map(|(_, line)| line.to_string())
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    let said = said(&["step", "brief-summary", "--batch"], &input);
    assert_eq!(said.stdout, expected, "{}", said.stderr);
    assert_eq!(said.code, Some(0));
}

#[test]
fn a_line_that_cannot_be_answered_gets_an_error_and_the_next_its_turn() {
    let input = "nonsense\n\n{\"input\":5}\n{\"with\":{\"nope\":1}}\n{\"with\":{\"max-length\":[1]}}\n{\"input\":\"last\"}";
    let said = said(&["step", "brief-summary", "--batch"], input);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{}", said.stdout);
    for line in &lines[..5] {
        assert!(line.starts_with("{\"error\":\""), "{line}");
    }
    assert!(
        lines[0].contains("the line is not a request"),
        "{}",
        lines[0]
    );
    assert!(lines[3].contains("`nope`"), "{}", lines[3]);
    assert!(
        lines[4].contains("`max-length` in `with` must be a string"),
        "{}",
        lines[4]
    );
    assert_eq!(lines[5], r#"{"text":"last"}"#);
}

#[test]
fn settings_of_a_line_stand_over_those_of_the_command_line() {
    let input = "{\"input\":\"x\"}\n{\"input\":\"x\",\"with\":{\"exit-code\":-9}}\n{\"input\":\"x\",\"with\":{\"exit-code\":\"4\"}}\n";
    let said = said(
        &["step", "error-classify", "--with", "exit-code=3", "--batch"],
        input,
    );
    assert_eq!(
        said.stdout, "{\"text\":\"exit_3\"}\n{\"text\":\"exit_-9\"}\n{\"text\":\"exit_4\"}\n",
        "{}",
        said.stderr
    );
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let sandbox = Sandbox::new();
    let mut command = std::process::Command::cargo_bin("sendoff").unwrap();
    let mut child = command
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.path(""))
        .args(["step", "redact", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap());
    for n in 0..3 {
        writeln!(to, "{{\"input\":\"text {n}\"}}").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{{\"text\":\"text {n}\"}}\n"));
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_batch_takes_text_steps_only() {
    let said = said(&["step", "memory-recall", "--batch"], "");
    assert_eq!(said.code, Some(64));
    assert_eq!(
        said.stderr,
        "`memory-recall` is not a text step: --batch works with steps that convert a text\n"
    );
}

#[test]
fn a_text_step_alone_takes_raw_text() {
    for (arguments, input, stdout) in [
        (&["brief-summary"][..], "```\n## **Do** it\n", "Do it\n"),
        (
            &["brief-summary", "--with", "max-length=4"],
            "abcdef",
            "a...\n",
        ),
        (
            &["message-text"],
            r#"{"parts":[{"text":"a"},{"root":{"text":"b"}}]}"#,
            "a b\n",
        ),
        (
            &["error-classify", "--with", "exit-code=7"],
            "boom",
            "exit_7\n",
        ),
        (&["error-classify"], "HTTP 429", "rate_limited\n"),
        (
            &["error-sanitize", "--with", "category=exit_7"],
            "secret stderr",
            "The agent failed (exit_7). Details are in the workspace's log.\n",
        ),
        (
            &["error-sanitize", "--with", "exception=ValueError"],
            "",
            "The agent failed (ValueError). Details are in the workspace's log.\n",
        ),
        (
            &["redact"],
            "t=ghp_0123456789abcdefghijABCDEFGHIJ012345\n",
            "t=[REDACTED]\n",
        ),
        (&["brief-summary"], "", ""),
    ] {
        let all: Vec<&str> = ["step"]
            .iter()
            .chain(arguments)
            .chain(&["--input", "-"])
            .copied()
            .collect();
        let said = said(&all, input);
        assert_eq!(said.stdout, stdout, "{arguments:?} {}", said.stderr);
        assert_eq!(said.code, Some(0));
    }
}

#[test]
fn a_message_that_is_none_is_an_error_with_advice() {
    let said = said(
        &["step", "message-text", "--input", "-"],
        "{\"parts\":[{\"text\":5}]}",
    );
    assert_eq!(said.code, Some(1));
    assert_eq!(
        said.stderr,
        "the text of part 1 of the message is not a string\npass the message as JSON: an object with \
         `parts`, each with a `text`\n"
    );
}

#[test]
fn a_text_step_as_json_is_its_line_of_the_report() {
    let said = said(&["step", "brief-summary", "--json", "--input", "-"], "# Hi");
    let line: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(line["verdict"], "done");
    assert_eq!(line["outputs"]["text"], "Hi");
}
