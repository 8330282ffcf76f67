//! `LoginSource`: where a login comes from.

use std::fmt;

/// Where a login comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginSource {
    /// The remote's URL.
    Url,
    /// A variable of the environment.
    Variable(&'static str),
    /// A credential helper, as messages call it.
    Helper(String),
    /// A file of logins by host.
    Netrc(String),
    /// A program that asked for it.
    Program(String),
    /// The person at the terminal.
    Terminal,
    /// The caller of the program.
    Caller,
}

impl fmt::Display for LoginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("the remote's URL"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Helper(name) => write!(f, "the credential helper {name}"),
            Self::Netrc(path) => write!(f, "{path}"),
            Self::Program(program) => {
                write!(f, "`{}`, which asks for logins", program.escape_debug())
            }
            Self::Terminal => f.write_str("the terminal"),
            Self::Caller => f.write_str("the caller"),
        }
    }
}

impl LoginSource {
    /// Returns where a login of this source is renewed, in one line.
    pub fn renewal(&self) -> String {
        match self {
            Self::Url => "renew the login in the remote's URL: git remote set-url".to_owned(),
            Self::Variable(name) => format!("renew the token in {name}, or unset it"),
            Self::Helper(name) => {
                format!("renew the login that the credential helper {name} keeps")
            }
            Self::Netrc(path) => format!("renew the login in {path}"),
            Self::Program(_) | Self::Terminal => "run again, and give another login".to_owned(),
            Self::Caller => "give another login".to_owned(),
        }
    }
}
