//! `delegation-results`: what other agents answered, each result once.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use assert_cmd::cargo::CommandCargoExt;
use sendoff_testing::supervise;

use crate::program::{Said, run};
use crate::sandbox::Sandbox;

const FILE: &str = "box/results.jsonl";

fn step(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let file = sandbox.path(FILE).to_str().unwrap().to_owned();
    let all: Vec<&str> = ["step", "delegation-results"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let variables = [("DELEGATION_RESULTS_FILE", file)];
    run(sandbox, &sandbox.path(""), &all, &variables, b"")
}

fn outputs(sandbox: &Sandbox) -> serde_json::Value {
    let said = step(sandbox, &["--json"]);
    let line: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    line["outputs"].clone()
}

fn told(content: impl AsRef<[u8]>) -> String {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, content);
    let said = step(&sandbox, &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout
}

#[test]
fn each_record_is_a_line_with_its_preview() {
    supervise!();
    let long = format!("{{\"response_preview\":\"{}\"}}\n", "é".repeat(300));
    let short = format!("- [?] ?\n  Response: {}\n", "é".repeat(200));
    for (content, text) in [
        ("", ""),
        ("\n \n\r\n\t\n", ""),
        ("{\"status\":\"ok\",\"summary\":\"s\"}\n", "- [ok] s\n"),
        ("{\"summary\":\"s\"}\n", "- [?] s\n"),
        ("{\"status\":\"ok\"}\n", "- [ok] ?\n"),
        ("{\"status\":null,\"summary\":\"\"}\n", "- [?] \n"),
        ("{\"response_preview\":\"p\"}\n", "- [?] ?\n  Response: p\n"),
        (
            "{\"summary\":\"s\",\"response_preview\":\"\"}\n",
            "- [?] s\n",
        ),
        (
            "{\"summary\":\"s\",\"response_preview\":null}\n",
            "- [?] s\n",
        ),
        (&long, &short),
        ("{\"status\":\"a\",\"status\":\"b\"}\n", "- [b] ?\n"),
        (
            "{\"status\":1.5,\"summary\":[\"x\"]}\n",
            "- [1.5] [\"x\"]\n",
        ),
        (
            "{\"status\":NaN,\"summary\":\"NaN \\\" Infinity\",\"n\":[-Infinity]}\n",
            "- [?] NaN \" Infinity\n",
        ),
        (
            "{\"summary\":\"a\"}\r{\"summary\":\"b\"}\r\n{\"summary\":\"c\"}\n",
            "- [?] a\n- [?] b\n- [?] c\n",
        ),
        // Of a writer that ends no line.
        (
            "{\"summary\":\"a}{\"}{\"summary\":\"b\"} {\"summary\":\"c\"}",
            "- [?] a}{\n- [?] b\n- [?] c\n",
        ),
        // As Windows begins its files, and as Python writes a text that was cut inside an emoji.
        (
            "\u{feff}{\"status\":\"ok\",\"summary\":\"cut \\ud83d\"}\n",
            "- [ok] cut \u{fffd}\n",
        ),
    ] {
        assert_eq!(told(content), text, "{content}");
    }
}

#[test]
fn lines_that_cannot_be_read_are_counted_and_hold_nobody_up() {
    supervise!();
    let sandbox = Sandbox::new();
    let mut content = Vec::new();
    content.extend(b"{\"summary\":\"one\"}\nnonsense\n[1]\n\"text\"\n5\n{\"summary\":\"a\tb\"}\n");
    content.extend([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    content.extend(b"\n{\"summary\":\"\xff two\"}\n\xff\xff\n{\"summary\":\"three\"}\n");
    sandbox.write(FILE, content);
    let outputs = outputs(&sandbox);
    assert_eq!(
        outputs["text"],
        "- [?] one\n- [?] a b\n- [?] \u{fffd} two\n- [?] three"
    );
    assert_eq!(outputs["count"], 4);
    assert_eq!(outputs["unreadable"], 6);
}

#[test]
fn l13_control_characters_are_taken_out_and_secrets_hidden() {
    supervise!();
    let text = told(
        "{\"status\":\"ok\\n- [forged]\",\"summary\":\"\\u001b[31mred\\u202e\\r\\nx\",\
         \"response_preview\":\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"}\n",
    );
    assert_eq!(
        text,
        "- [ok - [forged]] [31mred x\n  Response: [REDACTED]\n"
    );
}

#[test]
fn results_are_handed_over_once_and_new_ones_follow() {
    supervise!();
    let sandbox = Sandbox::new();
    sandbox.write(FILE, "{\"summary\":\"one\"}\n");
    assert_eq!(step(&sandbox, &[]).stdout, "- [?] one\n");
    assert_eq!(step(&sandbox, &[]).stdout, "");
    sandbox.write(FILE, "{\"summary\":\"two\"}\n{\"summary\":\"thr");
    assert_eq!(step(&sandbox, &[]).stdout, "- [?] two\n");
}

#[test]
fn more_than_fits_is_kept_for_the_next_runs() {
    supervise!();
    let sandbox = Sandbox::new();
    let filler = "x ".repeat(100);
    let line = |n: usize| format!("{{\"status\":\"ok\",\"summary\":\"{n:06} {filler}\"}}\n");
    sandbox.write(FILE, (0..1000).map(line).collect::<String>());
    let mut seen = Vec::new();
    for _ in 0..10 {
        let text = step(&sandbox, &[]).stdout;
        assert!(text.len() < (64 << 10) + 100, "{}", text.len());
        let records = text.lines().filter_map(|line| line.strip_prefix("- [ok] "));
        seen.extend(records.map(|line| line[..6].parse::<usize>().unwrap()));
        let Some(left) = text.lines().last().and_then(|line| line.strip_prefix('+')) else {
            break;
        };
        assert_eq!(left, format!("{} more, at the next run", 1000 - seen.len()));
    }
    assert_eq!(seen, (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_record_of_ten_megabytes_is_cut() {
    supervise!();
    let (summary, preview) = ("s ".repeat(5 << 19), "p ".repeat(5 << 19));
    let text = told(format!(
        "{{\"summary\":\"{summary}\",\"response_preview\":\"{preview}\"}}\n"
    ));
    let (summary, preview) = ("s ".repeat(2000), "p ".repeat(100));
    assert_eq!(text, format!("- [?] {summary}…\n  Response: {preview}\n"));
}

#[test]
fn what_was_not_printed_is_handed_over_again() {
    supervise!();
    let sandbox = Sandbox::new();
    let path = sandbox.write(FILE, "{\"summary\":\"one\"}\n");
    // /dev/full takes nothing: the text was read, and reached nobody.
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = std::process::Command::cargo_bin("sendoff").unwrap();
    command
        .env_clear()
        .envs(sandbox.variables())
        .env("DELEGATION_RESULTS_FILE", &path)
        .args(["step", "delegation-results"])
        .current_dir(sandbox.path(""))
        .stdout(full.unwrap());
    assert_eq!(command.status().unwrap().code(), Some(1));
    assert!(!path.exists(), "it was claimed");
    assert_eq!(step(&sandbox, &[]).stdout, "- [?] one\n");
    assert_eq!(step(&sandbox, &[]).stdout, "");
}

#[test]
fn d06_a_reader_that_is_killed_after_its_claim_loses_nothing() {
    supervise!();
    let sandbox = Sandbox::new();
    // Enough to fill the pipe, so that the reader hangs in the middle of printing.
    let line = |n| format!("{{\"summary\":\"{n:03}{}\"}}\n", " word".repeat(60));
    let path = sandbox.write(FILE, (0..400).map(line).collect::<String>());
    let mut command = std::process::Command::cargo_bin("sendoff").unwrap();
    command
        .env_clear()
        .envs(sandbox.variables())
        .env("DELEGATION_RESULTS_FILE", &path)
        .args(["step", "delegation-results", "--json"])
        .current_dir(sandbox.path(""))
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 8];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    // What it printed is more than the pipe holds only with the report around it; both ways the
    // process may be alive or gone here, and the records must be told exactly as it left them.
    let second = step(&sandbox, &[]);
    let alive = child.try_wait().unwrap().is_none();
    if alive {
        assert_eq!(second.stdout, "");
        for part in ["another run is reading", "the next run reads the results"] {
            assert!(second.stderr.contains(part), "{}", second.stderr);
        }
        assert_eq!(second.code, Some(0));
    }
    assert!(alive, "the pipe took it all: make the text longer");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(step(&sandbox, &[]).stdout.starts_with("- [?] 000"));
}

#[test]
fn what_cannot_be_taken_is_told_with_advice() {
    supervise!();
    let sandbox = Sandbox::new();
    let target = sandbox.write("box/target", "{}\n");
    std::os::unix::fs::symlink(target, sandbox.path(FILE)).unwrap();
    let said = step(&sandbox, &[]);
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(1)));
    for part in ["is a symbolic link", "point DELEGATION_RESULTS_FILE"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    sandbox.write("plain", "");
    let file = sandbox
        .path("plain/results.jsonl")
        .to_str()
        .unwrap()
        .to_owned();
    let variables = [("DELEGATION_RESULTS_FILE", file)];
    let arguments = ["step", "delegation-results"];
    let said = run(&sandbox, &sandbox.path(""), &arguments, &variables, b"");
    assert_eq!(said.code, Some(1));
    for part in ["cannot be opened", "check the permissions"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
}
