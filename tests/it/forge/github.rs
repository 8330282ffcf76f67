//! What is GitHub's own: drafts, labels, renames, its headers, an API below a path.

use sendoff::demo::Answer;
use sendoff::demo::forge_server::{Branches, Drafts, ForgeServer, Repository};
use sendoff::forge::{Opened, Readiness};

use crate::sandbox::Sandbox;
use sendoff_testing::supervise;
use serde_json::json;

use super::{TOKEN, branch, connect, created, head, request};

pub(super) fn server() -> ForgeServer {
    ForgeServer::start(Some(TOKEN), [Repository::new("o", "r")]).unwrap()
}

#[tokio::test]
async fn a_draft_is_opened_ready_where_there_are_no_drafts() {
    supervise!();
    let mut repository = Repository::new("o", "r");
    repository.drafts = Drafts::Unsupported;
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    let mut request = request("work");
    request.readiness = Readiness::Draft;
    let pull = created(
        connect("github", server.url())
            .open(&request)
            .await
            .unwrap(),
    );
    assert_eq!(
        pull.warnings,
        ["the repository has no drafts, so it is ready for review"]
    );
    assert!(!server.pulls()[0].draft);
}

#[tokio::test]
async fn a_draft_is_a_draft_where_there_are_drafts() {
    supervise!();
    let server = server();
    let mut request = request("work");
    request.readiness = Readiness::Draft;
    connect("github", server.url())
        .open(&request)
        .await
        .unwrap();
    assert!(server.pulls()[0].draft);
}

#[tokio::test]
async fn labels_reviewers_and_assignees_are_added_and_the_rest_is_named() {
    supervise!();
    let mut repository = Repository::new("o", "r");
    repository.collaborators = vec!["octocat".into()];
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    let mut request = request("work");
    request.labels = vec!["bot".into()];
    request.reviewers = vec!["nobody".into()];
    request.assignees = vec!["octocat".into(), "stranger".into()];
    let pull = created(
        connect("github", server.url())
            .open(&request)
            .await
            .unwrap(),
    );
    insta::assert_snapshot!(pull.warnings.join("\n"), @r"
    nobody was not asked for a review: o/r refused the request (422): Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the o/r repository: nobody
    assignees were not added: stranger cannot be assigned here
    ");
    let kept = &server.pulls()[0];
    assert_eq!(kept.labels, ["bot"]);
    assert_eq!(kept.reviewers, [""; 0]);
    assert_eq!(kept.assignees, ["octocat"]);
}

#[tokio::test]
async fn one_reviewer_that_cannot_be_asked_does_not_spoil_the_others() {
    supervise!();
    let mut repository = Repository::new("o", "r");
    repository.collaborators = vec!["alice".into(), "bob".into()];
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    let mut request = request("work");
    request.reviewers = ["alice", "nobody", "bob"].map(str::to_owned).into();
    let forge = connect("github", server.url());
    let pull = created(forge.open(&request).await.unwrap());
    assert_eq!(server.pulls()[0].reviewers, ["alice", "bob"]);
    assert_eq!(pull.warnings.len(), 1, "{:?}", pull.warnings);
    assert!(pull.warnings[0].starts_with("nobody was not asked for a review"));
}

/// The place that a redirect names may be any repository of the forge.
#[tokio::test]
async fn a_redirect_takes_no_pull_request_to_another_repository() {
    supervise!();
    let server = ForgeServer::start(
        Some(TOKEN),
        [Repository::new("o", "r"), Repository::new("evil", "other")],
    )
    .unwrap();
    let to = server.url().join("repos/evil/other/pulls").unwrap();
    for status in [307, 308] {
        server.answer_with([
            Answer::json(status, &json!({"message": "Moved"})).header("location", to.as_str())
        ]);
        connect("github", server.url())
            .open(&request("work"))
            .await
            .unwrap();
    }
    let log = server.log();
    assert!(
        log.iter().all(|call| !call.path.contains("evil")),
        "{log:?}"
    );
    // It was opened in the repository itself, by its id.
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn a_pull_request_whose_answer_was_lost_is_looked_for_more_than_once() {
    supervise!();
    let server = server();
    server.answer_with([
        Answer::text(502, "text/html", "Bad Gateway"),
        Answer::json(200, &json!([])),
    ]);
    let number = server.add_pull("o/r", "main", "o/r", "work").unwrap();
    let opened = connect("github", server.url())
        .open(&request("work"))
        .await
        .unwrap();
    assert!(matches!(opened, Opened::Found(pull) if pull.number == number));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_method_and_body() {
    supervise!();
    let server = server();
    server.rename("o/r", "o/renamed");
    let forge = connect("github", server.url());
    let opened = forge.open(&request("work")).await.unwrap();
    assert!(matches!(opened, Opened::Created(_)), "{opened:?}");
    let again = forge.open(&request("work")).await.unwrap();
    assert!(matches!(again, Opened::Found(_)), "{again:?}");
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn every_request_says_who_asks_and_for_what() {
    supervise!();
    let server = server();
    let forge = connect("github", server.url());
    forge
        .find(&head("o", "a/b#c"), Some(&branch("main")))
        .await
        .unwrap();
    let log = server.log();
    let header = |name: &str| {
        log[0]
            .headers
            .get(name)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(header("accept"), "application/vnd.github+json");
    assert_eq!(header("x-github-api-version"), "2022-11-28");
    assert_eq!(
        header("user-agent"),
        concat!("sendoff/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(
        log[0].authorization(),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(log[0].path, "/repos/o/r/pulls");
    assert_eq!(
        log[0].query,
        "state=open&head=o%3Aa%2Fb%23c&base=main&per_page=100"
    );
}

#[tokio::test]
async fn the_api_below_a_path_is_asked_there() {
    supervise!();
    let server = server();
    let api = server.url().join("api/v3").unwrap();
    let default = connect("github", &api).default_branch().await.unwrap();
    assert_eq!(default, branch("main"));
    assert_eq!(server.log()[0].path, "/api/v3/repos/o/r");
}

#[tokio::test]
async fn the_forge_knows_the_branches_of_a_bare_repository() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("clone");
    sandbox.git(&work, &["branch", "same"]);
    sandbox.git(&work, &["checkout", "-q", "-b", "feature/x"]);
    let commit = sandbox.commit(&work, "file", "text\n", "more");
    let bare = sandbox.path("bare.git");
    sandbox.git(
        &work,
        &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
    );
    for packing in ["loose", "packed"] {
        if packing == "packed" {
            sandbox.git(&bare, &["pack-refs", "--all"]);
        }
        let mut repository = Repository::new("o", "r");
        repository.branches = Branches::Bare(bare.clone());
        let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
        let forge = connect("github", server.url());
        let pull = created(forge.open(&request("feature/x")).await.unwrap());
        assert_eq!(pull.head_sha.as_ref(), Some(&commit), "{packing}");
        let opened = forge.open(&request("same")).await.unwrap();
        assert_eq!(opened, Opened::NothingToDo, "{packing}");
        let error = forge.open(&request("gone")).await.unwrap_err();
        assert_eq!(error.code().as_str(), "head-missing", "{packing}");
    }
}
