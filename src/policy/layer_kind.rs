//! `LayerKind`: the source of a layer of the policy.

use std::fmt;

/// The source of a layer, in the order of precedence: later ones override, if the key's class allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerKind {
    /// Part of the program.
    BuiltIn,
    /// `/etc/sendoff/policy.toml`.
    System,
    /// `$XDG_CONFIG_HOME/sendoff/policy.toml`.
    User,
    /// `.sendoff.toml` at the tip that the remote has of the policy base.
    PolicyBase,
    /// `.sendoff.toml` in the work tree.
    Repository,
    /// `--policy FILE`.
    PolicyFile,
    /// `--set KEY=VALUE`.
    Set,
}

impl LayerKind {
    /// Returns the name in reports and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::System => "system",
            Self::User => "user",
            Self::PolicyBase => "policy base",
            Self::Repository => "repository",
            Self::PolicyFile => "--policy",
            Self::Set => "--set",
        }
    }

    /// Returns whose policy it is: `repository` for both copies of a repository's.
    pub const fn policy_name(self) -> &'static str {
        match self {
            Self::PolicyBase => Self::Repository.as_str(),
            kind => kind.as_str(),
        }
    }

    /// Says whether the layer is a copy of the repository's policy.
    pub const fn is_of_repository(self) -> bool {
        matches!(self, Self::PolicyBase | Self::Repository)
    }

    /// Says whether the layer was given on the command line.
    pub const fn is_command_line(self) -> bool {
        matches!(self, Self::PolicyFile | Self::Set)
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
