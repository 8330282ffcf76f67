//! What a person reads when GitHub says no, or says nothing, or says nonsense.

use std::time::{Duration, Instant};

use sendoff::demo::forge_server::{Branches, ForgeServer, Repository};
use sendoff::demo::{Answer, Fault};
use sendoff::forge::{ForgeError, Opened};
use serde_json::json;

use super::{TOKEN, connect, connect_with, head, render, request};

fn server() -> ForgeServer {
    ForgeServer::start(Some(TOKEN), [Repository::new("o", "r")]).unwrap()
}

fn message(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}),
    )
}

/// Opens a pull request on a forge that answers the first request with `answer`.
async fn opening(answer: Answer) -> ForgeError {
    let server = server();
    server.answer_with([answer]);
    let outcome = connect("github", server.url()).open(&request("work")).await;
    let error = outcome.unwrap_err();
    assert!(server.pulls().is_empty(), "the request was repeated");
    error
}

/// Looks for a pull request on a forge that answers the first request with `answer`.
async fn finding(answer: Answer) -> ForgeError {
    let server = server();
    server.answer_with([answer]);
    let forge = connect("github", server.url());
    forge.find(&head("o", "work"), None).await.unwrap_err()
}

/// Returns how long the error asks to wait, in seconds.
async fn wait(answer: Answer) -> Option<i64> {
    let error = opening(answer).await;
    assert_eq!(error.code(), "rate-limited", "{error:?}");
    #[expect(clippy::disallowed_methods, reason = "compared with the server's time")]
    let now = jiff::Timestamp::now();
    let wait = error.not_before?.duration_since(now).as_millis();
    // Some milliseconds have passed since.
    i64::try_from((wait + 500) / 1000).ok()
}

