//! A forge with GitHub's REST API, which refuses what GitHub refuses.

mod documents;
mod errors;
mod graphql;
mod objects;
mod pull;
mod pulls;
mod query;
mod repository;
mod state;

use std::io;

use serde_json::json;

use crate::demo::loopback::{Answer, Call, Fault, Loopback, Respond, server_methods};

use self::state::State;

pub use pull::KeptPull;
pub use repository::{Branches, Drafts, ProtectedBranch, ProtectedBy, Repository};

/// A forge on loopback. It stops when it is dropped.
#[derive(Debug)]
pub struct ForgeServer {
    server: Loopback<State>,
}

server_methods!(ForgeServer);

impl ForgeServer {
    /// Starts a forge with these repositories. Without a token it accepts every request.
    pub fn start(
        token: Option<&str>,
        repositories: impl IntoIterator<Item = Repository>,
    ) -> io::Result<Self> {
        let state = State::new(token, repositories.into_iter().collect());
        Ok(Self {
            server: Loopback::start(state)?,
        })
    }

    /// Answers the next requests with these answers, one for each request, and does nothing else.
    pub fn answer_with(&self, answers: impl IntoIterator<Item = Answer>) {
        self.server.inject(answers.into_iter().map(Fault::Instead));
    }

    /// Gives a repository a new name; the old one redirects, as it does on GitHub.
    pub fn rename(&self, from: &str, to: &str) {
        self.server.state().rename(from, to);
    }

    /// Opens a pull request from `branch` of `from` into `base` of `into`, as another user would.
    pub fn add_pull(&self, into: &str, base: &str, from: &str, branch: &str) -> Option<u64> {
        self.server.state().add_pull(into, base, from, branch)
    }

    /// Changes the body of a pull request, as its page does.
    pub fn edit(&self, number: u64, body: &str) {
        self.server.state().edit(number, body);
    }

    /// Refuses all further requests for git objects, as for a token without the permission `contents`.
    pub fn withhold_objects(&self) {
        self.server.state().withholds_objects = true;
    }

    /// Closes a pull request.
    pub fn close(&self, number: u64) {
        self.server.state().close(number, false);
    }

    /// Marks a pull request as merged. What its base has does not change.
    pub fn merge(&self, number: u64) {
        self.server.state().close(number, true);
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
            return errors::error(401, "Bad credentials");
        }
        if !call.headers.contains_key("user-agent") {
            return errors::error(403, "Request forbidden by administrative rules.");
        }
        let path = call.path.strip_prefix("/api/v3").unwrap_or(&call.path);
        let parts: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(query::decode)
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if call.method == "POST" && matches!(parts.as_slice(), ["graphql"] | ["api", "graphql"]) {
            return self.graphql(&call.body);
        }
        let (found, rest) = match parts.as_slice() {
            ["repos", owner, name, rest @ ..] => {
                let full_name = format!("{owner}/{name}");
                if let Some(index) = self.moved(&full_name) {
                    return self.redirect(index, call, rest, root);
                }
                (self.position(&full_name), rest)
            }
            ["repositories", id, rest @ ..] => {
                (id.parse().ok().and_then(|id| self.position_of_id(id)), rest)
            }
            _ => (None, [].as_slice()),
        };
        let Some(index) = found else {
            return errors::error(404, "Not Found");
        };
        self.respond_in(index, call, rest, root)
    }
}

impl State {
    fn respond_in(&mut self, index: usize, call: &Call, rest: &[&str], root: &str) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => match self.repositories.get(index) {
                Some(repository) => Answer::json(200, &documents::repository(repository, root)),
                None => errors::error(404, "Not Found"),
            },
            ("GET", ["branches", name]) => {
                let repository = self.repositories.get(index);
                let found = repository.and_then(|repository| {
                    let commit = repository.commit(name)?;
                    Some(documents::branch(repository, name, &commit, root))
                });
                match found {
                    Some(document) => Answer::json(200, &document),
                    None => errors::error(404, "Branch not found"),
                }
            }
            ("GET", ["git", ..]) if self.withholds_objects => {
                errors::error(403, "Resource not accessible by personal access token")
            }
            ("GET", ["git", what @ ("trees" | "blobs"), id]) => {
                let repository = self.repositories.get(index);
                let answer = repository.map(|repository| match *what {
                    "trees" => repository.tree(id, root),
                    _ => repository.blob(id),
                });
                answer.unwrap_or_else(|| errors::error(404, "Not Found"))
            }
            ("GET", ["pulls"]) => self.list(index, &call.query, root),
            ("POST", ["pulls"]) => self.create(index, &call.body, root),
            ("GET" | "PATCH", ["pulls", number]) => {
                let number = number.parse().unwrap_or(0);
                let change = match call.method.as_str() {
                    "PATCH" => serde_json::from_slice(&call.body).unwrap_or_default(),
                    _ => serde_json::Value::Null,
                };
                self.one(index, number, &change, root)
            }
            (
                "POST",
                [
                    _,
                    number,
                    what @ ("labels" | "requested_reviewers" | "assignees"),
                ],
            ) => {
                let number = number.parse().unwrap_or(0);
                self.decorate(index, number, what, &call.body, root)
            }
            _ => errors::error(404, "Not Found"),
        }
    }

    /// Redirects a request for a repository's old name, as GitHub does.
    fn redirect(&self, index: usize, call: &Call, rest: &[&str], root: &str) -> Answer {
        let id = self.repositories.get(index).map_or(0, |repo| repo.id);
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
