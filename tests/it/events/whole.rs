//! From a webhook to the agent: a server that runs, its rules and schedules, and the platform.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::CommandCargoExt as _;
use pretty_assertions::assert_eq;
use rustix::process::{Pid, Signal, kill_process};
use sendoff::demo::platform_server::PlatformServer;
use sendoff_testing::wait_until;
use serde_json::Value;

use super::client::sign_and_send;
use super::github;
use super::server::{Home, RULE, issue};

/// What the policy says of a platform.
fn of_platform(platform: &PlatformServer) -> String {
    let url = platform.url();
    format!("\n[platform]\nurl = \"{url}\"\nworkspace-id = \"ws-own\"\n")
}

/// Waits for so many messages of A2A, and returns their texts.
fn prompts(platform: &PlatformServer, count: usize) -> Vec<String> {
    let messages = wait_until("the messages", || {
        let messages = platform.messages();
        (messages.len() >= count).then_some(messages)
    });
    let text = |message: &Value| {
        assert_eq!(message["method"], "message/send");
        let text = message.pointer("/params/message/parts/0/text").unwrap();
        text.as_str().unwrap().to_owned()
    };
    messages.iter().map(text).collect()
}

/// Waits until so many firings of a schedule have ended well.
fn wait_for_ok(home: &Home, name: &str, count: usize) {
    wait_until("the firings to end", || {
        let (_, said, _) = home.run(&["schedule", "history", name, "--json"], b"");
        (said.matches("\"status\":\"ok\"").count() == count).then_some(())
    });
}

#[test]
fn a_webhook_becomes_a_message_to_the_agent_once_and_without_secrets() {
    let platform = PlatformServer::start("ws-own", None).unwrap();
    let home = Home::new(&format!("{RULE}{}", of_platform(&platform)));
    let prompt = "{{ event.event }}.{{ event.action }} {{ event.repository }}#{{ event.number }} \
                  by {{ event.sender }}: {{ event.title }} {{ event.labels | join(',') }} {{ event.url }}";
    let arguments = "schedule add pick-up-work --cron @yearly --workspace ws-1 --prompt";
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    arguments.push(prompt);
    let (code, _, said) = home.run(&arguments, b"");
    assert_eq!(code, Some(0), "{said}");
    let server = home.serve();
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let title = format!("It leaks {token} {{{{ 7 * 7 }}}}");
    let leak = github::issues_opened(7, &title, &["bug", "fuel"], "acme/rocket").to_string();
    let got = server.deliver("issues", "d-7", leak.as_bytes());
    assert_eq!(
        got.json()["matched"][0]["schedules"][0],
        "pick-up-work",
        "{got:?}"
    );
    let told = prompts(&platform, 1);
    let expected = "issues.opened acme/rocket#7 by octocat: It leaks [REDACTED] {{ 7 * 7 }} bug,fuel \
                    https://github.com/acme/rocket/issues/7";
    assert_eq!(told, [expected]);
    wait_for_ok(&home, "pick-up-work", 1);
    // The same again, by its id and by its body, and an event that no rule is for.
    for (id, event) in [("d-7", "issues"), ("another", "issues")] {
        let got = server.deliver(event, id, leak.as_bytes());
        assert_eq!(
            (got.code, got.json()["status"].as_str()),
            (200, Some("duplicate"))
        );
    }
    let push = github::push("refs/heads/main").to_string();
    let got = server.deliver("push", "d-8", push.as_bytes());
    assert_eq!(got.json()["status"], "ignored");
    // What fires next is the next one.
    assert_eq!(server.deliver("issues", "d-9", &issue(9)).code, 202);
    let told = prompts(&platform, 2);
    assert!(told[1].contains("acme/rocket#9"), "{told:?}");
    wait_for_ok(&home, "pick-up-work", 2);
    assert_eq!(platform.messages().len(), 2);
    assert!(
        !home.store_text().contains(&token),
        "the token is in the store"
    );
    server.signal("-TERM");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains(&token), "{log}");
}

/// Ends the server that the guide's commands leave in the background.
struct InBackground(Pid);

impl Drop for InBackground {
    fn drop(&mut self) {
        let _gone = kill_process(self.0, Signal::KILL);
    }
}

#[test]
fn the_five_commands_of_the_guide_run_from_a_webhook_to_the_agent() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/events.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let part = guide.split("## One machine").nth(1).unwrap();
    let block = part.split("```sh\n").nth(1).unwrap();
    let commands: Vec<&str> = block.split("```").next().unwrap().lines().collect();
    let [preset, secret, schedule, serve, forward] = commands[..] else {
        panic!("{commands:?}");
    };
    let platform = PlatformServer::start("ws-own", None).unwrap();
    let home = Home::new("");
    let policy = home.sandbox.path("home/.config/sendoff/policy.toml");
    std::fs::remove_file(&policy).unwrap();
    // Where the platform is, and a port that nobody has: another server may listen at the guide's.
    let more = format!(
        "[serve]\nlisten = \"127.0.0.1:0\"\n{}",
        of_platform(&platform)
    );
    let more = home.sandbox.write("more.toml", more);
    // GitHub's program is not there; this one says how it was called.
    let gh = "#!/bin/sh\nfor argument; do echo \"gh $argument\"; done\n";
    home.sandbox.executable("bin/gh", gh);
    let sendoff = Command::cargo_bin("sendoff").unwrap();
    let link = home.sandbox.path("bin/sendoff");
    std::os::unix::fs::symlink(sendoff.get_program(), link).unwrap();
    let script = format!(
        "set -e\n{preset}>/dev/null\ncat '{}' >> '{}'\n{secret}\n{}\n{serve}\necho \"pid $!\"\n{forward}\n",
        more.display(),
        policy.display(),
        schedule.replace("--workspace ID", "--workspace ws-1"),
    );
    let mut command = home.sandbox.command("sh");
    let bin = home.sandbox.path("bin");
    command
        .args(["-c", &script])
        .env("PATH", home.sandbox.search_path_from(&bin))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut shell = command.spawn().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let (mut address, mut background) = (None, None);
    let mut called = Vec::new();
    // The server holds the pipe open, so that it does not end by itself.
    while address.is_none() || called.len() < 10 {
        let line = lines.next().expect("the commands end").unwrap();
        if let Some(listens) = line.strip_prefix("listening on http://") {
            address = Some(listens.trim().to_owned());
        } else if let Some(id) = line.strip_prefix("pid ") {
            let id = Pid::from_raw(id.parse().unwrap()).unwrap();
            background = Some(InBackground(id));
        } else if let Some(argument) = line.strip_prefix("gh ") {
            called.push(argument.to_owned());
        }
    }
    assert!(shell.wait().unwrap().success());
    let _ends = background.unwrap();
    let given = |name: &str| {
        let at = called.iter().position(|argument| argument == name).unwrap();
        called[at + 1].clone()
    };
    assert_eq!(called[..2], ["webhook", "forward"]);
    assert_eq!(given("--url"), "http://127.0.0.1:8642/hooks/github");
    assert_eq!(given("--events"), "issues,pull_request_review");
    let secret = given("--secret");
    assert_eq!(secret.len(), 64);
    let got = sign_and_send(
        address.unwrap().parse().unwrap(),
        &secret,
        "issues",
        "d-1",
        &issue(1),
    );
    assert_eq!(
        got.json()["matched"][0]["schedules"][0],
        "pick-up-work",
        "{got:?}"
    );
    assert_eq!(prompts(&platform, 1), ["Look for open issues."]);
}
