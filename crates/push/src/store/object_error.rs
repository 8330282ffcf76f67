//! Why one object cannot be had.

use gix::ObjectId;

/// Why one object cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is not here. The repository is damaged or a partial clone.
    #[error("the object {0} is missing from the repository")]
    Missing(ObjectId),
    /// Only another repository has it, and those of others are not sent.
    #[error(
        "the object {0} lies in another repository, by an alternate or a link, and no remote branch has it"
    )]
    Borrowed(ObjectId),
    /// It is not what its id or its user says, or its pack is damaged.
    #[error("the object {0} is corrupt")]
    Corrupt(ObjectId),
    /// It is, or claims to be, larger than is read at once.
    #[error("the object {id} is larger than {} MiB, and is not stored so that it can be streamed", .most >> 20)]
    TooLarge {
        /// The object.
        id: ObjectId,
        /// The most that is read of such an object, in bytes.
        most: u64,
    },
    /// It cannot be read.
    #[error("the object {id} cannot be read: {why}")]
    Read {
        /// The object.
        id: ObjectId,
        /// Why not.
        why: gix::Error,
    },
}

impl ObjectError {
    /// Returns the stable class that users see.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing-objects",
            Self::Borrowed(_) => "borrowed-object",
            Self::TooLarge { .. } => "too-large",
            Self::Corrupt(_) | Self::Read { .. } => "corrupt",
        }
    }

    /// Takes what a source of objects says: its own words where it has one of these.
    pub(crate) fn of_source(id: ObjectId, why: gix::Error) -> Self {
        match why.downcast_any_ref() {
            Some(Self::TooLarge { id, most }) => Self::TooLarge {
                id: *id,
                most: *most,
            },
            Some(Self::Corrupt(id)) => Self::Corrupt(*id),
            Some(Self::Borrowed(id)) => Self::Borrowed(*id),
            _ => Self::Read { id, why },
        }
    }
}
