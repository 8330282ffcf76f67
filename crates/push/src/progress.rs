//! `Progress`: receives how far a push has come.

/// Receives the progress of a push. Counts only grow, but where what was begun early turns out wrong they begin
/// once more.
///
/// Implementations must be quick: they are called for every object.
pub trait Progress {
    /// `n` objects were found that the server lacks.
    fn counted(&self, n: u64);
    /// `done` of `total` objects were written.
    fn packed(&self, done: u64, total: u64);
    /// `bytes` of the pack were handed to the connection so far.
    fn sent(&self, bytes: u64);
    /// The whole pack was handed to the system; from here on the remote works.
    fn pack_ended(&self) {}
    /// The user's `pre-push` hook begins; it has a limit of its own.
    fn hook_begins(&self) {}
    /// The hook has ended.
    fn hook_ended(&self) {}
}

/// Ignores progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn counted(&self, _: u64) {}
    fn packed(&self, _: u64, _: u64) {}
    fn sent(&self, _: u64) {}
}
