//! Carrying out one firing: its work within its time, its claim renewed meanwhile, and what became of it noted.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::http::clean_line;
use crate::policy::{Schedule, ScheduledWork};
use crate::session::Service;
use crate::store::{
    Answer, FiringCause, FiringEnd, LazyStore, ScheduleFiring, ScheduleRow, ScheduleStatus,
    ScheduleStore, Store, StoreError, Wait,
};
use crate::threads::on_own_thread;

use super::outcome::Outcome;
use super::wait::wait;
use super::{definition, program, prompt};

/// For how long a claim holds, unless it is renewed. A process that was killed has its firings taken up after that.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often a claim is renewed.
const RENEWAL: Duration = Duration::from_secs(5);
/// How much longer than the firing, which ends it, the client waits for an agent.
const GRACE: Duration = Duration::from_secs(5);
/// How many processes may die of one firing.
const MAX_ATTEMPTS: u32 = 10;
/// How often it is tried to note what became of a firing, and how long is waited in between.
const NOTE_TRIES: u32 = 10;
const NOTE_PAUSE: Duration = Duration::from_secs(1);
/// The most that is kept of what a firing did, in characters.
const DETAIL: usize = 500;

/// How a firing went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Carried {
    /// It ended.
    Ended {
        /// With this status.
        status: ScheduleStatus,
        /// What it did, or why it did not.
        detail: Option<String>,
    },
    /// It waits for something busy, or for another try.
    PutOff {
        /// Why.
        detail: Option<String>,
    },
    /// What became of it could not be noted, or another process noted it first.
    NotNoted,
}

/// Carries out a firing that this process has claimed, and notes what became of it.
pub(super) async fn carry(
    service: &Service,
    store: &LazyStore,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
) -> Carried {
    let outcome = match definition::read(row) {
        _ if firing.attempts > MAX_ATTEMPTS => Outcome::Failed(format!(
            "{MAX_ATTEMPTS} processes ended while they carried it out, so it is given up"
        )),
        _ if !row.enabled && firing.cause != FiringCause::Command => {
            Outcome::Busy("it was disabled meanwhile".into())
        }
        Err(error) => Outcome::failed(&error),
        Ok(schedule) => {
            let work = within_time(service, firing, row, &schedule);
            let outcome = renewed(store, firing, work).await;
            let now = Clock::System.now();
            match wait(&outcome, &schedule, firing, now) {
                Some(mut wait) => {
                    let said = wait.detail.unwrap_or_default();
                    let until = wait.until.strftime("%Y-%m-%dT%H:%M:%SZ");
                    wait.detail = told_of(service, &format!("{said}; tried again at {until}"));
                    return put_off(store, firing, wait).await;
                }
                None => outcome,
            }
        }
    };
    let end = end_of(outcome, firing.retries, service);
    note(store, firing, end).await
}

/// Does the work, at most for the schedule's time. A panic of it is a failure of it alone.
async fn within_time(
    service: &Service,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
    schedule: &Schedule,
) -> Outcome {
    let limit = schedule.timeout.duration();
    let work = AssertUnwindSafe(work(service, firing, row, schedule)).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => {
            Outcome::Failed("sendoff has a bug and stopped there; please report it".into())
        }
        Err(_) => Outcome::Failed(format!("it did not end within {}", schedule.timeout)),
    }
}

async fn work(
    service: &Service,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
    schedule: &Schedule,
) -> Outcome {
    let limit = schedule.timeout.duration();
    match schedule.work() {
        Err(error) => Outcome::failed(&error),
        Ok(ScheduledWork::Prompt { workspace, prompt }) => {
            prompt::send(service, firing, row, workspace, prompt, limit + GRACE).await
        }
        Ok(ScheduledWork::Pipeline {
            pipeline,
            directory,
        }) => program::pipeline(pipeline, directory, limit).await,
        Ok(ScheduledWork::Step { step, directory }) => {
            let table = service.policy().step(step);
            if table.kind() != "http" {
                return Outcome::Failed(format!(
                    "`{step}` is no step of kind http; set `uses = \"http\"` in `[steps.{step}]` of the user's policy"
                ));
            }
            program::step(step, directory.map(std::path::PathBuf::as_path), limit).await
        }
    }
}

