//! `Form`: what a pull request is opened with beside its texts, and what is left out of it after a refusal.

use crate::forge::Readiness;

use super::errors::Invalid;

/// What a pull request is opened with beside its texts, which a repository can refuse.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) readiness: Readiness,
    /// Whether those who maintain the base may write to the head branch; GitHub lets them where nothing is said.
    pub(super) maintainer_can_modify: Option<bool>,
}

impl Form {
    /// Returns the form without what was refused, and what to tell of it; `None` where nothing is left out for that.
    pub(super) const fn without(self, refused: Invalid) -> Option<(Self, &'static str)> {
        match (refused, self) {
            (
                Invalid::DraftUnsupported,
                Self {
                    readiness: Readiness::Draft,
                    ..
                },
            ) => Some((
                Self {
                    readiness: Readiness::Ready,
                    ..self
                },
                "the repository has no drafts, so it is ready for review",
            )),
            (
                Invalid::NoCollaboration,
                Self {
                    maintainer_can_modify: None,
                    ..
                },
            ) => Some((
                Self {
                    maintainer_can_modify: Some(false),
                    ..self
                },
                "the token may not let maintainers write to the branch, so they cannot",
            )),
            _ => None,
        }
    }
}
