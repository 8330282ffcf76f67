//! Tests of `forge`: one contract for all, then what is GitHub's own.

mod canary;
mod causes;
mod contract;
mod ended;
mod github;
mod nonsense;
mod objects;
mod openapi;
mod refusals;
mod tokens;
mod whose;

use std::time::Duration;

use sendoff::forge::{
    Body, Connection, FORGES, Forge, ForgeError, Head, NewPullRequest, Opened, PullRequest,
    Readiness,
};
use sendoff::http::{Client, ClientOptions};
use sendoff::names::{BranchName, RemoteUrl, RepositoryName};

/// The token of every test; nothing else may look like it.
pub(crate) const TOKEN: &str = "canary-6f1d0b3c9a7e";

/// Connects to the repository `o/r` of a forge on this machine.
fn connect(kind: &str, api: &url::Url) -> Box<dyn Forge> {
    connect_with(kind, api, Duration::from_secs(10))
}

fn connect_with(kind: &str, api: &url::Url, timeout: Duration) -> Box<dyn Forge> {
    let def = FORGES.iter().find(|forge| forge.name == kind).unwrap();
    (def.connect)(Connection {
        client: Client::new(ClientOptions {
            slow_timeout: timeout,
            pause: Duration::from_millis(1),
            ..ClientOptions::new(timeout)
        }),
        api_url: Some(api.clone()),
        remote: RemoteUrl::parse("https://github.com/o/r.git").unwrap(),
        repository: RepositoryName {
            owner: "o".into(),
            name: "r".into(),
        },
        token: TOKEN.into(),
    })
    .unwrap()
}

fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

fn head(owner: &str, name: &str) -> Head {
    Head {
        owner: owner.into(),
        repository: "r".into(),
        branch: branch(name),
    }
}

/// A ready pull request of `o/r` from `name` into `main`.
fn request(name: &str) -> NewPullRequest {
    NewPullRequest {
        head: head("o", name),
        base: branch("main"),
        title: "A title".into(),
        body: Body::once("A body".into()),
        readiness: Readiness::Ready,
        labels: Vec::new(),
        reviewers: Vec::new(),
        assignees: Vec::new(),
    }
}

/// Returns the pull request that was opened.
fn created(opened: Opened) -> PullRequest {
    match opened {
        Opened::Created(pull) => pull,
        other => panic!("not created: {other:?}"),
    }
}

/// Shows an error as the report does, without the port, which differs from run to run.
fn render(error: &ForgeError) -> String {
    let kind = if error.is_transient() {
        "transient"
    } else {
        "final"
    };
    let advice = error.reason.advice.as_deref().unwrap_or("-");
    without_port(&format!(
        "{} ({kind})\n{}\n{advice}",
        error.code(),
        error.reason.message
    ))
}

pub(crate) fn without_port(text: &str) -> String {
    regex::Regex::new(r"127\.0\.0\.1:\d+")
        .unwrap()
        .replace_all(text, "127.0.0.1:PORT")
        .into_owned()
}
