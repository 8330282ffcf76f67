//! What a person reads when GitHub says no.

use sendoff::demo::Answer;
use sendoff::demo::forge_server::{Branches, ForgeServer, Repository};
use sendoff::forge::{ForgeError, Opened};
use sendoff_testing::supervise;
use serde_json::json;

use super::{TOKEN, connect, head, render, request};

pub(super) fn server() -> ForgeServer {
    ForgeServer::start(Some(TOKEN), [Repository::new("o", "r")]).unwrap()
}

pub(super) fn message(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}),
    )
}

/// Opens a pull request on a forge that answers the first request with `answer`.
pub(super) async fn opening(answer: Answer) -> ForgeError {
    let server = server();
    server.answer_with([answer]);
    let outcome = connect("github", server.url()).open(&request("work")).await;
    let error = outcome.unwrap_err();
    assert!(server.pulls().is_empty(), "the request was repeated");
    error
}

/// Looks for a pull request on a forge that answers the first request with `answer`.
pub(super) async fn finding(answer: Answer) -> ForgeError {
    let server = server();
    server.answer_with([answer]);
    let forge = connect("github", server.url());
    forge.find(&head("o", "work"), None).await.unwrap_err()
}

/// Returns how long the error asks to wait, in seconds.
pub(super) async fn wait(answer: Answer) -> Option<i64> {
    let error = opening(answer).await;
    assert_eq!(error.code().as_str(), "rate-limited", "{error:?}");
    #[expect(clippy::disallowed_methods, reason = "compared with the server's time")]
    let now = jiff::Timestamp::now();
    let wait = error.not_before?.duration_since(now).as_millis();
    // Some milliseconds have passed since.
    i64::try_from((wait + 500) / 1000).ok()
}

#[tokio::test]
async fn a_wrong_token() {
    supervise!();
    let server = ForgeServer::start(Some("another-token"), [Repository::new("o", "r")]).unwrap();
    let forge = connect("github", server.url());
    let error = forge.find(&head("o", "work"), None).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    auth (final)
    127.0.0.1 refused the token (401): Bad credentials
    give a token that is valid, in the variable or credential helper of this host
    ");
}

