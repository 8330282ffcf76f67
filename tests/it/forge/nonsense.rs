//! What a person reads when GitHub says nonsense, or nothing, or is not there.

use std::time::{Duration, Instant};

use sendoff::demo::{Answer, Fault};
use sendoff::forge::Opened;
use serde_json::json;

use sendoff_testing::supervise;

use super::refusals::{finding, message, opening, server};
use super::{connect, connect_with, head, render, request};

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    supervise!();
    let (server, other) = (server(), server());
    let to = |path: &str| other.url().join(path).unwrap().to_string();
    let moved = |status| message(status, "Moved").header("location", to("repos/o/r/pulls?secret"));
    server.answer_with([moved(301), moved(307), moved(302)]);
    let forge = connect("github", server.url());
    let found = forge.find(&head("o", "work"), None).await.unwrap_err();
    insta::assert_snapshot!(render(&found), @r"
    redirect-refused (final)
    `127.0.0.1:PORT` answered 301 with a redirect to http://127.0.0.1:PORT, which is not followed
    use the address that the server redirects to, if you trust it
    ");
    for _ in 0..2 {
        let error = forge.open(&request("work")).await.unwrap_err();
        assert_eq!(error.code().as_str(), "redirect-refused");
    }
    assert!(other.log().is_empty());
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_sign_in_page_instead_of_an_answer() {
    supervise!();
    let page = "<!doctype html>\n<title>Sign in \u{202e}</title>".to_owned() + &"x".repeat(5000);
    let error = finding(Answer::text(200, "text/html", page)).await;
    insta::assert_snapshot!(render(&error), @r"
    bad-response (final)
    `127.0.0.1:PORT` answered 200 with something that is not JSON: a page that is titled `Sign in`
    check that the URL leads to the server's API and not to a sign-in page
    ");
}

#[tokio::test]
async fn an_answer_that_was_cut_off_or_is_empty() {
    supervise!();
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
    supervise!();
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
    supervise!();
    let pull = json!({
        "number": 9, "state": "open", "html_url": null, "base": {"ref": "main"},
        "head": {"ref": "work", "label": "stranger:work", "repo": {"full_name": "stranger/r"}},
    });
    let error = opening(Answer::json(201, &pull)).await;
    assert_eq!(error.code().as_str(), "bad-response");
}

#[tokio::test]
async fn a_forge_that_keeps_silent_is_given_up_and_asked_what_became_of_it() {
    supervise!();
    let server = server();
    server.inject([Fault::DoneInSilence]);
    let start = Instant::now();
    let forge = connect_with("github", server.url(), Duration::from_secs(2));
    let opened = forge.open(&request("work")).await.unwrap();
    assert!(matches!(opened, Opened::Found(_)), "{opened:?}");
    server.inject([Fault::Silence, Fault::Silence, Fault::Silence]);
    let error = forge.find(&head("o", "work"), None).await.unwrap_err();
    assert_eq!(error.code().as_str(), "timeout");
    assert!(error.is_transient());
    assert!(
        start.elapsed() < Duration::from_secs(40),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn no_forge_at_all() {
    supervise!();
    let url = server().url().clone();
    let forge = connect("github", &url);
    let error = forge.open(&request("work")).await.unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    network (transient)
    `127.0.0.1:PORT` cannot be reached: Connection refused (os error 111)
    check the network, then run again
    ");
}

#[tokio::test]
async fn a_forge_without_encryption() {
    supervise!();
    let url = "http://git.example/api/v3".parse().unwrap();
    let error = connect("github", &url)
        .open(&request("work"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(render(&error), @r"
    plain-http-refused (final)
    `http://git.example` would be reached without encryption
    use https, or list the host in `network.allow-http` in the user's policy if its network is yours
    ");
}
