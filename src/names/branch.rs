//! `BranchName`: the short name of a branch, as git allows it.

use caseless::default_case_fold_str;
use sendoff_push::sanitize::is_invisible;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::text::name_as_text;
use super::visible::hides_a_character;

/// The short name of a branch, such as `feature/login`; never with `refs/heads/` in front.
///
/// Every name accepted here is accepted by `git check-ref-format --branch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

/// Why a text is no branch name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BranchNameError {
    /// Git refuses the name.
    #[error("`{}` is not a branch name that git allows", .0.escape_debug())]
    Invalid(String),
    /// The name is not UTF-8, so no forge could show it.
    #[error("the branch name is not UTF-8: `{0}`")]
    NotUtf8(String),
}

/// Why a valid name is not shipped: it would be dangerous or misleading where others handle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OddName {
    /// `-x`, `+x`: read as an option or a forced refspec.
    #[error("it starts with a dash or a plus")]
    LeadingSign,
    /// `refs/…` or `HEAD`: reads as another ref.
    #[error("it reads like a full ref name")]
    RefLike,
    /// `$`, backtick, `;` and the like: what can start a command without a space, in the scripts of other
    /// people's CI.
    #[error("it holds a character that shells interpret")]
    Shell,
    /// Control, formatting or invisible characters: shows as another name.
    #[error("it holds a control or invisible character")]
    Invisible,
}

impl BranchName {
    /// Checks `name` by git's rules for branches.
    pub fn new(name: impl Into<String>) -> Result<Self, BranchNameError> {
        let name = name.into();
        let full = format!("refs/heads/{name}");
        let refused = name.starts_with('-')
            || name == "HEAD"
            || name == "@"
            || gix::validate::reference::name(full.as_str().into()).is_err();
        if refused {
            Err(BranchNameError::Invalid(name))
        } else {
            Ok(Self(name))
        }
    }

    /// Checks a name that git keeps as bytes.
    pub fn from_bytes(name: &[u8]) -> Result<Self, BranchNameError> {
        match std::str::from_utf8(name) {
            Ok(name) => Self::new(name),
            Err(_) => Err(BranchNameError::NotUtf8(name.escape_ascii().to_string())),
        }
    }

    /// Returns the short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the full name, `refs/heads/…`.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    /// Returns the form in which names are compared with protected ones: compatibility-normalised,
    /// case-folded, without characters that do not show and without blanks. `Ma\u{ad}in` folds to `main`.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }

    /// Returns why the name is not shipped although git allows it.
    pub fn odd(&self) -> Option<OddName> {
        let name = &self.0;
        if name.starts_with(['-', '+']) {
            return Some(OddName::LeadingSign);
        }
        if name.starts_with("refs/") || name.starts_with("heads/") {
            return Some(OddName::RefLike);
        }
        if name.chars().any(|c| "$`;|&<>\"\\".contains(c)) {
            return Some(OddName::Shell);
        }
        hides_a_character(name).then_some(OddName::Invisible)
    }
}

/// Folds a name, or a pattern of names, for comparison; see [`BranchName::folded`].
pub fn fold(name: &str) -> String {
    // The common case needs no tables: ASCII is normalised and visible.
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let marks = name.chars().filter(|c| !is_blank(*c));
    let visible: String = marks.nfkc().filter(|c| !is_invisible(*c)).collect();
    default_case_fold_str(&visible)
        .nfkc()
        .filter(|c| !is_invisible(*c))
        .collect()
}

/// Says whether a character is a space of some width that git allows in a name, or the empty braille pattern.
const fn is_blank(c: char) -> bool {
    (!c.is_ascii() && c.is_whitespace()) || c == '\u{2800}'
}

name_as_text!(BranchName, BranchNameError);

impl schemars::JsonSchema for BranchName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BranchName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_refuses_are_refused() {
        for name in [
            "", "-x", "HEAD", "@", "a..b", "a b", "a~1", "x.lock", "/x", "x/", "a//b", "a@{b",
            "\u{7f}",
        ] {
            assert!(BranchName::new(name).is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn names_that_look_like_main_fold_to_main() {
        for name in [
            "main",
            "Main",
            "MAIN",
            "ma\u{ad}in",
            "ｍａｉｎ",
            "m\u{200d}ain",
            "main\u{a0}",
            "main\u{3000}",
            "\u{2009}main",
            "main\u{2800}",
        ] {
            assert_eq!(BranchName::new(name).unwrap().folded(), "main");
        }
    }

    #[test]
    fn ascii_folds_as_the_tables_say() {
        let ascii: String = (0..=127_u8).map(char::from).collect();
        // With a character that is not shown, the tables are asked.
        assert_eq!(fold(&ascii), fold(&format!("{ascii}\u{200d}")));
    }

    #[test]
    fn odd_names_are_told_apart() {
        let odd = |name: &str| BranchName::new(name).unwrap().odd();
        assert_eq!(odd("feature/x"), None);
        assert_eq!(odd("#1"), None);
        assert_eq!(odd("+x"), Some(OddName::LeadingSign));
        assert_eq!(odd("refs/heads/main"), Some(OddName::RefLike));
        assert_eq!(odd("$(id)"), Some(OddName::Shell));
        for name in ["a`b", "a;b", "a|b", "a&b", "a<b", "a>b", "a\"b"] {
            assert_eq!(odd(name), Some(OddName::Shell), "{name}");
        }
        for name in [
            "a(b)",
            "{a}",
            "a!b",
            "it's",
            "a,b=c%d",
            "fix/#1",
            "\u{1f469}\u{200d}\u{1f4bb}",
            "\u{2764}\u{fe0f}x",
            "fix-1\u{fe0f}\u{20e3}",
            "\u{a9}\u{fe0f}",
            "\u{6cc}\u{200c}\u{62e}",
            "\u{647}\u{200c}\u{627}",
            "\u{915}\u{94d}\u{200d}\u{937}",
        ] {
            assert_eq!(odd(name), None, "{name}");
        }
        for name in [
            "a\u{200d}b",
            "\u{1f469}\u{200d}",
            "a\u{fe0f}",
            "1\u{fe0f}",
            "a\u{200b}b",
            "a\u{200c}b",
            "\u{6cc}\u{200c}",
            "\u{6cc}\u{200c}\u{200c}\u{62e}",
            // After and before letters that do not join there, and marks.
            "\u{645}\u{64e}\u{200c}\u{62e}",
            "\u{645}\u{200c}\u{64e}\u{62e}",
            "\u{628}\u{200c}\u{621}",
        ] {
            assert_eq!(odd(name), Some(OddName::Invisible), "{name:?}");
        }
        let apart = "\u{621}\u{622}\u{623}\u{624}\u{625}\u{627}\u{629}\u{62f}\u{630}\u{631}\u{632}\
                     \u{648}\u{698}";
        for before in apart.chars() {
            let name = format!("{before}\u{200c}\u{645}");
            assert_eq!(odd(&name), Some(OddName::Invisible), "{name:?}");
        }
        assert_eq!(odd("a\u{202e}b"), Some(OddName::Invisible));
    }
}
