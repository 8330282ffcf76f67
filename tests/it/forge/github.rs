//! What is GitHub's own: drafts, renames, pages, forks of one owner, links.

use sendoff::demo::forge_server::{Branches, Drafts, ForgeServer, Repository};
use sendoff::demo::{Answer, Fault};
use sendoff::forge::{Opened, Readiness};
use serde_json::json;

use crate::sandbox::Sandbox;

use super::{TOKEN, branch, connect, created, head, request};

fn server() -> ForgeServer {
    ForgeServer::start(Some(TOKEN), [Repository::new("o", "r")]).unwrap()
}

/// A list of one pull request, with no more in it than we need.
fn listed(head: &serde_json::Value, html_url: &str) -> Answer {
    let pull = json!({
        "number": 7, "state": "open", "html_url": html_url, "head": head, "base": {"ref": "main"},
    });
    Answer::json(200, &json!([pull]))
}

/// An open pull request of `work` into `main`, as a forge lists it that may not name its repository.
fn unnamed(number: u64, label: &str, repo: &serde_json::Value) -> serde_json::Value {
    json!({
        "number": number, "state": "open", "html_url": "https://x/7",
        "head": {"ref": "work", "label": label, "repo": repo}, "base": {"ref": "main"},
    })
}

fn already_exists() -> Answer {
    let message = "A pull request already exists for o:work.";
    let body = json!({"message": "Validation Failed", "errors": [{"message": message}]});
    Answer::json(422, &body)
}

#[tokio::test]
async fn what_the_forge_calls_ours_is_ours_although_it_names_no_repository() {
    let server = server();
    let forge = connect("github", server.url());
    let list = json!([unnamed(7, "old-owner:work", &json!(null))]);
    // By itself it is a stranger's.
    server.inject([Fault::Instead(Answer::json(200, &list))]);
    let found = forge.find(&head("o", "work"), Some(&branch("main"))).await;
    assert_eq!(found.unwrap(), None);
    server.inject([
        Fault::Instead(already_exists()),
        Fault::Instead(Answer::json(200, &list)),
    ]);
    let opened = forge.open(&request("work")).await.unwrap();
    let Opened::Found(pull) = opened else {
        panic!("not found: {opened:?}");
    };
    assert_eq!(pull.number, 7);
}

