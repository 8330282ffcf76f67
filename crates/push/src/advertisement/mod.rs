//! What receive-pack says first: its refs, what else it has, and what it can.
//!
//! Git's `gitprotocol-pack`, "Reference Discovery"; `.have` lines are those of its alternates.

mod parse;
mod reader;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::hash::Kind;

use super::pkt_line::PktLineError;
use super::sanitize::{Redact, sanitize_line};

pub use reader::AdvertisementReader;

/// The most branches whose names are kept.
const MAX_BRANCHES: usize = 10_000;
/// The most ids of one kind that are kept: branches, other refs, commits without a ref.
const MAX_IDS: usize = 1 << 18;

/// The advertisement of receive-pack, protocol version 0: as much of it as a push needs.
///
/// A server can list millions of refs. Of the branch that is pushed everything is kept; of the others the names of ten
/// thousand branches, and some hundred thousand ids, of which each only saves bytes of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement {
    /// The branch that is pushed, by its full name, and where it is.
    branch: BString,
    tip: Option<ObjectId>,
    /// The branches that the server listed first.
    branches: Vec<(BString, ObjectId)>,
    branch_ids: Vec<ObjectId>,
    other_ids: Vec<ObjectId>,
    /// Commits that the server has without a ref, from its alternates.
    haves: Vec<ObjectId>,
    /// The hash of the server's objects.
    pub object_format: Kind,
    capabilities: Vec<BString>,
}

/// Why an advertisement cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdvertisementError {
    /// A packet line is broken.
    #[error(transparent)]
    Line(#[from] PktLineError),
    /// The server says no. Its text is hostile, as those of the next three are, until it is [`sanitized`](Self::sanitized).
    #[error("the server refused: {}", .0.escape_ascii())]
    Refused(BString),
    /// The answer is for another service or another protocol version.
    #[error("the server answered with `{}`, not with a receive-pack advertisement", .0.escape_ascii())]
    Unexpected(BString),
    /// A line is no ref.
    #[error("the server advertised a malformed ref: `{}`", .0.escape_ascii())]
    Malformed(BString),
    /// The ids are of another hash than ours.
    #[error("the server's objects are {server}, the repository's are {repository}")]
    ObjectFormat {
        /// What the server says.
        server: BString,
        /// What the repository has.
        repository: Kind,
    },
    /// The advertisement ends before its flush.
    #[error("the advertisement is cut short")]
    Truncated,
}

impl AdvertisementError {
    /// Sanitizes the server's text, and takes secrets out with `redact`.
    #[must_use]
    pub fn sanitized(self, redact: &dyn Redact) -> Self {
        let clean = |text: BString| BString::from(sanitize_line(&text, redact));
        match self {
            Self::Refused(text) => Self::Refused(clean(text)),
            Self::Unexpected(text) => Self::Unexpected(clean(text)),
            Self::Malformed(text) => Self::Malformed(clean(text)),
            Self::ObjectFormat { server, repository } => Self::ObjectFormat {
                server: clean(server),
                repository,
            },
            other @ (Self::Line(_) | Self::Truncated) => other,
        }
    }
}

impl Advertisement {
    /// Says whether the server named the capability, with or without a value.
    pub fn has_capability(&self, name: &str) -> bool {
        self.capabilities.iter().any(|word| {
            word.strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
        })
    }

    /// Returns the value of the first capability of that name.
    pub fn capability(&self, name: &str) -> Option<&BStr> {
        self.capabilities.iter().find_map(|word| {
            let value = word.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(value.as_bstr())
        })
    }

    /// Returns the id of a branch by its full name: of the branch that is pushed, and of those whose names are kept.
    pub fn find(&self, name: &[u8]) -> Option<ObjectId> {
        if name == self.branch.as_slice() {
            return self.tip;
        }
        self.branches
            .iter()
            .find(|(advertised, _)| advertised.as_slice() == name)
            .map(|(_, id)| *id)
    }

    /// Returns the full names of the branches that the server listed first, with their ids.
    pub fn branches(&self) -> impl Iterator<Item = (&BStr, ObjectId)> + '_ {
        self.branches.iter().map(|(name, id)| (name.as_bstr(), *id))
    }

    /// Returns the ids that the server says it has, as far as they are kept, once for each mention.
    pub fn all_ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let ids = [&self.branch_ids, &self.other_ids, &self.haves];
        self.tip
            .into_iter()
            .chain(ids.into_iter().flatten().copied())
    }
}
