//! The end of a run, enforced even when a thread is stuck.

/// The end of a run.
#[derive(Debug)]
pub struct Deadline {}
