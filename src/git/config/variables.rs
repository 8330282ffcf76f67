//! Configuration in the environment: `GIT_CONFIG_PARAMETERS`, as `git -c` hands it on, and
//! `GIT_CONFIG_COUNT` with its pairs.

use gix::bstr::BString;

use crate::environment::Environment;

use super::entries::{Entry, Scope, split};

/// The most pairs of key and value that are read.
const MAX_VARIABLES: usize = 10_000;

/// Why configuration in the environment cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name} {problem}")]
pub struct ConfigVariableError {
    /// The variable.
    pub name: String,
    /// What is wrong with it. Never its value, which may hold a secret.
    pub problem: &'static str,
}

/// Reads both. The parameters count more, as they do for git.
pub(super) fn entries(environment: &Environment) -> Result<Vec<Entry>, ConfigVariableError> {
    let mut entries = Vec::new();
    let count = environment.text(COUNT).unwrap_or("0").parse().ok();
    let count = count
        .filter(|count: &usize| *count <= MAX_VARIABLES)
        .ok_or_else(|| bogus(COUNT, "is no number of pairs"))?;
    for at in 0..count {
        let missing = "is not set, and GIT_CONFIG_COUNT counts it";
        let (key, value) = (
            format!("GIT_CONFIG_KEY_{at}"),
            format!("GIT_CONFIG_VALUE_{at}"),
        );
        let name = environment.text(&key).ok_or_else(|| bogus(&key, missing))?;
        let given = environment
            .raw(&value)
            .ok_or_else(|| bogus(&value, missing))?;
        entries.push(entry(&key, name, Some(given.into()))?);
    }
    if let Some(text) = environment.text(PARAMETERS) {
        let pairs = parameters(text).ok_or_else(|| bogus(PARAMETERS, "is not as git writes it"))?;
        for (key, value) in pairs {
            entries.push(entry(PARAMETERS, &key, value)?);
        }
    }
    Ok(entries)
}

const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";
const COUNT: &str = "GIT_CONFIG_COUNT";

fn bogus(name: &str, problem: &'static str) -> ConfigVariableError {
    ConfigVariableError {
        name: name.to_owned(),
        problem,
    }
}

fn entry(variable: &str, key: &str, value: Option<BString>) -> Result<Entry, ConfigVariableError> {
    let (section, subsection, name) = split(key)
        .filter(|(_, _, name)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .ok_or_else(|| bogus(variable, "names no key"))?;
    Ok(Entry {
        section: section.to_ascii_lowercase(),
        subsection: subsection.map(BString::from),
        name: name.to_ascii_lowercase(),
        value,
        scope: Scope::Command,
    })
}

/// Parses what `git -c` writes: `'key'='value'` or `'key=value'`, quoted for a shell, between blanks.
fn parameters(text: &str) -> Option<Vec<(String, Option<BString>)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (first, after) = unquote(rest)?;
        rest = after;
        let pair = match rest.strip_prefix('=') {
            Some(after) if after.starts_with('\'') => {
                let (value, after) = unquote(after)?;
                rest = after;
                (first, Some(value.into()))
            }
            // The key alone, which means true.
            Some(after) => {
                rest = after;
                (first, None)
            }
            // In this form git takes blanks around the key.
            None => match first.split_once('=') {
                Some((key, value)) => (key.trim_ascii().to_owned(), Some(value.into())),
                None => (first.trim_ascii().to_owned(), None),
            },
        };
        found.push(pair);
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

/// Parses one quoted word at the beginning. A quote or an exclamation mark in it is written as `'\''` or `'\!'`.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut word = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        let Some(escaped) = after.strip_prefix('\\') else {
            return Some((word, after));
        };
        let letter = escaped.chars().next().filter(|c| ['\'', '!'].contains(c))?;
        word.push(letter);
        rest = escaped.get(1..)?.strip_prefix('\'')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Vec<(String, Option<String>)>, ConfigVariableError> {
        let environment = Environment::from_pairs("/", pairs.iter().copied());
        let shown = |entry: Entry| {
            let middle = entry
                .subsection
                .map(|name| format!("{name}."))
                .unwrap_or_default();
            (
                format!("{}.{middle}{}", entry.section, entry.name),
                entry.value.map(|value| value.to_string()),
            )
        };
        entries(&environment).map(|entries| entries.into_iter().map(shown).collect())
    }

    #[test]
    fn both_forms_of_git_c_are_read() {
        let text = "' core.sshCommand\t=ssh -v' 'credential.https://a.b/c.Helper=!f() { echo it'\\''s; }; f' 'push.x'=";
        let read = read(&[("GIT_CONFIG_PARAMETERS", text)]).unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read,
            [
                ("core.sshcommand".to_owned(), some("ssh -v")),
                (
                    "credential.https://a.b/c.helper".to_owned(),
                    some("!f() { echo it's; }; f")
                ),
                ("push.x".to_owned(), None),
            ]
        );
    }

    #[test]
    fn pairs_are_read_before_the_parameters_and_a_missing_one_is_named() {
        let pairs = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "http.proxy"),
            ("GIT_CONFIG_VALUE_0", ""),
            ("GIT_CONFIG_PARAMETERS", "'http.proxy'='p'"),
        ];
        let found = read(&pairs).unwrap();
        assert_eq!(found.first().unwrap().1.as_deref(), Some(""));
        let error = read(&[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "a.b")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the variable GIT_CONFIG_VALUE_0 is not set, and GIT_CONFIG_COUNT counts it"
        );
        for bad in ["x", "-1", "99999999999"] {
            assert!(read(&[("GIT_CONFIG_COUNT", bad)]).is_err(), "{bad}");
        }
        for bad in ["core.x=y", "'a.b'x", "'a.b", "'nokey'"] {
            assert!(read(&[("GIT_CONFIG_PARAMETERS", bad)]).is_err(), "{bad}");
        }
    }
}
