//! `Around`: what is done around the push on this side, as the policy wants it.

use std::time::Duration;

use crate::git::hooks::Hook;

use super::submodules::Submodules;

/// What is done around the push on this side. By default nothing is run.
#[derive(Debug, Clone)]
pub struct Around {
    /// The `pre-push` hook to run; none where there is none or the policy skips it.
    pub hook: Option<Hook>,
    /// How long the hook may take.
    pub hook_timeout: Duration,
    /// Whether submodules are looked at first.
    pub submodules: Submodules,
    /// Words for the server's hooks, as `git push --push-option` sends them.
    pub push_options: Vec<String>,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            hook: None,
            hook_timeout: Duration::from_mins(10),
            submodules: Submodules::default(),
            push_options: Vec::new(),
        }
    }
}
