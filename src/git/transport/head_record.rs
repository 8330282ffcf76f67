//! `HeadRecord`: what is known of the branch that a remote's HEAD names.

use std::sync::{Arc, Mutex};

use crate::names::BranchName;
use crate::threads::lock;

/// What was seen of a remote's HEAD within a day, and what is learned of it now. Clones share what they learn.
#[derive(Debug, Clone, Default)]
pub struct HeadRecord {
    kept: Option<BranchName>,
    learned: Arc<Mutex<Option<BranchName>>>,
}

impl HeadRecord {
    /// Begins with what was kept.
    pub fn new(kept: Option<BranchName>) -> Self {
        Self {
            kept,
            learned: Arc::default(),
        }
    }

    /// Returns what the remote said now.
    pub fn learned(&self) -> Option<BranchName> {
        lock(&self.learned).clone()
    }

    /// Returns what was kept.
    pub(in crate::git) const fn kept(&self) -> Option<&BranchName> {
        self.kept.as_ref()
    }

    /// Takes what the remote says now.
    pub fn learn(&self, branch: BranchName) {
        let mut learned = lock(&self.learned);
        *learned = Some(branch);
    }
}
