//! The speculative pack: what a remote lacks is selected and packed during the reference discovery.
//!
//! The guess is what the remote was seen to have last. When its advertisement comes, the new commits are listed again by
//! that; where they are the same, and they begin at the same trees, everything that was made of them is what would have
//! been made now, byte by byte. Where they are not, it is discarded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gix::ObjectId;

use crate::objects::{NewCommits, Selection, Wanted, new_commits, select_from};
use crate::pack::{PackOptions, Plan, Writer};
use crate::request::PushRequest;
use crate::store::Reader;
use crate::update_rule::UpdateRule;

/// How often the caller's `stop` is looked at.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// What becomes known during the reference discovery; shared by the thread that asks and the one that packs.
#[derive(Debug, Default)]
pub(crate) struct DiscoveryState {
    /// The remote has answered.
    pub(crate) answered: AtomicBool,
    /// The speculative pack can be of no use: the remote refused, or has the branch at another commit.
    pub(crate) useless: AtomicBool,
    branch: Mutex<Option<Tip>>,
}

/// The branch's value on the remote: by the tracking ref, or by the advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tip(Option<ObjectId>);

impl DiscoveryState {
    /// The speculative pack is not needed any more.
    fn end(&self) {
        self.useless.store(true, Ordering::Relaxed);
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Passes on the caller's `stop`, until the speculative pack is `done`. Before the remote has answered the transport
    /// sees it by itself.
    pub(crate) fn watch(&self, stop: &AtomicBool, done: &Receiver<()>) {
        while done.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            if stop.load(Ordering::Relaxed) {
                self.end();
            }
        }
    }

    /// The first of the two values is kept, the second compared with it.
    fn compare(&self, tip: Tip) {
        let mut branch = self.branch.lock().unwrap_or_else(PoisonError::into_inner);
        let first = branch.get_or_insert(tip);
        if *first != tip {
            self.useless.store(true, Ordering::Relaxed);
        }
    }
}

/// Sets in a [`DiscoveryState`] how the reference discovery ended: as a refusal when it is dropped before, also by a panic.
#[derive(Debug)]
pub(crate) struct DiscoveryEnd<'a>(Option<&'a DiscoveryState>);

impl<'a> DiscoveryEnd<'a> {
    pub(crate) const fn of(state: &'a DiscoveryState) -> Self {
        Self(Some(state))
    }

    /// The remote takes pushes, and has this value for the branch.
    pub(crate) fn advertised(mut self, tip: Option<ObjectId>) {
        if let Some(state) = self.0.take() {
            state.compare(Tip(tip));
            state.answered.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for DiscoveryEnd<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.0 {
            state.end();
        }
    }
}

/// What a remote lacks, if it has what it was seen to have.
#[derive(Debug)]
pub(crate) struct Speculation {
    /// The branch's value by its tracking ref. The push may update it from there.
    pub(crate) old: Option<ObjectId>,
    pub(crate) new: NewCommits,
    pub(crate) selection: Selection,
}

impl Speculation {
    /// Selects it; none where there is no tracking ref, where there would be nothing to do or the push would be refused, or
    /// when it turns out to be useless meanwhile.
    ///
    /// An error is none too: it comes again after the reference discovery, and is told then.
    pub(crate) fn select(
        repo: &gix::Repository,
        reader: &Reader,
        request: &PushRequest<'_>,
        rule: UpdateRule,
        state: &DiscoveryState,
    ) -> Option<Self> {
        let useless = &state.useless;
        let seen = (request.last_seen)();
        if seen.tips.is_empty() || seen.branch == Some(request.new) {
            return None;
        }
        state.compare(Tip(seen.branch));
        // What the remote would refuse by its tracking ref is not packed for it.
        let may_update = rule.holds(repo, reader, request.new, seen.branch, useless);
        if !may_update.ok()? {
            return None;
        }
        let wanted = Wanted {
            new: request.new,
            has: &seen.tips,
            old_tip: seen.branch,
        };
        let new = new_commits(repo, reader, wanted, useless).ok()?;
        let selection = select_from(reader, &new, request.progress, useless).ok()?;
        Some(Self {
            old: seen.branch,
            new,
            selection,
        })
    }

    /// Finds the locations of its objects.
    pub(crate) fn plan<'s>(
        &'s self,
        reader: &'s Reader,
        state: &DiscoveryState,
    ) -> Option<Plan<'s>> {
        Plan::new(reader, &self.selection, &state.useless).ok()
    }

    /// Packs it as most servers want it, until the remote has answered or the buffer is full.
    pub(crate) fn pack<'s>(
        &'s self,
        reader: &'s Reader,
        plan: &'s Plan<'s>,
        request: &PushRequest<'s>,
        state: &DiscoveryState,
    ) -> Option<Writer<'s, 's>> {
        let selection = &self.selection;
        let writer = Writer::new(
            reader,
            selection,
            plan,
            PackOptions::USUAL,
            request.progress,
        );
        let mut writer = writer.ok()?;
        writer.write_ahead(&state.answered, request.stop).ok()?;
        Some(writer)
    }
}
