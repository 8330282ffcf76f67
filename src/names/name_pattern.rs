//! `NamePattern`: which names are meant, by a glob that takes no notice of case.

use std::fmt;

/// A glob over names and tags: `*` stands for any text, `?` for one character, all else for itself in either case.
///
/// A slash is a character like others, and there are no brackets: names have both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
    folded: Vec<char>,
}

impl NamePattern {
    /// Takes a text as a pattern. An empty one matches no name.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let folded = fold(&text).collect();
        Self { text, folded }
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says whether a name matches. The time grows with the product of both lengths, never faster.
    pub fn matches(&self, name: &str) -> bool {
        if name.is_ascii() {
            // Most names are: nothing is copied for them.
            let bytes = name.as_bytes();
            return self
                .matches_folded(|at| bytes.get(at).map(|byte| byte.to_ascii_lowercase().into()));
        }
        let name: Vec<char> = fold(name).collect();
        self.matches_folded(|at| name.get(at).copied())
    }

    /// Compares with a name of which the characters are given by their places, in lower case.
    fn matches_folded(&self, name: impl Fn(usize) -> Option<char>) -> bool {
        let (mut at, mut here) = (0, 0);
        // Where the last star stands, and how much of the name it has taken.
        let mut star: Option<(usize, usize)> = None;
        while let Some(c) = name(at) {
            match self.folded.get(here) {
                Some('*') => {
                    star = Some((here, at));
                    here += 1;
                }
                Some(wanted) if *wanted == '?' || *wanted == c => {
                    here += 1;
                    at += 1;
                }
                _ => {
                    let Some((place, taken)) = star else {
                        return false;
                    };
                    star = Some((place, taken + 1));
                    here = place + 1;
                    at = taken + 1;
                }
            }
        }
        let rest = self.folded.get(here..).unwrap_or_default();
        !self.folded.is_empty() && rest.iter().all(|c| *c == '*')
    }
}

fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        NamePattern::new(pattern).matches(name)
    }

    #[test]
    fn a_star_stands_for_any_text_and_case_does_not_count() {
        assert!(matches("*pick-up-work*", "Team A: Pick-Up-Work (hourly)"));
        assert!(matches("*pr review*", "PR Review"));
        assert!(matches("*", "x"));
        assert!(matches("team/*", "team/a/b"));
        assert!(matches("ÄRGER*", "ärgernis"));
        assert!(!matches("*pick-up-work", "pick-up-work 2"));
        assert!(!matches("", "x"));
    }

    #[test]
    fn a_question_mark_is_one_character_and_brackets_are_themselves() {
        assert!(matches("job-?", "job-ü"));
        assert!(!matches("job-?", "job-"));
        assert!(matches("[nightly]*", "[Nightly] sync"));
        assert!(!matches("[n]ightly", "nightly"));
    }

    #[test]
    fn many_stars_take_no_time() {
        let name = "a".repeat(2000);
        assert!(!matches(&"a*".repeat(500), &format!("b{name}")));
        assert!(!matches(&format!("{}b", "*a".repeat(200)), &name));
    }
}
