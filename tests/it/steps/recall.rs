//! `memory-recall` and `memory-commit`: what is shown, what is hidden, and what a failure breaks.

use std::io::{Read, Write};
use std::net::TcpListener;

use sendoff_testing::supervise;
use serde_json::json;

use crate::program::run;
use crate::sandbox::Sandbox;
use crate::world::World;

#[test]
fn missing_keys_are_a_question_mark_and_nothing() {
    supervise!();
    let world = World::new();
    world.platform.add_memory(json!({ "content": "no scope" }));
    world.platform.add_memory(json!({ "scope": "TEAM" }));
    let odd = json!({ "scope": "LOCAL", "content": "a\u{1b}[1mb\nc" });
    world.platform.add_memory(odd);
    let said = world.run(&["step", "memory-recall"]);
    let expected = "- [?] no scope\n- [TEAM] \n- [LOCAL] a[1mb\nc\n";
    assert_eq!(said.stdout, expected, "{}", said.stderr);
}

#[test]
fn without_a_platform_there_is_no_text_and_no_failure() {
    supervise!();
    let sandbox = Sandbox::new();
    let said = run(
        &sandbox,
        &sandbox.path(""),
        &["step", "memory-recall"],
        &[],
        b"",
    );
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
}

#[test]
fn a_platform_that_fails_breaks_no_prompt() {
    supervise!();
    let sandbox = Sandbox::new();
    sandbox.write("configs/system-prompt.md", "Be kind.");
    sandbox.write("configs/.auth_token", "token-0123456789");
    let policy = "[steps.a2a-instructions]\ntemplate = \"Ask.\"\n";
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    let none = sandbox.path("none").to_str().unwrap().to_owned();
    // The heartbeat that reaches nobody waits, or has failed; memories that cannot be recalled are none.
    for (answer, code) in [
        (None, 0),
        (Some(("500 No", "")), 0),
        (Some(("404 No", "")), 1),
        (Some(("200 OK", "{}")), 0),
        (Some(("200 OK", "[5]")), 0),
        (Some(("200 OK", "nonsense")), 0),
    ] {
        // Another platform: where the token of before went does not count.
        let _none = std::fs::remove_dir_all(sandbox.path("home/.local/state/sendoff/platform"));
        let variables = [
            ("PLATFORM_URL", platform(answer)),
            ("WORKSPACE_ID", "ws".into()),
            ("DELEGATION_RESULTS_FILE", none.clone()),
        ];
        let said = run(
            &sandbox,
            &sandbox.path(""),
            &["run", "pre-task"],
            &variables,
            b"",
        );
        assert_eq!(
            said.stdout, "Be kind.\n\nAsk.\n",
            "{answer:?} {}",
            said.stderr
        );
        assert_eq!(said.code, Some(code), "{answer:?}: {}", said.stderr);
        for part in [
            "skipped  memory-recall",
            "the memories cannot be recalled: ",
        ] {
            assert!(said.stderr.contains(part), "{answer:?}: {}", said.stderr);
        }
        let alone = ["step", "memory-recall"];
        let said = run(&sandbox, &sandbox.path(""), &alone, &variables, b"");
        assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
        assert!(said.stderr.contains("the memories cannot be recalled: "));
    }
}

#[test]
fn memories_are_read_whatever_their_encoding_and_type() {
    supervise!();
    let sandbox = Sandbox::new();
    for body in [
        "[{\"scope\":\"TEAM\",\"content\":\"x\"}]",
        "\u{feff}[{\"scope\":\"TEAM\",\"content\":\"x\"}]",
    ] {
        let variables = [
            ("PLATFORM_URL", platform(Some(("203 Well", body)))),
            ("WORKSPACE_ID", "ws".into()),
        ];
        let alone = ["step", "memory-recall"];
        let said = run(&sandbox, &sandbox.path(""), &alone, &variables, b"");
        assert_eq!(said.stdout, "- [TEAM] x\n", "{}", said.stderr);
    }
}

/// Starts a platform that gives every connection the same answer; without one nobody listens.
fn platform(answer: Option<(&str, &str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let Some((status, body)) = answer else {
        return url;
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(16) {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).is_ok() {
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    url
}

#[test]
fn a_memory_is_redacted_before_it_is_cut() {
    supervise!();
    let world = World::new();
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let input = format!("{} {token} end", "word ".repeat(32));
    let task = json!({ "task": { "input": input } }).to_string();
    let arguments = ["step", "memory-commit", "--input", "-"];
    let said = world.run_with_input(&arguments, task.as_bytes());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let memories = world.platform.memories();
    let content = memories[0]["content"].as_str().unwrap();
    assert!(content.contains("[REDACTED] end"), "{content}");
    assert!(!content.contains("ghp_"), "{content}");
}

#[test]
fn no_secret_leaves_in_a_memory_or_a_heartbeat() {
    supervise!();
    let world = World::new();
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let task = json!({
        "task": { "input": token },
        "heartbeat": { "current_task": token, "sample_error": format!("401 for {token}") },
    });
    let own = "content=said {{ task.input }}";
    for arguments in [
        &["step", "memory-commit", "--with", own, "--input", "-"][..],
        &["step", "heartbeat-set", "--input", "-"],
        &["step", "heartbeat-clear", "--input", "-"],
    ] {
        let said = world.run_with_input(arguments, task.to_string().as_bytes());
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    assert_eq!(world.platform.memories()[0]["content"], "said [REDACTED]");
    for beat in world.platform.heartbeats() {
        assert_eq!(beat["current_task"], "[REDACTED]");
        assert_eq!(beat["sample_error"], "401 for [REDACTED]");
    }
}

#[test]
fn the_heartbeat_shows_a_brief_summary() {
    supervise!();
    let world = World::new();
    let task = br#"{"task":{"input":"\n```\n# **Build** the rocket\nand more"}}"#;
    world.run_with_input(&["step", "heartbeat-set", "--input", "-"], task);
    let beats = world.platform.heartbeats();
    assert_eq!(beats[0]["current_task"], "Build the rocket");
}