#[tokio::test]
async fn what_may_be_another_ones_is_not_adopted_although_the_forge_has_ours() {
    let fork = json!({"full_name": "stranger/r"});
    let lists = [
        // Known to be another fork's.
        json!([unnamed(7, "stranger:work", &fork)]),
        // Two that may be meant.
        json!([
            unnamed(7, "one:work", &json!(null)),
            unnamed(8, "two:work", &json!(null)),
        ]),
        json!([]),
    ];
    for list in lists {
        let server = server();
        server.inject([
            Fault::Instead(already_exists()),
            Fault::Instead(Answer::json(200, &list)),
        ]);
        let forge = connect("github", server.url());
        let error = forge.open(&request("work")).await.unwrap_err();
        assert_eq!(error.code(), "validation", "{list}");
        assert!(
            error.message.contains("already exists"),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_draft_is_opened_ready_where_there_are_no_drafts() {
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
    reviewers were not added: o/r refused the pull request (422): Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the o/r repository: nobody
    assignees were not added: stranger cannot be assigned here
    ");
    let kept = &server.pulls()[0];
    assert_eq!(kept.labels, ["bot"]);
    assert_eq!(kept.reviewers, [""; 0]);
    assert_eq!(kept.assignees, ["octocat"]);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_method_and_body() {
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
async fn two_forks_of_one_owner_are_told_apart() {
    let mut sibling = Repository::new("o", "r-fork");
    sibling.fork_of = Some("o/r".into());
    let server = ForgeServer::start(Some(TOKEN), [Repository::new("o", "r"), sibling]).unwrap();
    server.add_pull("o/r", "main", "o/r-fork", "work").unwrap();
    let forge = connect("github", server.url());
    assert_eq!(forge.find(&head("o", "work"), None).await.unwrap(), None);
    let mut from_sibling = request("work");
    from_sibling.head.repository = "r-fork".into();
    let opened = forge.open(&from_sibling).await.unwrap();
    assert!(matches!(opened, Opened::Found(_)), "{opened:?}");
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn ours_is_found_on_a_later_page() {
    let server = server();
    server.add_pull("o/r", "main", "o/r", "work").unwrap();
    for number in 0..150 {
        let base = format!("base-{number}");
        server.add_pull("o/r", &base, "o/r", "work").unwrap();
    }
    let forge = connect("github", server.url());
    let found = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    assert_eq!(found.base, branch("base-149"));
    // The server filters by base, so the list is made long by one that does not.
    let everything = Answer::json(200, &json!([]))
        .header("link", "</repos/o/r/pulls?state=open&page=3>; rel=\"last\", </repos/o/r/pulls?state=open&head=o:work&per_page=100&page=2>; rel=\"next\"");
    server.inject([Fault::Instead(everything)]);
    let into = forge.find(&head("o", "work"), Some(&branch("main"))).await;
    assert_eq!(into.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn a_next_page_at_another_host_is_not_asked() {
    let (server, other) = (server(), server());
    let link = format!("<{}repos/o/r/pulls>; rel=\"next\"", other.url());
    server.answer_with([Answer::json(200, &json!([])).header("link", link)]);
    let found = connect("github", server.url())
        .find(&head("o", "work"), None)
        .await;
    assert_eq!(found.unwrap(), None);
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn pages_end_after_ten() {
    let server = server();
    let next =
        Answer::json(200, &json!([])).header("link", "</repos/o/r/pulls?page=2>; rel=\"next\"");
    server.answer_with(std::iter::repeat_n(next, 40));
    let found = connect("github", server.url())
        .find(&head("o", "work"), None)
        .await;
    assert_eq!(found.unwrap(), None);
    assert_eq!(server.log().len(), 10);
}

#[tokio::test]
async fn a_head_without_a_repository_goes_by_its_label() {
    let server = server();
    let forge = connect("github", server.url());
    let page = "http://127.0.0.1/o/r/pull/7";
    let ours = json!({"ref": "work", "label": "O:work"});
    let deleted_fork = json!({"ref": "work", "label": "stranger:work", "repo": null});
    let nameless = json!({"ref": "work", "label": null, "repo": null});
    server.answer_with([
        listed(&ours, page),
        listed(&deleted_fork, page),
        listed(&nameless, page),
    ]);
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let found = forge.find(&head("o", "work"), None).await.unwrap();
        numbers.push(found.map(|pull| pull.number));
    }
    assert_eq!(numbers, [Some(7), None, None]);
}

#[tokio::test]
async fn a_link_that_is_not_the_forges_own_is_replaced() {
    let server = server();
    let ours = json!({"ref": "work", "label": "o:work"});
    for link in [
        "javascript:alert(1)",
        "https://evil.example/o/r/pull/7",
        "http://127.0.0.1/\u{1b}[2J",
    ] {
        server.answer_with([listed(&ours, link)]);
        let forge = connect("github", server.url());
        let found = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
        assert_eq!(found.url, format!("{}o/r/pull/7", server.url()), "{link:?}");
    }
}

#[tokio::test]
async fn every_request_says_who_asks_and_for_what() {
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
    let server = server();
    let api = server.url().join("api/v3").unwrap();
    let default = connect("github", &api).default_branch().await.unwrap();
    assert_eq!(default, branch("main"));
    assert_eq!(server.log()[0].path, "/api/v3/repos/o/r");
}

#[tokio::test]
async fn the_forge_knows_the_branches_of_a_bare_repository() {
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
        assert_eq!(error.code(), "head-missing", "{packing}");
    }
}
