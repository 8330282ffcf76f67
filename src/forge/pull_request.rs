//! A pull request, as every forge has it.

use crate::names::BranchName;
use crate::secrets::Outgoing;

use super::body::Body;

/// The branch that a pull request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The owner of the repository that holds the branch; differs from the base's in a fork.
    pub owner: String,
    /// That repository's name.
    pub repository: String,
    /// The branch.
    pub branch: BranchName,
}

/// Whether reviewers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Work in progress.
    Draft,
    /// For review.
    Ready,
}

/// What to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPullRequest {
    /// Where from.
    pub head: Head,
    /// Where to.
    pub base: BranchName,
    /// The title; cut to the forge's limit when it is sent.
    pub title: Outgoing,
    /// The body; cut to the forge's limit when it is sent.
    pub body: Body,
    /// Draft or ready.
    pub readiness: Readiness,
    /// Labels to add.
    pub labels: Vec<String>,
    /// Users to ask for a review.
    pub reviewers: Vec<String>,
    /// Users to assign.
    pub assignees: Vec<String>,
}

/// A pull request that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its page, on the forge's own host.
    pub url: String,
    /// Where it goes.
    pub base: BranchName,
    /// The commit that the forge has as its head, in hex; absent where the forge did not say.
    pub head_sha: Option<String>,
    /// Its body, as the forge has it.
    pub body: String,
    /// Draft or ready.
    pub readiness: Readiness,
    /// The forge's other name for it, where it has one.
    pub node_id: Option<String>,
    /// What could not be added to it: one sentence each.
    pub warnings: Vec<String>,
}

/// A pull request that is not open any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedPullRequest {
    /// Its number.
    pub number: u64,
    /// Its page, on the forge's own host.
    pub url: String,
    /// How it ended.
    pub how: Closed,
    /// The commit that was its head when it ended, in hex; absent where the forge did not say.
    pub head_sha: Option<String>,
}

/// The pull requests of a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequests {
    /// The open one.
    pub open: Option<PullRequest>,
    /// Where none is open, the last ones that were: newest first.
    pub ended: Vec<EndedPullRequest>,
}

/// The result of a request to open a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is new.
    Created(PullRequest),
    /// One was there already.
    Found(PullRequest),
    /// Head and base have no commits between them.
    NothingToDo,
}

/// The result of a request to close a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is closed, now or before.
    Closed,
    /// It was merged: what it brought is in its base.
    Merged,
}