#[tokio::test]
async fn a_wrong_token() {
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
async fn a_token_that_single_sign_on_does_not_know() {
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
    let error = opening(message(403, "Repository was archived so is read-only.")).await;
    insta::assert_snapshot!(render(&error), @r"
    archived (final)
    o/r is archived (403): Repository was archived so is read-only
    unarchive the repository, or push to another one
    ");
}

#[tokio::test]
async fn a_repository_that_is_hidden() {
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
    let error = finding(message(410, "API version 2022-11-28 has been removed")).await;
    insta::assert_snapshot!(render(&error), @r"
    gone (final)
    127.0.0.1 no longer offers this on o/r (410): API version 2022-11-28 has been removed
    check for a newer sendoff; the forge has taken something out of service
    ");
}

#[tokio::test]
async fn a_base_and_a_head_that_do_not_exist() {
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
    check that the branch was pushed; it is tried again
    ");
}

#[tokio::test]
async fn errors_that_are_plain_sentences() {
    let answer =
        json!({"message": "Validation Failed", "errors": ["title is odd", "body\u{1b}[2J is odd"]});
    let error = opening(Answer::json(422, &answer)).await;
    insta::assert_snapshot!(render(&error), @r"
    validation (final)
    o/r refused the pull request (422): Validation Failed: title is odd: body [2J is odd
    change what the forge names: title, body and base come from the policy
    ");
}

#[tokio::test]
async fn a_pull_request_that_exists_but_is_not_listed() {
    let answer = json!({"message": "Validation Failed", "errors": [
        {"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for o:work."},
    ]});
    let error = opening(Answer::json(422, &answer)).await;
    insta::assert_snapshot!(render(&error), @r"
    validation (final)
    o/r refused the pull request (422): Validation Failed: A pull request already exists for o:work
    the forge says that there is one but does not list it; look at its page
    ");
}

#[tokio::test]
async fn the_forge_is_down() {
    let error = opening(Answer::text(500, "text/html", "<h1>Unicorn!</h1>")).await;
    insta::assert_snapshot!(render(&error), @r"
    server-error (transient)
    127.0.0.1 failed (500): <h1>Unicorn!</h1>
    it is tried again; the forge's status page may say more
    ");
}

#[tokio::test]
async fn a_rate_limit_is_respected_in_every_form() {
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
    it is tried again when the limit ends
    ");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let (server, other) = (server(), server());
    let to = |path: &str| other.url().join(path).unwrap().to_string();
    let moved = |status| message(status, "Moved").header("location", to("repos/o/r/pulls?secret"));
    server.answer_with([moved(301), moved(307), moved(302)]);
    let forge = connect("github", server.url());
    let found = forge.find(&head("o", "work"), None).await.unwrap_err();
    insta::assert_snapshot!(render(&found), @r"
    redirect-refused (final)
    `127.0.0.1:PORT` answered 301 and pointed to http://127.0.0.1:PORT, which is not followed
    use the address that the server points to, if you trust it
    ");
    for _ in 0..2 {
        let error = forge.open(&request("work")).await.unwrap_err();
        assert_eq!(error.code(), "redirect-refused");
    }
    assert!(other.log().is_empty());
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_sign_in_page_instead_of_an_answer() {
    let page = "<!doctype html>\n<title>Sign in \u{202e}</title>".to_owned() + &"x".repeat(5000);
    let error = finding(Answer::text(200, "text/html", page)).await;
    insta::assert_snapshot!(render(&error), @r"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not JSON: <!doctype html> <title>Sign in </title>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    check that the URL leads to the server's API and not to a sign-in page
    ");
}

#[tokio::test]
async fn an_answer_that_was_cut_off_or_is_empty() {
    let error = finding(Answer::text(200, "application/json", "[{\"number\": 7, ")).await;
    insta::assert_snapshot!(render(&error), @r#"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not the JSON that was expected: [{"number": 7,
    check that the URL leads to the server's API and not to a sign-in page
    "#);
    let error = finding(Answer::text(200, "application/json", "")).await;
    insta::assert_snapshot!(render(&error), @r"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not the JSON that was expected: an empty body
    check that the URL leads to the server's API and not to a sign-in page
    ");
}

#[tokio::test]
async fn a_created_answer_that_is_nonsense_is_looked_up() {
    let server = server();
    server.inject([Fault::DoneBut(Answer::json(201, &json!({"number": 1})))]);
    let opened = connect("github", server.url())
        .open(&request("work"))
        .await
        .unwrap();
    assert!(matches!(opened, Opened::Found(_)), "{opened:?}");
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn an_answer_for_somebody_elses_branch_is_not_believed() {
    let pull = json!({
        "number": 9, "state": "open", "html_url": null, "base": {"ref": "main"},
        "head": {"ref": "work", "label": "stranger:work", "repo": {"full_name": "stranger/r"}},
    });
    let error = opening(Answer::json(201, &pull)).await;
    assert_eq!(error.code(), "bad-response");
}

#[tokio::test]
async fn a_forge_that_keeps_silent_is_given_up_and_asked_what_became_of_it() {
    let server = server();
    server.inject([Fault::DoneInSilence]);
    let start = Instant::now();
    let forge = connect_with("github", server.url(), Duration::from_millis(300));
    let opened = forge.open(&request("work")).await.unwrap();
    assert!(matches!(opened, Opened::Found(_)), "{opened:?}");
    server.inject([Fault::Silence, Fault::Silence, Fault::Silence]);
    let error = forge.find(&head("o", "work"), None).await.unwrap_err();
    assert_eq!(error.code(), "timeout");
    assert!(error.is_transient());
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn no_forge_at_all() {
    let url = server().url().clone();
    let forge = connect("github", &url);
    let error = forge.open(&request("work")).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    network (transient)
    `127.0.0.1:PORT` cannot be reached: Connection refused (os error 111)
    check the network; it is tried again
    ");
}

#[tokio::test]
async fn a_forge_without_encryption() {
    let url = "http://git.example/api/v3".parse().unwrap();
    let error = connect("github", &url)
        .open(&request("work"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    plain-http-refused (final)
    `http://git.example` would be reached without encryption
    use https, or list the host in the user's policy if its network is yours
    ");
}
