//! Decides which firings wait for a retry, and until when.

use jiff::{SignedDuration, Timestamp};

use crate::policy::{OnBusy, Schedule};
use crate::store::{FiringCause, ScheduleFiring, Wait, WaitsFor};

use super::work_outcome::WorkOutcome;

/// The pause before a firing that waits for a busy workspace is retried.
const BUSY_RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// The first pause after a transient failure. Each further one is twice as long.
const FIRST_RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// The longest such pause.
const MAX_RETRY_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// How long after it was due a firing is still retried.
const MAX_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Returns until when a firing waits; `None` where its outcome is final.
///
/// A busy workspace is waited for if the schedule says so. A transient failure is retried if an event set the schedule due:
/// a timed schedule comes again by itself, and a command shows the error.
pub(super) fn wait(
    outcome: &WorkOutcome,
    schedule: &Schedule,
    firing: &ScheduleFiring,
    now: Timestamp,
) -> Option<Wait> {
    let wait = match (outcome, firing.cause) {
        (_, FiringCause::Command) => return None,
        (WorkOutcome::Busy(why), _) if schedule.on_busy == OnBusy::Queue => Wait {
            until: now + BUSY_RETRY_PAUSE,
            for_what: WaitsFor::Busy,
            detail: Some(why.clone()),
        },
        (
            WorkOutcome::FailedTransiently {
                why, not_before, ..
            },
            FiringCause::Event,
        ) => Wait {
            until: (now + pause(firing.retries)).max(not_before.unwrap_or(now)),
            for_what: WaitsFor::Retry,
            detail: Some(why.clone()),
        },
        _ => return None,
    };
    (wait.until.duration_since(firing.due_at) < MAX_WAIT).then_some(wait)
}

/// Returns the pause after this many failures: 15 s, 30 s, 1 min, … up to 15 minutes.
fn pause(retries: u32) -> SignedDuration {
    let longer = 2_i32.saturating_pow(retries);
    FIRST_RETRY_PAUSE
        .saturating_mul(longer)
        .min(MAX_RETRY_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firing(cause: FiringCause, retries: u32) -> ScheduleFiring {
        ScheduleFiring {
            id: 1,
            message_id: "m".into(),
            schedule: 1,
            due_at: Timestamp::UNIX_EPOCH,
            cause,
            event: None,
            attempts: 1,
            retries,
        }
    }

    fn schedule(on_busy: &str) -> Schedule {
        let text = format!("name = 'x'\ncron = '@daily'\nstep = 's'\non-busy = '{on_busy}'");
        toml::from_str(&text).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn failed(not_before: Option<i64>) -> WorkOutcome {
        WorkOutcome::FailedTransiently {
            why: "away".into(),
            advice: String::new(),
            not_before: not_before.map(at),
        }
    }

    #[test]
    fn an_events_firing_is_retried_with_growing_pauses_for_a_day() {
        let after = |retries, now: i64, not_before| {
            let firing = firing(FiringCause::Event, retries);
            let wait = wait(&failed(not_before), &schedule("skip"), &firing, at(now))?;
            assert_eq!(
                (wait.for_what, wait.detail.as_deref()),
                (WaitsFor::Retry, Some("away"))
            );
            Some(wait.until.as_second() - now)
        };
        let pauses: Vec<_> = (0..9)
            .map(|retries| after(retries, 100, None).unwrap())
            .collect();
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(after(u32::MAX, 100, None), Some(900));
        assert_eq!(
            after(0, 100, Some(400)),
            Some(300),
            "what the server asks for"
        );
        assert_eq!(after(0, 100, Some(101)), Some(15), "but no sooner");
        assert_eq!(after(0, 86_384, None), Some(15));
        assert_eq!(after(0, 86_385, None), None, "a day is over");
        assert_eq!(after(0, 100, Some(86_400)), None, "it would be over");
    }

    #[test]
    fn firings_by_time_or_by_a_command_are_not_retried() {
        let wait = |outcome: &WorkOutcome, on_busy: &str, cause| {
            wait(outcome, &schedule(on_busy), &firing(cause, 0), at(0)).map(|wait| wait.for_what)
        };
        let busy = WorkOutcome::Busy("busy".into());
        for cause in [FiringCause::Time, FiringCause::Command] {
            assert_eq!(wait(&failed(None), "queue", cause), None);
        }
        assert_eq!(
            wait(&busy, "queue", FiringCause::Time),
            Some(WaitsFor::Busy)
        );
        assert_eq!(wait(&busy, "queue", FiringCause::Command), None);
        assert_eq!(wait(&busy, "skip", FiringCause::Event), None);
        assert_eq!(
            wait(
                &WorkOutcome::Failed("x".into()),
                "queue",
                FiringCause::Event
            ),
            None
        );
    }
}
