//! A file at the tip of a remote's branch: from the repository where the commit is here, else fetched.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::{BoxError, ClassifiedError};

use crate::git::committed::{CommittedFile, NotHere, file_at};
use crate::git::temporary_objects::TemporaryObjects;
use crate::git::transport::{Filter, Target, Wanted, fetch_objects};
use crate::git::{Remote, Repo};

use super::PushOptions;
use super::promisor::Bounded;

/// The most bytes that are fetched for it: where the server leaves nothing out, all files of the commit come.
const MAX_FETCHED: u64 = 64 << 20;

/// Where the objects come from that are not here.
#[derive(Debug, Clone, Copy)]
pub struct TipSource<'a> {
    /// The remote.
    pub remote: &'a Remote,
    /// How it may be reached.
    pub options: &'a PushOptions,
    /// Where the fetched objects are kept for the moment.
    pub directory: &'a Path,
    /// Set from another thread to stop.
    pub stop: &'a AtomicBool,
}

/// Why the file of a tip is not known.
#[derive(Debug, thiserror::Error)]
pub enum TipFileError {
    /// The repository cannot be read.
    #[error("the repository cannot be read")]
    Repository(#[source] BoxError),
    /// The remote does not give it.
    #[error("{remote} does not give the commit {commit}")]
    Fetch {
        /// The remote.
        remote: String,
        /// The commit.
        commit: ObjectId,
        /// Why not.
        source: Box<dyn ClassifiedError>,
    },
    /// What came cannot be kept, or is no pack, or is too large.
    #[error("what the remote gave cannot be used")]
    Keep(#[source] BoxError),
    /// It is not what was asked for.
    #[error(transparent)]
    NotHere(#[from] NotHere),
}

/// Reads a file at the root of a commit that is here.
pub fn local_tip_file(
    repo: &Repo,
    commit: ObjectId,
    name: &str,
    limit: u64,
) -> Result<CommittedFile, TipFileError> {
    let repo = repo.thread_local();
    let repo = repo.map_err(|error| TipFileError::Repository(error.into()))?;
    Ok(file_at(&repo, commit, name, limit)?)
}

/// Reads a file at the root of a commit, which is fetched where it is not here: into a directory of its own, and never
/// into the repository.
pub fn tip_file(
    repo: &Repo,
    source: TipSource<'_>,
    commit: ObjectId,
    name: &str,
    limit: u64,
) -> Result<CommittedFile, TipFileError> {
    let local = repo.thread_local();
    let local = local.map_err(|error| TipFileError::Repository(error.into()))?;
    let mut missing = match file_at(&local, commit, name, limit) {
        Ok(found) => return Ok(found),
        Err(NotHere::Commit(_)) => commit,
        Err(NotHere::File(file)) => file,
    };
    let keep = |error: std::io::Error| TipFileError::Keep(error.into());
    let kept = TemporaryObjects::new(source.directory, &local).map_err(keep)?;
    let target = Target {
        url: &source.remote.url,
        directory: local.workdir().unwrap_or_else(|| local.git_dir()),
        options: source.options,
        stop: source.stop,
    };
    let mut left = MAX_FETCHED;
    // The tree first: mostly its file is here already.
    for _ in 0..2 {
        let ids = [missing];
        let wanted = Wanted {
            ids: &ids,
            filter: if missing == commit {
                Filter::AllButRoot
            } else {
                Filter::Files
            },
        };
        let mut incoming = Bounded {
            file: kept.incoming().map_err(keep)?,
            left: &mut left,
            is_exceeded: false,
        };
        let fetched = fetch_objects(target, wanted, &mut incoming);
        fetched.map_err(|error| TipFileError::Fetch {
            remote: source.remote.name.to_string(),
            commit,
            source: error,
        })?;
        let added = kept.add(&mut incoming.file, local.object_hash(), source.stop);
        added.map_err(keep)?;
        let with = kept.with(&local).map_err(keep)?;
        match file_at(&with, commit, name, limit) {
            Ok(found) => return Ok(found),
            Err(NotHere::File(file)) if missing == commit => missing = file,
            Err(error) => return Err(error.into()),
        }
    }
    Err(NotHere::File(missing).into())
}
