//! What to do about a refusal follows from what GitHub says, and not from its status alone.

use std::fmt::Write as _;

use sendoff::demo::Answer;
use sendoff::forge::Opened;
use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::world::{World, step};

use super::refusals::{finding, message, opening, server};
use super::{connect, render, request};

/// Returns code and advice for each sentence that comes with the status.
async fn told(status: u16, sentences: &[&str]) -> String {
    let mut told = String::new();
    for said in sentences {
        let error = opening(message(status, said)).await;
        assert!(
            error.reason.message.contains(&format!("({status})")),
            "{error:?}"
        );
        let advice = error.reason.advice.clone().unwrap();
        writeln!(told, "{}: {advice}", error.code()).unwrap();
    }
    told
}

/// None of these is fixed by more permissions for the token.
#[tokio::test]
async fn the_advice_on_a_403_follows_from_what_the_forge_says() {
    supervise!();
    let told = told(403, &[
        "GitHub Actions is not permitted to create or approve pull requests.",
        "`acme` forbids access via a personal access token (classic). Please use a GitHub App.",
        "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days.",
        "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.",
        "Although you appear to have the correct authorization credentials, the `acme` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited.",
        "Sorry. Your account was suspended. Please contact support.",
        "Repository access blocked",
        "You have been blocked from creating pull requests here.",
        "Repository has been locked for migration",
        "At least one email address must be verified to do that.",
        "You must verify your email address",
        "Interactions on this repository have been restricted to collaborators only.",
        "Interaction limits are enabled on this repository",
        "Pull requests are disabled for this repository.",
        "Upgrade to GitHub Pro or make this repository public to enable this feature.",
        "Resource not accessible by integration",
        "Bad credentials",
        "Something new.",
    ]).await;
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_410_is_what_was_switched_off_or_deleted_or_a_version_that_is_gone() {
    supervise!();
    let told = told(
        410,
        &[
            "Pull requests are disabled for this repository.",
            "Pull Requests have been disabled in this repository",
            "This issue was deleted",
            "API version 2022-11-28 has been removed",
            "This endpoint is deprecated.",
            "",
        ],
    )
    .await;
    insta::assert_snapshot!(told);
    let error = finding(message(
        410,
        "Pull requests are disabled for this repository.",
    ))
    .await;
    insta::assert_snapshot!(render(&error));
}

#[tokio::test]
async fn the_advice_on_a_422_follows_from_what_the_forge_says() {
    supervise!();
    let mut told = String::new();
    for said in [
        "The main branch has no history in common with work",
        "not all refs are readable",
        "must be a collaborator",
        "User is blocked",
        "Head sha can't be blank, Base sha can't be blank, No commits between main and work, Head ref must be a branch",
        "Head sha can't be blank",
        "Repository was archived so is read-only.",
        "body is too long (maximum is 65536 characters)",
    ] {
        let body = json!({"message": "Validation Failed", "errors": [
            {"resource": "PullRequest", "code": "custom", "message": said},
        ]});
        let error = opening(Answer::json(422, &body)).await;
        writeln!(told, "{}: {}", error.code(), error.reason.advice.unwrap()).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn other_statuses_have_their_advice_too() {
    supervise!();
    let mut told = String::new();
    for (status, said) in [
        (400, "Problems parsing JSON"),
        (400, "The API version `2022-11-28` is not supported"),
        (402, "Billing is not set up for this organization"),
        (405, "Method Not Allowed"),
        (408, "Request Timeout"),
        (409, "Git Repository is empty."),
        (409, "Conflict"),
        (415, "Unsupported 'Accept' header: version 3 is gone"),
        (423, "Repository is locked"),
        (451, "Repository access blocked"),
        (451, "Unavailable"),
        (501, "Not Implemented"),
        (511, "Network Authentication Required"),
        (599, "timeout"),
    ] {
        let error = opening(message(status, said)).await;
        let kind = if error.is_transient() {
            "transient"
        } else {
            "final"
        };
        writeln!(
            told,
            "{status} {said}: {} ({kind}): {}",
            error.code(),
            error.reason.advice.unwrap()
        )
        .unwrap();
    }
    insta::assert_snapshot!(told);
}

/// A gateway, a sign-in or another web server: nothing about the token or the repository follows from that.
#[tokio::test]
async fn a_page_of_a_web_server_is_no_answer_of_the_forge() {
    supervise!();
    for status in [400, 403, 404, 405, 410, 451] {
        let page = "<!DOCTYPE html>\n<html><head><title>Access to this site is denied</title>";
        let error = opening(Answer::text(status, "text/html", page)).await;
        assert_eq!(error.code().as_str(), "bad-response", "{status}");
        if status == 403 {
            insta::assert_snapshot!(render(&error));
        }
    }
    // What a server is that has no time now is the same in any form.
    let page = || "<html><title>GitHub is down for maintenance</title>".to_owned();
    let error = opening(Answer::text(503, "text/html", page())).await;
    insta::assert_snapshot!(render(&error));
    let error = opening(Answer::text(429, "text/html", page())).await;
    assert_eq!(error.code().as_str(), "rate-limited");
}

#[tokio::test]
async fn a_refusal_in_json_of_another_shape_is_shown_all_the_same() {
    supervise!();
    let shapes = [
        (
            json!({"message": "Validation Failed", "errors": "head is odd"}),
            "Validation Failed: head is odd",
        ),
        (json!({"message": ["one", "two"]}), "one: two"),
        (
            json!({"message": null, "errors": [{"message": "odd"}]}),
            "odd",
        ),
        (
            json!({"error": "invalid_request", "error_description": "no head"}),
            "invalid_request: no head",
        ),
        (
            json!({"message": {"base": ["is odd"]}}),
            "{\"message\":{\"base\":[\"is odd\"]}}",
        ),
        (json!(["odd"]), "[\"odd\"]"),
        (json!("odd"), "\"odd\""),
        (Value::Null, "null"),
    ];
    for (body, said) in shapes {
        let error = opening(Answer::json(422, &body)).await;
        assert!(
            error.reason.message.ends_with(&format!("(422): {said}")),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn a_conflict_that_says_that_there_is_one_is_looked_up() {
    supervise!();
    let server = server();
    let number = server.add_pull("o/r", "main", "o/r", "work").unwrap();
    let said = "Another open merge request already exists for this source branch: !7";
    server.answer_with([message(409, said)]);
    match connect("github", server.url())
        .open(&request("work"))
        .await
        .unwrap()
    {
        Opened::Found(pull) => assert_eq!(pull.number, number),
        other => panic!("{other:?}"),
    }
}

/// Guards that the advice on pull requests that are switched off ends the failure, and that the branch is out all the same.
#[test]
fn where_there_are_no_pull_requests_the_advice_ends_the_failure() {
    supervise!();
    let world = World::new();
    let off = || message(410, "Pull requests are disabled for this repository.");
    world.forge.answer_with([off(), off(), off(), off()]);
    let report = world.report(&["run", "post-commit"]);
    let pull = step(&report, "pr-create");
    assert_eq!(pull["reason"], "forbidden", "{report}");
    let key = "steps.pr-create.enabled = false";
    assert!(pull["advice"].as_str().unwrap().contains(key), "{pull}");
    world.commit("more", "more", "Go on");
    world.user_policy("[steps.pr-create]\nenabled = false\n");
    let said = world.run(&["run", "post-commit"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}
