//! `Sources`: the texts of the layers, end to end, so that one number is a place in one of them.

use std::ops::Range;
use std::sync::Arc;

use super::layer::Origin;

/// A place: bytes in the texts of all layers, end to end.
pub(super) type Place = Range<usize>;

/// The text of one layer.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Which layer it is.
    pub origin: Origin,
    /// How it is called in messages: the path, or the argument's name.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// Where the text begins among all.
    pub start: usize,
}

/// The texts of the layers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Arc<Vec<Source>>);

impl Sources {
    /// Adds a text and returns where it begins.
    pub(super) fn add(&mut self, origin: Origin, name: &str, text: &str) -> usize {
        let last = self.0.last();
        // One byte between two texts keeps an empty place at an end apart from the next beginning.
        let start = last.map_or(0, |last| last.start + last.text.len() + 1);
        Arc::make_mut(&mut self.0).push(Source {
            origin,
            name: name.into(),
            text: text.into(),
            start,
        });
        start
    }

    /// Returns the layer that a place is in.
    pub(super) fn at(&self, place: &Place) -> Option<&Source> {
        let after = self.0.partition_point(|source| source.start <= place.start);
        self.0.get(after.checked_sub(1)?)
    }

    /// Returns which layer a place is in.
    pub(super) fn origin(&self, place: &Place) -> Origin {
        self.at(place)
            .map_or(Origin::BuiltIn, |source| source.origin)
    }
}
