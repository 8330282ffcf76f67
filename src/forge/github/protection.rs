//! Whether GitHub protects a branch, and by what.

use serde::Deserialize;

use crate::forge::{ForgeError, Protection};
use crate::http::Request;
use crate::names::{BranchName, RepositoryName};

use super::{GitHub, errors, text};

/// The status of a branch that is not there.
const NOT_FOUND: u16 = 404;

/// A branch.
#[derive(Debug, Deserialize)]
struct Branch {
    name: String,
    protected: bool,
    protection: Option<BranchProtection>,
    pattern: Option<String>,
}

/// The rule of the repository's own for a branch; rulesets are not shown there.
#[derive(Debug, Default, Deserialize)]
struct BranchProtection {
    #[serde(default)]
    enabled: bool,
    required_status_checks: Option<StatusChecks>,
}

/// The checks that it requires.
#[derive(Debug, Deserialize)]
struct StatusChecks {
    #[serde(default)]
    contexts: Vec<String>,
}

impl GitHub {
    /// Returns how a branch is protected.
    pub(super) async fn protection_of(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<Protection>, ForgeError> {
        let url = self.url_of(repository, &["branches", branch.as_str()])?;
        let response = self.send_raw(Request::get(url)).await?;
        if response.status() == NOT_FOUND {
            return Ok(None);
        }
        if !response.is_success() {
            return Err(errors::of(&response, repository));
        }
        let found: Branch = response.json()?;
        if found.name != branch.as_str() {
            return Err(response.bad("the branch that was asked for").into());
        }
        if !found.protected {
            return Ok(None);
        }
        let rule = found.protection.unwrap_or_default();
        let checks = rule.required_status_checks.map(|checks| checks.contexts);
        Ok(Some(Protection {
            by: if rule.enabled {
                "a branch protection rule"
            } else {
                "a ruleset"
            },
            pattern: found.pattern.as_deref().map(text::line),
            checks: checks
                .unwrap_or_default()
                .iter()
                .map(|check| text::line(check))
                .collect(),
        }))
    }
}
