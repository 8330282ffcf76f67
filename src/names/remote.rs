//! `RemoteName`: the name of a remote, as git allows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a remote, such as `origin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct RemoteName(String);

/// Why a text is no remote name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be the name of a remote", .0.escape_debug())]
pub struct RemoteNameError(String);

impl RemoteName {
    /// Checks `name`: what may stand between slashes in a ref name, without a leading dash.
    pub fn new(name: impl Into<String>) -> Result<Self, RemoteNameError> {
        let name = name.into();
        let full = format!("refs/remotes/{name}/x");
        let valid = !name.is_empty()
            && !name.starts_with('-')
            && gix::validate::reference::name(full.as_str().into()).is_ok();
        if valid {
            Ok(Self(name))
        } else {
            Err(RemoteNameError(name))
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RemoteName {
    type Error = RemoteNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<RemoteName> for String {
    fn from(name: RemoteName) -> Self {
        name.0
    }
}

impl fmt::Display for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
