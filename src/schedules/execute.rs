//! Executes one firing: runs its work within its timeout, renews its claim meanwhile, and records the result.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, to_the_second};
use crate::http::clean_line;
use crate::policy::{Schedule, ScheduledWork};
use crate::session::Service;
use crate::store::{
    Answer, FiringCause, FiringEnd, LazyStore, ScheduleFiring, ScheduleRow, ScheduleStatus,
    ScheduleStore, Store, StoreError, Wait,
};
use crate::threads::on_own_thread;

use super::wait::wait;
use super::work_outcome::WorkOutcome;
use super::{definition, program, prompt};

/// How long a claim is valid without being renewed. After that another process takes over the firings of a killed one.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// The interval at which a claim is renewed.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(5);
/// How much longer than the firing's timeout the client waits for an agent, so that the timeout ends it.
const ANSWER_GRACE: Duration = Duration::from_secs(5);
/// The most processes that end during one firing before it is given up.
const MAX_ATTEMPTS: u32 = 10;
/// How often recording a result is tried, and the pause between two tries.
const MAX_RECORD_TRIES: u32 = 10;
const RECORD_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The longest description of a result, in characters.
const MAX_DETAIL_LENGTH: usize = 500;

/// The result of executing a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Executed {
    /// It ended.
    Ended {
        /// With this status.
        status: ScheduleStatus,
        /// What it did, or why it did not.
        detail: Option<String>,
    },
    /// It waits for a busy workspace, or for a retry.
    Postponed {
        /// Why.
        detail: Option<String>,
    },
    /// The result could not be recorded, or another process recorded one first.
    NotRecorded,
}

/// Executes a firing that this process has claimed, and records the result.
pub(super) async fn execute(
    service: &Service,
    store: &LazyStore,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
) -> Executed {
    let outcome = match definition::read(row) {
        _ if firing.attempts > MAX_ATTEMPTS => WorkOutcome::Failed(format!(
            "{MAX_ATTEMPTS} processes ended while they executed it, so it is given up"
        )),
        _ if !row.enabled && firing.cause != FiringCause::Command => {
            WorkOutcome::Busy("it was disabled since".into())
        }
        Err(error) => WorkOutcome::failed(&error),
        Ok(schedule) => {
            let work = Box::pin(work(service, firing, row, &schedule));
            let work = within_time(&schedule, work);
            let outcome = renewed(store, firing, work).await;
            let now = Clock::System.now();
            match wait(&outcome, &schedule, firing, now) {
                Some(mut wait) => {
                    let said = wait.detail.unwrap_or_default();
                    let until = to_the_second(wait.until);
                    wait.detail = told_of(service, &format!("{said}; tried again at {until}"));
                    return postpone(store, firing, wait).await;
                }
                None => outcome,
            }
        }
    };
    let end = end_of(outcome, firing.retries, service);
    record(store, firing, end).await
}

/// Runs the work within the schedule's timeout. A panic fails only this firing.
async fn within_time(schedule: &Schedule, work: impl Future<Output = WorkOutcome>) -> WorkOutcome {
    let limit = schedule.timeout.duration();
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => WorkOutcome::Failed("this is a bug in sendoff; please report it".into()),
        Err(_) => WorkOutcome::Failed(format!("it did not end within {}", schedule.timeout)),
    }
}

async fn work(
    service: &Service,
    firing: &ScheduleFiring,
    row: &ScheduleRow,
    schedule: &Schedule,
) -> WorkOutcome {
    let limit = schedule.timeout.duration();
    match schedule.work() {
        Err(error) => WorkOutcome::failed(&error),
        Ok(ScheduledWork::Prompt { workspace, prompt }) => {
            prompt::send(
                service,
                firing,
                row,
                workspace,
                prompt,
                limit + ANSWER_GRACE,
            )
            .await
        }
        Ok(ScheduledWork::Pipeline {
            pipeline,
            directory,
        }) => program::pipeline(pipeline, directory, limit).await,
        Ok(ScheduledWork::Step { step, directory }) => {
            let table = service.policy().step(step);
            if table.kind() != "http" {
                return WorkOutcome::Failed(format!(
                    "`{step}` is not a step of kind http; set `uses = \"http\"` in `[steps.{step}]` of the user's policy"
                ));
            }
            program::step(step, directory.map(std::path::PathBuf::as_path), limit).await
        }
    }
}

/// Runs the work, and renews the claim meanwhile.
async fn renewed(
    store: &LazyStore,
    firing: &ScheduleFiring,
    work: impl Future<Output = WorkOutcome>,
) -> WorkOutcome {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(RENEWAL_INTERVAL) => {
                let id = firing.id;
                let until = Clock::System.now() + LEASE;
                if let Err(error) = in_store(store, move |store| store.renew(&[id], until)).await {
                    tracing::warn!(%error, "a claim cannot be renewed; another process can take it over");
                }
            }
        }
    }
}

async fn postpone(store: &LazyStore, firing: &ScheduleFiring, wait: Wait) -> Executed {
    let detail = wait.detail.clone();
    let firing = firing.clone();
    match in_store(store, move |store| store.put_off(&firing, &wait)).await {
        Ok(()) => Executed::Postponed { detail },
        Err(error) => {
            tracing::warn!(%error, "a firing cannot be postponed; it is taken over when its claim ends");
            Executed::NotRecorded
        }
    }
}

fn end_of(outcome: WorkOutcome, retries: u32, service: &Service) -> FiringEnd {
    let (status, detail, answer) = match outcome {
        WorkOutcome::Done { detail, answer } => (ScheduleStatus::Ok, detail, answer),
        WorkOutcome::Busy(why) => (ScheduleStatus::Skipped, why, Answer::None),
        WorkOutcome::Failed(why) => (ScheduleStatus::Error, why, Answer::None),
        WorkOutcome::FailedTransiently { why, advice, .. } => {
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

/// Returns a text without secrets, on one line of bounded length; `None` where nothing is left.
fn told_of(service: &Service, text: &str) -> Option<String> {
    let line = clean_line(&service.known().hide(text), MAX_DETAIL_LENGTH);
    Some(line).filter(|line| !line.is_empty())
}

/// Records the result of a firing. Tries several times, because otherwise another process repeats the work.
async fn record(store: &LazyStore, firing: &ScheduleFiring, end: FiringEnd) -> Executed {
    for _ in 0..MAX_RECORD_TRIES {
        let (noted_firing, noted_end) = (firing.clone(), end.clone());
        match in_store(store, move |store| store.end(&noted_firing, &noted_end)).await {
            Ok(Some(status)) => {
                return Executed::Ended {
                    status,
                    detail: end.detail,
                };
            }
            Ok(None) => return Executed::NotRecorded,
            Err(error) => tracing::warn!(%error, "the result of a firing cannot be recorded yet"),
        }
        tokio::time::sleep(RECORD_RETRY_INTERVAL).await;
    }
    Executed::NotRecorded
}

/// Accesses the store on a thread of its own, so that nothing else waits for the disk.
pub(super) async fn in_store<T: Send + 'static>(
    store: &LazyStore,
    ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let store = store.clone();
    let asked = on_own_thread(move || match store.get() {
        Ok(store) => ask(store).map_err(|error| error.told()),
        Err(error) => Err(error.told()),
    })
    .await;
    match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err("the thread of the store panicked".into()),
        Err(error) => Err(format!("the machine refuses another thread: {error}")),
    }
}

/// Returns the end of a claim made at `now`.
pub(super) fn lease(now: Timestamp) -> Timestamp {
    now + LEASE
}
