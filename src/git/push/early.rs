//! The head start: what a remote lacks is found and packed while it is being asked what it has.
//!
//! The guess is what it was seen to have last. When its answer comes, the new commits are listed again by
//! what it says; where they are the same, and they begin at the same trees, everything that was made of
//! them is what would have been made now, byte by byte. Where they are not, it is thrown away.

use std::sync::atomic::AtomicBool;

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

/// What a remote lacks, if it has what it was seen to have.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) new: NewCommits,
    pub(super) selection: Selection,
}

impl Early {
    /// Lists it; nothing where nothing was seen, where there would be nothing to do, or when the remote
    /// `refused` meanwhile.
    ///
    /// An error is nothing too: it comes again when the remote has answered, and is told then.
    pub(super) fn select(
        repo: &gix::Repository,
        reader: &Reader,
        order: &PushOrder<'_>,
        refused: &AtomicBool,
    ) -> Option<Self> {
        let seen = (order.last_seen)();
        if seen.tips.is_empty() || seen.branch == Some(order.new) {
            return None;
        }
        let wanted = Wanted {
            new: order.new,
            has: &seen.tips,
            old_tip: seen.branch,
        };
        let new = new_commits(repo, reader, wanted, refused).ok()?;
        let selection = select_from(reader, &new, order.progress, refused).ok()?;
        Some(Self { new, selection })
    }

    /// Finds where its objects lie.
    pub(super) fn plan<'s>(&'s self, reader: &'s Reader, refused: &AtomicBool) -> Option<Plan<'s>> {
        Plan::new(reader, &self.selection, refused).ok()
    }

    /// Packs it as most servers want it, until the remote has answered or as much is held as may be.
    pub(super) fn pack<'s>(
        &'s self,
        reader: &'s Reader,
        plan: &'s Plan<'s>,
        order: &PushOrder<'s>,
        answered: &AtomicBool,
    ) -> Option<Writer<'s, 's>> {
        let selection = &self.selection;
        let writer = Writer::new(reader, selection, plan, PackOptions::USUAL, order.progress);
        let mut writer = writer.ok()?;
        writer.write_ahead(answered, order.stop).ok()?;
        Some(writer)
    }
}
