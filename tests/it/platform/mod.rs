//! Tests of `platform`: memories, heartbeats, the token and its rotation.

mod memories;
mod outside;
mod tokens;

use std::time::{Duration, Instant};

use sendoff::demo::platform_server::PlatformServer;
use sendoff::demo::{Answer, Fault};
use sendoff::http::{Client, ClientOptions};
use sendoff::platform::{Heartbeat, Platform, PlatformError, TokenSource};
use sendoff_testing::supervise;
use serde_json::json;

use crate::forge::without_port;

const TOKEN: &str = "canary-2c4d6e8f0a1b";

fn client() -> Client {
    Client::new(ClientOptions::new(Duration::from_secs(5)))
}

fn connect(server: &PlatformServer, source: TokenSource) -> Platform {
    Platform::new(client(), server.url().clone(), "agent-1", source).unwrap()
}

fn open() -> (PlatformServer, Platform) {
    let server = PlatformServer::start("agent-1", None).unwrap();
    let platform = connect(&server, TokenSource::None);
    (server, platform)
}

fn render(error: &PlatformError) -> String {
    let kind = if error.is_transient() {
        "transient"
    } else {
        "final"
    };
    without_port(&format!(
        "{} ({kind})\n{error}\n{}",
        error.code(),
        error.advice()
    ))
}

async fn committing(answer: Answer) -> PlatformError {
    let (server, platform) = open();
    server.inject([Fault::Instead(answer)]);
    let error = platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap_err();
    assert_eq!(server.log().len(), 1, "the request was repeated");
    error
}

#[tokio::test]
async fn a_heartbeat_names_its_workspace_and_all_its_fields() {
    supervise!();
    let (server, platform) = open();
    platform.heartbeat(&Heartbeat::default()).await.unwrap();
    let busy = Heartbeat {
        current_task: "review".into(),
        active_tasks: 2,
        error_rate: 0.25,
        sample_error: "rate_limited".into(),
        uptime_seconds: 90,
    };
    platform.heartbeat(&busy).await.unwrap();
    let expected = [
        json!({"workspace_id": "agent-1", "current_task": "", "active_tasks": 0, "error_rate": 0.0, "sample_error": "", "uptime_seconds": 0}),
        json!({"workspace_id": "agent-1", "current_task": "review", "active_tasks": 2, "error_rate": 0.25, "sample_error": "rate_limited", "uptime_seconds": 90}),
    ];
    assert_eq!(server.heartbeats(), expected);
    assert_eq!(server.log()[0].path, "/registry/heartbeat");
}

#[tokio::test]
async fn every_refusal_has_its_class() {
    supervise!();
    let codes = |status| async move {
        let error = committing(Answer::json(status, &json!({"error": "no"}))).await;
        (error.code().as_str(), error.is_transient())
    };
    assert_eq!(codes(403).await, ("auth", false));
    assert_eq!(codes(404).await, ("workspace-unknown", false));
    assert_eq!(codes(400).await, ("refused", false));
    assert_eq!(codes(405).await, ("refused", false));
    assert_eq!(codes(408).await, ("unavailable", true));
    assert_eq!(codes(410).await, ("workspace-unknown", false));
    assert_eq!(codes(413).await, ("refused", false));
    assert_eq!(codes(422).await, ("refused", false));
    assert_eq!(codes(429).await, ("rate-limited", true));
    assert_eq!(codes(500).await, ("unavailable", true));
    assert_eq!(codes(503).await, ("unavailable", true));
    assert_eq!(codes(304).await, ("bad-response", false));
}

