//! `Sources`: the texts of the layers, concatenated, so that one offset identifies a place in one of them.

use std::ops::Range;
use std::sync::Arc;

use super::layer_kind::LayerKind;

/// A range of bytes in the concatenated texts of all layers.
pub(super) type Span = Range<usize>;

/// The text of one layer.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The layer.
    pub origin: LayerKind,
    /// Its name in messages: the path, or the argument's name.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// The offset of the text in all texts.
    pub start: usize,
}

/// The texts of the layers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Arc<Vec<Source>>);

impl Sources {
    /// Adds a text and returns its offset.
    pub(super) fn add(&mut self, origin: LayerKind, name: &str, text: &str) -> usize {
        let last = self.0.last();
        // One byte between two texts separates an empty place at the end of one from the start of the next.
        let start = last.map_or(0, |last| last.start + last.text.len() + 1);
        Arc::make_mut(&mut self.0).push(Source {
            origin,
            name: name.into(),
            text: text.into(),
            start,
        });
        start
    }

    /// Returns the text that a place is in.
    pub(super) fn at(&self, place: &Span) -> Option<&Source> {
        let after = self.0.partition_point(|source| source.start <= place.start);
        self.0.get(after.checked_sub(1)?)
    }

    /// Returns the layer that a place is in.
    pub(super) fn origin(&self, place: &Span) -> LayerKind {
        self.at(place)
            .map_or(LayerKind::BuiltIn, |source| source.origin)
    }
}
