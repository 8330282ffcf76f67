//! Whether git reads hooks from its configuration, which it does from version 2.54 on.

use std::time::Duration;

use crate::environment::Environment;
use crate::process::{Inheritance, Program};

/// The most time for `git --version`.
const VERSION_DEADLINE: Duration = Duration::from_secs(5);
/// The first version with hooks in its configuration.
const CONFIG_HOOKS: (u32, u32) = (2, 54);

/// Says whether the git on the search path reads hooks from its configuration. False where its version is not known.
pub(super) fn has_config_hooks(environment: &Environment) -> bool {
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    let Ok(git) = inheritance.find("git") else {
        return false;
    };
    let asked = Program::new(git)
        .arg("--version")
        .inherit(&inheritance)
        .deadline(VERSION_DEADLINE)
        .run();
    let said = asked.ok().map(|output| output.stdout.bytes);
    said.and_then(|said| parse(&String::from_utf8_lossy(&said)))
        .is_some_and(|version| version >= CONFIG_HOOKS)
}

/// Reads `git version 2.55.GIT`.
fn parse(said: &str) -> Option<(u32, u32)> {
    let version = said.strip_prefix("git version ")?;
    let mut parts = version.split(['.', ' ', '-', '\n']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_are_read_as_git_says_them() {
        assert_eq!(parse("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(parse("git version 2.55.GIT\n"), Some((2, 55)));
        assert_eq!(parse("git version 2.54.0-rc1\n"), Some((2, 54)));
        assert_eq!(parse("git version 2.39.5 (Apple Git-154)\n"), Some((2, 39)));
        assert_eq!(parse("jj 0.40"), None);
    }
}
