//! `Layer` and `Origin`: one text of policy, and where it comes from.

use std::fmt;

use toml::de::DeTable;

use super::error::PolicyError;
use super::node::{NumberError, Table};
use super::source::{Place, Sources};

/// Where a layer comes from. The order is the precedence: later ones win where their class allows.
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

/// One text of policy, parsed.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Where it comes from.
    pub origin: Origin,
    /// What it says.
    pub table: Table,
    /// Where the whole text is.
    pub place: Place,
}

impl Layer {
    /// Parses a text as TOML. `name` is how messages call it.
    pub(super) fn parse(
        sources: &mut Sources,
        origin: Origin,
        name: &str,
        text: &str,
    ) -> Result<Self, PolicyError> {
        // Places count in the text without the mark, which is also what is shown.
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

/// Explains a number that does not fit.
pub(super) fn number_error(sources: &Sources, error: &NumberError) -> PolicyError {
    PolicyError::new("the number does not fit in 64 bits").at(sources, &error.0, "too large")
}
