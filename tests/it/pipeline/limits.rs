//! Time limits, the deadline and the watchdog.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use sendoff::pipeline::{Deadline, Pipeline, Watchdog};
use sendoff::report::Verdict;
use sendoff_testing::wait_until;

use super::kinds::{KINDS, RAISED};
use super::{partial_report, policy, run, run_pipeline, step, verdict};

#[test]
fn a_step_that_takes_too_long_fails_and_the_message_names_the_limit() {
    let report = run(r#"
        pipelines.p = [["own", "general", "slow"], "say"]
        limits.step-timeout = "120ms"
        steps.own = { uses = "act", what = "sleep", millis = 20000, timeout = "50ms" }
        steps.general = { uses = "act", what = "sleep", millis = 20000 }
        steps.slow = { what = "sleep", millis = 250 }
    "#);
    assert_eq!(verdict(&report, "own"), (Verdict::Failed, Some("timeout")));
    assert_eq!(
        step(&report, "own").summary,
        "it took longer than 50ms (steps.own.timeout)"
    );
    assert_eq!(
        step(&report, "general").summary,
        "it took longer than 120ms (limits.step-timeout)"
    );
    assert_eq!(verdict(&report, "slow"), (Verdict::Done, None));
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
    assert_eq!(report.exit_code, 1);
}

#[test]
fn the_deadline_ends_a_stuck_thread_and_what_comes_after_it() {
    let began = Instant::now();
    let report = run(r#"
        pipelines.p = [["stuck", "say"], "clear"]
        limits.deadline = "1s"
        steps.stuck = { uses = "act", what = "stuck-thread", millis = 40000 }
    "#);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(
        verdict(&report, "stuck"),
        (Verdict::Failed, Some("deadline"))
    );
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
    assert_eq!(
        verdict(&report, "clear"),
        (Verdict::Failed, Some("deadline"))
    );
    assert!(step(&report, "stuck").summary.contains("1s"));
    assert_eq!(report.exit_code, 1);
    wait_until("the flag", || RAISED.load(Ordering::Relaxed).then_some(()));
}

#[test]
fn the_watchdog_reports_when_the_runs_own_thread_is_stuck() {
    let policy = policy(
        r#"
        pipelines.p = ["say", ["stuck", "after"], "clear"]
        steps.stuck = { uses = "act", what = "stuck-poll", millis = 8000 }
        steps.after = { uses = "say" }
    "#,
    );
    let pipeline = Pipeline::plan(&policy, "p", KINDS).unwrap();
    let partial_report = partial_report();
    let limit = Duration::from_secs(1);
    let began = Instant::now();
    let deadline = Deadline::new(limit);
    let (send, receive) = channel();
    let watchdog = Watchdog::start(
        &deadline,
        &partial_report,
        || {},
        move |report| {
            send.send((Instant::now(), report)).unwrap();
        },
    )
    .unwrap();
    let late = run_pipeline(&policy, &pipeline, &deadline, &partial_report);
    drop(watchdog);
    let (at, report) = receive.recv().unwrap();
    let took = at - began;
    assert!(took >= limit, "{took:?}");
    // 50 ms by contract; the machine that tests may be busy.
    assert!(took < limit + Duration::from_secs(5), "{took:?}");
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
    assert_eq!(
        verdict(&report, "stuck"),
        (Verdict::Failed, Some("deadline"))
    );
    assert_eq!(
        verdict(&report, "after"),
        (Verdict::Failed, Some("deadline"))
    );
    assert_eq!(
        verdict(&report, "clear"),
        (Verdict::Failed, Some("deadline"))
    );
    assert_eq!((report.verdict, report.exit_code), (Verdict::Failed, 1));
    // What was reported once stays reported.
    assert_eq!(verdict(&late, "stuck"), (Verdict::Failed, Some("deadline")));
}

#[test]
fn a_watchdog_is_disarmed_when_the_run_ends_in_time() {
    // Far away: what is not disarmed tells then.
    let deadline = Deadline::new(Duration::from_mins(1));
    let (send, receive) = channel();
    let watchdog = Watchdog::start(
        &deadline,
        &partial_report(),
        || {},
        move |report| {
            send.send(report).unwrap();
        },
    );
    drop(watchdog);
    // The sender is dropped without a message when the watchdog's thread ends.
    assert!(receive.recv().is_err());
}

#[test]
fn who_disarms_a_watchdog_that_is_telling_waits_until_it_has_told() {
    let deadline = Deadline::new(Duration::from_millis(10));
    let (begin, begun) = channel();
    let (told, telling) = channel();
    let watchdog = Watchdog::start(
        &deadline,
        &partial_report(),
        || {},
        move |_| {
            begin.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            told.send(Instant::now()).unwrap();
        },
    );
    begun.recv().unwrap();
    drop(watchdog);
    // It has told all before whoever waits goes on, so a report is never shown twice at once.
    assert!(telling.try_recv().is_ok());
}

#[test]
fn a_deadline_that_passes_before_the_first_step_fails_the_run() {
    let deadline = Deadline::new(Duration::from_millis(1));
    let report = partial_report().cut_off(&deadline);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Failed, 1));
    assert_eq!(report.notes[0].code.as_str(), "deadline");
}

#[test]
fn a_deadline_that_stands_still_does_not_end_the_run() {
    let deadline = Deadline::new(Duration::from_secs(2));
    let (send, receive) = channel();
    let still = deadline.suspend();
    let _watchdog = Watchdog::start(
        &deadline,
        &partial_report(),
        || {},
        move |_| {
            send.send(()).unwrap();
        },
    );
    // Longer than the deadline: a watchdog whose clock runs would tell meanwhile.
    let early = receive.recv_timeout(Duration::from_secs(3));
    assert_eq!(early, Err(RecvTimeoutError::Timeout));
    drop(still);
    receive.recv().unwrap();
}
