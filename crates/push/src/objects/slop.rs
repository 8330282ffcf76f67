//! When a walk over commits may end: nothing that comes can reach what was found.

/// The generation of a commit that the commit-graph does not know: it can be above all that it does.
pub(super) const UNKNOWN: u32 = u32::MAX;
/// When a walk without a commit-graph ends: clocks can be wrong, and only dates say that nothing comes any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slop {
    /// So many commits in a row are looked at that are older than all that was found.
    pub(super) commits: u32,
    /// How much older they have to be, in seconds.
    pub(super) seconds: i64,
}

impl Slop {
    /// As git does. An error costs bytes only: what the server has is sent to it.
    pub(super) const GIT: Self = Self {
        commits: 5,
        seconds: 0,
    };
    /// For what people read: exact where clocks differ by less than an hour.
    pub(super) const EXACT: Self = Self {
        commits: 32,
        seconds: 60 * 60,
    };
}

/// What commits that are painted `HAVE` are compared with: the lowest of those found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    time: i64,
    generation: u32,
    slop: Slop,
    left: u32,
}

impl Floor {
    /// Starts above everything.
    pub(super) const fn new(slop: Slop) -> Self {
        Self {
            time: i64::MAX,
            generation: UNKNOWN,
            slop,
            left: slop.commits,
        }
    }

    /// Takes a commit that was found into account.
    pub(super) fn lower(&mut self, time: i64, generation: u32) {
        self.time = self.time.min(time);
        self.generation = self.generation.min(generation);
        self.left = self.slop.commits;
    }

    /// Says whether a commit cannot reach any of those found.
    ///
    /// The commit-graph proves it: a commit reaches only those of a lower generation, and one in the graph none
    /// outside of it. Without the graph dates have to do.
    pub(super) fn is_below(&mut self, time: i64, generation: u32) -> bool {
        if generation != UNKNOWN {
            return generation <= self.generation;
        }
        if time.saturating_add(self.slop.seconds) >= self.time {
            // Only those in a row say that nothing comes any more.
            self.left = self.slop.commits;
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
}
