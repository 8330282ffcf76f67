//! What receive-pack says first: its refs, what else it has, and what it can.
//!
//! Git's `gitprotocol-pack`, "Reference Discovery"; `.have` lines are those of its alternates.

mod parse;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::hash::Kind;

use super::pkt_line::PktLineError;
use super::sanitize::{Redact, sanitize_line};

/// The advertisement of receive-pack, protocol version 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement {
    /// The refs, in the server's request.
    pub refs: Vec<(BString, ObjectId)>,
    /// Commits that the server has without a ref, from its alternates.
    pub haves: Vec<ObjectId>,
    /// Commits of which the server lacks the parents.
    pub shallow: Vec<ObjectId>,
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

    /// Returns the id of a ref by its full name.
    pub fn find(&self, name: &[u8]) -> Option<ObjectId> {
        self.refs
            .iter()
            .find(|(advertised, _)| advertised.as_slice() == name)
            .map(|(_, id)| *id)
    }

    /// Returns every id that the server says it has, once for each mention.
    pub fn all_ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let refs = self.refs.iter().map(|(_, id)| *id);
        refs.chain(self.haves.iter().copied())
    }
}
