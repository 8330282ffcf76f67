//! `PolicyError`: a mistake in a policy, with its place and advice.

use std::collections::BTreeSet;
use std::fmt;

use miette::{LabeledSpan, NamedSource, SourceCode};

use crate::reason::{Code, Reason};

use super::layer_kind::LayerKind;
use super::shown::{clean, shown};
use super::source::{Source, Sources, Span};

/// The longest line that is shown with an error, in bytes.
const MAX_EXCERPT_LENGTH: usize = 400;

/// A mistake in a policy: one sentence, with its place and advice if they are known.
#[derive(Debug, Clone)]
pub struct PolicyError(Box<Problem>);

/// The content of the error, which is boxed to keep results small.
#[derive(Debug, Clone)]
struct Problem {
    reason: Reason,
    found: Option<Found>,
    /// Whether a value has the wrong type.
    about_type: bool,
}

/// The place of the error.
#[derive(Debug, Clone)]
struct Found {
    origin: LayerKind,
    name: String,
    line: usize,
    column: usize,
    /// The place in the texts of all layers.
    offset: Option<usize>,
    /// The text to show and the bytes to mark in it; `None` when the line is too long to show.
    excerpt: Option<(NamedSource<String>, LabeledSpan)>,
}

impl PolicyError {
    /// Makes an error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            reason: Reason::new(Code::PolicyError, clean(&message.into())),
            found: None,
            about_type: false,
        }))
    }

    /// Adds the advice.
    #[must_use]
    pub fn advise(mut self, help: impl Into<String>) -> Self {
        self.0.reason.advice = Some(clean(&help.into()));
        self
    }

    /// Adds the place, with a label.
    #[must_use]
    pub(super) fn at(mut self, sources: &Sources, place: &Span, label: &str) -> Self {
        self.0.found = sources
            .at(place)
            .map(|source| Found::new(source, place, label));
        self
    }

    /// Adds the layer of an error that has no place in a text.
    #[must_use]
    pub(super) fn in_layer(mut self, origin: LayerKind, name: &str) -> Self {
        self.0.found = Some(Found {
            origin,
            name: clean(name),
            line: 0,
            column: 0,
            offset: None,
            excerpt: None,
        });
        self
    }

    /// Marks the error as one about the type of a value.
    #[must_use]
    pub(super) fn about_type(mut self) -> Self {
        self.0.about_type = true;
        self
    }

    /// Says whether a value has the wrong type.
    pub(super) const fn is_about_type(&self) -> bool {
        self.0.about_type
    }

    /// Returns the advice.
    pub fn help(&self) -> Option<&str> {
        self.0.reason.advice.as_deref()
    }

    /// Returns the layer with the mistake.
    pub fn origin(&self) -> Option<LayerKind> {
        self.0.found.as_ref().map(|found| found.origin)
    }

    /// Returns the error on one line: `file:line:column: message`.
    pub fn one_line(&self) -> String {
        let message = &self.0.reason.message;
        match &self.0.found {
            None => message.clone(),
            Some(found) if found.line == 0 && message.starts_with(&found.name) => message.clone(),
            Some(found) if found.line == 0 => format!("{}: {message}", found.name),
            Some(Found {
                name, line, column, ..
            }) => format!("{name}:{line}:{column}: {message}"),
        }
    }
}

impl PolicyError {
    /// Returns the name of the file or argument with the mistake.
    pub fn file(&self) -> Option<&str> {
        self.0.found.as_ref().map(|found| found.name.as_str())
    }

    /// Returns the line and the column of the mistake, where it has a place in a text.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let found = self.0.found.as_ref().filter(|found| found.line > 0)?;
        Some((found.line, found.column))
    }

    /// Returns where the mistake begins in the texts of all layers.
    pub(super) fn offset(&self) -> Option<usize> {
        self.0.found.as_ref()?.offset
    }

    /// Returns what is wrong, without its place.
    pub fn message(&self) -> &str {
        &self.0.reason.message
    }
}

/// Sorts mistakes by layer and place, and leaves out what is said twice.
pub fn in_order(mut errors: Vec<PolicyError>) -> Vec<PolicyError> {
    errors.sort_by_key(|error| (error.origin(), error.line_and_column()));
    let mut said = BTreeSet::new();
    errors.retain(|error| said.insert(error.one_line()));
    errors
}

impl Found {
    /// Computes line and column, and the excerpt to show.
    fn new(source: &Source, place: &Span, label: &str) -> Self {
        let text: &str = &source.text;
        let begin = floor(text, place.start.saturating_sub(source.start));
        let end = floor(text, place.end.saturating_sub(source.start)).max(begin);
        let before = text.get(..begin).unwrap_or_default();
        let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = text
            .get(begin..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |at| begin + at);
        let column = text
            .get(line_begin..begin)
            .map_or(0, |part| part.chars().count())
            + 1;
        let name = clean(&source.name);
        let excerpt = (line_end - line_begin <= MAX_EXCERPT_LENGTH).then(|| {
            // Marking more than one line hides the mistake.
            let end = end.min(line_end);
            let label = LabeledSpan::new(Some(label.to_owned()), begin, end - begin);
            (NamedSource::new(&name, shown(text)), label)
        });
        Self {
            origin: source.origin,
            line: before.matches('\n').count() + 1,
            column,
            offset: Some(place.start),
            excerpt,
            name,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.found {
            // The excerpt names the place; without one the message does.
            Some(Found { excerpt: None, .. }) => f.write_str(&self.one_line()),
            _ => f.write_str(&self.0.reason.message),
        }
    }
}

impl std::error::Error for PolicyError {}

impl miette::Diagnostic for PolicyError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.0.reason.advice.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let (source, _) = self.0.found.as_ref()?.excerpt.as_ref()?;
        Some(source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, label) = self.0.found.as_ref()?.excerpt.as_ref()?;
        Some(Box::new(std::iter::once(label.clone())))
    }
}

/// Returns the name that is most similar to `name`, if one is similar enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The time to compare is the product of the lengths; names in a policy are short.
    if name.len() > 64 {
        return None;
    }
    let scored = candidates.into_iter().map(|candidate| {
        let score = strsim::jaro_winkler(name, candidate);
        (score, candidate)
    });
    scored
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// Returns the last beginning of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_be_meant() {
        let names = ["push", "pr-create", "heartbeat-set", "heartbeat-clear"];
        assert_eq!(nearest("psuh", names), Some("push"));
        assert_eq!(nearest("heartbeat-cler", names), Some("heartbeat-clear"));
        assert_eq!(nearest("notify", names), None);
        assert_eq!(nearest(&"p".repeat(1000), names), None);
    }
}
