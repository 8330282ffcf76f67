//! What is done in the repository before anything is sent, in git's order: the `pre-push` hook, the objects that a partial
//! clone left out, then a look at the commits.

use gix::ObjectId;

use crate::advertisement::Advertisement;
use crate::commands::RefUpdate;
use crate::error::ClassifiedError;

/// What is done in the repository before anything is sent. By default nothing is.
pub trait LocalChecks {
    /// Hears what the remote advertises, before anything is done about it.
    fn advertised(&self, advertisement: &Advertisement) {
        let _ = advertisement;
    }

    /// Says whether there is a `pre-push` hook to run. It can take its time and change the repository, so nothing is packed
    /// before it has run. Without one the files of git-lfs are not uploaded, so that its pointers stop the push.
    fn has_hook(&self) -> bool {
        false
    }

    /// Runs the hook, where there is one. `update` is none when the remote has it all: git runs the hook then too.
    fn run_hook(&self, update: Option<&RefUpdate>) -> Result<(), Box<dyn ClassifiedError>> {
        let _ = update;
        Ok(())
    }

    /// Returns who has the objects that this clone left out; by default nobody has.
    fn promisor(&self) -> Option<&dyn Promisor> {
        None
    }

    /// Checks the commits that are about to be sent.
    fn check(
        &self,
        commits: &mut dyn Iterator<Item = ObjectId>,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        let _ = commits;
        Ok(())
    }
}

/// Who promised the objects that a partial clone left out.
pub trait Promisor {
    /// Fetches objects, and returns the repository as it is with them. What they reach can come with them, but for files.
    ///
    /// It need not have them all: what is missing afterwards is reported as missing. Nothing is written to the repository.
    fn fetch(&self, ids: &[ObjectId]) -> Result<gix::Repository, Box<dyn ClassifiedError>>;
}

/// Nothing is checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLocalChecks;

impl LocalChecks for NoLocalChecks {}
