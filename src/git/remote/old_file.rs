//! Remotes that stand in files of their own below the git directory, `remotes/NAME` and `branches/NAME`: git's form before its
//! configuration, which git 2 still reads.

use std::path::Path;

use gix::bstr::{BString, ByteSlice};

use crate::files::{Directory, FileError};
use crate::git::Repo;
use crate::names::RemoteName;

use super::RemoteError;

/// The largest file of a remote that is read, in bytes.
const MAX_FILE_SIZE: u64 = 64 * 1024;

/// What a file says of a remote.
#[derive(Debug, Default)]
pub(super) struct OldRemote {
    /// The URLs, which are pushed to as well.
    pub(super) urls: Vec<BString>,
    /// The refspecs of its branches.
    pub(super) fetch_specs: Vec<BString>,
}

/// How one kind of file is read.
type Reader = fn(&[u8]) -> OldRemote;

impl Repo {
    /// Reads the file of the remote `name`; `None` where there is none that names a URL. No link is followed.
    pub(super) fn old_remote(&self, name: &RemoteName) -> Result<Option<OldRemote>, RemoteError> {
        let text = name.as_str();
        if text.contains('/') || matches!(text, "." | "..") {
            return Ok(None);
        }
        let Ok(directory) = Directory::open(self.common_dir()) else {
            return Ok(None);
        };
        let kinds = [
            ("remotes", of_remotes as Reader),
            ("branches", of_branches as Reader),
        ];
        for (kind, read) in kinds {
            let content = directory.read(&Path::new(kind).join(text), MAX_FILE_SIZE);
            let content = content.map_err(|error| unreadable(name, kind, &error))?;
            let remote = content.map(|content| read(&content));
            if let Some(remote) = remote.filter(|remote| !remote.urls.is_empty()) {
                return Ok(Some(remote));
            }
        }
        Ok(None)
    }
}

fn unreadable(name: &RemoteName, kind: &str, error: &FileError) -> RemoteError {
    RemoteError::OldFile {
        name: name.clone(),
        file: format!("{kind}/{name}"),
        problem: error.to_string(),
    }
}

/// Reads `URL: …`, `Pull: …`; where a branch is pushed to is not read, as for `remote.<name>.push`.
fn of_remotes(content: &[u8]) -> OldRemote {
    let mut remote = OldRemote::default();
    for line in content.lines() {
        let line = line.trim_ascii_end();
        if let Some(url) = line.strip_prefix(b"URL:") {
            remote.urls.push(url.trim_ascii_start().into());
        } else if let Some(spec) = line.strip_prefix(b"Pull:") {
            remote.fetch_specs.push(spec.trim_ascii_start().into());
        }
    }
    remote
}

/// Reads the one URL, without the branch behind `#`: what git fetches from there is a branch of this repository.
fn of_branches(content: &[u8]) -> OldRemote {
    let line = content.lines().next().unwrap_or_default().trim_ascii();
    let url = line.split(|byte| *byte == b'#').next().unwrap_or_default();
    let urls = Some(url).filter(|url| !url.is_empty());
    OldRemote {
        urls: urls.map(BString::from).into_iter().collect(),
        fetch_specs: Vec::new(),
    }
}
