//! GitHub's own recorded payloads, and signatures by its own program. `.ci/webhooks` fetches both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use pretty_assertions::assert_eq;
use sendoff::events::{Delivery, HookSecrets, Source, verify};
use sendoff_testing::{left_out, succeed, supervise, tool};
use serde_json::Value;

use super::server::{Home, code};

/// Returns the directory of what was fetched.
pub(super) fn fetched(part: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/webhooks/node_modules/@octokit")
        .join(part);
    if !path.exists() {
        left_out("webhooks", "run .ci/webhooks");
        return None;
    }
    Some(path)
}

/// Returns the recorded payloads, with the event of each.
pub(super) fn examples() -> Option<Vec<(String, Value)>> {
    let path = fetched("webhooks-examples/api.github.com/index.json")?;
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for event in all.as_array().unwrap() {
        let name = event["name"].as_str().unwrap();
        for payload in event["examples"].as_array().unwrap() {
            found.push((name.to_owned(), payload.clone()));
        }
    }
    Some(found)
}

#[test]
fn every_recorded_payload_is_classified() {
    supervise!();
    let Some(examples) = examples() else { return };
    assert!(examples.len() > 250, "{}", examples.len());
    let mut of_event: BTreeMap<String, usize> = BTreeMap::new();
    for (event, payload) in &examples {
        let body = payload.to_string();
        let delivery = Delivery::recorded(Source::GitHub, event, body.as_bytes()).unwrap();
        let facts = delivery.facts();
        let at = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
        assert_eq!(facts.event, *event);
        assert_eq!(facts.action.as_deref(), at("/action"), "{event}");
        assert_eq!(
            facts.repository.as_deref(),
            at("/repository/full_name"),
            "{event}"
        );
        assert_eq!(facts.sender.as_deref(), at("/sender/login"), "{event}");
        let sender_is_bot = at("/sender/type") == Some("Bot");
        assert!(facts.is_bot || !sender_is_bot, "{event}");
        assert_eq!(delivery.is_ping(), event == "ping");
        if event == "pull_request" {
            assert_eq!(facts.branch.as_deref(), at("/pull_request/base/ref"));
            assert!(facts.number.is_some() && facts.title.is_some() && facts.url.is_some());
        }
        if event == "issues" {
            assert!(facts.number.is_some() && facts.title.is_some() && facts.url.is_some());
        }
        *of_event.entry(event.clone()).or_default() += 1;
    }
    assert!(of_event.len() > 50, "{of_event:?}");
}

#[test]
fn every_recorded_payload_passes_through_the_server() {
    supervise!();
    let Some(examples) = examples() else { return };
    let home = Home::new(
        "[[events.rule]]\non = \"*\"\nrepositories = [\"*\"]\nbots = \"allow\"\nfire = [\"all\"]\n",
    );
    home.schedule("all", &[]);
    let server = home.serve();
    let mut seen = std::collections::BTreeSet::new();
    for (number, (event, payload)) in examples.iter().enumerate() {
        let body = payload.to_string();
        let got = server.deliver(event, &format!("d-{number}"), body.as_bytes());
        let is_new = seen.insert((event, body));
        let wanted = match (event.as_str(), is_new) {
            ("ping", _) => (200, "pong"),
            (_, true) => (202, "accepted"),
            (_, false) => (200, "duplicate"),
        };
        let status = got.json()["status"].as_str().unwrap().to_owned();
        assert_eq!((got.code, status.as_str()), wanted, "{event}: {got:?}");
    }
}

/// Runs a script of node beside what was fetched.
fn node(script: &str, arguments: &[&str]) -> Option<String> {
    fetched("webhooks-methods")?;
    let node = tool("node")?;
    let mut command = Command::new(node);
    command
        .args(["--input-type=module", "-e", script])
        .args(arguments);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/webhooks"));
    Some(succeed(&mut command).trim().to_owned())
}

#[test]
fn githubs_own_program_and_ours_agree_on_signatures() {
    supervise!();
    let secrets = ["s", "ümlaut 🚀 and blanks", &"long".repeat(100)];
    let bodies = ["{}", "{\"a\": \"ü🚀\\n\"}", &" ".repeat(10_000), "no json"];
    for secret in secrets {
        for body in bodies {
            let sign = "import { sign } from '@octokit/webhooks-methods';
                        console.log(await sign(process.argv[1], process.argv[2]));";
            let Some(signature) = node(sign, &[secret, body]) else {
                return;
            };
            let ours = format!("sha256={}", code(secret, body.as_bytes()));
            assert_eq!(signature, ours);
            let mut headers = hyper::header::HeaderMap::new();
            headers.insert("x-hub-signature-256", signature.parse().unwrap());
            let now = jiff::Timestamp::UNIX_EPOCH;
            let check = |secret: &str, body: &str| {
                let secrets = HookSecrets::of([secret]);
                verify(Source::GitHub, &headers, body.as_bytes(), &secrets, now).is_ok()
            };
            assert!(check(secret, body));
            assert!(!check("another", body) && !check(secret, "{ }"));
            let verify = "import { verify } from '@octokit/webhooks-methods';
                          console.log(await verify(...process.argv.slice(1)));";
            assert_eq!(node(verify, &[secret, body, &ours]).unwrap(), "true");
        }
    }
}
