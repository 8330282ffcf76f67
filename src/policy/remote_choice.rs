//! The name of a remote in a step's settings, or `auto`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{RemoteName, RemoteNameError};

/// `auto`, or the name of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum RemoteChoice {
    /// As the step chooses.
    #[default]
    Auto,
    /// This one.
    Named(RemoteName),
}

impl RemoteChoice {
    /// Returns the name, unless it is `auto`.
    pub const fn name(&self) -> Option<&RemoteName> {
        match self {
            Self::Auto => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl TryFrom<String> for RemoteChoice {
    type Error = RemoteNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "auto" {
            Ok(Self::Auto)
        } else {
            RemoteName::new(text).map(Self::Named)
        }
    }
}

impl From<RemoteChoice> for String {
    fn from(choice: RemoteChoice) -> Self {
        match choice {
            RemoteChoice::Auto => "auto".into(),
            RemoteChoice::Named(name) => name.into(),
        }
    }
}
