//! The exit codes: one type, documented numbers that never change.

use std::process::ExitCode;

/// What the process says to its caller.
///
/// The numbers follow `sysexits.h` where it has one. `2` is never used: agent hosts read it as
/// "block the agent".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was due is done, or there was nothing to do.
    Done,
    /// A step failed, or the run's deadline passed.
    Failed,
    /// The command line cannot be understood (`EX_USAGE`).
    Usage,
    /// A bug in sendoff, a panic included (`EX_SOFTWARE`).
    Internal,
    /// Nothing is done and something is queued for a later try (`EX_TEMPFAIL`).
    Queued,
    /// The policy has an error (`EX_CONFIG`).
    Policy,
}

impl Exit {
    /// Every code, in the order of the reference page.
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Internal,
        Self::Queued,
        Self::Policy,
    ];

    /// Returns the number that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 64,
            Self::Internal => 70,
            Self::Queued => 75,
            Self::Policy => 78,
        }
    }

    /// Returns the sentence of the reference page.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Done, or nothing to do. Some steps may be queued while others are done.",
            Self::Failed => "A step failed, or the run's deadline passed.",
            Self::Usage => "The command line cannot be understood.",
            Self::Internal => "A bug in sendoff, a panic in a step included.",
            Self::Queued => "Nothing is done, and something is queued for a later try.",
            Self::Policy => "The policy has an error: nothing was pushed.",
        }
    }

    /// Returns the code that wins when a run asks for several: 78 > 70 > 1 > 75 > 0, and a bad
    /// command line never starts a run.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        const fn rank(exit: Exit) -> u8 {
            match exit {
                Exit::Done => 0,
                Exit::Queued => 1,
                Exit::Failed => 2,
                Exit::Internal => 3,
                Exit::Policy => 4,
                Exit::Usage => 5,
            }
        }
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
