//! `PolicyProblem`: a layer that was dropped, and why.

use super::error::PolicyError;
use super::layer_kind::LayerKind;

/// A layer that was dropped.
#[derive(Debug, Clone)]
pub struct PolicyProblem {
    /// The layer.
    pub origin: LayerKind,
    /// The first mistake in it.
    pub error: PolicyError,
    /// The other mistakes.
    pub more: Vec<PolicyError>,
}

impl PolicyProblem {
    /// Returns the problem of a layer with mistakes; `None` when there are none.
    pub(super) fn of(origin: LayerKind, mistakes: Vec<PolicyError>) -> Option<Self> {
        let mut mistakes = mistakes.into_iter();
        Some(Self {
            origin,
            error: mistakes.next()?,
            more: mistakes.collect(),
        })
    }

    /// Returns every mistake of the layer.
    pub fn mistakes(self) -> impl Iterator<Item = PolicyError> {
        std::iter::once(self.error).chain(self.more)
    }
}
