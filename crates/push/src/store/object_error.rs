//! Why one object cannot be had.

use gix::ObjectId;

/// Why one object cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is not here. The repository is damaged or a partial clone.
    #[error("the object {0} is missing from the repository")]
    Missing(ObjectId),
    /// It is not what its id or its user says, or its pack is damaged.
    #[error("the object {0} is corrupt")]
    Corrupt(ObjectId),
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
            Self::Corrupt(_) | Self::Read { .. } => "corrupt",
        }
    }
}
