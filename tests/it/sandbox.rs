//! The sandbox that all tests share, and its environment for library calls.

use std::path::Path;

use sendoff::environment::Environment;

pub(crate) use sendoff_testing::{Sandbox, succeed};

/// Returns the sandbox's environment for library calls.
pub(crate) fn environment(sandbox: &Sandbox, cwd: &Path) -> Environment {
    let variables = sandbox.variables();
    let given = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    Environment::from_pairs(cwd, given)
}
