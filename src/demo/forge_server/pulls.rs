//! Pull requests: listing, opening and refusing them as GitHub does.

use serde_json::{Value, json};

use crate::demo::loopback::Answer;

use super::documents;
use super::errors::{self, Problem};
use super::pull::Pull;
use super::query;
use super::repository::{Drafts, Repository};
use super::state::State;

/// The longest title, in code points.
const MAX_TITLE_LENGTH: usize = 256;
/// The longest body, in code points.
const MAX_BODY_LENGTH: usize = 65_536;

impl State {
    pub(super) fn list(&self, index: usize, query: &str, root: &str) -> Answer {
        let Some(into) = self.repositories.get(index) else {
            return errors::error(404, "Not Found");
        };
        let value = |key: &str| query::first_value(query, key);
        let state = value("state").unwrap_or_else(|| "open".to_owned());
        // GitHub ignores a head without an owner.
        let head = value("head").filter(|head| head.contains(':'));
        let base = value("base");
        let mut pulls: Vec<&Pull> = self
            .pulls
            .iter()
            .filter(|pull| pull.into == into.id)
            .filter(|pull| state == "all" || pull.open == (state == "open"))
            .filter(|pull| base.as_ref().is_none_or(|base| *base == pull.base))
            .filter(|pull| head.as_ref().is_none_or(|head| self.is_head(pull, head)))
            .collect();
        pulls.reverse();
        let number = |key: &str| value(key).and_then(|text| text.parse::<usize>().ok());
        let size = number("per_page").unwrap_or(30).clamp(1, 100);
        let page = number("page").unwrap_or(1).max(1);
        let shown = pulls.iter().skip((page - 1) * size).take(size);
        let shown: Vec<Value> = shown
            .map(|pull| documents::pull_in_list(self, pull, root))
            .collect();
        let answer = Answer::json(200, &Value::Array(shown));
        if page * size >= pulls.len() {
            return answer;
        }
        let path = format!("{root}/repositories/{}/pulls", into.id);
        let next = query::with_page(&path, query, page + 1);
        answer.header("link", format!("<{next}>; rel=\"next\""))
    }

    /// Applies a change of state or body, if there is one, and returns the pull request.
    pub(super) fn one(&mut self, index: usize, number: u64, change: &Value, root: &str) -> Answer {
        let into = self.repositories.get(index).map(|into| into.id);
        let is_it = |pull: &&mut Pull| pull.number == number && Some(pull.into) == into;
        let Some(pull) = self.pulls.iter_mut().find(is_it) else {
            return errors::error(404, "Not Found");
        };
        let text = |key: &str| change.get(key).and_then(Value::as_str);
        if let Some(body) = text("body") {
            if body.chars().count() > MAX_BODY_LENGTH {
                let message = "body is too long (maximum is 65536 characters)";
                return errors::invalid(&Problem::Custom(message.to_owned()));
            }
            body.clone_into(&mut pull.body);
        }
        if text("state") == Some("closed") {
            self.close(number, false);
        }
        match self.pulls.iter().find(|pull| pull.number == number) {
            Some(pull) => Answer::json(200, &documents::pull(self, pull, root)),
            None => errors::error(404, "Not Found"),
        }
    }

    /// Says whether the head of a pull request is `owner:branch`.
    fn is_head(&self, pull: &Pull, head: &str) -> bool {
        let owner = self
            .by_id(pull.from)
            .map_or("", |repository| &repository.owner);
        head.split_once(':').is_some_and(|(wanted, branch)| {
            owner.eq_ignore_ascii_case(wanted) && pull.branch == branch
        })
    }

    pub(super) fn create(&mut self, index: usize, body: &[u8], root: &str) -> Answer {
        let Ok(request) = serde_json::from_slice::<Value>(body) else {
            return errors::error(400, "Problems parsing JSON");
        };
        match self.check(index, &request) {
            Ok(pull) => {
                let document = documents::pull(self, &pull, root);
                self.pulls.push(pull);
                Answer::json(201, &document)
            }
            Err(refusal) => refusal,
        }
    }

