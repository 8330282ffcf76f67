//! The user's credential helpers: asked for a login, told whether it worked. No terminal, no askpass.

mod ask;

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::git::Config;
use crate::git::Matching;
use crate::names::RemoteUrl;
use crate::process::Inheritance;
use crate::process::ProcessError;
use crate::secrets::KnownSecrets;

/// How long one helper may take.
const HELPER_TIME: Duration = Duration::from_secs(10);

/// A user name and a password or token. Shows neither the password nor its length.
#[derive(Clone)]
pub struct Login {
    /// The user name; empty where the server wants only a token.
    pub user: String,
    /// The password or token.
    pub password: SecretString,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Why the helpers could not be asked. A helper's output is never part of the message.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A helper could not be run, or took too long.
    #[error("the credential helper `{}` did not work", .helper.escape_debug())]
    Helper {
        /// The helper as configured.
        helper: String,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// A helper answered for a host or protocol that it was not asked about.
    #[error("the credential helper `{}` answered for another host", .helper.escape_debug())]
    OtherHost {
        /// The helper as configured.
        helper: String,
    },
    /// A helper's answer was too long, or no lines of `key=value`.
    #[error("the credential helper `{}` gave an answer that cannot be understood", .helper.escape_debug())]
    Malformed {
        /// The helper as configured.
        helper: String,
    },
    /// The URL or login holds a line break or NUL, which would change what the helper is asked.
    #[error("the credential for this host cannot be written in the helpers' protocol")]
    Unsafe,
}

/// Whether helpers get to see the path of a URL, or only its host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UrlPath {
    /// Only the host: one login for everything there.
    #[default]
    Hidden,
    /// The path too (`credential.useHttpPath`).
    Shown,
}

/// The helpers that the user's and the system's configuration name for one URL.
#[derive(Debug, Clone, Default)]
pub struct Helpers {
    commands: Vec<String>,
    username: Option<String>,
    path: UrlPath,
    inheritance: Inheritance,
    deadline: Option<Duration>,
    known: KnownSecrets,
}

impl Helpers {
    /// Takes the helpers in the order of the configuration, where an empty text forgets those
    /// before it, and what they are started with.
    pub fn new(helpers: Vec<String>, inheritance: Inheritance) -> Self {
        let start = helpers.iter().rposition(String::is_empty);
        let start = start.map_or(0, |index| index + 1);
        Self {
            commands: helpers.into_iter().skip(start).collect(),
            inheritance,
            ..Self::default()
        }
    }

    /// Reads what `config` says about `url`: `credential.helper`, `.username`, `.useHttpPath`, and the
    /// same below `credential.<url>`.
    pub fn from_config(config: &Config, url: &RemoteUrl, inheritance: Inheritance) -> Self {
        let values = |name| config.scoped("credential", name, url, Matching::All);
        let shown = values("useHttpPath").pop().is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            ["true", "yes", "on", "1", ""].contains(&value.as_str())
        });
        let mut helpers = Self::new(values("helper"), inheritance);
        helpers.username = values("username").pop();
        if shown {
            helpers.path = UrlPath::Shown;
        }
        helpers
    }

    /// Tells `known` of every password that a helper answers.
    #[must_use]
    pub fn remembering(mut self, known: &KnownSecrets) -> Self {
        self.known = known.clone();
        self
    }

    /// Sets how long one helper may take; ten seconds otherwise.
    #[must_use]
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Returns the login for `url`, or nothing when no helper knows one.
    ///
    /// `user` is the name in the remote's URL, if there is one.
    pub fn get(
        &self,
        url: &reqwest::Url,
        user: Option<&str>,
    ) -> Result<Option<Login>, CredentialError> {
        ask::get(self, url, user)
    }

    /// Says whether there is anybody to ask.
    pub const fn is_configured(&self) -> bool {
        !self.commands.is_empty()
    }

    /// Tells every helper that `login` works.
    pub fn store(&self, url: &reqwest::Url, login: &Login) -> Result<(), CredentialError> {
        ask::tell(self, url, login, ask::Verb::Store)
    }

    /// Tells every helper that `login` was refused.
    pub fn erase(&self, url: &reqwest::Url, login: &Login) -> Result<(), CredentialError> {
        ask::tell(self, url, login, ask::Verb::Erase)
    }

    fn time(&self) -> Duration {
        self.deadline.unwrap_or(HELPER_TIME)
    }
}
