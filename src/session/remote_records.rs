//! What is kept about a remote from one run to the next, in the state directory: what its HEAD names, and
//! whether it wants a login. Nothing in it is more than a reason to ask less.

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::git::delivery::LoginUse;
use crate::names::{BranchName, RemoteUrl};

/// How long a verified HEAD is used without asking.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);
/// A record is one short line of JSON, in bytes.
const RECORD_LIMIT: u64 = 8 << 10;

/// What is kept about one remote.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    url: String,
    head: Option<VerifiedHead>,
    login: Option<Login>,
}

/// What the remote's HEAD named, and when.
#[derive(Debug, Serialize, Deserialize)]
struct VerifiedHead {
    branch: BranchName,
    verified_at: Timestamp,
}

/// Whether the remote wants a login.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Login {
    Wanted,
    NotWanted,
}

/// The records: one file a remote.
#[derive(Debug, Clone)]
pub(super) struct RemoteRecords {
    directory: Option<PathBuf>,
}

impl RemoteRecords {
    /// Opens the records below the state directory; without one nothing is kept.
    pub(super) fn below(state: Option<PathBuf>) -> Self {
        Self {
            directory: state.map(|state| state.join("remotes")),
        }
    }

    /// Returns what the HEAD of `url` names when it was verified within a day.
    pub(super) fn head(&self, url: &RemoteUrl, now: Timestamp) -> Option<BranchName> {
        let head = self.read(url)?.head?;
        let age = now.duration_since(head.verified_at);
        let is_fresh = age >= SignedDuration::ZERO && age < FRESH_FOR;
        is_fresh.then_some(head.branch)
    }

    /// Keeps a HEAD that the remote just gave. What cannot be kept is asked for again.
    pub(super) fn keep_head(&self, url: &RemoteUrl, head: &BranchName, now: Timestamp) {
        self.change(url, |record| {
            record.head = Some(VerifiedHead {
                branch: head.clone(),
                verified_at: now,
            });
        });
    }

    /// Returns what `url` did about logins.
    pub(super) fn login(&self, url: &RemoteUrl) -> Option<LoginUse> {
        Some(match self.read(url)?.login? {
            Login::Wanted => LoginUse::Wanted,
            Login::NotWanted => LoginUse::NotWanted,
        })
    }

    /// Keeps what `url` did about logins.
    pub(super) fn keep_login(&self, url: &RemoteUrl, seen: LoginUse) {
        self.change(url, |record| {
            record.login = Some(match seen {
                LoginUse::Wanted => Login::Wanted,
                LoginUse::NotWanted => Login::NotWanted,
            });
        });
    }

    fn read(&self, url: &RemoteUrl) -> Option<Record> {
        let path = self.path(url)?;
        if fs::symlink_metadata(&path).ok()?.len() > RECORD_LIMIT {
            return None;
        }
        let record: Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.url == url.without_login()).then_some(record)
    }

    fn change(&self, url: &RemoteUrl, change: impl FnOnce(&mut Record)) {
        let mut record = self.read(url).unwrap_or_default();
        record.url = url.without_login();
        change(&mut record);
        let kept = self.path(url).map(|path| write(&path, &record));
        if let Some(Err(error)) = kept {
            tracing::debug!(%error, "the record of a remote was not kept");
        }
    }

    /// Returns where the record of `url` is kept. The name shows no more than that there is one.
    fn path(&self, url: &RemoteUrl) -> Option<PathBuf> {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(url.without_login().as_bytes());
        let id = hasher.try_finalize().ok()?;
        Some(self.directory.as_ref()?.join(format!("{id}.json")))
    }
}

/// Writes beside and renames, so that a reader sees the old record or the new one.
fn write(path: &Path, record: &Record) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer(&mut file, record)?;
    file.flush()?;
    file.persist(path)?;
    Ok(())
}
