//! Memories: committed, recalled, and what the platform says of them.

use sendoff::demo::{Answer, Fault};
use sendoff::platform::Memory;
use sendoff::secrets::KnownSecrets;
use sendoff_testing::supervise;
use serde_json::json;

use super::{open, render};

#[tokio::test]
async fn a_memory_is_committed_and_recalled() {
    supervise!();
    let (server, platform) = open();
    let id = platform
        .commit_memory("key", &"Conversation: héllo".into(), "LOCAL")
        .await
        .unwrap();
    assert_eq!(id.as_deref(), Some("memory-1"));
    let log = server.log();
    assert_eq!(log[0].path, "/workspaces/agent-1/memories");
    assert_eq!(log[0].authorization(), None);
    let sent: serde_json::Value = serde_json::from_slice(&log[0].body).unwrap();
    assert_eq!(
        sent,
        json!({"content": "Conversation: héllo", "scope": "LOCAL"})
    );
    let memories = platform.recall(10).await.unwrap();
    let expected = Memory {
        scope: Some("LOCAL".into()),
        content: Some("Conversation: héllo".into()),
        created_at: memories[0].created_at.clone(),
    };
    assert_eq!(memories, [expected]);
}

#[tokio::test]
async fn the_last_memories_are_recalled_in_order() {
    supervise!();
    let (_server, platform) = open();
    for number in 0..12 {
        platform
            .commit_memory(
                "key",
                &KnownSecrets::default().outgoing(&number.to_string()),
                "TEAM",
            )
            .await
            .unwrap();
    }
    let memories = platform.recall(10).await.unwrap();
    let contents: Vec<_> = memories.into_iter().filter_map(|m| m.content).collect();
    let expected: Vec<_> = (2..12).map(|number: u32| number.to_string()).collect();
    assert_eq!(contents, expected);
    assert_eq!(platform.recall(0).await.unwrap(), []);
}

#[tokio::test]
async fn fields_that_are_missing_stay_missing_and_other_shapes_are_errors() {
    supervise!();
    let (server, platform) = open();
    server.add_memory(json!({"content": "no scope"}));
    server.add_memory(json!({"scope": null, "extra": [1]}));
    let memories = platform.recall(10).await.unwrap();
    assert_eq!(memories[0].scope, None);
    assert_eq!(memories[1].content, None);
    server.add_memory(json!("a plain string"));
    let error = platform.recall(10).await.unwrap_err();
    assert_eq!(error.code().as_str(), "bad-response");
    server.inject([Fault::Instead(Answer::json(200, &json!({"memories": []})))]);
    let error = platform.recall(10).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r#"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not a list of memories: {"memories":[]}
    check that the URL leads to the server's API and not to a sign-in page
    "#);
}

#[tokio::test]
async fn an_id_may_be_a_number_or_absent() {
    supervise!();
    let (server, platform) = open();
    let answers = [
        Answer::json(200, &json!({"id": 7})),
        Answer::json(201, &json!({"status": "ok"})),
        Answer {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        },
    ];
    server.inject(answers.map(Fault::Instead));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(
            platform
                .commit_memory("key", &"text".into(), "LOCAL")
                .await
                .unwrap(),
        );
    }
    assert_eq!(ids, [Some("7".to_owned()), None, None]);
}
