//! A forge that speaks GitHub's REST API and refuses what GitHub refuses.

mod documents;
mod pulls;
mod repository;

use std::io;

use serde_json::json;

use super::loopback::{Answer, Call, Fault, Loopback, Respond, asked_on_loopback};

use pulls::Pull;

pub use repository::{Branches, Drafts, Repository};

/// A forge on this machine. It stops when it is dropped.
#[derive(Debug)]
pub struct ForgeServer {
    server: Loopback<State>,
}

/// A pull request, as the forge keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPull {
    /// Its number.
    pub number: u64,
    /// `owner/name` of the repository that the head is in.
    pub head_repository: String,
    /// The head's branch.
    pub head: String,
    /// The base's branch.
    pub base: String,
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// The labels that it has.
    pub labels: Vec<String>,
    /// The users who were asked for a review.
    pub reviewers: Vec<String>,
    /// The users who are assigned.
    pub assignees: Vec<String>,
}

#[derive(Debug)]
struct State {
    token: Option<String>,
    repositories: Vec<Repository>,
    pulls: Vec<Pull>,
    /// Old names, and the place in `repositories` that each leads to.
    renamed: Vec<(String, usize)>,
}

asked_on_loopback!(ForgeServer);

impl ForgeServer {
    /// Starts a forge with these repositories. Without a token it asks for none.
    pub fn start(
        token: Option<&str>,
        repositories: impl IntoIterator<Item = Repository>,
    ) -> io::Result<Self> {
        let server = Loopback::start(State {
            token: token.map(str::to_owned),
            repositories: repositories.into_iter().collect(),
            pulls: Vec::new(),
            renamed: Vec::new(),
        })?;
        Ok(Self { server })
    }

    /// Makes the next requests fail with these answers, one a request.
    pub fn answer_with(&self, answers: impl IntoIterator<Item = Answer>) {
        self.server.inject(answers.into_iter().map(Fault::Instead));
    }

    /// Gives a repository a new name; the old one redirects, as it does on GitHub.
    pub fn rename(&self, from: &str, to: &str) {
        self.server.state().rename(from, to);
    }

    /// Opens a pull request from `owner/name` and `branch`, as another user would.
    pub fn add_pull(&self, into: &str, base: &str, from: &str, branch: &str) -> Option<u64> {
        self.server.state().add_pull(into, base, from, branch)
    }

    /// Closes a pull request.
    pub fn close(&self, number: u64) {
        self.server.state().close(number);
    }

    /// Returns the open pull requests, oldest first.
    pub fn pulls(&self) -> Vec<KeptPull> {
        self.server.state().kept()
    }
}

impl Respond for State {
    fn respond(&mut self, call: &Call, root: &str) -> Answer {
        let is_known = self.token.as_ref().is_none_or(|token| call.carries(token));
        if !is_known {
            return documents::error(401, "Bad credentials");
        }
        if !call.headers.contains_key("user-agent") {
            return documents::error(403, "Request forbidden by administrative rules.");
        }
        let path = call.path.strip_prefix("/api/v3").unwrap_or(&call.path);
        let parts: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(documents::decode)
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (found, rest) = match parts.as_slice() {
            ["repos", owner, name, rest @ ..] => {
                let full_name = format!("{owner}/{name}");
                if let Some(place) = self.moved(&full_name) {
                    return self.redirect(place, call, rest, root);
                }
                (self.position(&full_name), rest)
            }
            ["repositories", id, rest @ ..] => {
                (id.parse().ok().and_then(|id| self.by_id(id)), rest)
            }
            _ => (None, [].as_slice()),
        };
        let Some(place) = found else {
            return documents::error(404, "Not Found");
        };
        self.respond_in(place, call, rest, root)
    }
}

impl State {
    fn respond_in(&mut self, place: usize, call: &Call, rest: &[&str], root: &str) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => match self.repositories.get(place) {
                Some(repository) => Answer::json(200, &documents::repository(repository, root)),
                None => documents::error(404, "Not Found"),
            },
            ("GET", ["pulls"]) => self.list(place, &call.query, root),
            ("POST", ["pulls"]) => self.create(place, &call.body, root),
            (
                "POST",
                [
                    _,
                    number,
                    what @ ("labels" | "requested_reviewers" | "assignees"),
                ],
            ) => {
                let number = number.parse().unwrap_or(0);
                self.decorate(place, number, what, &call.body, root)
            }
            _ => documents::error(404, "Not Found"),
        }
    }

    /// Answers as GitHub does for a repository that has a new name.
    fn redirect(&self, place: usize, call: &Call, rest: &[&str], root: &str) -> Answer {
        let id = self.repositories.get(place).map_or(0, |repo| repo.id);
        let mut location = format!("{root}/repositories/{id}");
        for part in rest {
            location = format!("{location}/{part}");
        }
        if !call.query.is_empty() {
            location = format!("{location}?{}", call.query);
        }
        let status = if call.method == "GET" { 301 } else { 307 };
        let body = json!({
            "message": "Moved Permanently",
            "url": location,
            "documentation_url": "https://docs.github.com/rest",
        });
        Answer::json(status, &body).header("location", location)
    }
}