/// Waits for the work, and renews the claim meanwhile.
async fn renewed(
    store: &LazyStore,
    firing: &ScheduleFiring,
    work: impl Future<Output = Outcome>,
) -> Outcome {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(RENEWAL) => {
                let id = firing.id;
                let until = Clock::System.now() + LEASE;
                if let Err(error) = in_store(store, move |store| store.renew(&[id], until)).await {
                    tracing::warn!(%error, "a claim is not renewed; another process may take it up");
                }
            }
        }
    }
}

async fn put_off(store: &LazyStore, firing: &ScheduleFiring, wait: Wait) -> Carried {
    let detail = wait.detail.clone();
    let firing = firing.clone();
    match in_store(store, move |store| store.put_off(&firing, &wait)).await {
        Ok(()) => Carried::PutOff { detail },
        Err(error) => {
            tracing::warn!(%error, "a firing that waits is taken up when its claim ends");
            Carried::NotNoted
        }
    }
}

fn end_of(outcome: Outcome, retries: u32, service: &Service) -> FiringEnd {
    let (status, detail, answer) = match outcome {
        Outcome::Done { detail, answer } => (ScheduleStatus::Ok, detail, answer),
        Outcome::Busy(why) => (ScheduleStatus::Skipped, why, Answer::None),
        Outcome::Failed(why) => (ScheduleStatus::Error, why, Answer::None),
        Outcome::FailedInPassing { why, advice, .. } => {
            let tries = match retries {
                0 => String::new(),
                retries => format!("given up after {} tries; ", retries + 1),
            };
            let detail = format!("{why}; {tries}{advice}");
            (ScheduleStatus::Error, detail, Answer::None)
        }
    };
    FiringEnd {
        status,
        detail: told_of(service, &detail),
        answer,
        at: Clock::System.now(),
    }
}

/// Returns what is kept of a text: without secrets, in one short line.
fn told_of(service: &Service, text: &str) -> Option<String> {
    let line = clean_line(&service.known().hide(text), DETAIL);
    Some(line).filter(|line| !line.is_empty())
}

/// Notes what became of a firing. Work that is done is worth some tries: else another process does it again.
async fn note(store: &LazyStore, firing: &ScheduleFiring, end: FiringEnd) -> Carried {
    for _ in 0..NOTE_TRIES {
        let (noted_firing, noted_end) = (firing.clone(), end.clone());
        match in_store(store, move |store| store.end(&noted_firing, &noted_end)).await {
            Ok(Some(status)) => {
                return Carried::Ended {
                    status,
                    detail: end.detail,
                };
            }
            Ok(None) => return Carried::NotNoted,
            Err(error) => tracing::warn!(%error, "what became of a firing is not noted yet"),
        }
        tokio::time::sleep(NOTE_PAUSE).await;
    }
    Carried::NotNoted
}

/// Asks the store on a thread of its own, so that nothing else waits for the disk.
pub(super) async fn in_store<T: Send + 'static>(
    store: &LazyStore,
    ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let store = store.clone();
    let asked = on_own_thread(move || match store.get() {
        Ok(store) => ask(store).map_err(|error| told(&error)),
        Err(error) => Err(told(&error)),
    })
    .await;
    match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err("the thread of the store panicked".into()),
        Err(error) => Err(format!("the machine refuses another thread: {error}")),
    }
}

/// Returns an error of the store in one line.
pub(super) fn told(error: &StoreError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Returns until when a claim of now holds.
pub(super) fn lease(now: Timestamp) -> Timestamp {
    now + LEASE
}
