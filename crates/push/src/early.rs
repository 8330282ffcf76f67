//! The head start: what a remote lacks is found and packed while it is being asked what it has.
//!
//! The guess is what it was seen to have last. When its answer comes, the new commits are listed again by
//! what it says; where they are the same, and they begin at the same trees, everything that was made of
//! them is what would have been made now, byte by byte. Where they are not, it is thrown away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gix::ObjectId;

use super::aim::Aim;
use super::objects::{NewCommits, Selection, Wanted, new_commits, select_from};
use super::order::PushOrder;
use super::pack::{PackOptions, Plan, Writer};
use super::store::Reader;

/// How often the caller is asked whether it wants to end.
const TICK: Duration = Duration::from_millis(20);

/// What becomes known while the remote is asked.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    /// It has answered.
    pub(super) answered: AtomicBool,
    /// Nothing that was begun can be of use: it refused, or the branch is not where it was seen.
    pub(super) useless: AtomicBool,
    branch: Mutex<Option<Tip>>,
}

/// Where the branch is over there, as one of two says: who saw it last, and the remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tip(Option<ObjectId>);

impl Meanwhile {
    /// Nothing that was begun is wanted any more.
    fn end(&self) {
        self.useless.store(true, Ordering::Relaxed);
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Passes on the caller's wish to end, until what goes on beside is `done`. Before the remote has answered the
    /// transport hears of it.
    pub(super) fn watch(&self, stop: &AtomicBool, done: &Receiver<()>) {
        while done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            if stop.load(Ordering::Relaxed) {
                self.end();
            }
        }
    }

    /// The branch was seen here last.
    fn saw(&self, tip: Option<ObjectId>) {
        self.learn(Tip(tip));
    }

    /// Whoever comes second compares.
    fn learn(&self, tip: Tip) {
        let mut branch = self.branch.lock().unwrap_or_else(PoisonError::into_inner);
        let first = branch.get_or_insert(tip);
        if *first != tip {
            self.useless.store(true, Ordering::Relaxed);
        }
    }
}

/// What the remote says, for what goes on meanwhile. Unless it says where the branch is, it refused: so also where asking it
/// panics.
#[derive(Debug)]
pub(super) struct Verdict<'a>(Option<&'a Meanwhile>);

impl<'a> Verdict<'a> {
    pub(super) const fn on(meanwhile: &'a Meanwhile) -> Self {
        Self(Some(meanwhile))
    }

    /// The remote takes pushes, and says where the branch is.
    pub(super) fn answer(mut self, tip: Option<ObjectId>) {
        if let Some(meanwhile) = self.0.take() {
            meanwhile.learn(Tip(tip));
            meanwhile.answered.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        if let Some(meanwhile) = self.0 {
            meanwhile.end();
        }
    }
}

/// What a remote lacks, if it has what it was seen to have.
#[derive(Debug)]
pub(super) struct Early {
    /// Where the branch was seen. The push may move it from there.
    pub(super) old: Option<ObjectId>,
    pub(super) new: NewCommits,
    pub(super) selection: Selection,
}

impl Early {
    /// Lists it; nothing where nothing was seen, where there would be nothing to do or it may not be done,
    /// or when it turns out to be of no use meanwhile.
    ///
    /// An error is nothing too: it comes again when the remote has answered, and is told then.
    pub(super) fn select(
        repo: &gix::Repository,
        reader: &Reader,
        order: &PushOrder<'_>,
        aim: Aim,
        meanwhile: &Meanwhile,
    ) -> Option<Self> {
        let useless = &meanwhile.useless;
        let seen = (order.last_seen)();
        if seen.tips.is_empty() || seen.branch == Some(order.new) {
            return None;
        }
        meanwhile.saw(seen.branch);
        // What the remote would refuse as it was seen is not packed for it.
        let may_move = aim.holds(repo, reader, order.new, seen.branch, useless);
        if !may_move.ok()? {
            return None;
        }
        let wanted = Wanted {
            new: order.new,
            has: &seen.tips,
            old_tip: seen.branch,
        };
        let new = new_commits(repo, reader, wanted, useless).ok()?;
        let selection = select_from(reader, &new, order.progress, useless).ok()?;
        Some(Self {
            old: seen.branch,
            new,
            selection,
        })
    }

    /// Finds where its objects lie.
    pub(super) fn plan<'s>(
        &'s self,
        reader: &'s Reader,
        meanwhile: &Meanwhile,
    ) -> Option<Plan<'s>> {
        Plan::new(reader, &self.selection, &meanwhile.useless).ok()
    }

    /// Packs it as most servers want it, until the remote has answered or as much is held as may be.
    pub(super) fn pack<'s>(
        &'s self,
        reader: &'s Reader,
        plan: &'s Plan<'s>,
        order: &PushOrder<'s>,
        meanwhile: &Meanwhile,
    ) -> Option<Writer<'s, 's>> {
        let selection = &self.selection;
        let writer = Writer::new(reader, selection, plan, PackOptions::USUAL, order.progress);
        let mut writer = writer.ok()?;
        writer.write_ahead(&meanwhile.answered, order.stop).ok()?;
        Some(writer)
    }
}
