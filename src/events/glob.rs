//! Globs over names of repositories, users and labels.

use crate::policy::Pattern;

/// A glob that ignores case, as forges do; `*` alone matches all.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    /// In lower case. It also matches literally, because a name such as `dependabot[bot]` is a character class as a glob.
    text: String,
    pattern: Option<Pattern>,
}

impl Glob {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let text = pattern.as_str().to_lowercase();
        Self {
            pattern: Pattern::new(text.as_str()).ok(),
            text,
        }
    }

    pub(super) fn all(patterns: &[Pattern]) -> Vec<Self> {
        patterns.iter().map(Self::new).collect()
    }

    /// Says whether it matches a name.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let is_glob = |pattern: &Pattern| pattern.matches(&name);
        self.text == "*" || self.text == name || self.pattern.as_ref().is_some_and(is_glob)
    }

    /// Says whether it names an event without an action, and so matches every action.
    pub(super) fn has_no_dot(&self) -> bool {
        !self.text.contains('.')
    }
}

/// Says whether one of the globs matches one of the names.
pub(super) fn any_matches<'n>(globs: &[Glob], names: impl IntoIterator<Item = &'n str>) -> bool {
    let mut names = names.into_iter();
    names.any(|name| globs.iter().any(|glob| glob.matches(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_ignores_case_and_may_be_a_name_with_brackets() {
        let glob = |text: &str| Glob::new(&Pattern::new(text).unwrap());
        assert!(glob("Acme/*").matches("acme/Rocket"));
        assert!(!glob("acme/*").matches("acme/group/rocket"));
        assert!(glob("acme/**").matches("acme/group/rocket"));
        assert!(!glob("acme/*").matches("evil/acme/x"));
        assert!(glob("*").matches("acme/rocket"));
        assert!(glob("dependabot[bot]").matches("dependabot[bot]"));
        assert!(glob("*[[]bot]").matches("renovate[bot]"));
    }
}
