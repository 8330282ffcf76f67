//! The upstream of a branch: `branch.<name>.remote` and `branch.<name>.merge`, as `git push -u` writes them.

use std::path::Path;

use gix::bstr::BStr;

use crate::names::BranchName;

use super::Repo;
use super::remote::Remote;

/// Why the upstream could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the upstream cannot be written to `{}`", .file.display())]
pub struct UpstreamError {
    /// The configuration file.
    file: std::path::PathBuf,
    /// Why not.
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Repo {
    /// Makes the branch of the same name on `remote` the upstream of `branch`.
    ///
    /// Writes to the configuration that all work trees share, under git's own lock, and only when
    /// something changes. A remote without a name is left as it is: its address may hold a login. A configuration that is
    /// a symbolic link is not written: the lock's rename would put a file in the place of the link.
    pub fn set_upstream(&self, remote: &Remote, branch: &BranchName) -> Result<(), UpstreamError> {
        if remote.name.is_address() {
            return Ok(());
        }
        let full = branch.full();
        let wanted = [("remote", remote.name.as_str()), ("merge", full.as_str())];
        let local = &self.config().local;
        let is_set = wanted.iter().all(|(key, value)| {
            let now = local.string_by("branch", Some(BStr::new(branch.as_str())), key);
            now.is_some_and(|now| now.as_slice() == value.as_bytes())
        });
        if is_set {
            return Ok(());
        }
        let file = self.common_dir().join("config");
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| UpstreamError {
            file: file.clone(),
            source,
        };
        let directory = self.directory(self.common_dir());
        let directory = directory.map_err(|error| failed(error.into()))?;
        let looked = directory.map(|directory| directory.look(Path::new("config")));
        looked.transpose().map_err(|error| failed(error.into()))?;
        let repo = self.thread_local().map_err(|error| failed(error.into()))?;
        let written = |error: gix::Error| failed(error.into());
        let mut config = repo.config_file_mut(file.clone()).map_err(written)?;
        for (key, value) in wanted {
            config
                .set_raw_value_by("branch", Some(BStr::new(branch.as_str())), key, value)
                .map_err(written)?;
        }
        config.commit().map_err(written)
    }
}