    /// Makes the pull request that `request` describes, or the answer that refuses it.
    fn check(&self, index: usize, request: &Value) -> Result<Pull, Answer> {
        let not_found = || errors::error(404, "Not Found");
        let into = self.repositories.get(index).ok_or_else(not_found)?;
        let text = |key: &str| request.get(key).and_then(Value::as_str);
        let missing = ["title", "head", "base"]
            .into_iter()
            .find(|key| text(key).is_none_or(str::is_empty));
        if let Some(field) = missing {
            return Err(errors::invalid(&Problem::Missing(field)));
        }
        let (title, body) = (text("title").unwrap_or(""), text("body").unwrap_or(""));
        if title.chars().count() > MAX_TITLE_LENGTH {
            let message = "title is too long (maximum is 256 characters)";
            return Err(errors::invalid(&Problem::Custom(message.to_owned())));
        }
        if body.chars().count() > MAX_BODY_LENGTH {
            let message = "body is too long (maximum is 65536 characters)";
            return Err(errors::invalid(&Problem::Custom(message.to_owned())));
        }
        let (head, base) = (text("head").unwrap_or(""), text("base").unwrap_or(""));
        let (owner, branch) = head.split_once(':').unwrap_or((&into.owner, head));
        let base_commit = into
            .commit(base)
            .ok_or_else(|| errors::invalid(&Problem::Invalid("base")))?;
        let unknown_head = || errors::invalid(&Problem::Invalid("head"));
        let from = self
            .head_repository(index, owner, text("head_repo"))
            .ok_or_else(unknown_head)?;
        let head_commit = from.commit(branch).ok_or_else(unknown_head)?;
        let is_same = from.id == into.id && branch == base;
        if is_same || !from.has_commits_between(&base_commit, &head_commit) {
            let message = format!("No commits between {base} and {head}");
            return Err(errors::invalid(&Problem::Custom(message)));
        }
        let exists = self.pulls.iter().any(|pull| {
            pull.open
                && (pull.into, pull.from) == (into.id, from.id)
                && (pull.branch.as_str(), pull.base.as_str()) == (branch, base)
        });
        if exists {
            let message = format!("A pull request already exists for {owner}:{branch}.");
            return Err(errors::invalid(&Problem::Custom(message)));
        }
        let draft = request.get("draft").and_then(Value::as_bool) == Some(true);
        if draft && into.drafts == Drafts::Unsupported {
            let message = "Draft pull requests are not supported in this repository.";
            return Err(errors::error(422, message));
        }
        Ok(Pull {
            title: title.to_owned(),
            body: body.to_owned(),
            draft,
            ..self.new_pull(into.id, base, from.id, branch)
        })
    }

    /// Returns the head's repository: the base's own, or the fork that `owner` has of it.
    fn head_repository(
        &self,
        index: usize,
        owner: &str,
        named: Option<&str>,
    ) -> Option<&Repository> {
        let into = self.repositories.get(index)?;
        if let Some(named) = named {
            let full_name = if named.contains('/') {
                named.to_owned()
            } else {
                format!("{owner}/{named}")
            };
            return self.repositories.get(self.position(&full_name)?);
        }
        if into.owner.eq_ignore_ascii_case(owner) {
            return Some(into);
        }
        self.repositories.iter().find(|repository| {
            repository.owner.eq_ignore_ascii_case(owner)
                && repository.fork_of.as_deref() == Some(&into.full_name())
        })
    }

    pub(super) fn decorate(
        &mut self,
        index: usize,
        number: u64,
        what: &str,
        body: &[u8],
        root: &str,
    ) -> Answer {
        let names = names(body, what);
        let Some(into) = self.repositories.get(index).cloned() else {
            return errors::error(404, "Not Found");
        };
        let found = self
            .pulls
            .iter_mut()
            .find(|pull| pull.number == number && pull.into == into.id);
        let Some(pull) = found else {
            return errors::error(404, "Not Found");
        };
        match what {
            "labels" => {
                pull.labels.extend(names);
                let labels = documents::labels(&pull.labels, root);
                Answer::json(200, &labels)
            }
            "requested_reviewers" => {
                if let Some(outsider) = names.iter().find(|name| !into.may_review(name)) {
                    let message = format!(
                        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {}/{} repository: {outsider}",
                        into.owner, into.name
                    );
                    return errors::error(422, &message);
                }
                pull.reviewers.extend(names);
                let pull = pull.clone();
                Answer::json(201, &documents::pull_in_list(self, &pull, root))
            }
            _ => {
                // GitHub silently leaves out users that cannot be assigned.
                let allowed = names.into_iter().filter(|name| into.may_review(name));
                pull.assignees.extend(allowed);
                Answer::json(201, &documents::issue(pull, &into, root))
            }
        }
    }
}

/// Reads the list of names in a request to add labels, reviewers or assignees.
fn names(body: &[u8], what: &str) -> Vec<String> {
    let key = match what {
        "requested_reviewers" => "reviewers",
        other => other,
    };
    let request: Value = serde_json::from_slice(body).unwrap_or(json!({}));
    let listed = request.get(key).and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    listed.map(str::to_owned).collect()
}
