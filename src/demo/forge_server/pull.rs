//! A pull request of the forge.

/// A pull request, for tests to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPull {
    /// Its number.
    pub number: u64,
    /// `owner/name` of the repository that it is open in.
    pub repository: String,
    /// `owner/name` of the head's repository.
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
    /// Its labels.
    pub labels: Vec<String>,
    /// The users who were asked for a review.
    pub reviewers: Vec<String>,
    /// The users who are assigned.
    pub assignees: Vec<String>,
}

/// A pull request in the forge's state. Repositories are stored by id, because a name can change.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) into: u64,
    pub(super) from: u64,
    pub(super) branch: String,
    pub(super) base: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) draft: bool,
    pub(super) open: bool,
    /// Whether it was merged.
    pub(super) merged: bool,
    /// Its last commit, once it is closed: the branch can get further commits.
    pub(super) last: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) reviewers: Vec<String>,
    pub(super) assignees: Vec<String>,
}

impl Pull {
    /// Makes an open pull request whose title is the head's branch. Each side is a repository's id
    /// and a branch.
    pub(super) fn new(number: u64, (into, base): (u64, &str), (from, branch): (u64, &str)) -> Self {
        Self {
            number,
            into,
            from,
            branch: branch.to_owned(),
            base: base.to_owned(),
            title: branch.to_owned(),
            body: String::new(),
            draft: false,
            open: true,
            merged: false,
            last: None,
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
        }
    }

    pub(super) fn kept(&self, repository: String, head_repository: String) -> KeptPull {
        KeptPull {
            number: self.number,
            repository,
            head_repository,
            head: self.branch.clone(),
            base: self.base.clone(),
            title: self.title.clone(),
            body: self.body.clone(),
            draft: self.draft,
            labels: self.labels.clone(),
            reviewers: self.reviewers.clone(),
            assignees: self.assignees.clone(),
        }
    }
}
