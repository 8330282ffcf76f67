//! The part of GitHub's documents that is read or written. Unknown fields are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{BranchName, RepositoryName};

use super::Head;

/// A pull request, in a list or alone.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) number: u64,
    /// Its name in the GraphQL API.
    pub(super) node_id: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) body: Option<String>,
    pub(super) draft: Option<bool>,
    pub(super) state: Option<String>,
    /// When it was merged, if it was.
    pub(super) merged_at: Option<String>,
    pub(super) head: Side,
    pub(super) base: Side,
}

/// One end of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct Side {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) sha: Option<String>,
    /// Null once the fork is deleted.
    pub(super) repo: Option<SideRepository>,
}

/// The repository at one end.
#[derive(Debug, Deserialize)]
pub(super) struct SideRepository {
    pub(super) full_name: String,
}

/// A repository.
#[derive(Debug, Deserialize)]
pub(super) struct RepositoryDetails {
    /// A number on GitHub.
    pub(super) id: Option<serde_json::Value>,
    pub(super) default_branch: String,
    /// What the token may do, by name.
    pub(super) permissions: Option<BTreeMap<String, bool>>,
}

/// What an issue says after assignees were added.
#[derive(Debug, Deserialize)]
pub(super) struct Assigned {
    #[serde(default)]
    pub(super) assignees: Vec<User>,
}

/// A user.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
}

/// What opens a pull request.
#[derive(Debug, Serialize)]
pub(super) struct Create<'a> {
    pub(super) title: &'a str,
    pub(super) head: String,
    /// Named only for a fork whose owner also owns the base: `owner:branch` does not tell them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) head_repo: Option<String>,
    pub(super) base: &'a str,
    pub(super) body: &'a str,
    pub(super) draft: bool,
    /// Said only where GitHub does not take what it has by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maintainer_can_modify: Option<bool>,
}

/// Whether a pull request is open, and whether it was merged.
#[derive(Debug, Deserialize)]
pub(super) struct State {
    pub(super) state: String,
    merged_at: Option<String>,
}

impl State {
    /// Says whether it was merged.
    pub(super) const fn is_merged(&self) -> bool {
        self.merged_at.is_some()
    }
}

/// What gives a pull request another body.
#[derive(Debug, Serialize)]
pub(super) struct NewBody<'a> {
    pub(super) body: &'a str,
}

/// A request to the GraphQL API about one pull request.
#[derive(Debug, Serialize)]
pub(super) struct Mutation<'a> {
    pub(super) query: &'static str,
    pub(super) variables: MutationVariables<'a>,
}

/// The pull request that it is about.
#[derive(Debug, Serialize)]
pub(super) struct MutationVariables<'a> {
    pub(super) id: &'a str,
}

/// The GraphQL API's answer, which has a status of success whatever the result.
#[derive(Debug, Deserialize)]
pub(super) struct MutationAnswer {
    #[serde(default)]
    pub(super) errors: Vec<MutationError>,
}

/// Why the GraphQL API did not do it.
#[derive(Debug, Deserialize)]
pub(super) struct MutationError {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) message: String,
}

/// What closes a pull request.
#[derive(Debug, Serialize)]
pub(super) struct Close {
    pub(super) state: &'static str,
}

/// Labels to add.
#[derive(Debug, Serialize)]
pub(super) struct Labels<'a> {
    pub(super) labels: &'a [String],
}

/// Users to ask for a review.
#[derive(Debug, Serialize)]
pub(super) struct Reviewers<'a> {
    pub(super) reviewers: &'a [String],
}

/// Users to assign.
#[derive(Debug, Serialize)]
pub(super) struct Assignees<'a> {
    pub(super) assignees: &'a [String],
}

impl Listed {
    /// Says whether this is the open pull request of `head`, into `base` when one is named.
    ///
    /// `repository` is where it was listed. The forge's own filter is not trusted: it compares owner and branch, so a
    /// fork of the same owner would pass.
    pub(super) fn is_of(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        repository: &RepositoryName,
    ) -> bool {
        self.is_open() && self.belongs_to(head, base, repository)
    }

    /// Says whether this is a pull request of `head` likewise that is not open any more.
    pub(super) fn was_of(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        repository: &RepositoryName,
    ) -> bool {
        !self.is_open() && self.belongs_to(head, base, repository)
    }

    fn is_open(&self) -> bool {
        self.state.as_deref().is_none_or(|state| state == "open")
    }

    fn belongs_to(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        repository: &RepositoryName,
    ) -> bool {
        base.is_none_or(|base| self.base.name == base.as_str())
            && self.head.name == head.branch.as_str()
            && self.comes_from(head, repository)
    }

    /// Says whether only the forge's filter says whose `head` this is: an open pull request of that branch into
    /// `base`, whose own repository is not named.
    pub(super) fn may_be_of(&self, head: &Head, base: &BranchName) -> bool {
        self.is_open()
            && self.base.name == base.as_str()
            && self.head.name == head.branch.as_str()
            && self.head.repo.is_none()
    }

    fn comes_from(&self, head: &Head, repository: &RepositoryName) -> bool {
        let Some(repo) = &self.head.repo else {
            let expected = format!("{}:{}", head.owner, head.branch);
            // The owner's case does not matter, the branch's does; it was compared before.
            return self
                .head
                .label
                .as_ref()
                .is_some_and(|label| label.eq_ignore_ascii_case(&expected));
        };
        if is_named(&repo.full_name, &head.owner, &head.repository) {
            return true;
        }
        // A renamed repository has its new name, here and at the forge.
        let is_no_fork = is_named(
            &format!("{}/{}", head.owner, head.repository),
            &repository.owner,
            &repository.name,
        );
        is_no_fork
            && self
                .base
                .repo
                .as_ref()
                .is_some_and(|base| base.full_name == repo.full_name)
    }
}

/// Says whether `full_name` is `owner/name`, as GitHub compares: without regard to case.
fn is_named(full_name: &str, owner: &str, name: &str) -> bool {
    full_name.eq_ignore_ascii_case(&format!("{owner}/{name}"))
}
