//! What a plan refuses, with its place.

use sendoff::pipeline::Pipeline;
use sendoff::policy::{Layers, Places};
use sendoff::steps::STEPS;

use super::kinds::KINDS;
use super::policy;

/// Plans `p` and returns the error: message with place, and help.
fn refused(text: &str) -> (String, String) {
    let error = Pipeline::plan(&policy(text), "p", KINDS).unwrap_err();
    (
        error.one_line(),
        error.help().unwrap_or_default().to_owned(),
    )
}

#[test]
fn an_unknown_pipeline_is_refused_with_the_names_that_there_are() {
    let policy = policy("pipelines.deploy = [\"say\"]");
    let error = Pipeline::plan(&policy, "deplyo", KINDS).unwrap_err();
    assert_eq!(error.one_line(), "no pipeline is called `deplyo`");
    let help = error.help().unwrap();
    assert!(help.starts_with("did you mean `deploy`?"), "{help}");
    assert!(help.contains("post-task"), "{help}");
}

#[test]
fn a_reference_to_a_step_that_does_not_run_before_is_refused_with_its_place() {
    for (key, text) in [
        (
            "when",
            "pipelines.p = [\"a\", \"b\"]\nsteps.b.uses = \"say\"\nsteps.a = { uses = \"say\", when = \"steps.b.verdict == 'done'\" }",
        ),
        (
            "when",
            "pipelines.p = [[\"a\", \"b\"]]\nsteps.b.uses = \"say\"\nsteps.a = { uses = \"say\", when = \"steps['b'].verdict == 'done'\" }",
        ),
        (
            "needs",
            "pipelines.p = [\"a\", \"b\"]\nsteps.b.uses = \"say\"\nsteps.a = { uses = \"say\", needs = [\"b\"] }",
        ),
    ] {
        let (message, help) = refused(text);
        assert!(message.contains(":3:"), "{message}");
        assert!(
            message.contains(&format!(
                "`{key}` of `a` names `b`, which does not run before it"
            )),
            "{message}"
        );
        assert!(help.contains("no step runs before it"), "{help}");
    }
}

#[test]
fn a_step_that_nobody_knows_is_refused_in_needs_and_when() {
    let (message, _) =
        refused("pipelines.p = [\"a\"]\nsteps.a = { uses = \"say\", needs = [\"psuh\"] }");
    assert!(
        message.contains(":2:") && message.contains("no step is called `psuh`"),
        "{message}"
    );
    let (message, _) = refused(
        "pipelines.p = [\"say\", \"a\"]\nsteps.a = { uses = \"say\", when = \"steps.sya.verdict\" }",
    );
    assert!(message.contains("names `sya`"), "{message}");
}

#[test]
fn a_condition_that_cannot_be_read_is_refused() {
    let (message, _) =
        refused("pipelines.p = [\"a\"]\nsteps.a = { uses = \"say\", when = \"1 ==\" }");
    assert!(
        message.contains(":2:") && message.contains("the condition of `a` is wrong"),
        "{message}"
    );
    let (message, _) = refused(
        "pipelines.p = [\"a\"]\nsteps.a = { uses = \"say\", when = \"steps[trigger].verdict\" }",
    );
    assert!(message.contains("must be a literal name"), "{message}");
}

#[test]
fn what_comes_in_another_order_than_the_kind_wishes_is_not_needed() {
    let policy = policy("pipelines.p = [\"after-push\", \"push\"]");
    assert!(Pipeline::plan(&policy, "p", KINDS).is_ok());
}

#[test]
fn a_step_alone_that_nobody_knows_is_refused() {
    let error = Pipeline::single(&policy(""), "pussh", &[], KINDS).unwrap_err();
    assert!(error.one_line().contains("no step is called `pussh`"));
    assert!(error.help().unwrap().starts_with("did you mean `push`?"));
    assert!(Pipeline::single(&policy(""), "say", &["nosuch=1".to_owned()], KINDS).is_err());
}

#[test]
fn the_usual_end_of_a_task_waits_for_servers_only() {
    let loaded = Layers::load(&Places::default(), STEPS).unwrap();
    for name in ["post-task", "on-failure"] {
        let pipeline = Pipeline::plan(&loaded.policy, name, STEPS).unwrap();
        assert!(!pipeline.waits(), "{name}");
    }
}
