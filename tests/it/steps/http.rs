//! `http`: one request to an origin that the user's policy lists.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::program::{Said, run};
use crate::sandbox::Sandbox;

/// Answers one connection, tells what was asked, and listens no longer.
fn server(answer: String) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (asked, asking) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).unwrap();
            request.extend(&buffer[..read]);
            let text = String::from_utf8_lossy(&request);
            let mut lines = text.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
            let head = text.find("\r\n\r\n");
            if read == 0 || head.is_some_and(|end| request.len() >= end + 4 + length) {
                break;
            }
        }
        stream.write_all(answer.as_bytes()).unwrap();
        asked.send(String::from_utf8(request).unwrap()).unwrap();
    });
    (origin, asking)
}

fn answer(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{more}\r\n")
}

fn step(policy: &str, arguments: &[&str]) -> Said {
    let sandbox = Sandbox::new();
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    let mut all = vec!["step", "own", "--input", "-"];
    all.extend(arguments);
    let task = br#"{"task":{"input":"say \"hi\""}}"#;
    run(&sandbox, &sandbox.path(""), &all, &[], task)
}

fn policy(origin: &str, allowed: &str, more: &str) -> String {
    format!(
        "[http]\nallowed = [\"{allowed}\"]\n[steps.own]\nuses = \"http\"\nurl = \"{origin}/hook?x=1\"\n{more}\n"
    )
}

#[test]
fn a_templated_body_goes_to_a_listed_origin() {
    supervise!();
    let (origin, asked) = server(answer("204 No Content", ""));
    let body = "body = { text = \"{{ task.input }}\", n = 5, list = [\"{{ trigger }}\", true] }";
    let said = step(&policy(&origin, &origin, body), &["--json"]);
    let line: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(line["verdict"], "done", "{line}");
    assert_eq!(line["outputs"]["status"], 204);
    let request = asked.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    let expected = json!({ "text": "say \"hi\"", "n": 5, "list": ["manual", true] });
    assert_eq!(body, expected);
}

#[test]
fn other_methods_can_be_used() {
    supervise!();
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let (origin, asked) = server(answer("200 OK", ""));
        let more = format!("method = \"{method}\"");
        let said = step(&policy(&origin, &origin, &more), &[]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(asked.recv().unwrap().starts_with(method));
    }
}

#[test]
fn an_origin_that_is_not_listed_is_refused_before_anything_is_sent() {
    supervise!();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    for allowed in [
        "https://hooks.example",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
    ] {
        let said = step(&policy(&origin, allowed, ""), &[]);
        assert_eq!(said.code, Some(1), "{allowed}");
        let refusal = format!("`http.allowed` does not list {origin}");
        for part in [&refusal, "in the user's policy"] {
            assert!(said.stderr.contains(part), "{}", said.stderr);
        }
    }
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn a_redirect_is_refused_even_to_the_same_origin() {
    supervise!();
    for (status, method) in [
        ("307 Temporary Redirect", "POST"),
        ("302 Found", "GET"),
        ("308 Permanent Redirect", "GET"),
        ("303 See Other", "POST"),
    ] {
        let (origin, asked) = server(answer(status, "location: /other\r\n"));
        let more = format!("method = \"{method}\"");
        let said = step(&policy(&origin, &origin, &more), &[]);
        assert_eq!(said.code, Some(1), "{status}");
        assert!(
            said.stderr.contains("which is not followed"),
            "{}",
            said.stderr
        );
        assert!(asked.recv().unwrap().starts_with(method));
    }
}

#[test]
fn a_status_that_is_no_success_is_an_error() {
    supervise!();
    let (origin, _asked) = server(answer("403 Forbidden", ""));
    let said = step(&policy(&origin, &origin, ""), &[]);
    assert_eq!(said.code, Some(1));
    let expected = format!("{origin} answered 403: an empty body");
    assert!(said.stderr.contains(&expected), "{}", said.stderr);
}

#[test]
fn addresses_that_cannot_be_used_are_told() {
    supervise!();
    for (url, expected) in [
        ("", "`url` of the step is not set"),
        ("hooks", "`url` of the step is not a URL"),
        (
            "ftp://hooks.example",
            "`url` of the step is not an http(s) URL",
        ),
        (
            "https://u:CANARY@hooks.example",
            "contains a user name or a password",
        ),
    ] {
        let said = step(
            &format!("[steps.own]\nuses = \"http\"\nurl = \"{url}\"\n"),
            &[],
        );
        assert_eq!(said.code, Some(1), "{url}");
        assert!(said.stderr.contains(expected), "{url}: {}", said.stderr);
        assert!(!said.stderr.contains("CANARY"), "{}", said.stderr);
    }
}

#[test]
fn templates_of_a_body_are_checked() {
    supervise!();
    let listed = |more| policy("https://hooks.example", "https://hooks.example", more);
    let sandbox = Sandbox::new();
    let policy = sandbox.write("p.toml", listed("body = { a = [\"{{ x\"] }"));
    let arguments = ["policy", "check", policy.to_str().unwrap()];
    let said = run(&sandbox, &sandbox.path(""), &arguments, &[], b"");
    assert_eq!(said.code, Some(78), "{}", said.stdout);
    assert!(said.stderr.contains("syntax error"), "{}", said.stderr);
    let said = step(&listed("body = { a = \"{{ nothing }}\" }"), &[]);
    for part in ["`body` cannot be rendered", "there is no `nothing`"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
}

#[test]
fn a_repository_cannot_list_an_origin() {
    supervise!();
    let sandbox = Sandbox::new();
    sandbox.repository("clone");
    let policy = "[http]\nallowed = [\"https://evil.example\"]\n";
    sandbox.write("clone/.sendoff.toml", policy);
    let shown = run(
        &sandbox,
        &sandbox.path("clone"),
        &["policy", "show"],
        &[],
        b"",
    );
    assert!(shown.stdout.contains("limits.deadline"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("evil.example"), "{}", shown.stdout);
}
