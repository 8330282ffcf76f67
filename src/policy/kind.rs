//! `Kind`: what the policy needs to know about a kind of step, so that it knows none by name.

use super::class::KeyClass;
use super::error::PolicyError;
use super::step_table::StepTable;

/// What the policy needs to know about a kind of step.
pub trait Kind {
    /// Returns its name, which is also the default name of a step.
    fn name(&self) -> &str;

    /// Returns the class of each of its own keys.
    fn classes(&self) -> &'static [(&'static str, KeyClass)];

    /// Says whether it moves or shows the branch: a repository's own limits are for these steps alone.
    fn ships_branch(&self) -> bool {
        false
    }

    /// Says whether it runs programs or sends requests of its own, so that a repository's policy can use it only after
    /// the user trusts that.
    fn needs_trust(&self) -> bool {
        false
    }

    /// Checks that its settings can be read.
    fn check(&self, table: &StepTable) -> Result<(), PolicyError>;
}

/// All kinds.
#[derive(Clone)]
pub(super) struct Kinds<'a>(Vec<&'a dyn Kind>);

impl<'a> Kinds<'a> {
    pub(super) fn new<K: Kind>(kinds: &'a [K]) -> Self {
        Self(kinds.iter().map(|kind| kind as &dyn Kind).collect())
    }

    /// Returns a kind by its name.
    pub(super) fn get(&self, name: &str) -> Option<&'a dyn Kind> {
        self.0.iter().copied().find(|kind| kind.name() == name)
    }

    /// Returns the names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|kind| kind.name())
    }
}
