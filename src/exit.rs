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
    /// The command line or the task document cannot be understood (`EX_USAGE`).
    Usage,
    /// A bug in sendoff, a panic included (`EX_SOFTWARE`).
    Internal,
    /// Nothing is done and something is queued for a later try (`EX_TEMPFAIL`).
    Queued,
    /// The policy has an error (`EX_CONFIG`).
    Policy,
    /// SIGHUP ended the run: 128 and the signal's number, as shells have it.
    HungUp,
    /// SIGINT ended the run.
    Interrupted,
    /// SIGTERM ended the run.
    Terminated,
}

impl Exit {
    /// Every code, in the order of the reference page.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Internal,
        Self::Queued,
        Self::Policy,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
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
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Returns the sentence of the reference page.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Done, or nothing to do. Some steps may be queued while others are done.",
            Self::Failed => "A step failed, or the run's deadline passed.",
            Self::Usage => {
                "The command line or the task document cannot be understood. What needs no task document is done."
            }
            Self::Internal => "A bug in sendoff, a panic in a step included.",
            Self::Queued => "Nothing is done, and something is queued for a later try.",
            Self::Policy => "The policy has an error: nothing was pushed.",
            Self::HungUp => "SIGHUP ended the run: its terminal is gone.",
            Self::Interrupted => "SIGINT ended the run.",
            Self::Terminated => "SIGTERM ended the run.",
        }
    }

    /// Returns the code that wins when a run asks for several: a signal > 78 > 70 > 1 > 64 > 75 > 0.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        const fn rank(exit: Exit) -> u8 {
            match exit {
                Exit::Done => 0,
                Exit::Queued => 1,
                Exit::Usage => 2,
                Exit::Failed => 3,
                Exit::Internal => 4,
                Exit::Policy => 5,
                Exit::HungUp | Exit::Interrupted | Exit::Terminated => 6,
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
