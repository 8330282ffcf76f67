//! Order, groups, facts, conditions and needs.

use sendoff::report::{Report, Verdict};

use super::kinds::KINDS;
use super::{partial_report, policy, run, run_pipeline, step, verdict};

use sendoff::pipeline::{Deadline, Pipeline};

#[test]
fn steps_run_in_order_and_see_the_outputs_of_earlier_ones() {
    let report = run(r#"
        pipelines.p = ["a", ["b", "c"], "d"]
        steps.a = { uses = "say", text = "{{ steps.b.verdict }}" }
        steps.b = { uses = "say", text = "{{ steps.a.outputs.text }}+" }
        steps.c = { uses = "say", text = "{{ steps.b.verdict }} {{ steps.a.verdict }}" }
        steps.d = { uses = "say", text = "{{ steps.b.summary }} {{ steps['c'].verdict }}" }
    "#);
    let said: Vec<_> = report
        .steps
        .iter()
        .map(|step| step.summary.as_str())
        .collect();
    assert_eq!(
        said,
        ["pending", "pending+", "pending done", "pending+ done"]
    );
    assert_eq!(report.verdict, Verdict::Done);
    assert_eq!(report.exit_code, 0);
    let began: Vec<_> = report
        .steps
        .iter()
        .map(|step| step.started_at.unwrap())
        .collect();
    assert!(began.is_sorted());
}

#[test]
fn the_steps_of_a_group_start_together() {
    let text = |p: &str| {
        format!(
            "pipelines.p = {p}
            steps.a = {{ uses = \"act\", what = \"meet\" }}
            steps.b = {{ uses = \"act\", what = \"meet\" }}"
        )
    };
    let together = run(&text(r#"[["a", "b"]]"#));
    assert_eq!(verdict(&together, "a"), (Verdict::Done, None));
    assert_eq!(verdict(&together, "b"), (Verdict::Done, None));
}

#[test]
fn steps_of_two_groups_do_not_meet() {
    let report = run(r#"
        pipelines.p = ["a", "b"]
        steps.a = { uses = "act", what = "meet" }
        steps.b = { uses = "act", what = "meet" }
    "#);
    assert_eq!(verdict(&report, "a").0, Verdict::Failed);
}

#[test]
fn preparing_starts_with_the_run_and_its_result_is_used() {
    let report = run(r#"
        pipelines.p = ["wait", "use"]
        steps.wait = { uses = "act", what = "sleep", millis = 60 }
        steps.use = { uses = "act", what = "use-prepared", millis = 10 }
    "#);
    assert_eq!(step(&report, "use").summary, "prepared 1 times");
    assert!(report.duration_ms < 1000);
}

#[test]
fn preparing_never_delays_the_end_of_a_run() {
    let report = run(r#"
        pipelines.p = ["use"]
        steps.use = { uses = "act", what = "use-prepared", millis = 20000 }
    "#);
    assert_eq!(step(&report, "use").summary, "prepared 0 times");
    assert!(report.duration_ms < 5000);
}

#[test]
fn a_condition_decides_whether_a_step_runs() {
    let report = run(r#"
        pipelines.p = ["a", "yes", "no", "error"]
        steps.a = { uses = "say", text = "one" }
        steps.yes = { uses = "say", when = "steps.a.outputs.text == 'one'" }
        steps.no = { uses = "say", when = "steps.a.outputs.text == 'two'" }
        steps.error = { uses = "say", when = "steps.a.outputs.nosuch == 'two'" }
    "#);
    assert_eq!(verdict(&report, "yes"), (Verdict::Done, None));
    assert_eq!(verdict(&report, "no"), (Verdict::Skipped, Some("when")));
    assert_eq!(verdict(&report, "error"), (Verdict::Failed, Some("when")));
    assert!(step(&report, "error").summary.contains("nosuch"));
    assert!(step(&report, "no").started_at.is_none());
    assert_eq!(report.exit_code, 1);
}

#[test]
fn a_step_runs_only_when_what_it_needs_is_done() {
    let report = run(r#"
        pipelines.p = [["push", "a"], "after-push", "own", "chain", "free"]
        steps.push = { when = "false" }
        steps.a = { uses = "say" }
        steps.own = { uses = "after-push", needs = ["a"] }
        steps.chain = { uses = "say", needs = ["after-push"] }
        steps.free = { uses = "say", needs = ["clear"] }
    "#);
    assert_eq!(
        verdict(&report, "after-push"),
        (Verdict::Skipped, Some("needs"))
    );
    assert_eq!(
        step(&report, "after-push").summary,
        "skipped because `push` was skipped"
    );
    assert_eq!(verdict(&report, "own"), (Verdict::Done, None));
    assert_eq!(verdict(&report, "chain"), (Verdict::Skipped, Some("needs")));
    assert_eq!(verdict(&report, "free"), (Verdict::Done, None));
    assert_eq!(report.exit_code, 0);
}

#[test]
fn a_disabled_step_is_reported_and_needed_by_nobody() {
    let report = run(r#"
        pipelines.p = ["push", "after-push"]
        steps.push = { enabled = false }
    "#);
    assert_eq!(
        verdict(&report, "push"),
        (Verdict::Skipped, Some("disabled"))
    );
    assert_eq!(verdict(&report, "after-push"), (Verdict::Done, None));
}

#[test]
fn a_broken_policy_stops_only_what_ships() {
    let policy = policy(r#"pipelines.p = [["push", "say"], "after-push"]"#);
    let pipeline = Pipeline::plan(&policy, "p", KINDS).unwrap();
    assert!(pipeline.ships());
    let pipeline = pipeline.fail_closed();
    assert!(!pipeline.ships());
    let deadline = Deadline::new(std::time::Duration::from_secs(10));
    let report = run_pipeline(&policy, &pipeline, &deadline, &partial_report());
    assert_eq!(
        verdict(&report, "push"),
        (Verdict::Skipped, Some("policy-error"))
    );
    assert_eq!(verdict(&report, "say"), (Verdict::Done, None));
    assert_eq!(
        verdict(&report, "after-push"),
        (Verdict::Skipped, Some("needs"))
    );
}

#[test]
fn a_report_survives_json() {
    let report = run(r#"
        pipelines.p = ["say", "act"]
        steps.act = { message = "line\u001b one" }
    "#);
    assert_eq!(step(&report, "act").summary, "line\\x1b one");
    let json = serde_json::to_string(&report).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(back, report);
}

#[test]
fn a_single_step_runs_without_its_conditions_and_with_other_settings() {
    let policy = policy(
        r#"
        steps.x = { uses = "say", text = "a", when = "steps.y.verdict == 'done'", needs = ["y"], enabled = false }
        steps.y = { uses = "say" }
    "#,
    );
    let with = ["text=b {{ task.input }}".to_owned()];
    let pipeline = Pipeline::single(&policy, "x", &with, KINDS).unwrap();
    let deadline = Deadline::new(std::time::Duration::from_secs(10));
    let report = run_pipeline(&policy, &pipeline, &deadline, &partial_report());
    assert_eq!(step(&report, "x").summary, "b {{ trigger }}");
}
