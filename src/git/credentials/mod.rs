//! Logins: their sources, the order of these, and which of them are told whether a login worked.
//!
//! The order is the same for push and API: a login in the URL, the variable of the host, the user's credential
//! helpers (git's whole protocol), `~/.netrc`, a user name in the URL alone, the askpass program, the terminal.

mod ask;
mod certificate;
mod configured;
mod credential;
mod found;
mod helper;
mod helpers;
mod login_source;
mod netrc;
mod source;
mod terminal;

use std::fmt;

use secrecy::SecretString;

use crate::process::ProcessError;

pub use self::ask::{Asked, Asking, asking_program, may_ask};
pub(in crate::git) use self::configured::leads_into_work_tree;
pub use self::credential::Credential;
pub use self::found::Found;
pub use self::helpers::{Answers, Helpers, UrlPath};
pub use self::login_source::LoginSource;
pub use self::netrc::Netrc;
pub use self::source::Sources;

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

/// Why the helpers could not be asked. Neither a helper's output nor its options are part of the message.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A helper could not be run, or took too long.
    #[error("the credential helper {helper} did not work")]
    Helper {
        /// How messages call the helper.
        helper: String,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// A helper answered for a host or protocol that it was not asked about.
    #[error("the credential helper {helper} answered for another host")]
    OtherHost {
        /// How messages call the helper.
        helper: String,
    },
    /// A helper's answer was too long, or no lines of `key=value`.
    #[error("the credential helper {helper} gave an answer that cannot be understood")]
    Malformed {
        /// How messages call the helper.
        helper: String,
    },
    /// A helper wrote that no other source is to be asked.
    #[error(
        "the credential helper {helper} gave no login, and said that nobody else is to be asked"
    )]
    Quit {
        /// How messages call the helper.
        helper: String,
    },
    /// The URL or login holds a line break or NUL, which would change what the helper is asked.
    #[error("the credential for this host cannot be written in the helpers' protocol")]
    Unsafe,
}
