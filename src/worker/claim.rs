//! Which of two threads of a hook hands its call over.

use std::sync::OnceLock;
use std::thread::{self, ThreadId};

/// Whether a hand-over inspects the repository first.
#[derive(Debug, Clone, Copy)]
pub enum Inspect<'a> {
    /// It does, and continues if no other thread took the claim meanwhile.
    First(&'a Claim),
    /// It does not: the worker will.
    Never,
}

/// Decides which of two threads hands a call over: the one that inspects the repository, or the one that stops
/// waiting for it.
#[derive(Debug, Default)]
pub struct Claim(OnceLock<ThreadId>);

impl Claim {
    /// Says whether this thread is the first that takes it.
    pub fn take(&self) -> bool {
        let own = thread::current().id();
        *self.0.get_or_init(|| own) == own
    }

    /// Takes it. Does not return if another thread was first, which ends the process.
    pub fn take_or_wait(&self) {
        while !self.take() {
            thread::park();
        }
    }
}
