//! What the remote's HEAD names: asked for at most once a day, kept in the state directory.
//!
//! The kept value can only add protection and choose a base; it never removes anything.

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::git::Repo;
use crate::git::push::{PushOptions, remote_head};
use crate::names::{BranchName, RemoteUrl};
use crate::pipeline::{Shipment, interruptible};

use super::Session;

/// How long a verified value is used without asking.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);
/// A record is one short line of JSON, in bytes.
const RECORD_LIMIT: u64 = 8 << 10;

/// What is asked of which remote. Owns it all, so that it can be asked late.
#[derive(Debug, Clone)]
pub(super) struct Question {
    repo: Repo,
    url: RemoteUrl,
    options: PushOptions,
    kept: RemoteHeads,
    now: Timestamp,
}

impl Question {
    /// Collects it. Asks nobody.
    pub(super) fn of(session: &Session, shipment: &Shipment) -> Option<Self> {
        Some(Self {
            repo: session.repo()?.clone(),
            url: shipment.remote.url.clone(),
            options: shipment.push_options.clone(),
            kept: RemoteHeads::below(session.environment.state_directory()),
            now: session.clock.now(),
        })
    }
}

/// Returns the branch that the remote's HEAD names: kept from within a day, else asked for now.
///
/// Nothing when the remote cannot be asked: built-in and configured protection hold all the same.
pub(super) async fn ask(question: Option<Question>) -> Option<BranchName> {
    let Question {
        repo,
        url,
        options,
        kept,
        now,
    } = question?;
    if let Some(head) = kept.fresh(&url, now) {
        return Some(head);
    }
    let place = url.clone();
    let asked = interruptible(move |stop| {
        let directory = repo.work_tree().unwrap_or(repo.git_dir()).to_owned();
        remote_head(&place, &directory, &options, stop)
    });
    match asked.await {
        Ok(Ok(head)) => {
            if let Some(head) = &head {
                kept.keep(&url, head, now);
            }
            head
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the remote did not say what its HEAD names");
            None
        }
        Err(error) => {
            tracing::debug!(%error, "asking for the remote's HEAD failed");
            None
        }
    }
}

/// What was verified, and when.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    url: String,
    head: BranchName,
    verified_at: Timestamp,
}

/// The kept values: one file a remote.
#[derive(Debug, Clone)]
pub(super) struct RemoteHeads {
    directory: Option<PathBuf>,
}

impl RemoteHeads {
    /// Opens the values below the state directory; without one nothing is kept.
    pub(super) fn below(state: Option<PathBuf>) -> Self {
        Self {
            directory: state.map(|state| state.join("remote-heads")),
        }
    }

    /// Returns the value for `url` when it was verified within a day.
    pub(super) fn fresh(&self, url: &RemoteUrl, now: Timestamp) -> Option<BranchName> {
        let path = self.path(url)?;
        if fs::symlink_metadata(&path).ok()?.len() > RECORD_LIMIT {
            return None;
        }
        let record: Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let age = now.duration_since(record.verified_at);
        let is_fresh = age >= SignedDuration::ZERO && age < FRESH_FOR;
        (record.url == url.without_login() && is_fresh).then_some(record.head)
    }

    /// Keeps a value that the remote just gave. What cannot be kept is asked for again.
    pub(super) fn keep(&self, url: &RemoteUrl, head: &BranchName, now: Timestamp) {
        let record = Record {
            url: url.without_login(),
            head: head.clone(),
            verified_at: now,
        };
        let kept = self.path(url).map(|path| write(&path, &record));
        if let Some(Err(error)) = kept {
            tracing::debug!(%error, "the remote's HEAD was not kept");
        }
    }

    /// Returns where the value for `url` is kept. The name shows no more than that there is one.
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
