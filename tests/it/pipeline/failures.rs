//! Errors and panics become lines of the report, and what they mean for the rest of the run.

use sendoff::pipeline::{Deadline, Pipeline};
use sendoff::report::Verdict;
use sendoff::secrets::KnownSecrets;

use super::kinds::KINDS;
use super::{partial_report, policy, run, run_pipeline, step, verdict};

const TOKEN: &str = "ghp_0123456789012345678901234567890123";

#[test]
fn x26_a_panicking_step_fails_and_the_next_one_runs() {
    let report = run(&format!(
        r#"
        pipelines.p = [["a", "b"], "say"]
        steps.a = {{ uses = "act", what = "panic", message = "with {TOKEN}\u001b[31m\nand more" }}
        steps.b = {{ uses = "act", what = "panic-in-thread", message = "with {TOKEN} too" }}
    "#
    ));
    for (name, end) in [
        ("a", "with [REDACTED]\\x1b[31m\\nand more"),
        ("b", "with [REDACTED] too"),
    ] {
        assert_eq!(verdict(&report, name), (Verdict::Failed, Some("internal")));
        assert_eq!(
            step(&report, name).summary,
            format!("the step panicked: {end}")
        );
        assert!(step(&report, name).advice.is_some());
    }
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
    assert_eq!(report.exit_code, 70);
}

#[test]
fn every_kind_of_error_fails_the_step_with_its_own_code() {
    let report = run(r#"
        pipelines.p = ["denied", "passing", "say"]
        steps.denied = { uses = "act", what = "fail", message = "no" }
        steps.passing = { uses = "act", what = "fail-in-passing", message = "later" }
    "#);
    assert_eq!(
        verdict(&report, "denied"),
        (Verdict::Failed, Some("rejected"))
    );
    assert_eq!(step(&report, "denied").advice.as_deref(), Some("do this"));
    assert_eq!(
        verdict(&report, "passing"),
        (Verdict::Failed, Some("rejected"))
    );
    assert_eq!(verdict(&report, "say").0, Verdict::Done);
    assert_eq!((report.verdict, report.exit_code), (Verdict::Failed, 1));

    let bug = run(r#"
        pipelines.p = ["bug"]
        steps.bug = { uses = "act", what = "bug", message = "oops" }
    "#);
    assert_eq!(verdict(&bug, "bug"), (Verdict::Failed, Some("internal")));
    assert_eq!(bug.exit_code, 70);
}

#[test]
fn on_error_stop_finishes_the_group_and_then_only_what_always_runs() {
    let report = run(r#"
        pipelines.p = [["bad", "beside"], "say", "clear"]
        steps.bad = { uses = "act", what = "fail", message = "no", on-error = "stop" }
        steps.beside = { uses = "act", what = "sleep", millis = 20 }
    "#);
    assert_eq!(verdict(&report, "beside"), (Verdict::Done, None));
    assert_eq!(verdict(&report, "say"), (Verdict::Skipped, Some("stopped")));
    assert!(step(&report, "say").summary.contains("`bad`"));
    assert_eq!(verdict(&report, "clear"), (Verdict::Done, None));
}

#[test]
fn secrets_in_summaries_and_outputs_are_redacted() {
    let report = run(&format!(
        r#"
        pipelines.p = ["say"]
        steps.say = {{ text = "a {TOKEN}\nb" }}
    "#
    ));
    assert_eq!(step(&report, "say").summary, "a [REDACTED]\\nb");
    assert_eq!(step(&report, "say").outputs["text"], "a [REDACTED]\nb");
}

#[test]
fn a_value_that_the_run_holds_is_hidden_whatever_its_shape() {
    let policy = policy(
        r#"
        pipelines.p = ["say"]
        steps.say = { text = "it was plainwordvalue, aXBsYWlud29yZHZhbHVl" }
    "#,
    );
    let pipeline = Pipeline::plan(&policy, "p", KINDS).unwrap();
    let partial_report = partial_report();
    let known = KnownSecrets::default();
    known.add(&"plainwordvalue".into());
    let partial_report = partial_report.hiding(&known);
    let deadline = Deadline::new(std::time::Duration::from_secs(10));
    let report = run_pipeline(&policy, &pipeline, &deadline, &partial_report);
    let summary = &step(&report, "say").summary;
    assert!(summary.starts_with("it was [REDACTED], "), "{summary}");
    assert!(!format!("{report:?}").contains("plainword"));
    assert!(!summary.contains("BsYWlud29yZHZhbHV"), "{summary}");
}

#[test]
fn a_template_that_fails_fails_its_step_only() {
    let report = run(r#"
        pipelines.p = ["bad", "say"]
        steps.bad = { uses = "say", text = "{{ repo.branch }}" }
    "#);
    assert_eq!(verdict(&report, "bad"), (Verdict::Failed, Some("template")));
    assert!(
        step(&report, "bad").summary.contains("`repo` is none here"),
        "{}",
        step(&report, "bad").summary
    );
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
}
