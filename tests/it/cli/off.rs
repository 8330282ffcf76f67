//! `SENDOFF=0`: nothing is looked at and nothing done, and whoever reads a document is told why.

use serde_json::Value;

use crate::program::run;
use crate::published_schema::assert_fits;
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
    assert_fits("report", &report);
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
    plan: post-task (trigger: manual)
    note     SENDOFF=0 switches sendoff off: nothing is looked at and nothing done
             -> unset SENDOFF to switch it on again
    ");
    let said = world.run_in(&world.work(), &["run", "--dry-run"], &variables);
    assert!(said.stdout.contains("SENDOFF=0"), "{}", said.stdout);
}

#[test]
fn text_steps_reach_nothing_and_work_all_the_same() {
    let world = World::new();
    world.user_policy("steps.short = { uses = \"brief-summary\", max-length = 9 }\n");
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    let off = |arguments: &[&str], input: &str| {
        let on = world.run_with_input(arguments, input.as_bytes());
        let variables = [("SENDOFF", "0".into())];
        let (sandbox, work) = (&world.sandbox, world.work());
        let said = run(sandbox, &work, arguments, &variables, input.as_bytes());
        assert_eq!(
            (&said.stdout, &said.stderr, said.code),
            (&on.stdout, &on.stderr, on.code),
            "{arguments:?}"
        );
        assert_ne!(said.stdout, "", "{arguments:?}");
        said
    };
    let said = off(&["step", "redact", "--input", "-"], &secret);
    assert_eq!(said.stdout, "[REDACTED]\n");
    off(&["step", "brief-summary", "--input", "-"], "# A title");
    off(&["step", "short", "--input", "-"], "A title of some length");
    off(&["step", "error-classify", "--input", "-"], "HTTP 429");
    off(&["step", "error-sanitize", "--with", "category=auth"], "");
    let message = r#"{"parts":[{"text":"hello"}]}"#;
    off(&["step", "message-text", "--input", "-"], message);
    let batch = "{\"input\":\"a\"}\n{\"input\":\"b\"}\n";
    off(&["step", "redact", "--batch"], batch);
    let said = off(&["step", "redact", "--input", "-", "-v"], "nothing");
    assert_eq!(said.stderr, "done     redact\n");
}

#[test]
fn a_wrong_name_or_setting_is_told_all_the_same() {
    let world = World::new();
    let variables = [("SENDOFF", "0".into())];
    for arguments in [
        &["step", "psuh"][..],
        &["step", "psuh", "--batch"],
        &["step", "psuh", "--json"],
        &["step", "redact", "--with", "nonsense=1"],
    ] {
        let on = world.run_in(&world.work(), arguments, &[]);
        let off = world.run_in(&world.work(), arguments, &variables);
        assert_eq!((off.code, &off.stderr), (on.code, &on.stderr));
        assert_ne!((off.code, off.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_step_with_an_effect_is_off_whatever_the_policy_calls_it() {
    let world = World::new();
    world.user_policy("steps.tell = { uses = \"exec\", command = [\"touch\", \"told\"] }\n");
    let off = |arguments: &[&str]| {
        let variables = [("SENDOFF", "0".into())];
        let said = world.run_in(&world.work(), arguments, &variables);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""));
        said.stderr
    };
    for name in ["tell", "push", "heartbeat-clear"] {
        assert_eq!(off(&["step", name]), "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(off(&["step", name, "-v"]), @"SENDOFF=0 switches sendoff off: nothing is looked at and nothing done");
        }
    }
    assert!(!world.work().join("told").exists());
    // Without the policy it is not known what the name means.
    world.user_policy("nonsense = 1\n");
    assert_eq!(off(&["step", "tell"]), "");
    let said = world.run(&["step", "push", "-v"]);
    assert_eq!(said.code, Some(78));
    world.user_policy("");
    let said = world.run(&["step", "push", "-v"]);
    assert!(said.stderr.starts_with("done     push"), "{}", said.stderr);
}
