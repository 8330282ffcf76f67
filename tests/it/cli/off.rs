//! `SENDOFF=0`: nothing is looked at and nothing done, and whoever reads a document is told why.

use serde_json::Value;

use crate::world::World;

#[test]
fn a_program_that_is_switched_off_does_nothing() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("SENDOFF", "0".into()));
    // Not even a broken policy or a missing directory is noticed.
    world.user_policy("nonsense");
    for arguments in [
        &["run"][..],
        &["run", "-C", "/no/such/directory"],
        &["step", "push"],
        &["step", "heartbeat-clear"],
    ] {
        let said = world.run_in(&world.work(), arguments, &variables);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert_eq!(said.stderr, "", "{arguments:?}");
    }
    assert!(world.git.log().is_empty() && world.platform.log().is_empty());
}

#[test]
fn a_report_of_nothing_says_why() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("SENDOFF", "0".into()));
    let json = |arguments: &[&str]| -> Value {
        let said = world.run_in(&world.work(), arguments, &variables);
        assert_eq!(said.code, Some(0));
        serde_json::from_str(&said.stdout).unwrap()
    };
    let report = json(&["run", "pre-task", "--trigger", "executor", "--json"]);
    super::run::assert_report(&report);
    assert_eq!(report["pipeline"], "pre-task");
    assert_eq!(report["trigger"], "executor");
    assert_eq!(report["verdict"], "skipped");
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["steps"], serde_json::json!([]));
    assert_eq!(report["notes"][0]["code"], "off");
    let plan = json(&["plan", "--json"]);
    assert_eq!(plan["groups"], serde_json::json!([]));
    assert_eq!(plan["notes"][0]["code"], "off");
    let step = json(&["step", "push", "--json"]);
    assert_eq!(
        (&step["verdict"], &step["reason"]),
        (&"skipped".into(), &"off".into())
    );
    let said = world.run_in(&world.work(), &["plan"], &variables);
    insta::assert_snapshot!(said.stdout, @r"
    pipeline post-task for manual
    note     SENDOFF=0 switches sendoff off: nothing is looked at and nothing done
             -> unset SENDOFF to switch it on again
    ");
    let said = world.run_in(&world.work(), &["run", "--dry-run"], &variables);
    assert!(said.stdout.contains("SENDOFF=0"), "{}", said.stdout);
}
