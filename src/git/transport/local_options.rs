//! `LocalOptions`: what is done in the repository before anything is sent, as the policy wants it.

use std::time::Duration;

use crate::git::hooks::Hook;

/// What is done in the repository before anything is sent, and the options for the server's hooks. By default nothing
/// is run.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// The `pre-push` hook to run; none where there is none or the policy skips it.
    pub hook: Option<Hook>,
    /// What git sets `GIT_PREFIX` to for the hook: where the caller is below the top of the work tree, such as `src/`.
    pub hook_prefix: String,
    /// Whether the hook gets the terminal.
    pub hook_terminal: HookTerminal,
    /// How long the hook may take.
    pub hook_timeout: Duration,
    /// Whether submodules are checked first.
    pub submodules: Submodules,
    /// Options for the server's hooks, as `git push --push-option` sends them.
    pub push_options: Vec<String>,
}

/// Whether the `pre-push` hook gets a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookTerminal {
    /// There is none, for git as little as for us.
    Absent,
    /// It gets the caller's, as git would give it: a person waits there.
    Given,
    /// There is one, and the hook does not get it: no person started the push.
    Withheld,
}

/// Whether submodules are checked before a push.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Submodules {
    /// A commit that no remote of the submodule is known to have stops the push.
    #[default]
    Check,
    /// They are not checked.
    Ignore,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            hook: None,
            hook_prefix: String::new(),
            hook_terminal: HookTerminal::Absent,
            hook_timeout: Duration::from_mins(10),
            submodules: Submodules::default(),
            push_options: Vec::new(),
        }
    }
}
