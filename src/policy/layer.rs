//! `Layer`: one layer of the policy.

use toml::de::DeTable;

use super::error::PolicyError;
use super::layer_kind::LayerKind;
use super::node::{NumberError, Table};
use super::source::{Sources, Span};

/// One layer, parsed.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Its source.
    pub origin: LayerKind,
    /// Its keys.
    pub table: Table,
    /// The place of the whole text.
    pub place: Span,
}

impl Layer {
    /// Parses a text as TOML. `name` is its name in messages.
    pub(super) fn parse(
        sources: &mut Sources,
        origin: LayerKind,
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
