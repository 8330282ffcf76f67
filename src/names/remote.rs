//! `RemoteName`: the name of a remote, as git allows it.

use sendoff_push::sanitize::is_deceptive;
use serde::{Deserialize, Serialize};

use super::RemoteUrl;
use super::text::name_as_text;

/// The name of a remote, such as `origin`; for one that has none its address, without a login.
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

    /// Takes the name of a remote that the git configuration has: git cares only for what stands in refspecs. What would be
    /// an option, an address or no text for a terminal is none.
    pub fn configured(name: impl Into<String>) -> Result<Self, RemoteNameError> {
        let name = name.into();
        let hides = |c: char| c.is_control() || is_deceptive(c);
        let is_odd = name.is_empty()
            || name.starts_with(['-', '/', '.'])
            || name.contains(':')
            || name.chars().any(hides);
        if is_odd {
            Err(RemoteNameError(name))
        } else {
            Ok(Self(name))
        }
    }

    /// Names a remote that only has an address, as where `gh pr checkout` made the branch.
    pub fn of_address(url: &RemoteUrl) -> Self {
        Self(url.without_login())
    }

    /// Says whether it is an address. A name holds no colon, and begins with neither slash nor dot.
    pub fn is_address(&self) -> bool {
        self.0.contains(':') || self.0.starts_with(['/', '.'])
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

name_as_text!(RemoteName, RemoteNameError);
