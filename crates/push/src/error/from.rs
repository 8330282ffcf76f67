//! The errors of the push's parts as errors of the push.

use super::PushError;
use crate::objects::SelectError;
use crate::pack::PackError;

impl From<SelectError> for PushError {
    fn from(error: SelectError) -> Self {
        let class = match &error {
            SelectError::Interrupted => return Self::Stopped,
            SelectError::Object(error) => error.class(),
            SelectError::MissingKnownTree(_) | SelectError::TooMany => "unsupported",
            SelectError::Store(_) | SelectError::History(_) => "corrupt",
        };
        Self::Objects {
            class,
            source: Box::new(error),
        }
    }
}

impl From<PackError> for PushError {
    fn from(error: PackError) -> Self {
        let class = match &error {
            PackError::Interrupted => return Self::Stopped,
            PackError::Write(_) => return Self::Lost,
            PackError::Object(error) => error.class(),
            PackError::TooMany => "unsupported",
            PackError::Store(_) | PackError::Encode(_) => "corrupt",
        };
        Self::Objects {
            class,
            source: Box::new(error),
        }
    }
}
