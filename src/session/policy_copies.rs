//! The repository's policy as a remote had it last, in the state directory: one file a remote.

use std::path::PathBuf;

use gix::ObjectId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::files::{self, Links};
use crate::names::{BranchName, RemoteUrl};
use crate::pipeline::PolicyCopy;

use super::remote_records::{file_name, write};

/// How long a copy is used without asking the remote first; a push compares it with what the remote has all the same.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The largest record, in bytes: a policy as an array of numbers.
const RECORD_LIMIT: u64 = 512 << 10;

/// What is kept of one remote.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    url: String,
    branch: BranchName,
    commit: String,
    file: Option<File>,
    verified_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    id: String,
    bytes: Vec<u8>,
}

/// A copy that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptCopy {
    /// What the remote had.
    pub(super) copy: PolicyCopy,
    /// Whether it is of the last day.
    pub(super) is_fresh: bool,
}

/// The copies of all remotes.
#[derive(Debug, Clone)]
pub(super) struct PolicyCopies {
    directory: Option<PathBuf>,
}

impl PolicyCopies {
    /// Opens the copies below the state directory; without one nothing is kept.
    pub(super) fn below(state: Option<PathBuf>) -> Self {
        Self {
            directory: state.map(|state| state.join("policies")),
        }
    }

    /// Returns what `url` had last.
    pub(super) fn get(&self, url: &RemoteUrl, now: Timestamp) -> Option<KeptCopy> {
        let bytes = files::read(&self.path(url)?, RECORD_LIMIT, Links::Refused).ok()??;
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        if record.url != url.to_string() {
            return None;
        }
        let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).ok();
        let file = match record.file {
            Some(file) => Some((id(&file.id)?, file.bytes)),
            None => None,
        };
        let age = now.duration_since(record.verified_at);
        Some(KeptCopy {
            copy: PolicyCopy {
                branch: record.branch,
                commit: id(&record.commit)?,
                file,
            },
            is_fresh: age >= SignedDuration::ZERO && age < FRESH_FOR,
        })
    }

    /// Keeps what `url` has. What cannot be kept has to be asked for again.
    pub(super) fn keep(&self, url: &RemoteUrl, copy: &PolicyCopy, now: Timestamp) {
        let record = Record {
            url: url.to_string(),
            branch: copy.branch.clone(),
            commit: copy.commit.to_string(),
            file: copy.file.as_ref().map(|(id, bytes)| File {
                id: id.to_string(),
                bytes: bytes.clone(),
            }),
            verified_at: now,
        };
        let kept = self.path(url).map(|path| write(&path, &record));
        if let Some(Err(error)) = kept {
            tracing::debug!(%error, "the copy of a repository's policy was not kept");
        }
    }

    fn path(&self, url: &RemoteUrl) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(file_name(url)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_fresh_for_a_day_and_belongs_to_its_url() {
        let directory = tempfile::tempdir().unwrap();
        let copies = PolicyCopies::below(Some(directory.path().to_owned()));
        let url = RemoteUrl::parse("https://git.example.test/o/r.git").unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let id = ObjectId::from_hex(b"1111111111111111111111111111111111111111").unwrap();
        let copy = PolicyCopy {
            branch: BranchName::new("main").unwrap(),
            commit: id,
            file: Some((id, vec![0xff, b'x'])),
        };
        assert_eq!(copies.get(&url, now), None);
        copies.keep(&url, &copy, now);
        for (hours, is_fresh) in [(0, true), (23, true), (24, false), (-1, false)] {
            let kept = copies.get(&url, now + SignedDuration::from_hours(hours));
            let wanted = KeptCopy {
                copy: copy.clone(),
                is_fresh,
            };
            assert_eq!(kept, Some(wanted), "{hours}");
        }
        let other = RemoteUrl::parse("https://git.example.test/o/s.git").unwrap();
        assert_eq!(copies.get(&other, now), None);
    }
}
