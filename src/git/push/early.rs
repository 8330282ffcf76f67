//! The head start: what a remote lacks is found and packed while it is being asked what it has.
//!
//! The guess is what it was seen to have last. When its answer comes, the new commits are listed again by
//! what it says; where they are the same, and they begin at the same trees, everything that was made of
//! them is what would have been made now, byte by byte. Where they are not, it is thrown away.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;

use super::aim::Aim;
use super::objects::NewCommits;
use super::objects::Selection;
use super::objects::Wanted;
use super::objects::new_commits;
use super::objects::select_from;
use super::order::PushOrder;
use super::pack::PackOptions;
use super::pack::Plan;
use super::pack::Writer;
use super::store::Reader;

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
    /// The remote refused.
    pub(super) fn refused(&self) {
        self.useless.store(true, Ordering::Relaxed);
        self.answered.store(true, Ordering::Relaxed);
    }

    /// The remote says where the branch is.
    pub(super) fn answer(&self, tip: Option<ObjectId>) {
        self.learn(Tip(tip));
        self.answered.store(true, Ordering::Relaxed);
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
