//! What the programs that sendoff starts inherit of its environment.

use std::ffi::OsStr;

use super::Environment;
use super::variables::{OF_ONE_REPOSITORY, PASSED_ON};

/// Our own token, which no other program has a use for.
const OWN_TOKEN: &str = "SENDOFF_TOKEN";
/// The variable that tells our own hooks that it is us who caused them.
pub(super) const ACTIVE: &str = "SENDOFF_ACTIVE";

impl Environment {
    /// Returns what the program of an `exec` step inherits: an allow-list, never a token.
    pub fn for_children(&self) -> Vec<(&OsStr, &OsStr)> {
        let passed = PASSED_ON.iter().map(OsStr::new);
        passed
            .filter_map(|name| Some((name, self.values.get(name)?.as_os_str())))
            .chain([active()])
            .collect()
    }

    /// Returns what the programs inherit that the user's git configuration names, such as ssh and
    /// credential helpers: what the caller has, as they get it from git. Our own token stays here, and
    /// so does what selects a repository.
    pub fn for_programs(&self) -> Vec<(&OsStr, &OsStr)> {
        let values = self.values.iter();
        let withheld = |name: &OsStr| {
            name == OWN_TOKEN
                || name == ACTIVE
                || OF_ONE_REPOSITORY.iter().any(|of_one| name == *of_one)
        };
        values
            .filter(|(name, _)| !withheld(name))
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
            .chain([active()])
            .collect()
    }
}

/// Returns what tells our own hooks that it is us who caused them.
fn active() -> (&'static OsStr, &'static OsStr) {
    (OsStr::new(ACTIVE), OsStr::new("1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_inherit_no_token() {
        let environment =
            Environment::from_pairs("/", [("GH_TOKEN", "CANARY"), ("HOME", "/home/u")]);
        let passed = environment.for_children();
        let home = (OsStr::new("HOME"), OsStr::new("/home/u"));
        assert_eq!(passed, [home, active()]);
    }

    #[test]
    fn programs_of_the_users_inherit_what_the_caller_has_but_no_repository_and_no_token_of_ours() {
        let pairs = [
            ("AWS_PROFILE", "dev"),
            ("GIT_DIR", "/r/.git"),
            ("GIT_CONFIG_COUNT", "0"),
            ("SENDOFF_TOKEN", "CANARY"),
        ];
        let environment = Environment::from_pairs("/", pairs);
        let names: Vec<_> = environment
            .for_programs()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["AWS_PROFILE", "GIT_CONFIG_COUNT", "SENDOFF_ACTIVE"]);
    }
}
