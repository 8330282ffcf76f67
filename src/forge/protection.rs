//! `Protection`: how a forge says that it protects a branch.

use std::fmt;

/// How many checks are named.
const MAX_CHECKS: usize = 5;

/// How a forge says that it protects a branch. It is shown and decides nothing: an organisation's rule can be for every
/// branch, also for those that anybody may push to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// What protects it, in the forge's terms, such as `a ruleset`.
    pub by: &'static str,
    /// The pattern of names that the rule is for, one line, where the forge names it.
    pub pattern: Option<String>,
    /// The checks that the rule requires, one line each, where the forge names them.
    pub checks: Vec<String>,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.by)?;
        if let Some(pattern) = &self.pattern {
            write!(f, " for `{pattern}`")?;
        }
        if self.checks.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = self
            .checks
            .iter()
            .take(MAX_CHECKS)
            .map(|check| format!("`{check}`"))
            .collect();
        write!(f, ", which requires {}", named.join(", "))?;
        match self.checks.len().saturating_sub(MAX_CHECKS) {
            0 => Ok(()),
            more => write!(f, " and {more} more checks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_with_what_it_requires() {
        let mut protection = Protection {
            by: "a ruleset",
            pattern: None,
            checks: Vec::new(),
        };
        assert_eq!(protection.to_string(), "a ruleset");
        protection.pattern = Some("release/*".into());
        protection.checks = vec!["build".into(), "lint".into()];
        let text = "a ruleset for `release/*`, which requires `build`, `lint`";
        assert_eq!(protection.to_string(), text);
        protection.checks = vec!["x".into(); 7];
        assert!(protection.to_string().ends_with("`x` and 2 more checks"));
    }
}
