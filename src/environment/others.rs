//! Secrets in the environment that are for other programs, such as the key of a model's server.

use std::path::Path;

use secrecy::SecretString;

use super::Environment;

/// What the name of a variable with a secret has as a word, or at the end of one: `OPENAI_API_KEY`, `PGPASSWORD`.
const ENDINGS: &[&str] = &[
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
];
/// What it has as a whole word only: `MONKEY` is none.
const WORDS: &[&str] = &["KEY", "PASS", "PAT"];
/// The last words of names whose values say where or what a secret is.
const DESCRIPTIONS: &[&str] = &[
    "DIR", "FILE", "ID", "NAME", "PATH", "SOCK", "TYPE", "URL", "VERSION",
];
/// Names of git's, whose values are keys and not secrets; what they configure is looked at elsewhere.
const OF_CONFIGURATION: &str = "GIT_CONFIG_";
/// The shortest value that counts, in bytes.
const MIN_LENGTH: usize = 8;
/// From this length on letters alone are no word, in bytes.
const MIN_LETTERS: usize = 16;

impl Environment {
    /// Returns the values of the variables that are secrets by their names, for whatever program they are.
    pub fn secrets_by_name(&self) -> impl Iterator<Item = SecretString> {
        let values = self.values.iter();
        let texts = values.filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        let secrets =
            texts.filter(|(name, value)| names_a_secret(name) && may_be_one(value.trim()));
        secrets.map(|(_, value)| SecretString::from(value.trim()))
    }

    /// Returns the URLs of the environment that have a login, such as that of a database.
    pub fn urls_with_login(&self) -> impl Iterator<Item = &str> {
        let texts = self.values.values().filter_map(|value| value.to_str());
        texts.filter(|text| {
            text.split_once("://")
                .is_some_and(|(_, rest)| rest.contains('@'))
        })
    }
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if name.starts_with(OF_CONFIGURATION) {
        return false;
    }
    let is_secret =
        |word: &str| WORDS.contains(&word) || ENDINGS.iter().any(|ending| word.ends_with(ending));
    let last = name.rsplit('_').next().unwrap_or_default();
    !DESCRIPTIONS.contains(&last) && name.split('_').any(is_secret)
}

/// Says whether a value is no path, and no word that texts have anyway: `postgres` is a usual password of a database that
/// somebody develops with.
fn may_be_one(value: &str) -> bool {
    let rest = value.get(1..).unwrap_or_default();
    let is_letters = value.bytes().all(|byte| byte.is_ascii_alphabetic());
    let has_one_case = rest.bytes().all(|byte| byte.is_ascii_lowercase())
        || value.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_word = is_letters && has_one_case && value.len() < MIN_LETTERS;
    let is_path = value.starts_with('/') && Path::new(value).exists();
    value.len() >= MIN_LENGTH && !is_word && !is_path
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_variable_with_a_secret_is_known_by_its_name() {
        for (name, value, is_secret) in [
            ("OPENAI_API_KEY", "plain-words-1", true),
            ("openai_api_key", "plain-words-1", true),
            ("PGPASSWORD", "plain-words-1", true),
            ("LITELLM_MASTER_KEY", "PlainWords", true),
            ("MY_TOKEN_2", "abcdefghijklmnop", true),
            ("AZURE_DEVOPS_EXT_PAT", "plainwords1", true),
            ("POSTGRES_PASSWORD", "postgres", false),
            ("POSTGRES_PASSWORD", "Changeme", false),
            ("API_KEY", "short-1", false),
            ("MONKEY", "plain-words-1", false),
            ("PATH", "plain-words-1", false),
            ("MAX_OUTPUT_TOKENS", "320000000", false),
            ("SECRETS_DIR", "plain-words-1", false),
            ("AWS_ACCESS_KEY_ID", "plain-words-1", false),
            ("SSH_KEY", "/etc/passwd", false),
            ("GIT_CONFIG_KEY_0", "http.extraHeader", false),
        ] {
            let environment = Environment::from_pairs("/", [(name, value)]);
            let found: Vec<_> = environment.secrets_by_name().collect();
            let found: Vec<&str> = found.iter().map(ExposeSecret::expose_secret).collect();
            let expected: &[&str] = if is_secret { &[value] } else { &[] };
            assert_eq!(found, expected, "{name}={value}");
        }
    }

    #[test]
    fn urls_with_a_login_are_found_under_any_name() {
        let pairs = [
            ("DATABASE_URL", "postgres://u:p@h/d"),
            ("HOMEPAGE", "https://h/x"),
            ("MAIL", "me@h"),
        ];
        let environment = Environment::from_pairs("/", pairs);
        let found: Vec<&str> = environment.urls_with_login().collect();
        assert_eq!(found, ["postgres://u:p@h/d"]);
    }
}
