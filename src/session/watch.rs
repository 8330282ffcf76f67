//! `Watch`: the watchdog of a command, from before the repository is opened to the end of its run.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::names::RunId;
use crate::pipeline::{Deadline, PartialReport, RunInfo, Watchdog};
use crate::policy::Limits;
use crate::process::is_memory_scarce;
use crate::reason::{Code, Reason};
use crate::report::{Report, StepReport, Verdict};
use crate::threads::lock;

use super::Request;
use super::keeper::{Keeper, not_kept};

/// A deadline, and the report so far for when it passes.
///
/// It starts with the default limit, because a stuck file system may never show the policy; the policy's limit
/// replaces it as soon as it is read.
#[derive(Debug)]
pub struct Watch {
    pub(super) deadline: Deadline,
    pub(super) partial: PartialReport,
    pub(super) run_id: RunId,
    guard: Mutex<io::Result<Option<Watchdog>>>,
    /// Set shortly before the deadline, to stop the inspection of the repository so that messages to the platform are still
    /// sent.
    pub(super) late: Arc<AtomicBool>,
    /// The keeper of the run, once it has begun.
    keeper: Arc<Mutex<Option<Keeper>>>,
}

impl Watch {
    /// Starts to watch a command that is to run `pipeline`. When the deadline passes, `on_end` gets
    /// the report so far, on a thread of its own; it may end the process.
    pub fn start(
        request: &Request,
        pipeline: &str,
        on_end: impl FnOnce(Report) + Send + 'static,
    ) -> Self {
        let watch = Self::without_thread(request, pipeline);
        let keeper = Arc::clone(&watch.keeper);
        let late = Arc::clone(&watch.late);
        let prepare = move || {
            late.store(true, Ordering::Release);
            if let Some(keeper) = current(&keeper).filter(|_| !is_memory_scarce()) {
                keeper.store.make_ahead();
            }
        };
        let keeper = Arc::clone(&watch.keeper);
        let on_end = move |report| {
            on_end(match current(&keeper) {
                Some(keeper) => keeper.keep_late(report),
                None => not_kept(report),
            });
        };
        let guard = Watchdog::start(&watch.deadline, &watch.partial, prepare, on_end).map(Some);
        Self {
            guard: Mutex::new(guard),
            ..watch
        }
    }

    /// Makes one without a thread, for a caller that has a deadline of its own, or none.
    pub fn without_thread(request: &Request, pipeline: &str) -> Self {
        let clock = Clock::System;
        let run_id = request.run_id.unwrap_or_else(|| RunId::new(clock.now()));
        let info = RunInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            pipeline: pipeline.into(),
            trigger: request.trigger.to_string(),
            run_id,
            repo: None,
            notes: request.notes.clone(),
        };
        Self {
            deadline: Deadline::new(Limits::default().deadline.duration()),
            partial: PartialReport::new(info, &clock).hiding(&request.known),
            run_id,
            guard: Mutex::new(Ok(None)),
            late: Arc::default(),
            keeper: Arc::default(),
        }
    }

    /// Returns the report of a run that `SENDOFF=0` switched off.
    pub fn switched_off(&self) -> Report {
        self.partial.note(switched_off());
        self.partial.conclude()
    }

    /// Returns the line of a step that `SENDOFF=0` switched off.
    pub fn step_switched_off(name: &str) -> StepReport {
        let Reason {
            code,
            message,
            advice,
        } = switched_off();
        StepReport {
            name: name.into(),
            kind: name.into(),
            verdict: Verdict::Skipped,
            summary: message,
            reason: Some(code),
            advice,
            outputs: serde_json::Map::new(),
            started_at: None,
            duration_ms: 0,
        }
    }

    /// Sets the keeper that is used if the watchdog ends the run.
    pub(super) fn keeps(&self, keeper: Keeper) {
        *lock(&self.keeper) = Some(keeper);
    }

    /// Returns the keeper.
    pub(super) fn keeper(&self) -> Option<Keeper> {
        current(&self.keeper)
    }

    /// Replaces the limit by the policy's.
    pub(super) fn limit(&self, limit: Duration) {
        if self.deadline.limit() == limit {
            return;
        }
        self.deadline.set_limit(limit);
        let guard = lock(&self.guard);
        if let Ok(Some(watchdog)) = &*guard {
            watchdog.wake();
        }
    }

    /// Ends the watch, or says why there was none. `on_end` is not called any more.
    pub(super) fn end(&self) -> io::Result<()> {
        let mut guard = lock(&self.guard);
        std::mem::replace(&mut *guard, Ok(None)).map(drop)
    }
}

/// Returns the keeper. The run's thread can be stuck anywhere, but holds this lock only while it copies.
fn current(keeper: &Mutex<Option<Keeper>>) -> Option<Keeper> {
    lock(keeper).clone()
}

/// The note of a command that `SENDOFF=0` switched off.
pub(super) fn switched_off() -> Reason {
    let message = "SENDOFF=0 switches sendoff off: nothing is looked at and nothing done";
    Reason::new(Code::Off, message).advise("unset SENDOFF to switch it on again")
}
