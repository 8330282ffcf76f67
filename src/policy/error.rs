//! `PolicyError`: what is wrong, where, and what to do.

/// An error in a policy layer, with its place.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{0}")]
pub struct PolicyError(Box<str>);
