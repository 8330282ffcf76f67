//! Which pull request of a list is ours: by repository, by label, on a later page.

use sendoff::demo::forge_server::{ForgeServer, Repository};
use sendoff::demo::{Answer, Fault};
use sendoff::forge::Opened;
use sendoff_testing::supervise;
use serde_json::json;

use super::github::server;
use super::{TOKEN, branch, connect, head, request};

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
    supervise!();
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
    supervise!();
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
        assert_eq!(error.code().as_str(), "unlisted", "{list}");
        assert!(
            error.reason.message.contains("already exists"),
            "{}",
            error.reason.message
        );
    }
}

#[tokio::test]
async fn two_forks_of_one_owner_are_told_apart() {
    supervise!();
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
    supervise!();
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
    supervise!();
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
    supervise!();
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
    supervise!();
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
    supervise!();
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
