//! Objects of a repository by their ids: what a commit has at its root, and what the forge gives for a file.

use sendoff::demo::Answer;
use sendoff::demo::forge_server::{Branches, ForgeServer, Repository};
use sendoff::forge::{Forge, RootEntry};
use sendoff::names::RepositoryName;
use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

use super::{TOKEN, connect};

/// A commit with a file, a program, a directory, a link and a submodule.
const REPOSITORY: &str = "
    git init -q -b main work && cd work
    echo text > file && echo run > program && chmod +x program
    mkdir directory && echo more > directory/file && ln -s file link
    git add --all
    git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,module
    git commit -q -m Begin && git clone -q --bare . ../r.git
";

pub(super) fn repository() -> RepositoryName {
    RepositoryName {
        owner: "o".into(),
        name: "r".into(),
    }
}

/// Starts a forge for the repository, and returns the commit.
pub(super) fn served(sandbox: &Sandbox) -> (ForgeServer, String) {
    sandbox.add(REPOSITORY);
    let mut repository = Repository::new("o", "r");
    repository.branches = Branches::Bare(sandbox.path("r.git"));
    let server = ForgeServer::start(Some(TOKEN), [repository]).unwrap();
    (server, sandbox.head(&sandbox.path("work")))
}

async fn entry(forge: &dyn Forge, commit: &str, name: &str) -> Result<RootEntry, String> {
    let found = forge.root_entry(&repository(), commit, name).await;
    found.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_file_is_found_by_its_commit_and_read_by_its_id() {
    supervise!();
    let sandbox = Sandbox::new();
    let (server, commit) = served(&sandbox);
    let forge = connect("github", server.url());
    let work = sandbox.path("work");
    for (name, content) in [("file", "text\n"), ("program", "run\n")] {
        let id = sandbox.git(&work, &["rev-parse", &format!("HEAD:{name}")]);
        let found = entry(&*forge, &commit, name).await.unwrap();
        assert_eq!(found, RootEntry::File { id: id.clone() });
        let bytes = forge.file_content(&repository(), &id).await.unwrap();
        assert_eq!(bytes, content.as_bytes());
    }
    for (name, expected) in [
        ("directory", RootEntry::NoFile),
        ("link", RootEntry::NoFile),
        ("module", RootEntry::NoFile),
        ("absent", RootEntry::Absent),
        ("directory/file", RootEntry::Absent),
    ] {
        assert_eq!(entry(&*forge, &commit, name).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn what_the_forge_does_not_have_is_an_error_and_not_absence() {
    supervise!();
    let sandbox = Sandbox::new();
    let (server, _) = served(&sandbox);
    let forge = connect("github", server.url());
    let none = "2".repeat(40);
    let error = entry(&*forge, &none, "file").await.unwrap_err();
    assert!(
        error.contains("shows no o/r to this token (404)"),
        "{error}"
    );
    let error = forge.file_content(&repository(), &none).await.unwrap_err();
    assert_eq!(error.code().as_str(), "not-found");
}

#[tokio::test]
async fn a_tree_that_is_cut_off_doubled_or_nonsense_says_nothing() {
    supervise!();
    let file = |name: &str| json!({"path": name, "mode": "100644", "sha": "1".repeat(40)});
    let tree = |entries: &Value, truncated: bool| json!({"tree": entries, "truncated": truncated});
    let sandbox = Sandbox::new();
    let (server, commit) = served(&sandbox);
    let forge = connect("github", server.url());
    for (answer, expected) in [
        (tree(&json!([file("other")]), true), Err("a whole tree")),
        (
            tree(&json!([file("file"), file("file")]), false),
            Err("one entry of a name"),
        ),
        (
            json!({"tree": "none"}),
            Err("is not the JSON that was expected"),
        ),
        // What is there is there, however much of the tree was left out.
        (tree(&json!([file("file")]), true), Ok(())),
    ] {
        server.answer_with([Answer::json(200, &answer)]);
        let found = entry(&*forge, &commit, "file").await;
        match expected {
            Ok(()) => assert!(matches!(found, Ok(RootEntry::File { .. })), "{found:?}"),
            Err(part) => assert!(found.as_ref().unwrap_err().contains(part), "{found:?}"),
        }
    }
}
