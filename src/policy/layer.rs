//! `Layer` and `Origin`: one layer of the policy, and its source.

use std::fmt;

use toml::de::DeTable;

use super::error::PolicyError;
use super::node::{NumberError, Table};
use super::source::{Place, Sources};

/// The source of a layer, in the order of precedence: later ones override, if the key's class allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Part of the program.
    BuiltIn,
    /// `/etc/sendoff/policy.toml`.
    System,
    /// `$XDG_CONFIG_HOME/sendoff/policy.toml`.
    User,
    /// `.sendoff.toml` in the work tree.
    Repository,
    /// `--policy FILE`.
    PolicyFile,
    /// `--set KEY=VALUE`.
    Set,
}

impl Origin {
    /// Returns the name in reports and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::System => "system",
            Self::User => "user",
            Self::Repository => "repository",
            Self::PolicyFile => "--policy",
            Self::Set => "--set",
        }
    }

    /// Says whether the layer was given on the command line.
    pub const fn is_command_line(self) -> bool {
        matches!(self, Self::PolicyFile | Self::Set)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One layer, parsed.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Its source.
    pub origin: Origin,
    /// Its keys.
    pub table: Table,
    /// The place of the whole text.
    pub place: Place,
}

impl Layer {
    /// Parses a text as TOML. `name` is its name in messages.
    pub(super) fn parse(
        sources: &mut Sources,
        origin: Origin,
        name: &str,
        text: &str,
    ) -> Result<Self, PolicyError> {
        // Places refer to the text without the byte order mark, which is also the text that is shown.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start = sources.add(origin, name, text);
        let place = start..start + text.len();
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let message = match error.message() {
                "recursion limit" => "the tables and arrays are nested too deeply",
                message => message,
            };
            PolicyError::new(format!("not valid TOML: {message}")).at(
                sources,
                &(span.start + start..span.end + start),
                "here",
            )
        })?;
        let table = Table::from_toml(table.into_inner(), start)
            .map_err(|error| number_error(sources, &error))?;
        Ok(Self {
            origin,
            table,
            place,
        })
    }
}

/// Makes the error for a number that is out of range.
pub(super) fn number_error(sources: &Sources, error: &NumberError) -> PolicyError {
    PolicyError::new("the number does not fit in 64 bits").at(sources, &error.0, "too large")
}
