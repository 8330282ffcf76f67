//! `HookSecrets`: the secrets that authenticate webhooks, from files or the environment.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::environment::Environment;
use crate::files::{FileError, Links, read};
use crate::policy::Events;
use crate::secrets::decode_base64;

use super::source::Source;

/// The largest file with a secret, in bytes.
const MAX_SECRET_FILE_SIZE: u64 = 4096;
/// The prefix of GitLab's signing tokens. The key follows in base64.
const SIGNING_TOKEN: &str = "whsec_";

/// The secrets of one forge. Several are valid at a time, so that they can be rotated.
#[derive(Debug, Clone, Default)]
pub struct HookSecrets(Vec<SecretString>);

/// Why a secret cannot be used. The message never contains it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no such file.
    #[error("`{key}`: there is no file `{}`", .path.display())]
    Missing {
        /// The key of the policy.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("`{key}`: `{}` cannot be read: {why}", .path.display())]
    Unreadable {
        /// The key of the policy.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file is not one line of text.
    #[error("`{key}`: `{}` does not hold the secret as its only line", .path.display())]
    NotALine {
        /// The key of the policy.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A signing token has no base64 after its prefix.
    #[error("the signing token of {place} is not `whsec_` and base64")]
    Token {
        /// Where it comes from.
        place: String,
    },
}

impl SecretError {
    /// Returns what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "write the secret of the webhook into the file, or take the key out of the policy"
            }
            Self::Unreadable { .. } => {
                "let the user of `sendoff serve` read the file, and nobody else"
            }
            Self::NotALine { .. } => "write the secret into it, on one line, and nothing else",
            Self::Token { .. } => "copy the whole signing token from the webhook's page",
        }
    }
}

impl HookSecrets {
    /// Reads the secrets of a forge: from the files that the policy names, else from the environment.
    pub fn load(
        source: Source,
        policy: &Events,
        environment: &Environment,
    ) -> Result<Self, SecretError> {
        let files = match source {
            Source::GitHub => &policy.github_secret_file,
            Source::GitLab => &policy.gitlab_secret_file,
            Source::Gitea => &policy.gitea_secret_file,
        };
        let mut found = Vec::new();
        match files {
            Some(files) => {
                for file in files {
                    let path = environment.cwd().join(file);
                    let secret = of_file(source.key(), &path)?;
                    checked(source, &secret, || format!("`{}`", path.display()))?;
                    found.push(secret);
                }
            }
            None => {
                if let Some(secret) = environment.secret(source.variable()) {
                    checked(source, &secret, || source.variable().to_owned())?;
                    found.push(secret);
                }
            }
        }
        Ok(Self(found))
    }

    /// Makes secrets of texts, for tests.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(texts.into_iter().map(SecretString::from).collect())
    }

    /// Says whether there is no secret.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each secret.
    pub fn iter(&self) -> impl Iterator<Item = &SecretString> {
        self.0.iter()
    }
}

/// Returns the key of a secret for signatures over Standard Webhooks' headers, and whether it is a signing token.
pub(super) fn signing_key(secret: &SecretString) -> (Vec<u8>, bool) {
    let text = secret.expose_secret();
    let token = text.strip_prefix(SIGNING_TOKEN);
    match token.and_then(|digits| decode_base64(digits.as_bytes())) {
        Some(key) => (key, true),
        None => (text.as_bytes().to_vec(), false),
    }
}

/// Refuses an incomplete signing token.
fn checked(
    source: Source,
    secret: &SecretString,
    place: impl FnOnce() -> String,
) -> Result<(), SecretError> {
    let text = secret.expose_secret();
    let digits = text.strip_prefix(SIGNING_TOKEN);
    let is_whole = digits
        .is_none_or(|digits| decode_base64(digits.as_bytes()).is_some_and(|key| key.len() >= 16));
    if source != Source::GitLab || is_whole {
        return Ok(());
    }
    Err(SecretError::Token { place: place() })
}

/// Reads the one line of a file. Follows links, because orchestrators mount secrets as links.
fn of_file(key: &'static str, path: &Path) -> Result<SecretString, SecretError> {
    let path = path.to_owned();
    let bytes = match read(&path, MAX_SECRET_FILE_SIZE, Links::Followed) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(SecretError::Missing { key, path }),
        Err(FileError::TooLarge(_)) => return Err(SecretError::NotALine { key, path }),
        Err(error) => {
            let why = error.to_string();
            return Err(SecretError::Unreadable { key, path, why });
        }
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let line = text.trim();
    if line.is_empty() || line.contains(['\n', '\r', '\0']) {
        return Err(SecretError::NotALine { key, path });
    }
    Ok(SecretString::from(line))
}
