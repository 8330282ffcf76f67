//! What is done on this side before anything is sent, in git's order: the `pre-push` hook, then a look at what leaves.

use gix::ObjectId;

use super::commands::RefUpdate;
use super::error::PushError;

/// What is done on this side before anything is sent. By default nothing is.
pub trait Local {
    /// Says whether there is a hook to run. It may take its time and change the repository, so nothing is begun before it
    /// has run. Where there is none, nobody sends the files of git-lfs, so that its pointers stop the push.
    fn has_hook(&self) -> bool {
        false
    }

    /// Runs the hook, where there is one. `update` is none when the remote has it all: git runs the hook then too.
    fn run_hook(&self, update: Option<&RefUpdate>) -> Result<(), PushError> {
        let _ = update;
        Ok(())
    }

    /// Looks at the commits that are about to leave.
    fn check(&self, commits: &mut dyn Iterator<Item = ObjectId>) -> Result<(), PushError> {
        let _ = commits;
        Ok(())
    }
}

/// Nothing is done on this side.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingLocal;

impl Local for NothingLocal {}
