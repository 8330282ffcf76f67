//! Counts uncommitted changes while a run waits for its servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::git::{Repo, Uncommitted};
use crate::pipeline::Pipeline;
use crate::policy::Trigger;
use crate::process::is_memory_scarce;
use crate::reason::{Code, Reason};

use super::Session;
use super::guards::Inspection;

/// How long after its start a run may end because of the count: a run that waits for nothing is shorter than the
/// count. Builds with debug assertions count many times slower.
const MAX_COUNT_TIME: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(5)
} else {
    Duration::from_millis(5)
};

/// A running count. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Count {
    counted: Receiver<Uncommitted>,
    stop: Arc<AtomicBool>,
    until: Instant,
}

impl Session {
    /// Returns the repository to count in, where the end of this run is the end of a task: an agent's, or a pipeline
    /// run by hand. Not on a protected branch, whose commits would not be shipped, and not in the middle of a rebase.
    pub(super) fn counted_repo(
        &self,
        pipeline: &Pipeline,
        inspection: &Inspection,
    ) -> Option<&Repo> {
        let by_hand = self.trigger == Trigger::Manual;
        let held = inspection.shipment.as_ref().err();
        let is_end = match held.map(|hold| hold.reason.code) {
            // Nothing else reads a HEAD that the guards refuse to read.
            Some(Code::OperationInProgress | Code::BadHead) => false,
            Some(Code::ProtectedBranch) if by_hand => false,
            _ => by_hand || self.trigger.is_agent(),
        };
        if !is_end || !pipeline.ships() || !self.has_pipeline(pipeline.name()) {
            return None;
        }
        self.repo()
    }

    /// Begins what is done while a run waits for its servers: opening the store, and counting what is not committed.
    /// Does neither where another thread could leave the push too little memory.
    pub(super) fn begin_beside(&self, counted: Option<&Repo>) -> Option<Count> {
        if is_memory_scarce() {
            return None;
        }
        let Some(repo) = counted else {
            self.store.open_ahead();
            return None;
        };
        let store = self.store.clone();
        let until = Instant::now() + MAX_COUNT_TIME;
        let counting = move |repo: &Repo, stop: &Arc<AtomicBool>| {
            store.read_existing_ahead();
            repo.uncommitted(stop)
        };
        Count::begin(repo.clone(), until, counting)
    }
}

impl Count {
    /// Begins a count where the run waits for no server; returns `None` where everything is committed, the count would not
    /// end in the time that such a run has for it, or another thread could leave too little memory.
    pub(super) fn begin_alone(counted: Option<&Repo>) -> Option<Self> {
        let repo = counted.filter(|repo| repo.is_quickly_counted() && !is_memory_scarce())?;
        let until = Instant::now() + MAX_COUNT_TIME;
        // To start a thread takes longer than this look, and then there is nothing else for this one to do.
        if repo.is_clean(until) || Instant::now() > until {
            return None;
        }
        Self::begin(repo.clone(), until, Repo::uncommitted_after_look)
    }

    /// Begins `counting` on a thread of its own; returns `None` where no thread can be started.
    fn begin(
        repo: Repo,
        until: Instant,
        counting: impl FnOnce(&Repo, &Arc<AtomicBool>) -> Option<Uncommitted> + Send + 'static,
    ) -> Option<Self> {
        let (tell, counted) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let work = move || {
            if let Some(uncommitted) = counting(&repo, &flag) {
                // The run may have ended.
                let _told = tell.send(uncommitted);
            }
        };
        let _thread = thread::Builder::new()
            .name("beside".into())
            .spawn(work)
            .ok()?;
        Some(Self {
            counted,
            stop,
            until,
        })
    }

    /// Returns the note for the report; `None` where everything is committed, or the count takes longer than the run may.
    pub(super) fn note(self) -> Option<Reason> {
        let left = self.until.saturating_duration_since(Instant::now());
        note(self.counted.recv_timeout(left).ok()?)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// Makes the note on uncommitted changes; `None` where there are none.
fn note(uncommitted: Uncommitted) -> Option<Reason> {
    let Uncommitted {
        changed,
        untracked,
        is_partial,
    } = uncommitted;
    if changed + untracked == 0 {
        return None;
    }
    let files = |count: usize| if count == 1 { "file" } else { "files" };
    let mut parts = Vec::new();
    if changed > 0 {
        parts.push(format!("{changed} changed {}", files(changed)));
    }
    if untracked > 0 {
        parts.push(format!("{untracked} untracked {}", files(untracked)));
    }
    let least = if is_partial { "at least " } else { "" };
    let message = format!(
        "not committed, and so not pushed: {least}{}",
        parts.join(" and ")
    );
    Some(Reason::new(Code::Uncommitted, message).advise(
        "`git status` lists them; commit what belongs to the task, and ignore or remove the rest",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(changed: usize, untracked: usize, is_partial: bool) -> Option<String> {
        let counted = Uncommitted {
            changed,
            untracked,
            is_partial,
        };
        note(counted).map(|reason| reason.message)
    }

    #[test]
    fn the_note_counts_and_is_absent_where_everything_is_committed() {
        assert_eq!(told(0, 0, false), None);
        assert_eq!(
            told(1, 2, false).unwrap(),
            "not committed, and so not pushed: 1 changed file and 2 untracked files"
        );
        assert_eq!(
            told(0, 1, false).unwrap(),
            "not committed, and so not pushed: 1 untracked file"
        );
        assert_eq!(
            told(3, 997, true).unwrap(),
            "not committed, and so not pushed: at least 3 changed files and 997 untracked files"
        );
    }
}
