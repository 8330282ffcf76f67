//! `Pattern`: a glob with git's rules.

use std::fmt;
use std::str::FromStr;

use gix::glob::wildmatch::Mode;

use crate::names::BranchName;
use crate::names::fold;

use super::text::written_as_text;

/// A glob with git's rules: `*` and `?` do not match a slash, `**` does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    text: String,
    folded: String,
}

written_as_text!(
    Pattern,
    "a glob such as \"release/**\"",
    { "title": "glob", "type": "string", "minLength": 1, "maxLength": 255 }
);

/// Why a text is not a valid pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It would match nothing.
    #[error("got an empty pattern, wanted a glob such as \"release/**\"")]
    Empty,
    /// It is longer than 255 bytes, which limits the time of a match.
    #[error("got a pattern of more than 255 bytes, wanted a glob such as \"release/**\"")]
    Long,
    /// It is a full ref name, which matches no branch name.
    #[error("got a full ref name, wanted a short one such as \"release/**\", without refs/heads/")]
    FullRef,
    /// A bracket is not closed, so that it would match nothing.
    #[error("got a `[` without its `]`, wanted a glob such as \"v[0-9]\"")]
    Bracket,
    /// It contains a control character, or ends with a backslash.
    #[error(
        "got a control character or a backslash at the end, wanted a glob such as \"release/**\""
    )]
    Character,
    /// It has too many stars, which limits the time of a match.
    #[error("got more than 8 stars in a row of wildcards, wanted a simpler glob")]
    Stars,
}

impl Pattern {
    /// Checks a pattern.
    pub fn new(text: impl Into<String>) -> Result<Self, PatternError> {
        let text = text.into();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > 255 {
            return Err(PatternError::Long);
        }
        if text.starts_with("refs/") {
            return Err(PatternError::FullRef);
        }
        if text.chars().any(char::is_control) || text.ends_with('\\') {
            return Err(PatternError::Character);
        }
        if has_open_bracket(&text) {
            return Err(PatternError::Bracket);
        }
        // A run of stars counts once: backtracking grows with the number of runs.
        let runs = text.split('*').filter(|part| !part.is_empty()).count();
        if text.contains('*') && runs > 9 {
            return Err(PatternError::Stars);
        }
        let folded = fold(&text);
        Ok(Self { text, folded })
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says whether the pattern matches `text`, byte by byte.
    pub fn matches(&self, text: &str) -> bool {
        wildmatch(&self.text, text)
    }

    /// Says whether the pattern matches the branch, as written or after normalisation: `main` matches
    /// `Main` and `ma\u{ad}in`.
    pub fn matches_branch(&self, branch: &BranchName) -> bool {
        self.matches(branch.as_str()) || wildmatch(&self.folded, &branch.folded())
    }
}

/// Returns the first pattern that matches the branch.
pub(super) fn first_match<'a>(patterns: &'a [Pattern], branch: &BranchName) -> Option<&'a Pattern> {
    patterns
        .iter()
        .find(|pattern| pattern.matches_branch(branch))
}

/// Matches with git's rules.
fn wildmatch(pattern: &str, text: &str) -> bool {
    gix::glob::wildmatch(pattern.into(), text.into(), Mode::NO_MATCH_SLASH_LITERAL)
}

/// Says whether a bracket expression is not closed.
fn has_open_bracket(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let _: Option<u8> = bytes.next();
            }
            b'[' => {
                // A bracket in the first place is an ordinary character.
                let mut first = true;
                loop {
                    match bytes.next() {
                        None => return true,
                        Some(b'!' | b'^') if first => {}
                        Some(b']') if !first => break,
                        Some(b'\\') => {
                            let _: Option<u8> = bytes.next();
                            first = false;
                        }
                        Some(_) => first = false,
                    }
                }
            }
            _ => {}
        }
    }
    false
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, branch: &str) -> bool {
        let branch = BranchName::new(branch).unwrap();
        Pattern::new(pattern).unwrap().matches_branch(&branch)
    }

    #[test]
    fn one_star_stops_at_a_slash_and_two_do_not() {
        assert!(matches("release/*", "release/1"));
        assert!(!matches("release/*", "release/1/x"));
        assert!(matches("release/**", "release/1/x"));
        assert!(!matches("release/**", "release"));
        assert!(!matches("main", "maintenance"));
        assert!(matches("v[0-9]", "v1"));
    }

    #[test]
    fn a_branch_that_looks_like_a_protected_one_is_matched() {
        assert!(matches("main", "Main"));
        assert!(matches("main", "ma\u{ad}in"));
        assert!(matches("Main", "main"));
        assert!(matches("release/**", "RELEASE/1"));
    }

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        assert_eq!(Pattern::new(""), Err(PatternError::Empty));
        assert_eq!(Pattern::new("refs/heads/main"), Err(PatternError::FullRef));
        assert_eq!(Pattern::new("v[0-9"), Err(PatternError::Bracket));
        assert_eq!(Pattern::new("v[]"), Err(PatternError::Bracket));
        assert_eq!(Pattern::new("a\\"), Err(PatternError::Character));
        assert_eq!(Pattern::new("a\nb"), Err(PatternError::Character));
        assert_eq!(Pattern::new("x".repeat(256)), Err(PatternError::Long));
        assert_eq!(Pattern::new("a*".repeat(40)), Err(PatternError::Stars));
    }

    #[test]
    fn a_hostile_pattern_is_matched_quickly() {
        let before = std::time::Instant::now();
        let branches = [
            "a".repeat(250),
            "a/".repeat(125),
            "a/".repeat(60) + &"a".repeat(120),
        ];
        for part in ["*a", "**a", "**/a", "?*a", "[a]*", "**a/*"] {
            let patterns = [part.repeat(8) + "b", part.repeat(7) + "/b", part.repeat(8)];
            for pattern in patterns.into_iter().flat_map(Pattern::new) {
                for branch in &branches {
                    // A star at the end may match; it is the time that counts.
                    let _: bool = pattern.matches(&format!("{branch}c"));
                }
            }
        }
        assert!(before.elapsed() < std::time::Duration::from_secs(10));
    }
}
