//! The forge's state: its token, repositories and pull requests.

use super::pull::{KeptPull, Pull};
use super::repository::Repository;

#[derive(Debug)]
pub(super) struct State {
    pub(super) token: Option<String>,
    pub(super) repositories: Vec<Repository>,
    pub(super) pulls: Vec<Pull>,
    /// Whether requests for git objects are refused, as for a token without the permission `contents`.
    pub(super) withholds_objects: bool,
    /// Old names, each with the index in `repositories` that it leads to.
    renamed: Vec<(String, usize)>,
}

impl State {
    /// Makes a state without pull requests.
    pub(super) fn new(token: Option<&str>, repositories: Vec<Repository>) -> Self {
        Self {
            token: token.map(str::to_owned),
            repositories,
            pulls: Vec::new(),
            withholds_objects: false,
            renamed: Vec::new(),
        }
    }

    /// Returns the index of the repository `owner/name`.
    pub(super) fn position(&self, full_name: &str) -> Option<usize> {
        self.repositories
            .iter()
            .position(|repository| repository.is_named(full_name))
    }

    /// Returns the index of a repository by its id.
    pub(super) fn position_of_id(&self, id: u64) -> Option<usize> {
        self.repositories
            .iter()
            .position(|repository| repository.id == id)
    }

    /// Returns a repository by its id.
    pub(super) fn by_id(&self, id: u64) -> Option<&Repository> {
        self.repositories.get(self.position_of_id(id)?)
    }

    /// Returns the index of the repository that had this name before it was renamed.
    pub(super) fn moved(&self, full_name: &str) -> Option<usize> {
        let mut old = self.renamed.iter();
        old.find(|(name, _)| name.eq_ignore_ascii_case(full_name))
            .map(|(_, index)| *index)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let Some(index) = self.position(from) else {
            return;
        };
        if let (Some(repository), Some((owner, name))) =
            (self.repositories.get_mut(index), to.split_once('/'))
        {
            owner.clone_into(&mut repository.owner);
            name.clone_into(&mut repository.name);
            self.renamed.push((from.to_owned(), index));
        }
    }

    /// Makes an open pull request with the next number; it is not added yet.
    pub(super) fn new_pull(&self, into: u64, base: &str, from: u64, branch: &str) -> Pull {
        let last = self.pulls.iter().map(|pull| pull.number).max();
        Pull::new(last.unwrap_or(0) + 1, (into, base), (from, branch))
    }

    /// Opens a pull request between two repositories, named as `owner/name`.
    pub(super) fn add_pull(
        &mut self,
        into: &str,
        base: &str,
        from: &str,
        branch: &str,
    ) -> Option<u64> {
        let into = self.repositories.get(self.position(into)?)?.id;
        let from = self.repositories.get(self.position(from)?)?.id;
        let pull = self.new_pull(into, base, from, branch);
        let number = pull.number;
        self.pulls.push(pull);
        Some(number)
    }

    pub(super) fn edit(&mut self, number: u64, body: &str) {
        let found = self.pulls.iter_mut().find(|pull| pull.number == number);
        if let Some(pull) = found {
            body.clone_into(&mut pull.body);
        }
    }

    /// Closes a pull request, and stores its last commit.
    pub(super) fn close(&mut self, number: u64, merged: bool) {
        let Some(at) = self.pulls.iter().position(|pull| pull.number == number) else {
            return;
        };
        let last = self.pulls.get(at).and_then(|pull| {
            let from = self.by_id(pull.from)?;
            from.commit(&pull.branch)
        });
        if let Some(pull) = self.pulls.get_mut(at).filter(|pull| pull.open) {
            pull.open = false;
            pull.merged = merged;
            pull.last = last;
        }
    }

    /// Returns the open pull requests, oldest first.
    pub(super) fn kept(&self) -> Vec<KeptPull> {
        let open = self.pulls.iter().filter(|pull| pull.open);
        open.map(|pull| {
            let name = |id| self.by_id(id).map(Repository::full_name);
            let (into, from) = (name(pull.into), name(pull.from));
            pull.kept(into.unwrap_or_default(), from.unwrap_or_default())
        })
        .collect()
    }
}