#[tokio::test]
async fn what_a_person_reads() {
    supervise!();
    let body = json!({"error": "workspace \u{1b}[31mgone"});
    let error = committing(Answer::json(404, &body)).await;
    insta::assert_snapshot!(render(&error), @r#"
    workspace-unknown (final)
    `127.0.0.1` does not know the workspace (404): workspace [31mgone
    check WORKSPACE_ID; the platform does not know it
    "#);
    let error = committing(Answer::json(503, &json!({})).header("retry-after", "30")).await;
    insta::assert_snapshot!(render(&error), @r"
    unavailable (transient)
    `127.0.0.1` failed (503): {}
    run again when the platform is back
    ");
    assert!(error.not_before.is_some());
    let error = committing(Answer::text(200, "text/html", "<title>Sign in</title>")).await;
    insta::assert_snapshot!(render(&error), @r"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not JSON: a page that is titled `Sign in`
    check that the URL leads to the server's API and not to a sign-in page
    ");
    for (answer, advice) in [
        (
            Answer::text(403, "text/html", "<html><title>Blocked by the gateway"),
            "check PLATFORM_URL, and what",
        ),
        (
            Answer::text(404, "text/html", "<h1>Not Found</h1>"),
            "check PLATFORM_URL, and what",
        ),
        (
            Answer::json(405, &json!({"error": "no"})),
            "check PLATFORM_URL: what",
        ),
        (
            Answer::json(413, &json!({"error": "no"})),
            "shorten what is sent",
        ),
        (
            Answer::json(409, &json!({"error": "no"})),
            "see what the platform says",
        ),
    ] {
        let error = committing(answer).await;
        assert!(error.advice().starts_with(advice), "{}", render(&error));
    }
}

#[tokio::test]
async fn n14_a_sign_in_page_is_no_heartbeat() {
    supervise!();
    let (server, platform) = open();
    server.inject([Fault::Instead(Answer::text(
        200,
        "text/html; charset=utf-8",
        "<p>",
    ))]);
    let error = platform.heartbeat(&Heartbeat::default()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "bad-response");
}

#[tokio::test]
async fn a_silent_platform_is_left_in_time_and_a_memory_is_not_sent_twice() {
    supervise!();
    let server = PlatformServer::start("agent-1", None).unwrap();
    server.inject([Fault::DoneInSilence]);
    let client = Client::new(ClientOptions::new(Duration::from_secs(2)));
    let platform = Platform::new(client, server.url().clone(), "agent-1", TokenSource::None);
    let start = Instant::now();
    let error = platform
        .unwrap()
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap_err();
    assert_eq!(error.code().as_str(), "timeout");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(server.memories().len(), 1);
}

#[tokio::test]
async fn l11_plain_http_to_another_machine_is_refused() {
    supervise!();
    let url = "http://platform.invalid/base/".parse().unwrap();
    let platform = Platform::new(client(), url, "agent-1", TokenSource::None).unwrap();
    let error = platform.heartbeat(&Heartbeat::default()).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    plain-http-refused (final)
    `http://platform.invalid` would be reached without encryption
    use https, or list the host in `network.allow-http` in the user's policy if its network is yours
    ");
}

#[tokio::test]
async fn a_platform_below_a_path_is_asked_there() {
    supervise!();
    let server = PlatformServer::start("agent-1", None).unwrap();
    let url = server.url().join("base/?x=y#z").unwrap();
    let platform = Platform::new(client(), url, "agent-1", TokenSource::None).unwrap();
    platform.recall(1).await.unwrap_err();
    let logged = &server.log()[0];
    assert_eq!(
        (logged.path.as_str(), logged.query.as_str()),
        ("/base/workspaces/agent-1/memories", "")
    );
}

#[test]
fn ids_and_urls_that_could_lead_elsewhere_are_refused() {
    supervise!();
    let url = || "http://127.0.0.1/".parse().unwrap();
    for id in [
        "",
        ".",
        "..",
        "a/b",
        "a%2fb",
        "a b",
        "é",
        "a\n",
        &"x".repeat(129),
    ] {
        let error = Platform::new(client(), url(), id, TokenSource::None).unwrap_err();
        assert_eq!(error.code().as_str(), "workspace-id", "{id:?}");
    }
    for url in [
        "ftp://h/",
        "http://user@127.0.0.1/",
        "https://:secret@h/",
        "data:,x",
    ] {
        let made = Platform::new(client(), url.parse().unwrap(), "a", TokenSource::None);
        let error = made.unwrap_err();
        assert_eq!(error.code().as_str(), "platform-url");
        assert!(!error.to_string().contains("secret"));
    }
}
