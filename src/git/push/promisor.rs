//! What a partial clone left out, fetched for a push from the remotes that promised it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::objects::Reader;
use sendoff_push::{BoxError, ClassifiedError, Promisor, shell_word};

use crate::git::Remote;
use crate::git::temporary_objects::TemporaryObjects;
use crate::git::transport::{Filter, Target, Wanted, fetch_objects};
use crate::reason::Reason;

use super::PushOptions;

/// How many objects one request asks for.
const MAX_WANTS: usize = 20_000;

/// A remote that promised objects.
#[derive(Debug, Clone)]
pub struct PromisorRemote {
    /// The remote; its URL is the one to fetch from.
    pub remote: Remote,
    /// How it may be reached, or why not.
    pub access: Result<Box<PushOptions>, Reason>,
}

/// Where a push finds what the clone left out.
#[derive(Debug, Clone, Default)]
pub struct Promised {
    /// The remotes that promised it, in git's order; none where the clone is no partial one.
    pub remotes: Vec<PromisorRemote>,
    /// Where the fetched objects are kept for the run.
    pub directory: PathBuf,
}

/// Why objects were not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum PromisorError {
    /// The policy or the caller does not allow it.
    #[error("this partial clone lacks objects to push, and {}", .0.message)]
    NotAllowed(Reason),
    /// The remote cannot be reached, or does not give them.
    #[error("this partial clone lacks objects to push, and they cannot be fetched from {remote}")]
    Fetch {
        remote: String,
        source: Box<dyn ClassifiedError>,
    },
    /// They are more than a push may send.
    #[error(
        "this partial clone lacks objects to push, and they are larger than the most that is sent"
    )]
    TooLarge,
    /// What came cannot be kept, or is no pack.
    #[error("this partial clone lacks objects to push, and what was fetched cannot be used")]
    Keep(#[source] BoxError),
}

impl ClassifiedError for PromisorError {
    fn class(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) | Self::Keep(_) => "missing-objects",
            Self::Fetch { source, .. } => source.class(),
            Self::TooLarge => "too-large",
        }
    }

    fn is_transient(&self) -> bool {
        matches!(self, Self::Fetch { source, .. } if source.is_transient())
    }

    fn advice(&self) -> Option<String> {
        match self {
            Self::NotAllowed(reason) => reason.advice.clone(),
            Self::Fetch { remote, source } => source.advice().or_else(|| {
                Some(format!(
                    "fetch them with `git fetch --refetch --no-filter {}`, then run again",
                    shell_word(remote)
                ))
            }),
            Self::TooLarge => Some("check what the branch carries".into()),
            Self::Keep(_) => {
                Some("see what git fsck says; a fresh clone has what the remote has".into())
            }
        }
    }
}

/// The objects that one push fetches.
pub(super) struct PromisedObjects<'a> {
    repo: &'a gix::Repository,
    promised: &'a Promised,
    stop: &'a AtomicBool,
    /// How many bytes may still be fetched.
    left: RefCell<u64>,
    kept: RefCell<Option<TemporaryObjects>>,
}

impl<'a> PromisedObjects<'a> {
    /// Fetches nothing yet.
    pub(super) fn new(
        repo: &'a gix::Repository,
        promised: &'a Promised,
        limit: u64,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            repo,
            promised,
            stop,
            left: RefCell::new(limit),
            kept: RefCell::new(None),
        }
    }

    /// Says whether anybody promised anything.
    pub(super) const fn is_some(&self) -> bool {
        !self.promised.remotes.is_empty()
    }

    /// Returns the repository with what was fetched; `None` where nothing was.
    pub(super) fn repository(&self) -> Option<gix::Repository> {
        let kept = self.kept.borrow();
        kept.as_ref()?.with(self.repo).ok()
    }

    /// Fetches from one remote.
    fn fetch_from(
        &self,
        promisor: &PromisorRemote,
        ids: &[ObjectId],
        kept: &TemporaryObjects,
    ) -> Result<(), PromisorError> {
        let options = promisor.access.as_ref();
        let options = options.map_err(|reason| PromisorError::NotAllowed(reason.clone()))?;
        let keep = |error: io::Error| PromisorError::Keep(error.into());
        let target = Target {
            url: &promisor.remote.url,
            directory: self.repo.workdir().unwrap_or_else(|| self.repo.git_dir()),
            options,
            stop: self.stop,
        };
        for ids in ids.chunks(MAX_WANTS) {
            let mut left = self.left.borrow_mut();
            let mut incoming = Bounded {
                file: kept.incoming().map_err(keep)?,
                left: &mut left,
                is_exceeded: false,
            };
            let wanted = Wanted {
                ids,
                filter: Filter::Files,
            };
            let fetched = fetch_objects(target, wanted, &mut incoming);
            if incoming.is_exceeded {
                return Err(PromisorError::TooLarge);
            }
            fetched.map_err(|source| PromisorError::Fetch {
                remote: promisor.remote.name.to_string(),
                source,
            })?;
            let kind = self.repo.object_hash();
            let added = kept.add(&mut incoming.file, kind, self.stop);
            added.map_err(keep)?;
        }
        Ok(())
    }
}

impl Promisor for PromisedObjects<'_> {
    fn fetch(&self, ids: &[ObjectId]) -> Result<gix::Repository, Box<dyn ClassifiedError>> {
        let keep = |error: io::Error| PromisorError::Keep(error.into());
        if self.kept.borrow().is_none() {
            let made = TemporaryObjects::new(&self.promised.directory, self.repo);
            let made = made.map_err(keep)?;
            self.kept.replace(Some(made));
        }
        let kept = self.kept.borrow();
        let Some(kept) = kept.as_ref() else {
            return Err(keep(io::ErrorKind::NotFound.into()).into());
        };
        let mut repo = kept.with(self.repo).map_err(keep)?;
        let mut absent = ids.to_vec();
        let mut failed = None;
        for promisor in &self.promised.remotes {
            match self.fetch_from(promisor, &absent, kept) {
                Ok(()) => {
                    repo = kept.with(self.repo).map_err(keep)?;
                    let reader = Reader::new(&repo).map_err(|error| {
                        Box::new(PromisorError::Keep(error.into())) as Box<dyn ClassifiedError>
                    })?;
                    absent.retain(|id| !reader.contains(id));
                }
                // An error that the user can act on is more useful than one that says that another remote lacks the
                // object.
                Err(error @ PromisorError::NotAllowed(_)) => failed = Some(error),
                Err(error) => failed = failed.or(Some(error)),
            }
            if absent.is_empty() {
                return Ok(repo);
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(repo),
        }
    }
}

/// A file that takes so many bytes and no more.
pub(super) struct Bounded<'a> {
    pub(super) file: File,
    pub(super) left: &'a mut u64,
    pub(super) is_exceeded: bool,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > *self.left {
            self.is_exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        *self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
