//! Where git's own programs are: first on the search path of every program that git starts.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::process::{Inheritance, ProcessError, find_program};

/// The directories in which distributions install them.
const DIRECTORIES: &[&str] = &[
    "/usr/lib/git-core",
    "/usr/libexec/git-core",
    "/usr/local/libexec/git-core",
    "/opt/homebrew/opt/git/libexec/git-core",
];

/// Returns what the programs inherit that git would start here: the caller's environment, and git's own programs first on
/// the search path and in `GIT_EXEC_PATH`, as scripts expect that read `git-sh-setup`.
pub fn program_inheritance(environment: &Environment) -> Inheritance {
    let environment = environment.clone();
    Inheritance::at_first_use(move || inherited(&environment))
}

fn inherited(environment: &Environment) -> Inheritance {
    let given = environment.search_path();
    let mut variables = environment.for_programs();
    let own = environment
        .path_as_written("GIT_EXEC_PATH")
        .or_else(|| beside_git(&given))
        .or_else(|| usual().find(|directory| directory.is_dir()));
    let Some(own) = own else {
        return Inheritance::new(given, variables);
    };
    let path: OsString = match variables.iter().find(|(name, _)| *name == "PATH") {
        // Relative directories of the caller's stay where they are: programs inherit them from git, too.
        Some((_, path)) => [own.as_os_str(), path].join(":".as_ref()),
        None => std::env::join_paths([&own].into_iter().chain(&given)).unwrap_or_default(),
    };
    variables.retain(|(name, _)| *name != "PATH" && *name != "GIT_EXEC_PATH");
    variables.push(("PATH".as_ref(), &path));
    variables.push(("GIT_EXEC_PATH".as_ref(), own.as_os_str()));
    let search_path = [own.clone()].into_iter().chain(given);
    Inheritance::new(search_path, variables)
}

/// Finds a program of git's own, on the search path or where distributions put it.
pub(super) fn find(inheritance: &Inheritance, name: &str) -> Result<PathBuf, ProcessError> {
    let found = inheritance.find(name);
    found.or_else(|_| find_program(name, &usual().collect::<Vec<_>>()))
}

fn usual() -> impl Iterator<Item = PathBuf> {
    DIRECTORIES.iter().map(PathBuf::from)
}

/// Returns the directory that belongs to the `git` of the search path.
fn beside_git(search_path: &[PathBuf]) -> Option<PathBuf> {
    let git = find_program("git", search_path).ok()?;
    let prefix = git.parent()?.parent()?;
    ["lib/git-core", "libexec/git-core"]
        .iter()
        .map(|below| prefix.join(below))
        .find(|directory| directory.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_search_path_stands_behind_gits_own_programs() {
        let pairs = [("PATH", "bin:/usr/bin"), ("GIT_EXEC_PATH", "/opt/core")];
        let inheritance = program_inheritance(&Environment::from_pairs("/", pairs));
        let own = [PathBuf::from("/opt/core"), PathBuf::from("/usr/bin")];
        assert_eq!(inheritance.search_path(), own);
        let path = inheritance
            .variables()
            .iter()
            .find(|(name, _)| name == "PATH");
        assert_eq!(path.unwrap().1, "/opt/core:bin:/usr/bin");
    }
}