#[tokio::test]
async fn a_token_that_may_not() {
    supervise!();
    let error = opening(message(
        403,
        "Resource not accessible by personal access token",
    ))
    .await;
    insta::assert_snapshot!(render(&error), @r"
    forbidden (final)
    127.0.0.1 does not allow this on o/r (403): Resource not accessible by personal access token
    give the token write access to pull requests of this repository
    ");
}

#[tokio::test]
async fn what_is_submitted_too_quickly_is_a_limit() {
    supervise!();
    let answer = json!({"message": "Validation Failed", "errors": [
        {"resource": "PullRequest", "code": "custom", "message": "was submitted too quickly"},
    ]});
    assert_eq!(wait(Answer::json(422, &answer)).await, Some(60));
    let answer = message(422, "You have exceeded a secondary rate limit");
    assert_eq!(wait(answer.header("retry-after", "30")).await, Some(30));
    for said in [
        "You have been temporarily blocked from content creation. Please retry your request again later.",
        "Maximum number of login attempts exceeded. Please try again later.",
    ] {
        assert_eq!(wait(message(403, said)).await, Some(60), "{said}");
    }
}

#[tokio::test]
async fn a_token_that_single_sign_on_does_not_know() {
    supervise!();
    let answer = message(403, "Resource protected by organization SAML enforcement.");
    let error =
        opening(answer.header("x-github-sso", "required; url=https://evil.example/sso")).await;
    insta::assert_snapshot!(render(&error), @r"
    sso (final)
    127.0.0.1 wants the token authorised for the organisation's single sign-on (403)
    authorise the token for the organisation in its settings
    ");
}

#[tokio::test]
async fn an_archived_repository() {
    supervise!();
    let error = opening(message(403, "Repository was archived so is read-only.")).await;
    insta::assert_snapshot!(render(&error), @r"
    archived (final)
    o/r is archived (403): Repository was archived so is read-only
    unarchive the repository, or push to another one
    ");
}

#[tokio::test]
async fn a_repository_that_is_hidden() {
    supervise!();
    let server = ForgeServer::start(Some(TOKEN), [Repository::new("o", "other")]).unwrap();
    let forge = connect("github", server.url());
    let error = forge.default_branch().await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    not-found (final)
    127.0.0.1 shows no o/r to this token (404): Not Found
    check the remote's URL, and that the token may see the repository
    ");
}

#[tokio::test]
async fn a_version_of_the_api_that_is_gone() {
    supervise!();
    let error = finding(message(410, "API version 2022-11-28 has been removed")).await;
    insta::assert_snapshot!(render(&error), @r"
    gone (final)
    127.0.0.1 no longer offers this on o/r (410): API version 2022-11-28 has been removed
    check for a newer sendoff; the forge has taken something out of service
    ");
}

#[tokio::test]
async fn a_base_and_a_head_that_do_not_exist() {
    supervise!();
    let mut repository = Repository::new("o", "r");
    let branches = [("main", "1"), ("work", "2")];
    let branches = branches.map(|(name, commit)| (name.to_owned(), commit.repeat(40)));
    repository.branches = Branches::Listed(branches.into());
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    let forge = connect("github", server.url());
    let mut into_nowhere = request("work");
    into_nowhere.base = super::branch("staging");
    let error = forge.open(&into_nowhere).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    base-missing (final)
    o/r has no such base branch (422): Validation Failed: PullRequest base invalid
    set `branches.base` to a branch that exists there
    ");
    let error = forge.open(&request("unpushed")).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    head-missing (transient)
    o/r does not know the head branch (422): Validation Failed: PullRequest head invalid
    check that the branch was pushed, then run again
    ");
}

#[tokio::test]
async fn errors_that_are_plain_sentences() {
    supervise!();
    let answer =
        json!({"message": "Validation Failed", "errors": ["title is odd", "body\u{1b}[2J is odd"]});
    let error = opening(Answer::json(422, &answer)).await;
    insta::assert_snapshot!(render(&error), @r"
    validation (final)
    o/r refused the request (422): Validation Failed: title is odd: body [2J is odd
    change what the forge names: title, body and base come from the policy
    ");
}

#[tokio::test]
async fn a_pull_request_that_exists_but_is_not_listed() {
    supervise!();
    let answer = json!({"message": "Validation Failed", "errors": [
        {"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for o:work."},
    ]});
    let error = opening(Answer::json(422, &answer)).await;
    insta::assert_snapshot!(render(&error), @r"
    unlisted (transient)
    o/r refused the request (422): Validation Failed: A pull request already exists for o:work
    the forge says that there is one but does not list it; look at its page
    ");
}

/// An enterprise server lists sentences where github.com lists objects, and says less around them.
#[tokio::test]
async fn f13_already_exists_is_one_class_in_every_shape() {
    supervise!();
    let sentence = "A pull request already exists for o:work.";
    for errors in [
        json!([{"resource": "PullRequest", "code": "custom", "message": sentence}]),
        json!([sentence]),
        json!([{"message": sentence}]),
    ] {
        let server = server();
        let number = server.add_pull("o/r", "main", "o/r", "work").unwrap();
        let api = server.url().join("api/v3").unwrap();
        let body = json!({"message": "Validation Failed", "errors": errors});
        server.answer_with([Answer::json(422, &body)]);
        let opened = connect("github", &api).open(&request("work")).await;
        match opened.unwrap() {
            Opened::Found(pull) => assert_eq!(pull.number, number),
            other => panic!("{errors}: {other:?}"),
        }
    }
    // The control: another refusal of the same status is none.
    let body = json!({"message": "Validation Failed", "errors": ["The title is too long."]});
    let error = opening(Answer::json(422, &body)).await;
    assert_ne!(error.code().as_str(), "unlisted");
}

#[tokio::test]
async fn the_forge_is_down() {
    supervise!();
    let error = opening(Answer::text(500, "text/html", "<h1>Unicorn!</h1>")).await;
    insta::assert_snapshot!(render(&error), @r"
    server-error (transient)
    127.0.0.1 failed (500): a page without a title
    run again in a while; the forge's status page may say more
    ");
}

#[tokio::test]
async fn a_rate_limit_is_respected_in_every_form() {
    supervise!();
    let limited = |status| message(status, "API rate limit exceeded for user ID 1.");
    #[expect(clippy::disallowed_methods, reason = "the server's clock")]
    let now = jiff::Timestamp::now().as_second();
    let exhausted = |status, reset: i64| {
        message(status, "Forbidden")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", reset.to_string())
    };
    assert_eq!(wait(limited(429).header("retry-after", "1")).await, Some(1));
    assert_eq!(
        wait(limited(403).header("retry-after", "3600")).await,
        Some(3600)
    );
    assert_eq!(
        wait(limited(429).header("retry-after", "-1")).await,
        Some(60)
    );
    assert_eq!(
        wait(limited(429).header("retry-after", "soon")).await,
        Some(60)
    );
    assert_eq!(wait(limited(429)).await, Some(60));
    let reset = wait(exhausted(403, now + 120)).await.unwrap();
    assert!((119..=120).contains(&reset), "{reset}");
    assert_eq!(wait(exhausted(403, now - 120)).await, Some(0));
    assert_eq!(wait(exhausted(429, i64::MAX)).await, Some(60));
    assert_eq!(wait(exhausted(429, now + 864_000)).await, Some(24 * 3600));
    assert_eq!(
        wait(message(403, "You have exceeded a secondary rate limit.")).await,
        Some(60)
    );
    let error = opening(limited(429).header("retry-after", "60")).await;
    insta::assert_snapshot!(render(&error), @r"
    rate-limited (transient)
    127.0.0.1 takes no more requests for now (429): API rate limit exceeded for user ID 1
    run again when the limit ends
    ");
}
