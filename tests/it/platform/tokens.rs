//! The token of the platform: its file, its rotation, and where it goes.

use sendoff::demo::platform_server::PlatformServer;
use sendoff::demo::{Answer, Fault};
use sendoff::platform::{Heartbeat, TokenSource};
use sendoff_testing::supervise;
use serde_json::json;

use crate::sandbox::Sandbox;

use super::{TOKEN, connect, open, render};

#[tokio::test]
async fn the_token_is_one_trimmed_line_of_its_file() {
    supervise!();
    let sandbox = Sandbox::new();
    let server = PlatformServer::start("agent-1", Some(TOKEN)).unwrap();
    let file = sandbox.write("configs/.auth_token", format!("  {TOKEN}\n\n"));
    let platform = connect(&server, TokenSource::File(file));
    platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap();
    let expected = format!("Bearer {TOKEN}");
    assert_eq!(server.log()[0].authorization(), Some(expected.as_str()));
}

#[tokio::test]
async fn l01_without_a_file_no_token_is_sent() {
    supervise!();
    let sandbox = Sandbox::new();
    let server = PlatformServer::start("agent-1", None).unwrap();
    let blank = sandbox.write("blank", "\n");
    for file in [sandbox.path("absent"), blank] {
        let platform = connect(&server, TokenSource::File(file));
        platform.heartbeat(&Heartbeat::default()).await.unwrap();
    }
    assert!(
        server
            .log()
            .iter()
            .all(|logged| logged.authorization().is_none())
    );
}

#[tokio::test]
async fn files_that_are_no_token_are_refused_and_nothing_is_sent() {
    supervise!();
    let sandbox = Sandbox::new();
    let server = PlatformServer::start("agent-1", None).unwrap();
    let pipe = sandbox.pipe("pipe");
    let files = [
        sandbox.write("two-lines", "one\ntwo\n"),
        sandbox.write("large", "x".repeat(64 * 1024 + 1)),
        sandbox.write("binary", [0xff, 0xfe]),
        sandbox.home(),
        pipe,
    ];
    for file in files {
        let platform = connect(&server, TokenSource::File(file.clone()));
        let error = platform.heartbeat(&Heartbeat::default()).await.unwrap_err();
        assert_eq!(error.code().as_str(), "token-file", "{}", file.display());
    }
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn l02_a_rotated_token_is_read_again_once() {
    supervise!();
    let sandbox = Sandbox::new();
    let server = PlatformServer::start("agent-1", Some("the-old-token")).unwrap();
    let file = sandbox.write("token", "the-old-token");
    let platform = connect(&server, TokenSource::File(file));
    platform.heartbeat(&Heartbeat::default()).await.unwrap();
    server.rotate_token(TOKEN);
    sandbox.write("token", TOKEN);
    platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap();
    platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap();
    let statuses = server.log().into_iter().filter_map(|logged| logged.answer);
    let statuses: Vec<_> = statuses.map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 401, 201, 201]);
    assert_eq!(server.memories().len(), 2);
}

#[tokio::test]
async fn a_token_that_stays_wrong_is_tried_once() {
    supervise!();
    let sandbox = Sandbox::new();
    let server = PlatformServer::start("agent-1", Some(TOKEN)).unwrap();
    let file = sandbox.write("token", "the-wrong-token");
    let platform = connect(&server, TokenSource::File(file));
    let error = platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap_err();
    insta::assert_snapshot!(render(&error), @r#"
    auth (final)
    `127.0.0.1` refused the token (401): invalid or missing token
    renew the token in the file that `platform.token-file` names
    "#);
    assert_eq!(server.log().len(), 1);
}

#[tokio::test]
async fn another_host_gets_neither_memory_nor_token() {
    supervise!();
    let sandbox = Sandbox::new();
    let (server, _) = open();
    let (other, _) = open();
    let to = other.url().join("workspaces/agent-1/memories").unwrap();
    let moved = Answer::json(307, &json!({})).header("location", to);
    server.inject([Fault::Instead(moved)]);
    let file = sandbox.write("token", TOKEN);
    let platform = connect(&server, TokenSource::File(file));
    let error = platform
        .commit_memory("key", &"text".into(), "LOCAL")
        .await
        .unwrap_err();
    assert_eq!(error.code().as_str(), "redirect-refused");
    assert!(other.log().is_empty());
}
