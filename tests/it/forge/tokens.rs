//! What GitHub's headers say of a token: a second factor, permissions, scopes; and what a token may not give.

use sendoff::demo::Answer;
use sendoff_testing::supervise;
use serde_json::{Value, json};

use super::refusals::{finding, message, opening, server};
use super::{connect, created, render, request};

#[tokio::test]
async fn a_second_factor_is_asked_for_with_a_password() {
    supervise!();
    for status in [401, 403] {
        let said = "Must specify two-factor authentication OTP code.";
        let answer = message(status, said).header("x-github-otp", "required; app");
        let error = opening(answer).await;
        assert!(error.is_bad_token(), "the next source is asked: {error:?}");
        let told = format!(
            "auth (final)\n127.0.0.1 asks for a code of two-factor authentication ({status}): \
             Must specify two-factor authentication OTP code\n\
             give a personal access token in the place of the password"
        );
        assert_eq!(render(&error).trim(), told);
        let error = error.of_token("GH_TOKEN", "renew the token in GH_TOKEN, or unset it");
        assert_eq!(
            error.reason.advice.unwrap(),
            "give a personal access token in the place of the password: renew the token in GH_TOKEN, or unset it"
        );
    }
    // The organisation wants its members to have one, and the token is fine.
    let error = opening(message(403, "acme requires two-factor authentication")).await;
    assert_eq!(error.code().as_str(), "forbidden", "{error:?}");
}

#[tokio::test]
async fn the_permission_that_a_token_lacks_is_named_as_github_names_it() {
    supervise!();
    let lacking = |said: &str, permissions: &str| {
        message(403, said).header("x-accepted-github-permissions", permissions)
    };
    let personal = "Resource not accessible by personal access token";
    let error = opening(lacking(personal, "pull_requests=write")).await;
    insta::assert_snapshot!(render(&error), @r"
    forbidden (final)
    127.0.0.1 does not allow this on o/r (403): Resource not accessible by personal access token
    give the token write access to pull requests of this repository; GitHub names the permission `pull_requests=write`
    ");
    let advice = |answer| async move { opening(answer).await.reason.advice.unwrap() };
    let integration = "Resource not accessible by integration";
    let either = "contents=read,pull_requests=write; issues=write";
    let told = advice(lacking(integration, either)).await;
    assert!(
        told.ends_with(&format!("GitHub names the permission `{either}`")),
        "{told}"
    );
    // The header comes with every answer: another cause is not hidden by it.
    let archived = "Repository was archived so is read-only.";
    let told = advice(lacking(archived, "pull_requests=write")).await;
    assert!(told.starts_with("unarchive"), "{told}");
    let told = advice(lacking(personal, "`; rm -rf /`")).await;
    assert!(told.ends_with("pull requests of this repository"), "{told}");
}

#[tokio::test]
async fn the_scope_that_a_classic_token_lacks_is_named() {
    supervise!();
    let scoped = |status, held: &str| {
        let said = if status == 404 {
            "Not Found"
        } else {
            "Must have push access"
        };
        let answer = message(status, said).header("x-accepted-oauth-scopes", "public_repo, repo");
        answer.header("x-oauth-scopes", held)
    };
    let advice = "give a token that has a scope of `public_repo, repo`: this one has none of them";
    for held in ["", "read:user, gist"] {
        assert_eq!(
            finding(scoped(404, held)).await.reason.advice.unwrap(),
            advice
        );
        assert_eq!(
            opening(scoped(403, held)).await.reason.advice.unwrap(),
            advice
        );
    }
    let told = finding(scoped(404, "gist, repo"))
        .await
        .reason
        .advice
        .unwrap();
    assert!(told.starts_with("check the remote's URL"), "{told}");
    // Without scopes, as of a fine-grained token, nothing is said of them.
    let fine = message(404, "Not Found").header("x-accepted-oauth-scopes", "repo");
    let told = finding(fine).await.reason.advice.unwrap();
    assert!(told.starts_with("check the remote's URL"), "{told}");
}

fn collaboration() -> Answer {
    let said = "Fork collab can't be granted by someone without permission";
    Answer::json(
        422,
        &json!({"message": "Validation Failed", "errors": [
            {"resource": "PullRequest", "code": "custom", "field": "fork_collab", "message": said},
        ]}),
    )
}

/// Only who may push to the head branch can let others do so.
#[tokio::test]
async fn a_pull_request_is_opened_without_letting_maintainers_write_where_the_token_may_not() {
    supervise!();
    let server = server();
    server.answer_with([collaboration()]);
    let opened = connect("github", server.url()).open(&request("work")).await;
    assert_eq!(
        created(opened.unwrap()).warnings,
        ["the token may not let maintainers write to the branch, so they cannot"]
    );
    let log = server.log();
    let bodies = log.iter().filter(|logged| logged.method == "POST");
    let asked: Vec<Option<Value>> = bodies
        .map(|logged| {
            let body: Value = serde_json::from_slice(&logged.body).unwrap();
            body.get("maintainer_can_modify").cloned()
        })
        .collect();
    assert_eq!(asked, [None, Some(Value::Bool(false))]);
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_an_error() {
    supervise!();
    let server = server();
    server.answer_with([collaboration(), collaboration()]);
    let opened = connect("github", server.url()).open(&request("work")).await;
    assert_eq!(opened.unwrap_err().code().as_str(), "forbidden");
    assert_eq!(server.log().len(), 2);
}
